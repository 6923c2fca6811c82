"""Experiments with dropout and batch norm: the variance that differs between training and testing, and its cost."""

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bnref.experiments.memory import remembered
from bnref.experiments.norm_types_stacked import (
    SEEDS,
    Dense,
    Task,
    accuracies,
    batch_norm,
    digits_for_all,
    layer_norm,
    train,
)
from bnref.experiments.training import Norm, one_thread


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


Norms = dict[str, Norm | None]
NORMS: Norms = {"BN": batch_norm, "LN": layer_norm, "no norm": None}
# Where dropout stands, with as many dropout layers before a norm as after it, so that only the position differs.
PLACES = ("before the last norm", "after the last norm", "before each norm", "after each norm")
# Layer norm and no norm show what dropout does by itself. Without a norm, before and after are the same.
COMPARED = {"BN": PLACES, "LN": PLACES[2:], "no norm": PLACES[3:]}
DROPS = (0.5, 0.7)


@dataclass(frozen=True)
class Dropped:
    """Results of a network with dropout, one value per seed.

    `accuracy` is the test accuracy, and `mended` the accuracy with statistics recomputed without dropout. `ratio` is
    the test variance over the stored one before the last batch norm, as the median over units. Without batch norm,
    `ratio` is NaN, and `mended` equals `accuracy`.
    """

    norm: str
    place: str
    drop: float
    accuracy: tuple[float, ...]
    ratio: tuple[float, ...]
    mended: tuple[float, ...]


class Dropout(nn.Module):
    """Dropout at the rate `drop`; torch's own draws its zeros by a slower function."""

    def __init__(self, drop: float) -> None:
        super().__init__()
        self.drop = drop

    def forward(self, x: Tensor) -> Tensor:
        """In training, set a share `drop` of the entries to 0 and divide the others by the share that is kept."""
        return x * (torch.rand_like(x) >= self.drop) / (1 - self.drop) if self.training else x


def _network(norm: Norm | None, place: str, drop: float, width: int = 64, hidden: int = 4) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(hidden):
        here = drop > 0 and ("each" in place or i == hidden - 1)
        dropout = [Dropout(drop)] if here else []
        before, after = (dropout, []) if place.startswith("before") else ([], dropout)
        norms = [norm(width)] if norm else []
        layers += [Dense(width if i else 64, width), *before, *norms, nn.ReLU(), *after]
    return nn.Sequential(*layers, Dense(width, 10, gain=1.0))


@torch.no_grad()
def _ratio(model: nn.Sequential, x: Tensor) -> tuple[float, ...]:
    """Return each network's median, over the units of the last batch norm, of the test variance over the stored one."""
    ratio = torch.full((SEEDS, 1), torch.nan)
    for layer in model.eval():
        if isinstance(layer, nn.BatchNorm1d):
            assert layer.running_var is not None
            ratio = (x.var(dim=0) / layer.running_var).view(SEEDS, -1)
        x = layer(x)
    return tuple(ratio.median(dim=1).values.tolist())


@torch.no_grad()
def recompute(model: nn.Sequential, x: Tensor) -> None:
    """Recompute the stored statistics from all of `x`, without dropout."""
    model.eval()
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d):
            layer.reset_running_stats()
            layer.momentum = None  # PyTorch's way to ask for a plain average
            layer.train()
    model(x)


def _run(norm: str, place: str, drop: float, task: Task) -> Dropped:
    with one_thread(0):
        model = _network(NORMS[norm], place, drop)
        train(model, task, 147, 0.1, momentum=0.9)
        accuracy, ratio = accuracies(model, task), _ratio(model, task.x)
        recompute(model, task.x)
        return Dropped(norm, place, drop, accuracy, ratio, accuracies(model, task))


@remembered
def dropped() -> list[Dropped]:
    """Train networks of four hidden layers on the digits for seven epochs, with each norm, place and dropout rate.

    The networks without dropout have the place "nowhere". Starting weights and batches are the same in all.
    """
    task = digits_for_all()
    return [
        _run(norm, place, drop, task)
        for norm, places in COMPARED.items()
        for place, drop in [("nowhere", 0.0), *itertools.product(places, DROPS)]
    ]
