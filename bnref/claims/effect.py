"""Effects: how much better one model does than another, seed by seed, with a confidence interval."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

MIN_SEEDS = 5
CONFIDENCE = 0.95


class Unit(Enum):
    """The unit of an effect: accuracies differ by points, other quantities by a factor."""

    POINTS = "percentage points"
    FACTOR = "factor"


@dataclass(frozen=True)
class Effect:
    """A paired comparison in one setting, positive where it agrees with the claim.

    `compares` names the quantity and the two sides, such as "test accuracy, BN minus no norm"; `setting` names what
    else was fixed, such as "learning rate 0.1". `differences` has one value per seed: percentage points, or decimal
    logarithms of a factor. Build it with `points` or `factor`, which check the number of seeds.
    """

    compares: str
    setting: str
    unit: Unit
    differences: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Return the mean difference over the seeds."""
        return float(np.mean(self.differences))

    @property
    def interval(self) -> tuple[float, float]:
        """Return the confidence interval of the mean difference, by Student's t distribution."""
        n = len(self.differences)
        half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * np.std(self.differences, ddof=1) / np.sqrt(n)
        return self.mean - float(half), self.mean + float(half)

    @property
    def size(self) -> str:
        """Return the mean and its interval as text, with the unit."""
        low, high = self.interval
        if self.unit is Unit.POINTS:
            mean, low, high = (round(value, 1) + 0.0 for value in (self.mean, low, high))  # adding 0 turns -0 into 0
            return f"{mean:+.1f} points ({low:+.1f} to {high:+.1f})"
        return f"a factor of {10**self.mean:.3g} ({10**low:.3g} to {10**high:.3g})"

    def __str__(self) -> str:
        what = f"{self.compares}; {self.setting}" if self.setting else self.compares
        return f"{what}: {self.size}"


def points(compares: str, setting: str, better: ArrayLike, worse: ArrayLike) -> Effect:
    """Compare two lists of shares in [0, 1], such as accuracies; the claim says that the first ones are higher.

    Raises ValueError for fewer than five seeds, or if the lists differ in length.
    """
    a, b = _paired(better, worse)
    return Effect(compares, setting, Unit.POINTS, tuple(100 * (a - b)))


def factor(compares: str, setting: str, larger: ArrayLike, smaller: ArrayLike) -> Effect:
    """Compare two lists of positive numbers by their ratio; the claim says that the first ones are larger.

    Raises ValueError for fewer than five seeds, if the lists differ in length, or if a number is not positive.
    """
    a, b = _paired(larger, smaller)
    if not (np.concatenate([a, b]) > 0).all():
        raise ValueError("a factor needs positive numbers: compare shares with `points` instead")
    return Effect(compares, setting, Unit.FACTOR, tuple(np.log10(a / b)))


def _paired(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(
            f"paired comparisons need one value per seed on both sides, not shapes {a.shape} and {b.shape}"
        )
    if len(a) < MIN_SEEDS:
        raise ValueError(f"a verdict needs at least {MIN_SEEDS} seeds, not {len(a)}: run the experiment with more")
    return a, b
