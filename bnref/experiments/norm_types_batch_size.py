"""Experiments with small batches: batch norm compared with norms of single samples."""

from dataclasses import dataclass

from torch import nn

from bnref.experiments.memory import remembered
from bnref.experiments.training import Norm, accuracy, digits, one_thread, perceptron, train

SEEDS = 3


@dataclass(frozen=True)
class Errors:
    """Test errors in percent: `percent[i]` has one error per seed for batch size `sizes[i]`."""

    norm: str
    sizes: tuple[int, ...]
    percent: tuple[tuple[float, ...], ...]


def _dense(norm: Norm | None) -> nn.Module:
    return perceptron([64, 96, 96, 96, 10], norm)


def _convolutional(norm: Norm) -> nn.Module:
    """Build two convolutions, to 16 channels of 4 x 4 positions and 32 of 2 x 2, each with a norm and ReLU."""
    layers: list[nn.Module] = []
    for before, after in ((1, 16), (16, 32)):
        convolution = nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)
        layers += [convolution, norm(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 4, 10))


def _error(network: str, norm: Norm, size: int, epochs: int, seed: int) -> float:
    """Train with learning rate 0.1 * size / 32, a tenth of it for the last 30% of steps; return the error in %."""
    data = digits(images=network == "convolutional")
    steps = epochs * len(data.x) // size
    first = int(0.7 * steps)
    with one_thread(seed):
        model = _dense(norm) if network == "dense" else _convolutional(norm)
        for count, lr in ((first, 0.1), (steps - first, 0.01)):
            train(model, data, count, lr * size / 32, size, momentum=0.9)
    return 100 * (1 - accuracy(model, data.x_test, data.y_test))


def _errors(network: str, norms: dict[str, Norm], sizes: tuple[int, ...], epochs: int) -> list[Errors]:
    return [
        Errors(
            name,
            sizes,
            tuple(tuple(_error(network, norm, size, epochs, seed) for seed in range(SEEDS)) for size in sizes),
        )
        for name, norm in norms.items()
    ]


@remembered
def dense_errors() -> list[Errors]:
    """Train three hidden layers of 96 units on the digits for three epochs, with batch norm and layer norm."""
    return _errors("dense", {"batch norm": nn.BatchNorm1d, "layer norm": nn.LayerNorm}, (32, 4, 2), epochs=3)


@remembered
def convolutional_errors() -> list[Errors]:
    """Train a small convolutional network on the digits for two epochs, with batch norm and group norm."""
    norms: dict[str, Norm] = {"batch norm": nn.BatchNorm2d, "group norm": lambda c: nn.GroupNorm(4, c)}
    return _errors("convolutional", norms, (32, 2), epochs=2)


@dataclass(frozen=True)
class RmsErrors:
    """Test errors in percent, one per seed, with layer norm, RMS norm and no norm."""

    layer_norm: tuple[float, ...]
    rms_norm: tuple[float, ...]
    none: tuple[float, ...]


@remembered
def rms_errors(lr: float = 0.3, seeds: int = 5) -> RmsErrors:
    """Train the same dense network for 200 steps of 64 samples with each of the norms."""
    data, results = digits(), []
    norms: tuple[Norm | None, ...] = (nn.LayerNorm, nn.RMSNorm, None)
    for norm in norms:
        errors = []
        for seed in range(seeds):
            with one_thread(seed):
                model = train(_dense(norm), data, 200, lr)
            errors.append(100 * (1 - accuracy(model, data.x_test, data.y_test)))
        results.append(tuple(errors))
    return RmsErrors(*results)
