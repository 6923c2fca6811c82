"""Experiments of the section on batches: their schedule, their memory, mini-batch descent, and their noise."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.batches import iterate_minibatches
from bnref.experiments.memory import remembered
from bnref.experiments.scaling import patients
from bnref.experiments.training import digits, one_thread, perceptron
from bnref.scaling import standardize

Array = NDArray[np.floating]
WIDTHS = [64, 100, 100, 100, 10]  # layer sizes of this section's networks


@dataclass(frozen=True)
class Schedule:
    """Samples used by each iteration: `used` is (iterations, samples), true if the iteration trains on the sample."""

    used: NDArray[np.bool_]
    epochs: int


def schedule(n_samples: int, batch_size: int, epochs: int, seed: int = 0) -> Schedule:
    """Draw the batches of some epochs with `iterate_minibatches`."""
    rng = np.random.default_rng(seed)
    batches = [rows for _ in range(epochs) for rows in iterate_minibatches(n_samples, batch_size, rng)]
    return Schedule(np.array([np.isin(np.arange(n_samples), rows) for rows in batches]), epochs)


@dataclass(frozen=True)
class Memory:
    """Bytes of a network's parameters, and of the tensors kept until the backward pass for one batch size."""

    size: int
    parameters: int
    kept: int


def memory_by_batch_size(sizes: tuple[int, ...] = (64, 256, 1347)) -> list[Memory]:
    """Count the bytes that torch keeps when digits pass through this section's network with batch norm."""
    with one_thread(0):
        model, x = perceptron(WIDTHS), digits().x
        parameters = sum(p.nbytes for p in model.parameters())
        return [Memory(size, parameters, kept_bytes(model, x[:size])) for size in sizes]


def image_memory() -> Memory:
    """Count the bytes for the first convolution of a ResNet, with its norm and ReLU, and one image of 224 x 224."""
    with one_thread(0):
        layer = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU())
        return Memory(1, sum(p.nbytes for p in layer.parameters()), kept_bytes(layer, torch.zeros(1, 3, 224, 224)))


