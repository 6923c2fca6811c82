"""Pictures of the introduction: the layer as a table, a tanh's inputs, and activations and gradients by layer."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bnref.experiments.introduction import deep_network, gain
from bnref.experiments.training import Tanh, digits, one_thread
from bnref.placement import batch_norm_forward

Array = NDArray[np.floating]

SHOWN = (1, 5, 10, 15, 20)  # layers


@dataclass(frozen=True)
class Layer:
    """Batch normalization of one column, in training and at inference.

    `batch` is (samples, units), and `column` the index of the unit that is followed. `normalized` and `output` are
    (samples,). `sample` (units,) is a new sample; `stored_mean` and `stored_std` are the statistics of inference.
    """

    batch: Array
    column: int
    mean: float
    std: float
    normalized: Array
    gamma: float
    beta: float
    output: Array
    sample: Array
    stored_mean: float
    stored_std: float

    @property
    def sample_normalized(self) -> float:
        """The new sample's value, normalized by the stored statistics."""
        return float((self.sample[self.column] - self.stored_mean) / self.stored_std)

    @property
    def sample_output(self) -> float:
        """The layer's output for the new sample."""
        return self.gamma * self.sample_normalized + self.beta


def layer() -> Layer:
    """Normalize one column of a batch of five samples; its mean is 4 and its standard deviation 2."""
    batch = np.array(
        [
            [31.0, 5.0, -0.3, 0.8],
            [18.0, 1.0, 0.2, 0.1],
            [25.0, 4.0, 0.4, 0.9],
            [40.0, 7.0, -0.1, 0.3],
            [22.0, 3.0, 0.0, 0.4],
        ]
    )
    gamma, beta, column = 4.0, 1.0, 1
    x = batch[:, [column]]
    normalized = batch_norm_forward(x, [1.0], [0.0], eps=1e-12)[0][:, 0]
    output = batch_norm_forward(x, [gamma], [beta], eps=1e-12)[0][:, 0]
    sample = np.array([27.0, 8.0, 0.1, 0.6])
    return Layer(batch, column, x.mean(), x.std(), normalized, gamma, beta, output, sample, 3.0, 2.5)


@dataclass(frozen=True)
class TanhInputs:
    """Inputs (samples * units,) of the tanh of a layer, without and with batch normalization before it."""

    without: Array
    with_norm: Array

    @staticmethod
    def flat(inputs: Array) -> float:
        """Return the share of inputs where the slope of tanh is below a tenth."""
        return float((1 / np.cosh(inputs) ** 2 < 0.1).mean())


def tanh_inputs(layer: int = 10, seed: int = 0) -> TanhInputs:
    """Record the inputs of the tanh in one layer of a deep network with large weights, before training."""
    return TanhInputs(*[_signals("large", norm, seed, inputs=True)[layer - 1][0] for norm in (False, True)])


@dataclass(frozen=True)
class Signals:
    """Activations, and gradients of the loss with respect to them, in the layers `SHOWN`: (samples * units,) each."""

    norm: bool
    activations: list[Array]
    gradients: list[Array]


def signals(start: str = "small", seed: int = 0) -> list[Signals]:
    """Record a deep tanh network before training, for 256 digits, without and with BN."""
    found = []
    for norm in (False, True):
        layers = _signals(start, norm, seed)
        found.append(Signals(norm, *[[layers[number - 1][i] for number in SHOWN] for i in (0, 1)]))
    return found


def _signals(start: str, norm: bool, seed: int, inputs: bool = False) -> list[tuple[Array, Array]]:
    """Return values and gradients of the output of each tanh, or of its input."""
    data, kept = digits(), []
    with one_thread(seed):
        h = data.x[:256]
        for module in deep_network("tanh", gain("tanh", start), norm):
            before, h = h, module(h)
            if isinstance(module, Tanh):
                kept.append(before if inputs else h)
                kept[-1].retain_grad()
        nn.functional.cross_entropy(h, data.y[:256]).backward()
    return [(_flat(tensor.detach()), _flat(tensor.grad)) for tensor in kept]


def _flat(tensor: torch.Tensor | None) -> Array:
    values: Array = np.array([]) if tensor is None else tensor.numpy().ravel()
    return values
