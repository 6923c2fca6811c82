"""The laboratory's network: a deep network before training, layer by layer, for any setting of its controls.

`book/_extra/widgets/network.mjs` computes the same in the reader's browser. The weights come from a generator that is
simple enough to be equal in both, so every number can be compared.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from bnref import core
from bnref.experiments.memory import remembered

Array = NDArray[np.floating]

CLASSES, GROUPS, EPS, RATE = 10, 4, 1e-5, 0.1
# Each activation function, and its slope as a function of its output.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda h: h * (1 - h)),
    "tanh": (np.tanh, lambda h: 1 - h * h),
    "relu": (lambda z: np.maximum(z, 0), lambda h: (h > 0).astype(float)),
    "linear": (lambda z: z, np.ones_like),
}
STEEPEST = {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "linear": 1.0}  # the largest slope of each
NORMS = ("none", "batch", "layer", "rms", "group")


@dataclass(frozen=True)
class Setting:
    """A setting of the controls: the network's shape, its start, its norm, and how many digits it sees.

    `norm` is one of `NORMS`, `activation` a name in `ACTIVATIONS`, and `placement` "before" or "after" the activation
    function. Weights are drawn with mean 0 and standard deviation `gain` / sqrt(inputs).
    """

    depth: int = 20
    width: int = 64
    activation: str = "tanh"
    gain: float = 1.0
    norm: str = "none"
    placement: str = "before"
    batch: int = 128


@dataclass(frozen=True)
class Layers:
    """Everything that the laboratory shows of each hidden layer.

    `activations` and `gradients` of the mean cross-entropy with respect to them are (depth, batch, width). The others
    are (depth,): the share of activations whose slope is below a tenth of the steepest, the mean cosine between two
    digits, and the length of one step of gradient descent at the rate 0.1 relative to the length of the weights.
    """

    activations: Array
    gradients: Array
    saturated: Array
    similarity: Array
    update: Array

    @property
    def lengths(self) -> Array:
        """The length of the gradient with respect to each layer's output, (depth,)."""
        lengths: Array = np.linalg.norm(self.gradients, axis=(1, 2))
        return lengths


@dataclass(frozen=True)
class _Layer:
    """A layer's input, weights, output of the activation function, output of the block, and its norm's cache."""

    inputs: Array
    weights: Array
    activated: Array
    output: Array
    cache: core.Cache | None


_RELU = Setting(activation="relu", gain=2**0.5, depth=50)
# The networks of the page's figure, with fifty ReLU layers each. The laboratory's tours visit most of them.
COMPARED = {
    "no norm": _RELU,
    "batch norm, before": replace(_RELU, norm="batch"),
    "layer norm, before": replace(_RELU, norm="layer"),
    "batch norm, after": replace(_RELU, norm="batch", placement="after"),
    "layer norm, after": replace(_RELU, norm="layer", placement="after"),
}


@remembered
def compared() -> dict[str, Layers]:
    """Observe deep ReLU networks with each norm before and after the activation."""
    return {name: observe(setting) for name, setting in COMPARED.items()}


def random_numbers(count: int, seed: int = 1) -> Array:
    """Return `count` numbers in [0, 1) from the generator mulberry32, which needs 32-bit integers only."""
    with np.errstate(over="ignore"):
        state = np.uint32(seed) + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
        mixed = (state ^ (state >> 15)) * (state | np.uint32(1))
        mixed ^= mixed + (mixed ^ (mixed >> 7)) * (mixed | np.uint32(61))
        numbers: Array = (mixed ^ (mixed >> 14)) / 2.0**32
    return numbers


def observe(setting: Setting) -> Layers:
    """Send the first digits through the untrained network and the gradient back, and look at every layer."""
    x, y = load_digits(return_X_y=True)
    h: Array = x[: setting.batch] / 16
    labels = y[: setting.batch]
    *hidden, last = _weights(setting)
    layers = []
    for weights in hidden:
        layers.append(_forward(h, weights, setting))
        h = layers[-1].output
    d: Array = _loss_gradient(h @ last, labels) @ last.T
    gradients, updates = [], []
    for layer in reversed(layers):
        gradients.append(d)
        by_weights, d = _backward(d, layer, setting)
        updates.append(RATE * np.linalg.norm(by_weights) / np.linalg.norm(layer.weights))
    slope, steepest = ACTIVATIONS[setting.activation][1], STEEPEST[setting.activation]
    return Layers(
        np.stack([layer.output for layer in layers]),
        np.stack(gradients[::-1]),
        np.array([(slope(layer.activated) < steepest / 10).mean() for layer in layers]),
        np.array([similarity(layer.output) for layer in layers]),
        np.array(updates[::-1]),
    )


def directions(h: Array) -> Array:
    """Divide each row of `h`, (N, D), by its length; a row of zeros stays as it is."""
    unit: Array = h / np.maximum(np.linalg.norm(h, axis=1, keepdims=True), 1e-300)
    return unit


def similarity(h: Array) -> float:
    """Return the mean cosine between two different rows of `h`, (N, D). A row of zeros has cosine 0 with all others."""
    unit = directions(h)
    together = np.square(unit.sum(axis=0)).sum() - np.square(unit).sum()
    return float(together / (len(h) * (len(h) - 1)))


def _weights(setting: Setting) -> list[Array]:
    """Draw the weights of all layers, (inputs, outputs) each, evenly between two limits. The last has gain 1."""
    sizes = [64, *[setting.width] * setting.depth, CLASSES]
    shapes = list(itertools.pairwise(sizes))
    ends = np.cumsum([before * after for before, after in shapes])
    drawn = np.split(2 * random_numbers(int(ends[-1])) - 1, ends[:-1])
    gains = [*[setting.gain] * setting.depth, 1.0]
    return [
        part.reshape(shape) * gain * np.sqrt(3 / shape[0])
        for part, shape, gain in zip(drawn, shapes, gains, strict=True)
    ]


def _forward(h: Array, weights: Array, setting: Setting) -> _Layer:
    activate, _ = ACTIVATIONS[setting.activation]
    z = h @ weights
    if setting.placement == "before":
        normalized, cache = _normalize(z, setting.norm)
        activated = output = activate(normalized)
    else:
        activated = activate(z)
        output, cache = _normalize(activated, setting.norm)
    return _Layer(h, weights, activated, output, cache)


def _normalize(x: Array, norm: str) -> tuple[Array, core.Cache | None]:
    if norm == "none":
        return x, None
    rows, units = x.shape
    groups = rows * GROUPS if norm == "group" else rows
    view = (rows, units, 1) if norm == "batch" else (1, groups, x.size // groups)
    return core.forward(x, view, 1.0, 0.0, EPS, center=norm != "rms")


def _backward(d: Array, layer: _Layer, setting: Setting) -> tuple[Array, Array]:
    """Return the gradient with respect to the layer's weights and to its input."""
    slope = ACTIVATIONS[setting.activation][1](layer.activated)
    if setting.placement == "before":
        d = _through_norm(d * slope, layer.cache)
    else:
        d = _through_norm(d, layer.cache) * slope
    return layer.inputs.T @ d, d @ layer.weights.T


def _through_norm(d: Array, cache: core.Cache | None) -> Array:
    return d if cache is None else core.backward(d, cache)[0]


def _loss_gradient(scores: Array, labels: NDArray[np.integer]) -> Array:
    """Return the gradient of the mean cross-entropy with respect to the scores, (N, 10)."""
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.arange(len(labels)), labels] -= 1
    gradient: Array = shares / len(labels)
    return gradient
