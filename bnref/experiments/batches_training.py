"""Training experiments of the section on batches: accumulated gradients, scaled learning rates, ghost batches."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.experiments.batches import WIDTHS
from bnref.experiments.memory import remembered
from bnref.experiments.training import Norm, Split, accuracy, digits, minibatches, one_thread, perceptron, train

Array = NDArray[np.floating]
NORMS: dict[str, Norm | None] = {"no norm": None, "layer norm": nn.LayerNorm, "batch norm": nn.BatchNorm1d}


@dataclass(frozen=True)
class Accumulation:
    """Distance of the accumulated gradient from the gradient of the whole batch, relative to the latter's length.

    `difference[norm]` is (seeds, parts), for a batch of 64 digits that is split into each number of `parts`.
    """

    parts: tuple[int, ...]
    difference: dict[str, Array]


def add_gradient(model: nn.Module, x: Tensor, y: Tensor, micro_batch: int) -> None:
    """Add the gradient of a batch's mean loss, accumulated over micro-batches, to the model's gradients."""
    for part, labels in zip(x.split(micro_batch), y.split(micro_batch), strict=True):
        # Divided by the whole batch's size, so that the parts add up to its mean even if the last one is short.
        loss = nn.functional.cross_entropy(model(part), labels, reduction="sum") / len(x)
        loss.backward()


@remembered
def accumulated_gradients(parts: tuple[int, ...] = (1, 2, 4, 8, 16, 32), seeds: int = 3) -> Accumulation:
    """Compare accumulated and whole gradients at initialization, in float64 so that rounding does not matter."""
    found = {name: np.array([_differences(norm, parts, seed) for seed in range(seeds)]) for name, norm in NORMS.items()}
    return Accumulation(parts, found)


def _differences(norm: Norm | None, parts: tuple[int, ...], seed: int) -> list[float]:
    with one_thread(seed):
        model, data = perceptron(WIDTHS, norm).double(), digits()
        rows = torch.randperm(len(data.x))[:64]
        x, y = data.x[rows].double(), data.y[rows]
        whole = _gradient(model, x, y, len(x))
        return [float((_gradient(model, x, y, len(x) // n) - whole).norm() / whole.norm()) for n in parts]


def _gradient(model: nn.Module, x: Tensor, y: Tensor, micro_batch: int) -> Tensor:
    model.zero_grad()
    add_gradient(model, x, y, micro_batch)
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


@dataclass(frozen=True)
class AccumulatedTraining:
    """Test accuracies (seeds,) of one network after training with whole and with accumulated gradients."""

    norm: str
    whole: Array
    accumulated: Array


@remembered
def accumulated_training(
    batch_size: int = 32, micro_batch: int = 2, steps: int = 120, seeds: int = 3
) -> list[AccumulatedTraining]:
    """Train on the same batches twice: as a whole, and in micro-batches with accumulated gradients."""
    results = []
    for name, norm in NORMS.items():
        whole, accumulated = (
            [_train_in_parts(norm, batch_size, part, steps, seed) for seed in range(seeds)]
            for part in (batch_size, micro_batch)
        )
        results.append(AccumulatedTraining(name, np.array(whole), np.array(accumulated)))
    return results


def _train_in_parts(norm: Norm | None, batch_size: int, micro_batch: int, steps: int, seed: int) -> float:
    with one_thread(seed):
        model, data = perceptron(WIDTHS, norm).train(), digits()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        batches = [rows for _ in range(steps) for rows in minibatches(len(data.x), batch_size)][:steps]
        for rows in batches:
            optimizer.zero_grad()
            add_gradient(model, data.x[rows], data.y[rows], micro_batch)
            optimizer.step()
        return accuracy(model, data.x_test, data.y_test)


def part_of_digits(split: int = 0, n: int = 1280) -> Split:
    """Return the digits with only `n` training samples; many batch sizes divide the default."""
    data = digits(seed=split)
    return replace(data, x=data.x[:n], y=data.y[:n])


@dataclass(frozen=True)
class ScalingRule:
    """Test accuracies (seeds, K) with the batch size multiplied by each of K factors k, after the same epochs.

    `scaled` multiplies the learning rate by k as well, and `unscaled` keeps it.
    """

    batch_size: int
    lr: float
    factors: tuple[int, ...]
    scaled: Array
    unscaled: Array

    def within(self, tolerance: float) -> int:
        """Return the largest factor with a mean scaled accuracy at most `tolerance` below that of factor 1."""
        loss = self.scaled[:, :1].mean() - self.scaled.mean(axis=0)
        kept = [k for k, lost in zip(self.factors, loss, strict=True) if lost <= tolerance]
        return max(kept)


@remembered
def scaling_rule(
    batch_size: int = 32,
    lr: float = 0.1,
    factors: tuple[int, ...] = (1, 2, 4, 8, 20, 40),
    epochs: int = 10,
    seeds: int = 3,
) -> ScalingRule:
    """Train this section's network with batch norm on 1280 digits by plain SGD without warmup."""
    data = part_of_digits()

    def run(factor: int, rate: float, seed: int) -> float:
        steps = epochs * len(data.x) // (batch_size * factor)
        return _trained(data, nn.BatchNorm1d, steps, rate, batch_size * factor, 0.0, seed)

    scaled = [[run(k, lr * k, seed) for k in factors] for seed in range(seeds)]
    unscaled = [  # for k = 1, both are the same run
        [run(k, lr, seed) if k > 1 else scaled[seed][i] for i, k in enumerate(factors)] for seed in range(seeds)
    ]
    return ScalingRule(batch_size, lr, factors, np.array(scaled), np.array(unscaled))


