"""Experiments on covariate shift: a trained network whose BN statistics are recomputed from the test inputs."""

from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.experiments.covariate_shift import SEEDS, SHIFTS, network, noise_like, shifted
from bnref.experiments.memory import remembered
from bnref.experiments.training import accuracy, digits, one_thread, perceptron, train

Array = NDArray[np.floating]
REPAIRED = ("night", "shade", "fog", "noise")  # shifts of the moments, which new statistics should repair


@torch.no_grad()
def predict(model: nn.Sequential, x: Tensor, prior: float = 0, size: int | None = None) -> Tensor:
    """Compute the logits (N, K) in batches of `size`, with each BN layer using its batch's mean and biased variance.

    All batches go through the network at once; without `size` there is one. With `prior`, the stored statistics count
    as those of `prior` additional samples: Schneider et al. (2020), section 3. The model is left unchanged.
    """
    size = size or len(x)
    share = size / (size + prior)
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            x = _normalized(layer, x.unflatten(0, (-1, size)), share).flatten(0, 1)
        else:
            x = layer(x)
    return x


def _normalized(layer: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor, share: float) -> Tensor:
    """Normalize batches (batches, size, channels, ...), mixing a share of their statistics with the stored ones."""
    axes = [1, *range(3, x.ndim)]
    per_channel = (-1, *[1] * (x.ndim - 3))
    stored_mean, stored_var, gamma, beta = (
        cast(Tensor, values).view(per_channel)
        for values in (layer.running_mean, layer.running_var, layer.weight, layer.bias)
    )
    mean = torch.lerp(stored_mean, x.mean(axes, keepdim=True), share)
    var = torch.lerp(stored_var, x.var(axes, correction=0, keepdim=True), share)
    return (x - mean) / (var + layer.eps).sqrt() * gamma + beta


def batched_accuracy(model: nn.Sequential, x: Tensor, y: Tensor, size: int, prior: float = 0) -> float:
    """Return the accuracy in consecutive batches of `size`, which has to divide the number of samples."""
    return float((predict(model, x, prior, size).argmax(dim=1) == y).float().mean())


@dataclass(frozen=True)
class ByShift:
    """Accuracy (S, K) of S seeds under K shifts, with stored and with recomputed statistics.

    `recomputed` uses the statistics of all test samples. `alone` uses those of single images, with the stored
    statistics counted as 16 more images.
    """

    shifts: tuple[str, ...]
    stored: Array
    recomputed: Array
    alone: Array

    def of(self, *shifts: str) -> "ByShift":
        """Select some of the shifts."""
        at = [self.shifts.index(shift) for shift in shifts]
        return ByShift(shifts, self.stored[:, at], self.recomputed[:, at], self.alone[:, at])


@remembered
def by_shift(seeds: int = SEEDS) -> ByShift:
    """Recompute the statistics under each of `SHIFTS`."""
    data = digits(images=True)
    scores = np.empty((3, seeds, len(SHIFTS)))
    for seed in range(seeds):
        model = network(seed).eval()
        for k, shift in enumerate(SHIFTS):
            x, y = shifted(data.x_test, shift), data.y_test
            ways = [batched_accuracy(model, x, y, len(x)), batched_accuracy(model, x, y, 1, prior=16)]
            scores[:, seed, k] = [accuracy(model, x, y), *ways]
    return ByShift(tuple(SHIFTS), *scores)


@dataclass(frozen=True)
class ByStrength:
    """Mean accuracy (kinds, levels) over seeds as a shift grows, with stored and with recomputed statistics."""

    kinds: tuple[str, ...]
    levels: tuple[int, ...]
    stored: Array
    recomputed: Array


def at_level(x: Tensor, z: Tensor, kind: str, level: int) -> Tensor:
    """Apply one kind of shift at a level from 0 (none) to 10: fading ink, gray paper, inversion or noise."""
    changed = {
        "fading": (1 - 0.09 * level) * x,
        "shading": x + 0.1 * level,
        "inverting": 0.5 + (1 - 0.2 * level) * (x - 0.5),
        "noisier": x + 0.05 * level * z,
    }
    return changed[kind]


@remembered
def by_strength(seeds: int = 3) -> ByStrength:
    """Increase four shifts in ten steps."""
    kinds, levels = ("fading", "shading", "inverting", "noisier"), tuple(range(11))
    data = digits(images=True)
    z, y = noise_like(data.x_test), data.y_test
    scores = np.empty((2, seeds, len(kinds), len(levels)))
    for seed in range(seeds):
        model = network(seed).eval()
        for i, kind in enumerate(kinds):
            for level in levels:
                x = at_level(data.x_test, z, kind, level)
                scores[:, seed, i, level] = accuracy(model, x, y), batched_accuracy(model, x, y, len(x))
    return ByStrength(kinds, levels, *scores.mean(axis=1))


@dataclass(frozen=True)
class ByBatch:
    """Accuracy at night (S, K) of S seeds for K sizes of the batch whose statistics are used.

    `mixed` batches are in random order, and `sorted` ones are ordered by label. `dense` is a network of dense layers on
    mixed batches. `stored` (S,) and `dense_stored` (S,) are the two networks with their stored statistics.
    """

    sizes: tuple[int, ...]
    mixed: Array
    sorted: Array
    dense: Array
    stored: Array
    dense_stored: Array


@cache
def dense_network(seed: int) -> nn.Sequential:
    """Train two hidden layers of 100 units with BN on the digits by day."""
    with one_thread(seed):
        return cast(nn.Sequential, train(perceptron([64, 100, 100, 10]), digits(), steps=336, lr=0.1, momentum=0.9))


@remembered
def by_batch_size(sizes: tuple[int, ...] = (1, 2, 5, 10, 30, 90, 450), seeds: int = SEEDS) -> ByBatch:
    """Classify the 450 test digits at night in batches of each size, all of which divide 450."""
    data = digits(images=True)
    night, y = shifted(data.x_test, "night"), data.y_test
    by_label = torch.argsort(y, stable=True)
    scores = np.empty((3, seeds, len(sizes)))
    stored = np.empty((2, seeds))
    for seed in range(seeds):
        order = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
        model, dense = network(seed).eval(), dense_network(seed).eval()
        flat = night.flatten(1)
        for k, size in enumerate(sizes):
            mixed = batched_accuracy(model, night[order], y[order], size)
            by_class = batched_accuracy(model, night[by_label], y[by_label], size)
            scores[:, seed, k] = mixed, by_class, batched_accuracy(dense, flat[order], y[order], size)
        stored[:, seed] = accuracy(model, night, y), accuracy(dense, flat, y)
    return ByBatch(sizes, *scores, *stored)
