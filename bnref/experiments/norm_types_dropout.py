"""Experiments with dropout before batch norm, which changes the variance between training and testing."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bnref.experiments.memory import remembered
from bnref.experiments.training import Norm, accuracy, digits, one_thread, train


@dataclass(frozen=True)
class Shift:
    """Ratio of the variance without dropout to the variance with it, by formula and measured (one value per seed)."""

    keep: float
    mean: float
    formula: float
    measured: tuple[float, ...]


def variance_shift(keep: float, mean: float, seeds: int = 3, n: int = 400_000) -> Shift:
    """Apply dropout to normal values of variance 1: keep each with probability `keep`, and divide it by `keep`."""
    ratios = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        x = rng.normal(mean, 1, n)
        ratios.append(float(x.var() / (x * (rng.random(n) < keep) / keep).var()))
    return Shift(keep, mean, 1 / ((mean**2 + 1) / keep - mean**2), tuple(ratios))


@dataclass(frozen=True)
class Dropped:
    """Results of a network with dropout, one value per seed.

    `ratio` is the test variance over the stored variance, as the median over units and layers (NaN without batch norm).
    `percent` is the test error, and `mended` the test error with statistics recomputed without dropout.
    """

    network: str
    drop: float
    ratio: tuple[float, ...]
    percent: tuple[float, ...]
    mended: tuple[float, ...]


NETWORKS = ("dropout, then BN", "dropout after all BN", "dropout, then LN", "dropout, no norm")


def _network(kind: str, drop: float, width: int = 100) -> nn.Sequential:
    norms: dict[str, Norm] = {NETWORKS[2]: nn.LayerNorm, NETWORKS[3]: lambda width: nn.Identity()}
    layers: list[nn.Module] = []
    for inputs in (64, width, width, width):
        linear = nn.Linear(inputs, width)
        nn.init.kaiming_normal_(linear.weight)
        before = [] if kind == NETWORKS[1] else [nn.Dropout(drop)]
        layers += [linear, *before, norms.get(kind, nn.BatchNorm1d)(width), nn.ReLU()]
    if kind == NETWORKS[1]:
        layers.append(nn.Dropout(drop))
    return nn.Sequential(*layers, nn.Linear(width, 10))


@torch.no_grad()
def _ratio(model: nn.Sequential, x: Tensor) -> float:
    """Return the variance before batch norm in evaluation mode over the stored one, as the median over all units."""
    ratios = []
    for layer in model.eval():
        if isinstance(layer, nn.BatchNorm1d):
            assert layer.running_var is not None
            ratios.append(x.var(dim=0) / layer.running_var)
        x = layer(x)
    return float(torch.cat(ratios).median())


@torch.no_grad()
def _recompute(model: nn.Sequential, x: Tensor) -> None:
    """Recompute the stored statistics from all of `x`, without dropout."""
    model.eval()
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d):
            layer.reset_running_stats()
            layer.momentum = None  # PyTorch's way to ask for a plain average
            layer.train()
    model(x)


def _run(kind: str, drop: float, seed: int) -> tuple[float, float, float]:
    data = digits()
    with one_thread(seed):
        model = _network(kind, drop)
        train(model, data, 210, 0.1, momentum=0.9)
        normed = any(isinstance(layer, nn.BatchNorm1d) for layer in model)
        ratio = _ratio(model, data.x) if normed else np.nan
        error = 100 * (1 - accuracy(model, data.x_test, data.y_test))
        _recompute(model, data.x)
        return ratio, error, 100 * (1 - accuracy(model, data.x_test, data.y_test))


@remembered
def dropped(drops: tuple[float, ...] = (0.5, 0.7), seeds: int = 3) -> list[Dropped]:
    """Train four networks of four hidden layers on the digits for ten epochs, at each dropout rate."""
    return [
        Dropped(kind, drop, *zip(*(_run(kind, drop, seed) for seed in range(seeds)), strict=True))
        for drop in drops
        for kind in NETWORKS
    ]
