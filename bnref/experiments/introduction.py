"""Experiments of the introduction: gradients of deep networks before training, their training, and a confounder."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bnref.experiments.memory import remembered
from bnref.experiments.training import Split, Tanh, accuracy, digits, minibatches, one_thread, perceptron, train

Array = NDArray[np.floating]

LAYERS, WIDTH, SEEDS = 20, 64, (0, 1, 2, 3, 4)
STEPS = 100  # of the short trainings
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
    """Gradients of the loss for 256 digits before training, (seeds, layers) each.

    `norms` are the lengths of the gradient with respect to each hidden layer's output, `by_weights` those with respect
    to its weights, and `weights` the lengths of the weights themselves.
    """

    activation: str
    start: str
    norm: bool
    norms: Array
    by_weights: Array
    weights: Array

    @property
    def ratio(self) -> Array:
        """The gradient by the output of the first layer over that of the last layer, (seeds,)."""
        ratio: Array = self.norms[:, 0] / self.norms[:, -1]
        return ratio


def _settings() -> list[tuple[str, str, bool]]:
    return [(activation, start, norm) for activation in ACTIVATIONS for start in STARTS for norm in (False, True)]


@remembered
def gradients() -> list[Gradients]:
    """Measure gradients in networks with each activation and start, with and without BN."""
    return [
        Gradients(*setting, *np.stack([_layer_gradients(*setting, seed) for seed in SEEDS], axis=1))
        for setting in _settings()
    ]


def _layer_gradients(activation: str, start: str, norm: bool, seed: int) -> Array:
    """Return the gradients by outputs and by weights, and the weights, as lengths (3, layers)."""
    data, outputs = digits(), []
    with one_thread(seed):
        model = deep_network(activation, gain(activation, start), norm)
        h = data.x[:256]
        for module in model:
            h = module(h)
            if isinstance(module, nn.Sigmoid | Tanh | nn.ReLU):
                h.retain_grad()  # torch keeps gradients only of leaves by default
                outputs.append(h)
        nn.functional.cross_entropy(h, data.y[:256]).backward()
    weights = hidden_weights(model)
    return np.array(
        [[_length(w.grad) for w in outputs], [_length(w.grad) for w in weights], list(map(_length, weights))]
    )


def hidden_weights(model: nn.Sequential) -> list[torch.Tensor]:
    """Return the weights of all dense layers but the last."""
    return [module.weight for module in model if isinstance(module, nn.Linear)][:-1]


def _length(tensor: torch.Tensor | None) -> float:
    return 0.0 if tensor is None else float(tensor.detach().norm())


@dataclass(frozen=True)
class Trained:
    """Test accuracy (seeds,) after short training; chance is 0.1."""

    activation: str
    start: str
    norm: bool
    accuracy: Array


@remembered
def trained(steps: int = STEPS, lr: float = 0.1) -> list[Trained]:
    """Train the networks of `gradients` for a few steps in batches of 64."""
    return [_trained(*setting, steps, lr) for setting in _settings()]


@remembered
def fast_sigmoids(steps: int = STEPS, lr: float = 1.0) -> list[Trained]:
    """Train networks of sigmoids from usual weights at a large learning rate, without and with BN."""
    return [_trained("sigmoid", "usual", norm, steps, lr) for norm in (False, True)]


def _trained(activation: str, start: str, norm: bool, steps: int, lr: float) -> Trained:
    network = partial(deep_network, activation, gain(activation, start), norm)
    return Trained(activation, start, norm, _accuracies(network, steps, lr))


def _accuracies(network: Callable[[], nn.Module], steps: int, lr: float, momentum: float = 0.0) -> Array:
    data, found = digits(), []
    for seed in SEEDS:
        with one_thread(seed):
            model = train(network(), data, steps, lr, momentum=momentum)
            found.append(accuracy(model, data.x_test, data.y_test))
    return np.array(found)


@remembered
def matched_rate(steps: int = STEPS, lr: float = 0.1) -> Trained:
    """Train ReLU networks with BN from large weights, with a learning rate of the weights that grows like their square.

    With BN the loss does not depend on the scale of the weights. If they are c times as large, their gradient is c
    times smaller, so steps of c^2 times the size turn them by the same angle (van Laarhoven 2017, section 2).
    """
    data, found = digits(), []
    scale = gain("ReLU", "large") / gain("ReLU", "usual")
    for seed in SEEDS:
        with one_thread(seed):
            model = deep_network("ReLU", gain("ReLU", "large"), norm=True)
            _descend(model, data, steps, lr, scale)
            found.append(accuracy(model, data.x_test, data.y_test))
    return Trained("ReLU", "large", norm=True, accuracy=np.array(found))


def _descend(model: nn.Sequential, data: Split, steps: int, lr: float, scale: float) -> None:
    """Train like `training.train`, but with `scale`^2 times the learning rate for the hidden layers' weights."""
    weights = hidden_weights(model)
    others = [p for p in model.parameters() if all(p is not weight for weight in weights)]
    optimizer = torch.optim.SGD([{"params": weights, "lr": lr * scale**2}, {"params": others, "lr": lr}])
    epochs = (minibatches(len(data.x), 64) for _ in itertools.count())
    for batch in itertools.islice(itertools.chain.from_iterable(epochs), steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(data.x[batch]), data.y[batch]).backward()
        optimizer.step()


@dataclass(frozen=True)
class Rectifiers:
    """Test accuracies (seeds,) of 30 ReLU layers without BN at one learning rate, by the gain of the weights."""

    lr: float
    glorot: Array
    he: Array


@remembered
def thirty_rectifiers(steps: int = 200, momentum: float = 0.9) -> list[Rectifiers]:
    """Train networks of 30 layers from the two starts of He et al. (2015), figure 3, at two learning rates."""
    networks = [partial(deep_network, "ReLU", gain, norm=False, layers=30) for gain in (1.0, math.sqrt(2))]
    return [
        Rectifiers(lr, *[_accuracies(network, steps, lr, momentum) for network in networks]) for lr in (0.002, 0.005)
    ]


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
