"""Batches, epochs and iterations: counting, drawing, merging statistics, and mini-batch training."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bnref.core.arguments import as_table, as_vector, count, number
from bnref.core.blocks import Array
from bnref.core.streaming import RunningMoments

__all__ = ["count_iterations", "iterate_minibatches", "merge_statistics", "train_linear"]


def count_iterations(n_samples: int, batch_size: int, epochs: int, drop_last: bool = False) -> int:
    """Count the steps of a training run: batches per epoch times epochs.

    2000 samples in batches of 500 for 20 epochs take 80 steps. A short last batch counts unless `drop_last` is true.

    Raises
    ------
    ValueError
        If `n_samples`, `batch_size` or `epochs` is not a positive integer.
    """
    samples, size = count(n_samples, "n_samples"), count(batch_size, "batch_size")
    batches = samples // size if drop_last else -(-samples // size)  # -(-a // b) rounds up, exactly for any size
    return batches * count(epochs, "epochs")


def iterate_minibatches(
    n_samples: int, batch_size: int, rng: np.random.Generator, drop_last: bool = False
) -> Iterator[NDArray[np.intp]]:
    """Yield the row numbers of each batch of one epoch: consecutive slices of one `rng.permutation(n_samples)`.

    If `batch_size` does not divide `n_samples`, the last batch is short. `drop_last` leaves it out.

    Raises
    ------
    ValueError
        If `n_samples` or `batch_size` is not a positive integer.
    """
    # A generator would check its arguments only when the first batch is drawn, so the loop is a function of its own.
    size, total = count(batch_size, "batch_size"), count(n_samples, "n_samples")
    end = total - total % size if drop_last else total
    return _slices(total, size, end, rng)


def _slices(total: int, size: int, end: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    order = rng.permutation(total)
    for start in range(0, end, size):
        yield order[start : start + size]


def merge_statistics(batches: Iterable[ArrayLike]) -> tuple[Array, Array]:
    """Compute the mean and biased variance of the rows of all batches, reading each batch once and keeping none.

    NaN and infinity pass through as in NumPy, with no warning.

    Parameters
    ----------
    batches
        An iterable of `(m_i, D)` arrays of any real dtype, each with at least one row.

    Returns
    -------
    mean, var
        `(D,)` in float64. A column whose values are all equal has exactly that value as `mean` and exactly 0 as `var`.

    Raises
    ------
    ValueError
        If there is no batch, or if a batch is empty, differs in its number of columns or contains anything but real
        numbers.

    References
    ----------
    Chan, Golub and LeVeque (1983), equation 2.1.
    """
    seen = RunningMoments()
    for batch in batches:
        seen.update(batch)
    if seen.mean is None:
        raise ValueError("batches must contain at least one batch, but it is empty")
    return seen.mean, seen.variance()


def train_linear(
    x: ArrayLike, y: ArrayLike, lr: float, batch_size: int, epochs: int, rng: np.random.Generator
) -> tuple[Array, list[float]]:
    """Minimize the mean squared error of `x @ w` by mini-batch gradient descent from w = 0.

    Each epoch runs through a new `iterate_minibatches(N, batch_size, rng)`. The gradient of a batch of m rows is
    `2 / m x_b.T (x_b w - y_b)`. The arithmetic is in float64. A diverging descent ends in infinity and NaN, with no
    warning.

    Parameters
    ----------
    x, y
        `(N, D)` and `(N,)`, of any real dtype.
    lr
        The learning rate, a finite number.
    batch_size, epochs
        Positive integers.

    Returns
    -------
    w
        `(D,)` in the dtype of `x` (float64 for integers).
    losses
        The loss of each batch before its step, as floats.

    Raises
    ------
    ValueError
        If a shape, a dtype or a number is not as described above.

    References
    ----------
    Bottou, Curtis and Nocedal (2018), section 3.
    """
    x = as_table(x, "x")
    y, lr, epochs = as_vector(y, len(x), "y"), number(lr, "lr"), count(epochs, "epochs")
    wide, w, losses = x.astype(np.float64), np.zeros(x.shape[1]), []
    with np.errstate(all="ignore"):
        for _ in range(epochs):
            for rows in iterate_minibatches(len(x), batch_size, rng):
                error = wide[rows] @ w - y[rows]
                losses.append(float(error @ error / len(rows)))
                w = w - lr * 2 / len(rows) * wide[rows].T @ error
    return w.astype(x.dtype), losses
