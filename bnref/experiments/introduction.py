"""Experiments of the index page: gradients of deep networks at initialization, their training, and a confounder."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bnref.experiments.memory import remembered
from bnref.experiments.training import Tanh, accuracy, digits, one_thread, perceptron, train

Array = NDArray[np.floating]

LAYERS, WIDTH, SEEDS = 20, 100, (0, 1, 2)
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"sigmoid": nn.Sigmoid, "tanh": Tanh, "ReLU": nn.ReLU}
# Weights are drawn with mean 0 and standard deviation gain / sqrt(inputs). The usual gain is Glorot and Bengio's (2010)
# for layers of equal width and, for ReLU, that of He et al. (2015).
USUAL = {"sigmoid": 1.0, "tanh": 1.0, "ReLU": math.sqrt(2)}
STARTS = ("small", "usual", "large")


def gain(activation: str, start: str) -> float:
    """Return the gain of the initial weights: 0.5 for small ones, 3 for large ones."""
    return {"small": 0.5, "usual": USUAL[activation], "large": 3.0}[start]


def deep_network(activation: str, gain: float, norm: bool, layers: int = LAYERS) -> nn.Sequential:
    """Build a digit classifier with or without BN before each activation, and with biases 0."""
    widths = [64, *[WIDTH] * layers, 10]
    model = perceptron(widths, nn.BatchNorm1d if norm else None, ACTIVATIONS[activation])
    with torch.no_grad():
        for linear in model:
            if isinstance(linear, nn.Linear) and linear.out_features == WIDTH:
                linear.weight *= gain / math.sqrt(2)  # perceptron's initialization has the gain sqrt(2)
                if linear.bias is not None:
                    linear.bias.zero_()
    return model


@dataclass(frozen=True)
class Gradients:
    """Gradient norms (seeds, layers) of the loss by each hidden layer's output, for 256 digits at initialization."""

    activation: str
    start: str
    norm: bool
    norms: Array

    @property
    def ratio(self) -> Array:
        """The gradient norm at the first layer over that at the last layer, (seeds,)."""
        ratio: Array = self.norms[:, 0] / self.norms[:, -1]
        return ratio


def _settings() -> list[tuple[str, str, bool]]:
    return [(activation, start, norm) for activation in ACTIVATIONS for start in STARTS for norm in (False, True)]


@remembered
def gradients() -> list[Gradients]:
    """Measure gradients in networks with each activation and start, with and without BN."""
    return [
        Gradients(*setting, np.stack([_layer_gradients(*setting, seed) for seed in SEEDS])) for setting in _settings()
    ]


def _layer_gradients(activation: str, start: str, norm: bool, seed: int) -> Array:
    data, outputs = digits(), []
    with one_thread(seed):
        h = data.x[:256]
        for module in deep_network(activation, gain(activation, start), norm):
            h = module(h)
            if isinstance(module, nn.Sigmoid | Tanh | nn.ReLU):
                h.retain_grad()  # torch keeps gradients only of leaves by default
                outputs.append(h)
        nn.functional.cross_entropy(h, data.y[:256]).backward()
    return np.array([output.grad.norm().item() for output in outputs if output.grad is not None])


@dataclass(frozen=True)
class Trained:
    """Test accuracy (seeds,) after short training; chance is 0.1."""

    activation: str
    start: str
    norm: bool
    accuracy: Array


@remembered
def trained(steps: int = 150, lr: float = 0.1) -> list[Trained]:
    """Train the networks of `gradients` for a few steps in batches of 64."""
    return [
        Trained(a, start, norm, _accuracies(partial(deep_network, a, gain(a, start), norm), steps, lr))
        for a, start, norm in _settings()
    ]


def _accuracies(network: Callable[[], nn.Module], steps: int, lr: float, momentum: float = 0.0) -> Array:
    data, found = digits(), []
    for seed in SEEDS:
        with one_thread(seed):
            model = train(network(), data, steps, lr, momentum=momentum)
            found.append(accuracy(model, data.x_test, data.y_test))
    return np.array(found)


@dataclass(frozen=True)
class Rectifiers:
    """Test accuracies (seeds,) of 30 ReLU layers without BN, by the gain of their initial weights."""

    glorot: Array
    he: Array


@remembered
def thirty_rectifiers(steps: int = 500, lr: float = 0.005, momentum: float = 0.9) -> Rectifiers:
    """Train networks of 30 layers from the two starts of He et al. (2015), figure 3."""
    networks = [partial(deep_network, "ReLU", gain, norm=False, layers=30) for gain in (1.0, math.sqrt(2))]
    return Rectifiers(*[_accuracies(network, steps, lr, momentum) for network in networks])


@dataclass(frozen=True)
class Stones:
    """Counts of kidney stone treatments and of their successes, `(treatments, sizes)`.

    Charig et al. (1986), as reported by Julious and Mullee (1994).
    """

    treatments: tuple[str, str]
    sizes: tuple[str, str]
    treated: Array
    successes: Array

    @property
    def overall(self) -> Array:
        """The success rate of each treatment, (2,), over all sizes."""
        share: Array = self.successes.sum(axis=1) / self.treated.sum(axis=1)
        return share

    @property
    def by_size(self) -> Array:
        """The success rate of each treatment and size, (2, 2)."""
        share: Array = self.successes / self.treated
        return share

    @property
    def adjusted(self) -> Array:
        """The success rate of each treatment, (2,), adjusted to the mix of sizes among all patients."""
        mix = self.treated.sum(axis=0) / self.treated.sum()
        share: Array = self.by_size @ mix
        return share


def kidney_stones() -> Stones:
    """Return the data of two treatments of kidney stones, with 350 patients each; small stones are below 2 cm."""
    treated, successes = np.array([[87.0, 263.0], [270.0, 80.0]]), np.array([[81.0, 192.0], [234.0, 55.0]])
    return Stones(("open surgery", "keyhole"), ("small", "large"), treated, successes)
