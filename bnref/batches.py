"""Batch, epoch, iteration: counting them, drawing them, gathering statistics over them and training by them."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bnref.core.arguments import as_table, as_vector, count, number
from bnref.core.blocks import Array
from bnref.core.streaming import RunningMoments

__all__ = ["count_iterations", "iterate_minibatches", "merge_statistics", "train_linear"]


def count_iterations(n_samples: int, batch_size: int, epochs: int, drop_last: bool = False) -> int:
    """How many steps a training takes: batches an epoch, times epochs.

    2000 samples in batches of 500 for 20 epochs take 80. A last batch that is short counts, unless `drop_last` is true.

    Raises
    ------
    ValueError
        If `n_samples`, `batch_size` or `epochs` is not a whole number from 1 up.
    """
    samples, size = count(n_samples, "n_samples"), count(batch_size, "batch_size")
    batches = samples // size if drop_last else -(-samples // size)
    return batches * count(epochs, "epochs")


def iterate_minibatches(
    n_samples: int, batch_size: int, rng: np.random.Generator, drop_last: bool = False
) -> Iterator[NDArray[np.intp]]:
    """Yield the row numbers of each batch of one epoch: consecutive slices of one `rng.permutation(n_samples)`.

    The last batch is short where `batch_size` does not divide `n_samples`, or is left out with `drop_last`.

    Raises
    ------
    ValueError
        If `n_samples` or `batch_size` is not a whole number from 1 up.
    """
    size, total = count(batch_size, "batch_size"), count(n_samples, "n_samples")
    end = total - total % size if drop_last else total
    return _slices(total, size, end, rng)


def _slices(total: int, size: int, end: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    order = rng.permutation(total)
    for start in range(0, end, size):
        yield order[start : start + size]


def merge_statistics(batches: Iterable[ArrayLike]) -> tuple[Array, Array]:
    """Mean and biased variance of all rows of some batches, each read once and none kept.

    NaN and infinity pass through as in NumPy, with no warning.

    Parameters
    ----------
    batches
        An iterable of `(m_i, D)` arrays of any real dtype, with any numbers of rows from 1.

    Returns
    -------
    mean, var
        `(D,)` in float64. A column whose values are all equal has exactly that value as `mean` and exactly 0 as `var`.

    Raises
    ------
    ValueError
        If there is no batch, or one is empty, has another number of columns or does not hold real numbers.

    References
    ----------
    Chan, Golub and LeVeque (1983), equation 2.1.
    """
    seen = RunningMoments()
    for batch in batches:
        seen.update(batch)
    if seen.mean is None:
        raise ValueError("batches must hold at least one batch, but it holds none")
    return seen.mean, seen.variance()


def train_linear(
    x: ArrayLike, y: ArrayLike, lr: float, batch_size: int, epochs: int, rng: np.random.Generator
) -> tuple[Array, list[float]]:
    """Mini-batch gradient descent on the mean squared error of `x @ w`, from w = 0.

    Each epoch runs through a new `iterate_minibatches(N, batch_size, rng)`. The gradient of a batch of m rows is
    `2 / m x_b.T (x_b w - y_b)`. The arithmetic is in float64, and what diverges ends in infinity and NaN, with no
    warning.

    Parameters
    ----------
    x, y
        `(N, D)` and `(N,)`, of any real dtype.
    lr
        The learning rate, a finite number.
    batch_size, epochs
        Whole numbers from 1 up.

    Returns
    -------
    w
        `(D,)` in the dtype of `x` (float64 for integers).
    losses
        The loss of each batch before the step that it leads to, as floats.

    Raises
    ------
    ValueError
        If a shape, a dtype or a number is not as above.

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
