"""Training experiments of the section on batches: accumulated gradients, scaled learning rates, ghost batches."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.experiments.batches import WIDTHS
from bnref.experiments.memory import remembered
from bnref.experiments.seeds_together import (
    StackedBatchNorm,
    StackedNorm,
    accuracies,
    perceptrons,
    random_batches,
    stacked,
    train_together,
)
from bnref.experiments.training import Norm, Split, digits, one_thread, perceptron

Array = NDArray[np.floating]
NORMS: dict[str, Norm | None] = {"no norm": None, "layer norm": nn.LayerNorm, "batch norm": nn.BatchNorm1d}
NARROW = [64, 64, 64, 64, 10]  # layer sizes where batches are large


@dataclass(frozen=True)
class Accumulation:
    """Distance of the accumulated gradient from the gradient of the whole batch, relative to the latter's length.

    `difference[norm]` is (seeds, parts), for a batch of 64 digits that is split into each number of `parts`.
    `from_ghosts` (seeds, parts) compares the accumulated gradient with batch norm to the gradient of the whole batch in
    ghost batches of the same size.
    """

    parts: tuple[int, ...]
    difference: dict[str, Array]
    from_ghosts: Array


def add_gradient(model: nn.Module, x: Tensor, y: Tensor, micro_batch: int) -> None:
    """Add the gradient of a batch's mean loss, accumulated over micro-batches, to the model's gradients."""
    for part, labels in zip(x.split(micro_batch), y.split(micro_batch), strict=True):
        # Divided by the whole batch's size, so that the parts add up to its mean even if the last one is short.
        loss = nn.functional.cross_entropy(model(part), labels, reduction="sum") / len(x)
        loss.backward()


@remembered
def accumulated_gradients(parts: tuple[int, ...] = (1, 2, 4, 8, 16, 32), seeds: int = 5) -> Accumulation:
    """Compare accumulated and whole gradients at initialization, in float64 so that rounding does not matter."""
    found = {name: np.array([_differences(norm, parts, seed) for seed in range(seeds)]) for name, norm in NORMS.items()}
    ghosts = np.array([_from_ghosts(parts, seed) for seed in range(seeds)])
    return Accumulation(parts, found, ghosts)


def _differences(norm: Norm | None, parts: tuple[int, ...], seed: int) -> list[float]:
    whole = _gradient(norm, 1, seed)
    return [_distance(_gradient(norm, n, seed), whole) for n in parts]


def _from_ghosts(parts: tuple[int, ...], seed: int) -> list[float]:
    pairs = ((_gradient(nn.BatchNorm1d, n, seed), _gradient(_ghost(64 // n), 1, seed)) for n in parts)
    return [_distance(accumulated, ghosts) for accumulated, ghosts in pairs]


def _ghost(size: int) -> Norm:
    return lambda features: GhostBatchNorm(features, size)


def _distance(gradient: Tensor, whole: Tensor) -> float:
    return float((gradient - whole).norm() / whole.norm())


def _gradient(norm: Norm | None, parts: int, seed: int) -> Tensor:
    """Return the gradient of a new network's loss on 64 digits, accumulated over equal parts, as one vector."""
    with one_thread(seed):
        model, data = perceptron(WIDTHS, norm).double(), digits()
        rows = torch.randperm(len(data.x))[:64]
        add_gradient(model, data.x[rows].double(), data.y[rows], 64 // parts)
        return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


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
class AccumulatedTraining:
    """Test accuracies (seeds,) after training by batches of 32 digits, in micro-batches of one size."""

    norm: str
    micro_batch: int
    accuracy: Array


@remembered
def accumulated_training(sizes: tuple[int, ...] = (32, 8, 4, 2), seeds: int = 6) -> list[AccumulatedTraining]:
    """Train on the same batches for three epochs: as a whole, and in micro-batches with accumulated gradients."""
    settings = [("no norm", 32), ("no norm", 2), *(("batch norm", size) for size in sizes)]
    return [AccumulatedTraining(norm, size, _in_micro_batches(norm, size, seeds)) for norm, size in settings]


def _in_micro_batches(norm: str, micro_batch: int, seeds: int) -> Array:
    data = stacked([digits()] * seeds)
    with one_thread(0):
        model = perceptrons(WIDTHS, StackedBatchNorm if norm == "batch norm" else None, seeds)
        batches = random_batches(data.x.shape[1], 32, seeds)
        train_together(model, data, batches, 126, lr=0.1, micro_batch=micro_batch)  # 42 batches per epoch
        return accuracies(model, data).numpy()


def part_of_digits(split: int = 0, n: int = 1280) -> Split:
    """Return the digits with only `n` training samples; many batch sizes divide the default."""
    data = digits(seed=split)
    return replace(data, x=data.x[:n], y=data.y[:n])


@dataclass(frozen=True)
class ScalingRule:
    """Test accuracies with the batch size multiplied by each of K factors k, after the same epochs.

    `scaled` is (rates, seeds, K): it multiplies each of the learning `rates` for the smallest batch by k as well.
    `unscaled` is (seeds, K): it keeps the rate `kept` for all batch sizes.
    """

    batch_size: int
    rates: tuple[float, ...]
    kept: float
    factors: tuple[int, ...]
    scaled: Array
    unscaled: Array


@remembered
def scaling_rule(
    rates: tuple[float, ...] = (0.05, 0.1, 0.2),
    kept: float = 0.1,
    factors: tuple[int, ...] = (1, 4, 8, 20, 40),
    seeds: int = 5,
) -> ScalingRule:
    """Train a network with batch norm for ten epochs on 1280 digits by plain SGD without warmup."""
    scaled = np.array([[_ten_epochs(32 * k, rate * k, seeds) for k in factors] for rate in rates])
    same = scaled[rates.index(kept), 0]  # for k = 1, both are the same run
    unscaled = np.array([_ten_epochs(32 * k, kept, seeds) if k > 1 else same for k in factors])
    return ScalingRule(32, rates, kept, factors, scaled.swapaxes(1, 2), unscaled.T)


def _ten_epochs(batch_size: int, lr: float, seeds: int) -> Array:
    data = stacked([part_of_digits()] * seeds)
    with one_thread(0):
        model = perceptrons(NARROW, StackedBatchNorm, seeds)
        train_together(model, data, random_batches(1280, batch_size, seeds), 10 * 1280 // batch_size, lr)
        return accuracies(model, data).numpy()


@dataclass(frozen=True)
class Course:
    """Test accuracies during one way to train: `accuracy` is (seeds, stops), after each number of `updates`.

    Each seed has its own split into training and test sets.
    """

    way: str
    batch_size: int
    updates: tuple[int, ...]
    accuracy: Array

    def after_epochs(self, epochs: int) -> Array:
        """Return the accuracies (seeds,) after a number of epochs."""
        return self.after_updates(epochs * 1280 // self.batch_size)

    def after_updates(self, updates: int) -> Array:
        """Return the accuracies (seeds,) after a number of updates."""
        return np.asarray(self.accuracy[:, self.updates.index(updates)])


EPOCHS = (5, 10, 20, 40)  # where all ways to train are compared


@remembered
def large_batches(seeds: int = 6, lr: float = 0.02) -> dict[str, Course]:
    """Train on 1280 digits with momentum 0.9: in small batches, in large ones, and in large ones with ghost batches.

    Large batches multiply the learning rate by the square root of 640 / 32, as in Hoffer et al. (2017). Without ghosts,
    they go on until they have made as many updates as small batches make in 10 epochs.
    """
    rate, longer = lr * float(np.sqrt(640 / 32)), (80, 200, 400)
    return {
        "small": _course("batches of 32", StackedBatchNorm, 32, lr, seeds),
        "large": _course("batches of 640", StackedBatchNorm, 640, rate, seeds, longer),
        "ghosts_32": _course("640 in ghosts of 32", partial(StackedBatchNorm, ghost_size=32), 640, rate, seeds),
        "ghosts_8": _course("640 in ghosts of 8", partial(StackedBatchNorm, ghost_size=8), 640, rate, seeds),
    }


def _course(
    way: str, norm: StackedNorm, batch_size: int, lr: float, seeds: int, longer: tuple[int, ...] = ()
) -> Course:
    updates = tuple(sorted({*(epochs * 1280 // batch_size for epochs in EPOCHS), *longer}))
    data, found = stacked([part_of_digits(split) for split in range(seeds)]), []
    with one_thread(0):
        model = perceptrons(NARROW, norm, seeds)

        def look(step: int) -> None:
            if step in updates:
                found.append(accuracies(model, data).numpy())

        batches = random_batches(1280, batch_size, seeds)
        train_together(model, data, batches, updates[-1], lr, momentum=0.9, after_step=look)
    return Course(way, batch_size, updates, np.array(found).T)
