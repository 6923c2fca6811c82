"""Experiments on statistics for inference: moving averages, their lag and noise, and population estimates."""

import copy
import itertools
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from bnref.core.streaming import RunningMoments, moving_average
from bnref.experiments.inference import first_activations, norms
from bnref.experiments.memory import remembered
from bnref.experiments.training import accuracy, digits, one_thread, train
from bnref.inference import population_statistics
from bnref.placement import make_block

Array = NDArray[np.floating]
DECAYS = (0.9, 0.99, 0.999)


@dataclass(frozen=True)
class Trace:
    """Batch statistics of one unit before a BN layer during training: `means` and biased `stds`, (T,) each."""

    means: Array
    stds: Array


@remembered
def trace(steps: int = 1500, seed: int = 0) -> Trace:
    """Record the batch statistics during training of the unit whose mean moves farthest in the first BN layer."""
    means: list[Tensor] = []
    stds: list[Tensor] = []

    def record(layer: nn.Module, inputs: tuple[Tensor]) -> None:
        means.append(inputs[0].detach().mean(dim=0))
        stds.append(inputs[0].detach().std(dim=0, correction=0))

    with one_thread(seed):
        blocks = [*make_block(64, 24, "post"), *make_block(24, 24, "post")]
        blocks[2].register_forward_pre_hook(record)
        train(nn.Sequential(*blocks, nn.Linear(24, 10)), digits(), steps, lr=0.1)
    table = torch.stack(means).numpy()
    unit = np.abs(table[-100:].mean(axis=0) - table[:10].mean(axis=0)).argmax()
    return Trace(table[:, unit], torch.stack(stds).numpy()[:, unit])


def running(values: ArrayLike, decay: float, start: float) -> Array:
    """Return the moving average (T + 1,) of `values` (T,) at the start and after each value."""
    averages: list[Array] = [np.asarray(start, dtype=np.float64)]
    for value in np.asarray(values):
        averages.append(moving_average([value], decay, averages[-1]))
    return np.array(averages)


@dataclass(frozen=True)
class Follower:
    """Lag and noise of a moving average whose input drifts by 1 per batch, with batch noise of std 1.

    `lag` is its distance behind the true mean, and `noise` the standard deviation of its own noise, both computed from
    the average itself and by formula.
    """

    decay: float
    lag: float
    lag_by_formula: float
    noise: float
    noise_by_formula: float


def followers(decays: tuple[float, ...] = DECAYS) -> list[Follower]:
    """Follow a drift and a single impulse until the start is forgotten up to rounding.

    The average is linear: its response to an impulse lists the weights that it gives to earlier batches, so the noise
    follows without any random draws.
    """
    results = []
    for decay in decays:
        steps = round(40 / (1 - decay))  # leaves a share of about exp(-40) to the start
        lag = steps - running(np.arange(1, steps + 1), decay, start=1.0)[-1]
        weights = running(np.eye(1, steps)[0], decay, start=0.0)[1:]
        noise = np.sqrt((weights**2).sum())
        by_formula = decay / (1 - decay), np.sqrt((1 - decay) / (1 + decay))
        results.append(Follower(decay, float(lag), by_formula[0], float(noise), float(by_formula[1])))
    return results


@dataclass(frozen=True)
class Spreads:
    """Three estimates of each unit's standard deviation from random batches, relative to the true one, (D,) each.

    `stds` averages biased standard deviations. `biased` and `unbiased` are square roots of average variances.
    """

    size: int
    stds: Array
    biased: Array
    unbiased: Array


@remembered
def spreads(sizes: tuple[int, ...] = (2, 4, 16, 64), draws: int = 4000) -> list[Spreads]:
    """Estimate the spread of a trained network's activations from batches in three ways."""
    h, rng = first_activations(), np.random.default_rng(0)
    results = []
    for size in sizes:
        variances = np.stack([h[rng.integers(len(h), size=size)].var(axis=0) for _ in range(draws)])
        mean = variances.mean(axis=0)
        averages = [np.sqrt(variances).mean(axis=0), np.sqrt(mean), np.sqrt(mean * size / (size - 1))]
        results.append(Spreads(size, *(average / h.std(axis=0) for average in averages)))
    return results


@dataclass(frozen=True)
class EveryVariance:
    """The average variance over all batches of each size, relative to the variance of all samples; (sizes,) each.

    `biased` divides by m, and `unbiased` by m - 1.
    """

    sizes: tuple[int, ...]
    biased: Array
    unbiased: Array


def every_variance(samples: int = 6, sizes: tuple[int, ...] = (2, 3, 4)) -> EveryVariance:
    """List all batches of a few digits' activations, drawn with replacement."""
    values = first_activations()[:samples, 0]
    true = values.var()

    def average(size: int, ddof: int) -> float:
        batches = values[np.array(list(itertools.product(range(samples), repeat=size)))]
        return float(batches.var(axis=1, ddof=ddof).mean() / true)

    biased, unbiased = (np.array([average(size, ddof) for size in sizes]) for ddof in (0, 1))
    return EveryVariance(sizes, biased, unbiased)


