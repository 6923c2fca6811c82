"""Experiments of the section on normalization types: shared statistics, invariances, and one batch in detail."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bnref.core.blocks import Array
from bnref.experiments.training import digits, one_thread, perceptron
from bnref.norm_types import batch_norm, group_norm, instance_norm, layer_norm, rms_norm, zca_whiten
from bnref.scaling import standardize

Norm = Callable[..., Array]
NORMS = ("batch norm", "layer norm", "instance norm", "group norm")


def normalize(norm: str, x: Array, groups: int = 2, eps: float = 1e-5) -> Array:
    """Normalize `x`, (N, C, L), by one of `NORMS` or "RMS norm" of `bnref.norm_types`, with gamma 1 and beta 0."""
    images, gamma, beta = x[:, :, None], np.ones(x.shape[1]), np.zeros(x.shape[1])
    if norm == "group norm":
        y = group_norm(images, groups, gamma, beta, eps)
    elif norm == "RMS norm":
        y = rms_norm(images, gamma, eps)
    else:
        functions: dict[str, Norm] = {
            "batch norm": batch_norm,
            "layer norm": layer_norm,
            "instance norm": instance_norm,
        }
        y = functions[norm](images, gamma, beta, eps)
    return y.reshape(x.shape)


def shared_with(
    norm: str, shape: tuple[int, int, int], entry: tuple[int, int, int], groups: int = 2
) -> NDArray[np.bool_]:
    """Find the entries of an array (N, C, L) that share their mean and variance with `entry`.

    This does not use the axes: each entry is changed in turn, to see whether the result at `entry` changes.
    """
    x = np.random.default_rng(0).normal(size=shape)
    before = normalize(norm, x, groups)[entry]
    shares = np.empty(shape, bool)
    for place in np.ndindex(shape):
        changed = x.copy()
        changed[place] += 10
        shares[place] = normalize(norm, changed, groups)[entry] != before
    return shares


@dataclass(frozen=True)
class Invariance:
    """Largest change of the first sample's result when the input changes, for each seed."""

    norm: str
    change: str
    difference: tuple[float, ...]

    @property
    def exact(self) -> bool:
        """True if the result changed only by rounding."""
        return max(self.difference) < 1e-12


def _changes(x: Array, rng: np.random.Generator) -> dict[str, Array]:
    """Return copies of `x`, (N, C, L), each changed in one way."""
    one, channel = np.zeros(len(x)), np.zeros(x.shape[1])
    one[0], channel[0] = 1, 1
    return {
        "other samples": np.concatenate([x[:1], rng.normal(size=x[1:].shape)]),
        "sample x 10": x * (1 + 9 * one[:, None, None]),
        "sample + 10": x + 10 * one[:, None, None],
        "channel x 10": x * (1 + 9 * channel[:, None]),
        "channel + 10": x + 10 * channel[:, None],
    }


def invariances(seeds: int = 3) -> list[Invariance]:
    """Change a batch in five ways, and compare each norm's result for its first sample.

    The changes are other companions, the sample times 10 or plus 10, and one channel of all samples times 10 or plus
    10. With an eps of 1e-20 instead of 1e-5, the invariances hold up to rounding.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(8, 4, 6))
        for norm in (*NORMS, "RMS norm"):
            y = normalize(norm, x, eps=1e-20)[0]
            for change, changed in _changes(x, np.random.default_rng(seed + 100)).items():
                moved = np.abs(normalize(norm, changed, eps=1e-20)[0] - y).max()
                found.setdefault((norm, change), []).append(float(moved))
    return [Invariance(norm, change, tuple(moved)) for (norm, change), moved in found.items()]


@dataclass(frozen=True)
class Batch:
    """Two units of a random network's second layer for a batch of digits, (N, 2), and `labels` (N,).

    The units are as computed by the layer, standardized by batch norm, and whitened.
    """

    before: Array
    standardized: Array
    whitened: Array
    labels: NDArray[np.int64]


def batch(size: int = 256) -> Batch:
    """Select the two most correlated of 32 units for the first `size` training digits."""
    data = digits()
    with one_thread(0), torch.no_grad():
        h = perceptron([64, 32, 32, 1], norm=None)[:3](data.x[:size]).double().numpy()
    r = np.triu(np.abs(np.corrcoef(h.T)), 1)  # each pair once, without the diagonal of ones
    before = h[:, list(np.unravel_index(r.argmax(), r.shape))]
    z = normalize("batch norm", before[:, :, None], eps=1e-12)[:, :, 0]
    return Batch(before, z, zca_whiten(before, eps=1e-12), data.y[:size].numpy())


@dataclass(frozen=True)
class Moments:
    """Moments of one unit over a batch, and its means over the zeros and over the ones."""

    mean: float
    std: float
    skewness: float
    mean_of_zeros: float
    mean_of_ones: float


def moments(unit: Array, labels: NDArray[np.int64]) -> Moments:
    """Compute the moments of `unit`, (N,), for samples with the digits `labels`, (N,)."""
    z = standardize(unit[:, None])[0][:, 0]
    by_digit = [float(unit[labels == digit].mean()) for digit in (0, 1)]
    return Moments(float(unit.mean()), float(unit.std()), float((z**3).mean()), *by_digit)


def pytorch_layers(channels: int = 6, size: int = 4) -> list[tuple[str, float, tuple[int, ...] | None]]:
    """List the name, eps and shape of gamma (None if it has none) of PyTorch's image norms, with default arguments."""
    layers: list[nn.Module] = [
        nn.BatchNorm2d(channels),
        nn.LayerNorm([channels, size, size]),
        nn.InstanceNorm2d(channels),
        nn.GroupNorm(2, channels),
        nn.RMSNorm([channels, size, size]),
    ]
    return [(type(m).__name__, m.eps, None if m.weight is None else tuple(m.weight.shape)) for m in layers]  # type: ignore[misc,arg-type]
