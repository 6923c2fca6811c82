"""Experiments on the statistics that inference uses: moving averages, their lag and noise, and population estimates."""

import copy
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
    """Statistics of each batch of a training at one unit that goes into a BN layer: `means` and `stds` (T,), biased."""

    means: Array
    stds: Array


@remembered
def trace(steps: int = 1500, seed: int = 0) -> Trace:
    """Record, over a training, the unit of the first BN layer whose mean moves farthest."""
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
    """The moving average (T + 1,) of `values` (T,): at the start, and after each of them."""
    averages: list[Array] = [np.asarray(start, dtype=np.float64)]
    for value in np.asarray(values):
        averages.append(moving_average([value], decay, averages[-1]))
    return np.array(averages)


@dataclass(frozen=True)
class Follower:
    """How well a moving average of one decay follows a mean that drifts by 1 a batch, with batch noise of std 1.

    `lag` is how far it stays behind, `noise` the standard deviation of its own noise, both as measured and by formula.
    """

    decay: float
    lag: float
    lag_by_formula: float
    noise: float
    noise_by_formula: float


@remembered
def followers(decays: tuple[float, ...] = DECAYS, series: int = 500) -> list[Follower]:
    """Follow the drift without noise, and the noise of `series` independent series without drift, until both settle."""
    results = []
    for decay in decays:
        steps = round(10 / (1 - decay))
        rng = np.random.default_rng(0)
        lag = steps - moving_average(np.arange(1, steps + 1), decay, start=1.0)
        noise = moving_average((rng.normal(size=series) for _ in range(steps)), decay, np.zeros(series)).std()
        by_formula = decay / (1 - decay), np.sqrt((1 - decay) / (1 + decay))
        results.append(Follower(decay, float(lag), by_formula[0], float(noise), float(by_formula[1])))
    return results


@dataclass(frozen=True)
class Spreads:
    """Three averages over random batches of one size, each (D,) over the true standard deviation of its unit.

    `stds` is the average of biased standard deviations. `biased` and `unbiased` are square roots of average variances.
    """

    size: int
    stds: Array
    biased: Array
    unbiased: Array


@remembered
def spreads(sizes: tuple[int, ...] = (2, 4, 16, 64), draws: int = 4000) -> list[Spreads]:
    """Average the spread of batches of a trained network's activations in three ways."""
    h, rng = first_activations(), np.random.default_rng(0)
    results = []
    for size in sizes:
        variances = np.stack([h[rng.integers(len(h), size=size)].var(axis=0) for _ in range(draws)])
        mean = variances.mean(axis=0)
        averages = [np.sqrt(variances).mean(axis=0), np.sqrt(mean), np.sqrt(mean * size / (size - 1))]
        results.append(Spreads(size, *(average / h.std(axis=0) for average in averages)))
    return results


@dataclass(frozen=True)
class Memory:
    """The most memory, in kB, that each way to estimate population statistics of so many batches held.

    `difference` is the largest between the results of the first two, which are two ways to the same number.
    """

    batches: int
    remembering: float
    running_sums: float
    merging: float
    difference: float


@remembered
def memory(counts: tuple[int, ...] = (10, 100, 1000), features: int = 256) -> list[Memory]:
    """Estimate the statistics of batches of 32 by keeping all of theirs, by running sums, and by Chan's merge."""
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
    """Test accuracy after some steps of a training, by where the statistics for evaluation come from.

    `moving` is (seeds, steps, decays): moving averages. `precise` is (seeds, steps): the average over all training
    images of the network as it is at that step.
    """

    steps: tuple[int, ...]
    decays: tuple[float, ...]
    moving: Array
    precise: Array


@remembered
def precise(seeds: int = 3, steps: tuple[int, ...] = (5, 10, 20, 40, 80, 160, 320)) -> Precise:
    """Train a small convolutional network fast, and evaluate each state of it by several statistics."""
    rows = np.array([_evaluate_while_training(seed, steps) for seed in range(seeds)])
    return Precise(steps, DECAYS, rows[:, :, :-1], rows[:, :, -1])


def _convolutional() -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels, out, stride in [(1, 16, 1), (16, 32, 2), (32, 32, 2)]:
        convolution = nn.Conv2d(channels, out, 3, stride, padding=1, bias=False)
        # With momentum 1 the layer keeps the statistics of the last batch alone, for others to average.
        layers += [convolution, nn.BatchNorm2d(out, momentum=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def _evaluate_while_training(seed: int, steps: tuple[int, ...]) -> list[list[float]]:
    """One training: the accuracy at each of `steps` by moving averages of each decay, and by precise statistics."""
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
    """What each BN layer keeps, mean and variance in turn."""
    states = [layer.state_dict() for layer in norms(model)]
    return [state[name].numpy() for state in states for name in ("running_mean", "running_var")]


def _accuracy_with(model: nn.Module, statistics: list[Array]) -> float:
    """The test accuracy with other running statistics: mean and variance of each BN layer in turn."""
    changed, data = copy.deepcopy(model), digits(images=True)
    for layer, mean, var in zip(norms(changed), statistics[::2], statistics[1::2], strict=True):
        layer.running_mean, layer.running_var = torch.tensor(mean).float(), torch.tensor(var).float()
    return accuracy(changed, data.x_test, data.y_test)


@torch.no_grad()
def _with_precise_statistics(model: nn.Module) -> nn.Module:
    """A copy whose running statistics are averages over all batches of the training images, the weights fixed."""
    fixed, x = copy.deepcopy(model).train(), digits(images=True).x
    for layer in norms(fixed):
        layer.reset_running_stats()
        layer.momentum = None  # PyTorch's way to ask for a plain average
    for batch in x[: len(x) // 64 * 64].split(64):
        fixed(batch)
    return fixed


def drifting_means(updates: int = 240) -> tuple[Array, Array]:
    """What the figure to play with follows: true means and batch means (updates,), rounded to hundredths.

    The true mean is 1 for a third of the updates, rises to 3 during the next third, and stays there.
    """
    true = 1 + 2 * np.clip(np.arange(1, updates + 1) * 3 / updates - 1, 0, 1)
    noise = np.random.default_rng(0).normal(0, 0.4, size=updates)
    return true, np.round(true + noise, 2)