@dataclass(frozen=True)
class Memory:
    """Peak memory, in kB, of each way to estimate population statistics from a number of batches.

    `difference` is the largest difference between the results of the first two, which compute the same numbers.
    """

    batches: int
    remembering: float
    running_sums: float
    merging: float
    difference: float


@remembered
def memory(counts: tuple[int, ...] = (10, 100, 1000), features: int = 256) -> list[Memory]:
    """Estimate statistics from batches of 32 by keeping each batch's statistics, by running sums, and by merging."""
    return [_memory(count, features) for count in counts]


def _memory(count: int, features: int) -> Memory:
    def batches() -> Iterator[Array]:
        rng = np.random.default_rng(0)
        return (rng.normal(3, 2, size=(32, features)) for _ in range(count))

    def remembering() -> Array:
        kept = [(batch.mean(axis=0), batch.var(axis=0)) for batch in batches()]
        means, variances = np.array(kept).mean(axis=0)
        return np.array([means, variances * 32 / 31])

    def merging() -> Array:
        seen = RunningMoments()
        for batch in batches():
            seen.update(batch)
        return seen.variance()

    peaks: list[float] = []
    results: list[Array] = []
    for way in (remembering, lambda: np.array(population_statistics(batches())), merging):
        tracemalloc.start()
        results.append(way())
        peaks.append(tracemalloc.get_traced_memory()[1] / 1000)
        tracemalloc.stop()
    difference = float(np.abs(results[0] - results[1]).max())
    return Memory(count, peaks[0], peaks[1], peaks[2], difference)


@dataclass(frozen=True)
class Precise:
    """Test accuracy after each number of training steps, by source of the statistics for evaluation.

    `moving` is (seeds, steps, decays), with moving averages. `precise` is (seeds, steps), with averages over all
    training images for the weights of that step.
    """

    steps: tuple[int, ...]
    decays: tuple[float, ...]
    moving: Array
    precise: Array


@remembered
def precise(seeds: int = 5, steps: tuple[int, ...] = (5, 20, 80, 320)) -> Precise:
    """Train a small convolutional network at a high rate, and evaluate it at each step with several statistics."""
    rows = np.array([_evaluate_while_training(seed, steps) for seed in range(seeds)])
    return Precise(steps, DECAYS, rows[:, :, :-1], rows[:, :, -1])


def _convolutional() -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels, out, stride in [(1, 8, 1), (8, 16, 2), (16, 32, 2)]:
        convolution = nn.Conv2d(channels, out, 3, stride, padding=1, bias=False)
        # With momentum 1 the layer keeps only the statistics of the last batch, which are averaged below.
        layers += [convolution, nn.BatchNorm2d(out, momentum=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def _evaluate_while_training(seed: int, steps: tuple[int, ...]) -> list[list[float]]:
    """Return the accuracies at each of `steps` of one training, by moving averages and by precise statistics."""
    data, rows = digits(images=True), []
    with one_thread(seed):
        model = _convolutional()
        averages = {decay: [array.astype(float) for array in _kept(model)] for decay in DECAYS}

        def follow(step: int, loss: float) -> None:
            for decay, old in averages.items():
                averages[decay] = [moving_average([new], decay, a) for new, a in zip(_kept(model), old, strict=True)]
            if step in steps:
                by_average = [_accuracy_with(model, statistics) for statistics in averages.values()]
                rows.append([*by_average, accuracy(_with_precise_statistics(model), data.x_test, data.y_test)])

        train(model, data, max(steps), lr=0.3, momentum=0.9, after_step=follow)
    return rows


def _kept(model: nn.Module) -> list[Array]:
    """Return the running mean and variance of each BN layer, in turn."""
    states = [layer.state_dict() for layer in norms(model)]
    return [state[name].numpy() for state in states for name in ("running_mean", "running_var")]


def _accuracy_with(model: nn.Module, statistics: list[Array]) -> float:
    """Return the test accuracy with other running statistics: mean and variance of each BN layer, in turn."""
    changed, data = copy.deepcopy(model), digits(images=True)
    for layer, mean, var in zip(norms(changed), statistics[::2], statistics[1::2], strict=True):
        layer.running_mean, layer.running_var = torch.tensor(mean).float(), torch.tensor(var).float()
    return accuracy(changed, data.x_test, data.y_test)


@torch.no_grad()
def _with_precise_statistics(model: nn.Module) -> nn.Module:
    """Copy the model with running statistics averaged over all batches of the training images, at fixed weights."""
    fixed, x = copy.deepcopy(model).train(), digits(images=True).x
    for layer in norms(fixed):
        layer.reset_running_stats()
        layer.momentum = None  # PyTorch's way to ask for a plain average
    for batch in x[: len(x) // 64 * 64].split(64):
        fixed(batch)
    return fixed


def drifting_means(updates: int = 240) -> tuple[Array, Array]:
    """Return the true means and batch means (updates,) of the interactive figure, rounded to hundredths.

    The true mean is 1 for a third of the updates, rises to 3 during the next third, and stays there.
    """
    true = 1 + 2 * np.clip(np.arange(1, updates + 1) * 3 / updates - 1, 0, 1)
    noise = np.random.default_rng(0).normal(0, 0.4, size=updates)
    return true, np.round(true + noise, 2)
