"""Experiments with small batches: batch norm compared with norms of single samples."""

from dataclasses import dataclass

import numpy as np
from torch import nn

from bnref.experiments.memory import remembered
from bnref.experiments.norm_types_stacked import (
    SEEDS,
    RMSNorm,
    accuracies,
    batch_norm,
    digits_for_all,
    layer_norm,
    perceptron,
    train,
)
from bnref.experiments.training import Norm, one_thread

Accuracies = dict[str, tuple[float, ...]]  # by norm, one value per seed


@dataclass(frozen=True)
class Errors:
    """Test errors in percent: `percent[i]` has one error per seed for batch size `sizes[i]`."""

    norm: str
    sizes: tuple[int, ...]
    percent: tuple[tuple[float, ...], ...]


def _dense(norm: Norm | None) -> nn.Module:
    return perceptron([64, 64, 64, 64, 10], norm)


def _convolutional(norm: Norm) -> nn.Module:
    """Build two convolutions, to 16 channels of 4 x 4 positions and 32 of 2 x 2, each with a norm and ReLU.

    Grouped convolutions keep the networks apart; the last one computes the ten scores from all positions.
    """
    layers: list[nn.Module] = []
    for before, after in ((1, 16), (16, 32)):
        convolution = nn.Conv2d(SEEDS * before, SEEDS * after, 3, stride=2, padding=1, groups=SEEDS, bias=False)
        layers += [convolution, norm(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(SEEDS * 32, SEEDS * 10, 2, groups=SEEDS), nn.Flatten())


def _errors(network: str, norms: dict[str, Norm], sizes: tuple[int, ...], epochs: int) -> list[Errors]:
    return [
        Errors(name, sizes, tuple(_percent(network, norm, size, epochs) for size in sizes))
        for name, norm in norms.items()
    ]


def _percent(network: str, norm: Norm, size: int, epochs: int) -> tuple[float, ...]:
    """Train with learning rate 0.1 * size / 32, a tenth of it for the last 30% of steps; return the errors in %."""
    task = digits_for_all(images=network == "convolutional")
    steps = epochs * (len(task.x) // size)
    first = int(0.7 * steps)
    with one_thread(0):
        model = _dense(norm) if network == "dense" else _convolutional(norm)
        for count, lr in ((first, 0.1), (steps - first, 0.01)):
            train(model, task, count, lr * size / 32, size, momentum=0.9)
        return tuple(100 * (1 - a) for a in accuracies(model, task))


@remembered
def dense_errors() -> list[Errors]:
    """Train three hidden layers of 64 units on the digits for two epochs, with batch norm and layer norm."""
    return _errors("dense", {"batch norm": batch_norm, "layer norm": layer_norm}, (32, 4, 2), epochs=2)


@remembered
def convolutional_errors() -> list[Errors]:
    """Train a small convolutional network on the digits for two epochs, with batch norm and group norm."""
    norms: dict[str, Norm] = {
        "batch norm": lambda c: nn.BatchNorm2d(SEEDS * c),
        "group norm": lambda c: nn.GroupNorm(SEEDS * 4, SEEDS * c),
    }
    return _errors("convolutional", norms, (32, 2), epochs=2)


@remembered
def rms_accuracies(rates: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0), steps: int = 120) -> dict[float, Accuracies]:
    """Train the dense network in batches of 64 with layer norm, RMS norm and no norm, at several learning rates."""
    norms: dict[str, Norm | None] = {"layer norm": layer_norm, "RMS norm": RMSNorm, "no norm": None}
    return {rate: {name: _accuracies(norm, rate, steps) for name, norm in norms.items()} for rate in rates}


def _accuracies(norm: Norm | None, lr: float, steps: int) -> tuple[float, ...]:
    task = digits_for_all()
    with one_thread(0):
        return accuracies(train(_dense(norm), task, steps, lr), task)


def errors_at(errors: Errors, size: int) -> np.ndarray:
    """Return the errors at a batch size as shares, (seeds,)."""
    return np.array(errors.percent[errors.sizes.index(size)]) / 100
