"""Experiments of the section on scaling: outliers, gradient descent, leaking statistics, activations."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor

from bnref.experiments.memory import remembered
from bnref.scaling import apply_standardize, min_max_scale, standardize

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Patients:
    """Ten measurements of 442 diabetes patients, and the progression of the disease in a year.

    Efron et al. (2004), section 1. `x` is (442, 10) and `y` is (442,).
    """

    x: Array
    y: Array
    names: tuple[str, ...]

    def column(self, name: str) -> Array:
        """Return the named column (442,)."""
        return self.x[:, self.names.index(name)]

    def columns(self, *names: str) -> Array:
        """Return the named columns, (442, number of names)."""
        return np.column_stack([self.column(name) for name in names])


def patients() -> Patients:
    """Load the diabetes data as measured; scikit-learn's default is already scaled."""
    data = load_diabetes(scaled=False)
    names = ("age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu")
    return Patients(data.data, data.target, names)


@dataclass(frozen=True)
class Scalings:
    """A column as measured, standardized and min-max scaled, (N,) each."""

    measured: Array
    standardized: Array
    min_max: Array


def scalings(values: Array) -> Scalings:
    """Scale a column (N,) in both ways."""
    column = values[:, None]
    return Scalings(values, standardize(column)[0][:, 0], min_max_scale(column)[0][:, 0])


@dataclass(frozen=True)
class Outlier:
    """Both scalings of a column whose last value moves away.

    `position` (P,) is the last value's distance from the mean of the others, in their standard deviations.
    `standardized` and `min_max` (P, N) are the whole column after each scaling.
    """

    position: Array
    standardized: Array
    min_max: Array


def outlier(values: Array, positions: Array) -> Outlier:
    """Move the last of `values` (N,) to each of `positions` (P,), and scale the column both ways."""
    mean, std = values[:-1].mean(), values[:-1].std()
    columns = np.tile(values[:, None], len(positions))
    columns[-1] = mean + positions * std
    return Outlier(positions, standardize(columns)[0].T, min_max_scale(columns)[0].T)


@dataclass(frozen=True)
class Descent:
    """Gradient descent on the mean squared error of a linear model that starts by predicting the mean of y.

    The learning rate is 1 / the largest curvature. `condition_number` is the ratio of the largest to the
    smallest curvature. `gaps[t]` is the error above its minimum after t steps, relative to that at the start.
    `steps` is the number of steps until the gap is at most the tolerance.
    """

    scaling: str
    condition_number: float
    gaps: Array
    steps: int


@dataclass(frozen=True)
class Bowl:
    """A quadratic error: its Hessian (D, D), and the vector (D,) from the minimum to the initial weights."""

    hessian: Array
    distance: Array

    def run(self, steps: int) -> Array:
        """Run gradient descent, and return the relative gap (steps + 1,) at the start and after each step."""
        # Descent diverges at rates above 2 / the largest curvature; half of that is safe.
        distance, rate = self.distance, 1 / np.linalg.eigvalsh(self.hessian)[-1]
        gaps = np.empty(steps + 1)
        for t in range(steps + 1):
            gradient = self.hessian @ distance
            gaps[t] = distance @ gradient
            distance = distance - rate * gradient
        return gaps / gaps[0]

    def predicted_gap(self, step: int) -> float:
        """Compute the relative gap after `step` steps without running them.

        In the eigenvectors of the Hessian, each coordinate shrinks independently by a constant factor per step.
        """
        curvature, directions = np.linalg.eigh(self.hessian)
        share = curvature * (directions.T @ self.distance) ** 2
        shrunk = share * (1 - curvature / curvature[-1]) ** (2.0 * step)
        return float(shrunk.sum() / share.sum())

    def steps_to(self, tolerance: float) -> int:
        """Find the first step with a predicted gap of at most `tolerance` by bisection."""
        low, high = 0, 1
        while self.predicted_gap(high) > tolerance:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.predicted_gap(middle) > tolerance else (low, middle)
        return high


def bowl(features: Array, y: Array) -> Bowl:
    """Return the error of a linear model with intercept on `features` (N, D), starting at the mean of `y` (N,)."""
    a = np.column_stack([np.ones(len(features)), features])
    best = np.linalg.lstsq(a, y, rcond=None)[0]
    start = np.zeros_like(best)
    start[0] = y.mean()
    return Bowl(2 * a.T @ a / len(a), start - best)


def scaled_tables(x: Array) -> dict[str, Array]:
    """Return a table (N, D) as measured and scaled in four ways."""
    return {
        "as measured": x,
        "scaled only": x / x.std(axis=0),
        "centered only": x - x.mean(axis=0),
        "min-max scaled": min_max_scale(x)[0],
        "standardized": standardize(x)[0],
    }