def kept_bytes(model: nn.Module, x: Tensor) -> int:
    """Count the bytes of the tensors that autograd keeps for a forward pass of `x`, without the model's parameters."""
    # Saved tensors can share memory, so they are told apart by address.
    own = {t.data_ptr() for t in (*model.parameters(), *model.buffers())}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in own:
            kept[tensor.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = model(x)
    del output
    return sum(tensor.nbytes for tensor in kept.values())


@dataclass(frozen=True)
class Bowl:
    """A mean squared error of two weights, for standardized `x` (N, 2) and `y` (N,)."""

    x: Array
    y: Array

    def loss(self, w: Array) -> Array:
        """Compute the error over all samples at weights (..., 2)."""
        return np.mean((w @ self.x.T - self.y) ** 2, axis=-1)

    def best(self) -> Array:
        """Return the weights (2,) with the smallest error."""
        return np.linalg.lstsq(self.x, self.y, rcond=None)[0]


def bowl() -> Bowl:
    """Return the regression of the diabetes patients' disease progression on body mass index and blood pressure."""
    data = patients()
    return Bowl(standardize(data.columns("bmi", "bp"))[0], standardize(data.y[:, None])[0][:, 0])


@dataclass(frozen=True)
class Descent:
    """The path of the weights with one batch size: `weights` is (steps + 1, 2), `per_epoch` the steps per epoch."""

    batch_size: int
    weights: Array
    per_epoch: int


def descend(on: Bowl, batch_size: int, epochs: int, lr: float = 0.05, seed: int = 0) -> Descent:
    """Take the steps of `bnref.batches.train_linear`, and record the weights after each one."""
    rng, w = np.random.default_rng(seed), np.zeros(2)
    weights = [w]
    for _ in range(epochs):
        for rows in iterate_minibatches(len(on.x), batch_size, rng):
            w = w - lr * 2 / len(rows) * on.x[rows].T @ (on.x[rows] @ w - on.y[rows])
            weights.append(w)
    return Descent(batch_size, np.array(weights), (len(weights) - 1) // epochs)


def standard_error(values: Array, size: int, replace: bool) -> float:
    """Return the standard deviation of the mean of `size` random draws from `values` (N,), by the formula.

    Drawing without replacement gives the factor sqrt((N - m) / (N - 1)). Cochran (1977), theorem 2.2.
    """
    n = len(values)
    left = 1.0 if replace else (n - size) / (n - 1)
    return float(values.std() * np.sqrt(left / size))


@dataclass(frozen=True)
class Noise:
    """The scatter of batch statistics by batch size m, for one unit of a random layer over N digits.

    The unit's activations have standard deviation 1 over all digits. The measured arrays are (seeds, sizes). `mean` and
    `mean_without` are standard deviations of batch means, drawn with and without replacement, `variance` that of their
    biased variances. `gradient` is the root mean square distance of batch gradients from the gradient of all digits,
    relative to its length. `expected` and `expected_without` are (sizes,), by the formulas for the mean.
    """

    sizes: NDArray[np.intp]
    mean: Array
    mean_without: Array
    variance: Array
    gradient: Array
    expected: Array
    expected_without: Array

    def slope(self, measured: Array) -> Array:
        """Fit the exponent (seeds,) of m in a measured noise by least squares on logarithmic axes."""
        return np.polyfit(np.log(self.sizes), np.log(measured).T, 1)[0]


def unit(seed: int = 0) -> Array:
    """Return one random unit's activations (N,) over the training digits, standardized."""
    with one_thread(seed), torch.no_grad():
        return standardize(nn.Linear(64, 1)(digits().x).double().numpy())[0][:, 0]


def digit_gradients() -> Array:
    """Return each training digit's cross-entropy gradient (N, 640) for a linear classifier with weights 0."""
    data = digits()
    errors = 0.1 - np.eye(10)[data.y.numpy()]  # with weights 0, each of the ten classes has probability 0.1
    return (errors[:, :, None] * data.x.double().numpy()[:, None, :]).reshape(len(errors), -1)


@remembered
def noise(sizes: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024), seeds: int = 3) -> Noise:
    """Draw 2000 batches of each size for the unit's statistics, and 100 for the gradient."""
    values, gradients = unit(), digit_gradients()
    runs = [_scatter(values, gradients, sizes, np.random.default_rng(seed)) for seed in range(seeds)]
    mean, without, variance, gradient = np.moveaxis(np.array(runs), -1, 0)
    formulas = [[standard_error(values, size, replace) for size in sizes] for replace in (True, False)]
    return Noise(np.array(sizes), mean, without, variance, gradient, *np.array(formulas))


def _scatter(values: Array, gradients: Array, sizes: tuple[int, ...], rng: np.random.Generator) -> list[list[float]]:
    """Measure for each size the noise of the mean with and without replacement, the variance and the gradient."""
    # The first m columns of shuffled rows are batches without replacement, for every size m.
    shuffled = rng.permuted(np.tile(values, (2000, 1)), axis=1)
    whole = gradients.mean(axis=0)
    found = []
    for size in sizes:
        drawn = rng.choice(values, (2000, size))
        batches = rng.integers(len(gradients), size=(100, size))
        away = np.array([gradients[rows].mean(axis=0) for rows in batches]) - whole
        share = np.sqrt((away**2).sum(axis=1).mean()) / np.linalg.norm(whole)
        means = drawn.mean(axis=1).std(), shuffled[:, :size].mean(axis=1).std()
        found.append([*means, drawn.var(axis=1).std(), share])
    return found


@dataclass(frozen=True)
class EveryBatch:
    """The exact noise of the gradient over all batches of each size, and what the formula gives; (sizes,) each.

    The noise is the root mean square distance of a batch's gradient from the gradient of all samples. Batches are drawn
    with replacement in the first two, and without replacement in the last two.
    """

    sizes: tuple[int, ...]
    noise: Array
    formula: Array
    noise_without: Array
    formula_without: Array


def every_batch(samples: int = 6, sizes: tuple[int, ...] = (1, 2, 3, 4)) -> EveryBatch:
    """List all batches of a few digits, so that the formulas can be checked to rounding without any draws."""
    gradients = digit_gradients()[:samples]
    mean = gradients.mean(axis=0)
    spread = np.sqrt(((gradients - mean) ** 2).sum(axis=1).mean())

    def noise(batches: Iterable[tuple[int, ...]]) -> float:
        means = np.array([gradients[list(rows)].mean(axis=0) for rows in batches])
        return float(np.sqrt(((means - mean) ** 2).sum(axis=1).mean()))

    numbers = range(samples)
    left = [(samples - m) / (samples - 1) for m in sizes]
    return EveryBatch(
        sizes,
        np.array([noise(itertools.product(numbers, repeat=m)) for m in sizes]),
        np.array([spread / np.sqrt(m) for m in sizes]),
        np.array([noise(itertools.combinations(numbers, m)) for m in sizes]),
        np.array([spread * np.sqrt(share / m) for share, m in zip(left, sizes, strict=True)]),
    )


@dataclass(frozen=True)
class Company:
    """Mean and std of batch norm's output for one fixed sample in random batches of one size."""

    size: int
    mean: float
    std: float


def company(sizes: tuple[int, ...] = (2, 4, 16, 64, 256), z: float = 1.0, draws: int = 2000) -> list[Company]:
    """Put the digit with the activation nearest to `z` into random batches, and normalize each batch."""
    values, rng = unit(), np.random.default_rng(0)
    sample = np.abs(values - z).argmin()
    others = rng.permuted(np.tile(np.delete(values, sample), (draws, 1)), axis=1)
    results = []
    for size in sizes:
        batches = np.column_stack([np.full(draws, values[sample]), others[:, : size - 1]])
        normalized = standardize(batches.T)[0][0]
        results.append(Company(size, float(normalized.mean()), float(normalized.std())))
    return results