def _trained(data: Split, norm: Norm, steps: int, lr: float, batch_size: int, momentum: float, seed: int) -> float:
    with one_thread(seed):
        model = train(perceptron(WIDTHS, norm), data, steps, lr, batch_size, momentum)
        return accuracy(model, data.x_test, data.y_test)


class GhostBatchNorm(nn.BatchNorm1d):
    """Batch norm with the statistics of `ghost_size` rows at a time in training: Hoffer et al. (2017), algorithm 1."""

    def __init__(self, features: int, ghost_size: int) -> None:
        """Create a norm for `features` columns."""
        super().__init__(features)
        self.ghost_size = ghost_size

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (N, features). N need not be a multiple of `ghost_size`, but no ghost may have only one row."""
        if not self.training:
            return super().forward(x)
        return torch.cat([super(GhostBatchNorm, self).forward(part) for part in x.split(self.ghost_size)])


@dataclass(frozen=True)
class Ghosts:
    """Test accuracies (seeds,) of one way to train. Each seed has its own split into training and test sets."""

    way: str
    accuracy: Array


@remembered
def ghosts(seeds: int = 6, epochs: int = 30, large: int = 640, small: int = 32, lr: float = 0.02) -> list[Ghosts]:
    """Train on 1280 digits with momentum 0.9: in small batches, in large batches, and in large batches with ghosts.

    Large batches multiply the learning rate by the square root of large / small, as in Hoffer et al. (2017).
    """
    rate = lr * float(np.sqrt(large / small))
    ways: dict[str, tuple[Norm, int, float]] = {
        f"batches of {small}": (nn.BatchNorm1d, small, lr),
        f"batches of {large}": (nn.BatchNorm1d, large, rate),
        "ghosts of 32": (_ghost(32), large, rate),
        "ghosts of 8": (_ghost(8), large, rate),
    }

    def run(norm: Norm, batch_size: int, lr: float, seed: int) -> float:
        data = part_of_digits(seed)
        return _trained(data, norm, epochs * len(data.x) // batch_size, lr, batch_size, 0.9, seed)

    return [Ghosts(name, np.array([run(*way, seed) for seed in range(seeds)])) for name, way in ways.items()]


def _ghost(size: int) -> Norm:
    return lambda features: GhostBatchNorm(features, size)
