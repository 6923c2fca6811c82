"""Statistics of data that arrive in batches, reading each batch once and keeping none.

NaN and infinity in the data pass through as in NumPy, with no warning.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from bnref.core import moments, seen_as
from bnref.core.arguments import as_real, as_table, share
from bnref.core.blocks import Array, unbuffered

__all__ = ["RunningMoments", "moving_average"]


class RunningMoments:
    """Mean and variance of all rows seen so far, which can be merged with those of another object.

    `count` is the number of rows. `mean` and `squares`, the sum of squared deviations from the mean, are `(D,)` in
    float64, and None before the first batch. Chan, Golub and LeVeque (1983), equation 2.1.
    """

    def __init__(self) -> None:
        """Start with no rows."""
        self.count = 0
        self.mean: Array | None = None
        self.squares: Array | None = None

    @unbuffered
    def update(self, batch: ArrayLike) -> None:
        """Add the rows of a batch, (m, D) with m at least 1.

        Raises ValueError for any other shape, for a different number of columns than before, and for entries other than
        real numbers.
        """
        x = as_table(batch, "a batch")
        found = moments(seen_as(x, (*x.shape, 1)))
        other = RunningMoments()
        other.count, other.mean, other.squares = len(x), found.mean.astype(float), len(x) * found.std.astype(float) ** 2
        self.merge(other)

    def merge(self, other: "RunningMoments") -> None:
        """Add the rows that another object has seen. Raises ValueError for a different number of columns."""
        if other.mean is None or other.squares is None:
            return
        if self.mean is None or self.squares is None:
            self.count, self.mean, self.squares = other.count, other.mean, other.squares
            return
        if self.mean.shape != other.mean.shape:
            raise ValueError(
                f"all batches must have the same number of columns, "
                f"but earlier ones have {self.mean.size} and this one has {other.mean.size}"
            )
        # Merging deviations from the means avoids the cancellation of sums of squares when the mean is large.
        total = self.count + other.count
        with np.errstate(all="ignore"):
            step = other.mean - self.mean
            self.mean = self.mean + step * (other.count / total)
            self.squares = self.squares + other.squares + step**2 * (self.count * other.count / total)
        self.count = total

    def variance(self, ddof: int = 0) -> Array:
        """Return the variance (D,), whose divisor is the number of rows minus `ddof`.

        Raises ValueError unless more than `ddof` rows have been seen.
        """
        if self.squares is None or self.count <= ddof:
            raise ValueError(f"the variance with ddof={ddof} needs more than {ddof} rows, but got {self.count}")
        return self.squares / (self.count - ddof)


def moving_average(values: Iterable[ArrayLike], decay: float, start: ArrayLike = 0.0) -> Array:
    """Compute the exponential moving average of arrays of the same shape.

    Each value updates it by `average = decay * average + (1 - decay) * value`. `decay` is the share of the old average
    that is kept: 0.9, 0.99, 0.999. Ioffe and Szegedy (2015), section 3.1, use such averages to track a model while it
    trains.

    Raises ValueError if `decay` is not between 0 and 1, or if a value does not contain real numbers.
    """
    decay, average = share(decay, "decay"), as_real(start, "start").astype(np.float64)
    for value in values:
        average = decay * average + (1 - decay) * as_real(value, "a value")
    return average