@remembered
def descents(tolerance: float = 1e-3, run: int = 150_000) -> list[Descent]:
    """Run the descent on the diabetes patients' data, as measured and scaled in four ways."""
    data = patients()
    bowls = {scaling: bowl(features, data.y) for scaling, features in scaled_tables(data.x).items()}
    return [
        Descent(scaling, float(np.linalg.cond(b.hessian)), b.run(run), b.steps_to(tolerance))
        for scaling, b in bowls.items()
    ]


@dataclass(frozen=True)
class Path:
    """Descent in two weights: `weights` (T + 1, 2) by step, the Hessian (2, 2) and the minimum (2,)."""

    weights: Array
    hessian: Array
    best: Array


def two_weight_path(features: Array, y: Array, steps: int) -> Path:
    """Run the descent from 0 in the weights of two `features` (N, 2), centered first so that no intercept is needed."""
    features, y = features - features.mean(axis=0), y - y.mean()
    hessian = 2 * features.T @ features / len(features)
    best = np.linalg.solve(hessian, 2 * features.T @ y / len(features))
    rate = 1 / np.linalg.eigvalsh(hessian)[-1]
    weights = np.zeros((steps + 1, 2))
    for t in range(steps):
        weights[t + 1] = weights[t] - rate * hessian @ (weights[t] - best)
    return Path(weights, hessian, best)


@dataclass(frozen=True)
class TestScore:
    """R^2 of a model on test patients, by source of the statistics for scaling."""

    model: str
    split: str
    raw: float
    training: float
    everything: float
    own: float


def scores_by_statistics(splits: int = 20) -> list[TestScore]:
    """Score two models with test data scaled by the statistics of the training data, all data, or the test data.

    There are two kinds of split: random, averaged over `splits` seeds, and with the quarter of the patients with
    the highest body mass index as the test set.
    """
    data = patients()
    shuffled = [np.random.default_rng(seed).permutation(len(data.y)) for seed in range(splits)]
    by_bmi = [np.argsort(data.column("bmi"))]
    models = {"nearest neighbors": KNeighborsRegressor(10), "least squares": LinearRegression()}
    return [
        TestScore(name, split, *np.mean([_four_scores(model, data, order) for order in orders], axis=0))
        for name, model in models.items()
        for split, orders in [("a random quarter", shuffled), ("highest body mass index", by_bmi)]
    ]


def _four_scores(model: Any, data: Patients, order: NDArray[np.intp]) -> list[float]:
    """Compute R^2 on the last quarter of `order`: unscaled, then by training, all, and the test set's statistics."""
    cut = 3 * len(order) // 4
    (train, test), (y, y_test) = np.split(data.x[order], [cut]), np.split(data.y[order], [cut])
    z, mean, std = standardize(train)
    _, mean_all, std_all = standardize(data.x)
    fitted = model.fit(train, y)
    scores = [fitted.score(test, y_test)]
    scores.append(model.fit(z, y).score(apply_standardize(test, mean, std), y_test))
    leaked = model.fit(apply_standardize(train, mean_all, std_all), y)
    scores.append(leaked.score(apply_standardize(test, mean_all, std_all), y_test))
    scores.append(model.fit(z, y).score(standardize(test)[0], y_test))
    return scores


@dataclass(frozen=True)
class Activations:
    """Outputs (N, H) of a linear layer with H units for N digits: unchanged, after batch norm, and standardized."""

    before: Array
    batch_norm: Array
    standardized: Array


def activations(units: int = 100, count: int = 256, eps: float = 1e-12, seed: int = 0) -> Activations:
    """Send `count` of scikit-learn's digits through a random linear layer, and normalize its outputs in two ways.

    torch's BatchNorm1d is in training mode, without gamma and beta, and with `eps` (torch's default is 1e-5).
    """
    torch.manual_seed(seed)
    pixels = torch.tensor(load_digits().data[:count], dtype=torch.float32) / 16
    with torch.no_grad():
        before = torch.nn.Linear(64, units)(pixels)
        after = torch.nn.BatchNorm1d(units, eps=eps, affine=False)(before)
    return Activations(before.numpy(), after.numpy(), standardize(before.numpy())[0])


@dataclass(frozen=True)
class BatchStatistics:
    """Two measures of the spread of one unit's activations in batches of one size, averaged over many batches."""

    size: int
    std: float
    span: float  # highest minus lowest


def spread_by_batch_size(sizes: tuple[int, ...] = (4, 16, 64, 256), draws: int = 2000) -> list[BatchStatistics]:
    """Measure the spread of the first unit of `activations` in random batches of each size.

    The activations are scaled to standard deviation 1 over all 1797 digits first.
    """
    unit = standardize(activations(count=1797).before)[0][:, 0]
    rng = np.random.default_rng(0)
    results = []
    for size in sizes:
        batches = np.stack([rng.choice(unit, size, replace=False) for _ in range(draws)])
        results.append(BatchStatistics(size, float(batches.std(axis=1).mean()), float(np.ptp(batches, axis=1).mean())))
    return results
