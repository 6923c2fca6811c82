"""Experiments on deep networks before training: what is left of the differences between digits, and of the gradient."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.experiments.laboratory import directions, similarity
from bnref.experiments.memory import remembered
from bnref.experiments.training import Tanh, digits, one_thread

Array = NDArray[np.floating]

SEEDS = (0, 1, 2, 3, 4)
DEPTH, WIDTH = 50, 64
LONG = 200  # layers of the linear networks
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"linear": lambda z: z, "ReLU": torch.relu, "tanh": Tanh()}
GAINS = {"linear": 1.0, "ReLU": 2**0.5, "tanh": 1.0}
SHOWN = (1, 5, 15, 50)  # layers of the pictures
# Each kind of network: the norm, and whether it stands before or after the activation function.
KINDS = {
    "no norm": ("none", "before"),
    "BN": ("batch", "before"),
    "LN before": ("layer", "before"),
    "LN after": ("layer", "after"),
}


@dataclass(frozen=True)
class Collapse:
    """Measures of the differences between 64 digits that each layer keeps, (seeds, layers) each.

    `similarity` is the mean cosine between two digits, and `rank` the effective rank of the activations.
    """

    activation: str
    kind: str
    similarity: Array
    rank: Array


@remembered
def collapses() -> list[Collapse]:
    """Send digits through fifty random layers with each activation function and norm."""
    found = []
    for activation in ACTIVATIONS:
        for kind in KINDS:
            if activation == "linear" and kind == "LN after":
                continue  # without an activation function, before and after are the same place
            layers = [_activations(activation, kind, seed) for seed in SEEDS]
            alike = np.array([[similarity(h) for h in network] for network in layers])
            rank = np.array([[effective_rank(h) for h in network] for network in layers])
            found.append(Collapse(activation, kind, alike, rank))
    return found


def effective_rank(h: Array) -> float:
    """Return the effective rank of `h`, (N, D): the exponential of the entropy of its normalized singular values.

    It is k for k equal singular values, and less if some of them dominate. Roy and Vetterli (2007).
    """
    values = np.linalg.svd(h, compute_uv=False)
    shares = values / values.sum()
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


@dataclass(frozen=True)
class Projection:
    """The digits in the plane of their two largest principal components, (layers, N, 2), and their classes, (N,)."""

    kind: str
    planes: Array
    classes: NDArray[np.integer]


@remembered
def projections(count: int = 150, seed: int = 0) -> list[Projection]:
    """Project the ReLU networks' activations for zeros, ones and twos, in the layers `SHOWN`, to scale 1."""
    data = digits()
    chosen = torch.nonzero(data.y < 3)[:count, 0]
    found = []
    for kind in KINDS:
        layers = _activations("ReLU", kind, seed, data.x[chosen].double())
        planes = np.stack([_plane(layers[layer - 1]) for layer in SHOWN])
        found.append(Projection(kind, planes, data.y[chosen].numpy()))
    return found


def _plane(h: Array) -> Array:
    """Project the rows' directions onto their two largest principal components; only their directions matter."""
    unit = directions(h)
    unit -= unit.mean(axis=0)
    _, _, axes = np.linalg.svd(unit, full_matrices=False)
    plane: Array = unit @ axes[:2].T
    return plane


def _activations(activation: str, kind: str, seed: int, x: Tensor | None = None) -> list[Array]:
    """Return every layer's output for the digits `x`, or for 64 random ones."""
    norm, placement = KINDS[kind]
    data, layers = digits(), []
    with one_thread(seed), torch.no_grad():
        chosen = torch.randperm(len(data.x))[:64]
        h = data.x[chosen].double() if x is None else x
        for _ in range(DEPTH):
            z = h @ _weights(h.shape[1], orthogonal=False) * GAINS[activation]
            act = ACTIVATIONS[activation]
            h = act(_normalize(z, norm)) if placement == "before" else _normalize(act(z), norm)
            layers.append(h.numpy())
    return layers


def _normalize(z: Tensor, norm: str) -> Tensor:
    if norm == "batch":
        return nn.functional.batch_norm(z, None, None, training=True)
    return nn.functional.layer_norm(z, z.shape[1:]) if norm == "layer" else z


def _weights(inputs: int, orthogonal: bool) -> Tensor:
    """Draw random weights (inputs, `WIDTH`) with variance 1 / inputs, independent or as an orthogonal matrix."""
    drawn = torch.randn(inputs, WIDTH, dtype=torch.float64)
    return torch.linalg.qr(drawn)[0] if orthogonal else drawn / inputs**0.5


@dataclass(frozen=True)
class Growth:
    """Lengths (seeds, layers) of the gradient by each layer's output in a linear network with BN."""

    weights: str
    inputs: str
    batch: int
    lengths: Array

    @property
    def far(self) -> Array:
        """The length of the gradient at layer 1 relative to the middle of the network, (seeds,)."""
        far: Array = self.lengths[:, 0] / self.lengths[:, LONG // 2]
        return far


@remembered
def growths() -> list[Growth]:
    """Measure the gradient in two hundred linear layers with BN, with independent and with orthogonal weights."""
    return [
        Growth(weights, inputs, batch, np.stack([_lengths(weights, inputs, batch, seed) for seed in SEEDS]))
        for inputs, batch in (("random", 64), ("digits", 64), ("random", 8))
        for weights in ("independent", "orthogonal")
    ]


def _lengths(weights: str, inputs: str, batch: int, seed: int) -> Array:
    data, layers = digits(), []
    with one_thread(seed):
        chosen = torch.randperm(len(data.x))[:batch]
        h = torch.randn(batch, 64, dtype=torch.float64) if inputs == "random" else data.x[chosen].double()
        h.requires_grad_()
        for _ in range(LONG):
            h = _normalize(h @ _weights(64, weights == "orthogonal"), "batch")
            h.retain_grad()
            layers.append(h)
        (h * torch.randn(h.shape, dtype=torch.float64)).sum().backward()
    return np.array([layer.grad.norm().item() for layer in layers if layer.grad is not None])
