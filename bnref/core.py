"""What every section shares: checking the arrays that come in, and the statistics of their columns."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = np.floating  # any floating dtype, for annotations


def as_real(x: ArrayLike, name: str) -> NDArray[Float]:
    """Return `x` as a floating array: floating dtypes stay, integers and booleans become float64.

    Raises ValueError for anything that is not an array of real numbers.
    """
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers, but its dtype is {array.dtype}")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def as_table(x: ArrayLike, name: str) -> NDArray[Float]:
    """Return `x` as a floating array of shape (N, D), N samples by D features, neither of them 0.

    Raises ValueError for another shape, for an empty table and for entries that are not real.
    """
    table = as_real(x, name)
    if table.ndim != 2 or table.size == 0:
        raise ValueError(
            f"{name} must be a table of shape (N, D), N samples by D features, with N and D at least 1, "
            f"but its shape is {table.shape}"
        )
    return table


def as_column_values(v: ArrayLike, table: NDArray[Float], name: str) -> NDArray[Float]:
    """Return `v` as a floating array with one number for each column of `table`: shape (D,).

    Raises ValueError for another shape and for entries that are not real.
    """
    values = as_real(v, name)
    if values.shape != table.shape[1:]:
        raise ValueError(
            f"{name} must have one entry for each of the {table.shape[1]} columns, shape {table.shape[1:]}, "
            f"but its shape is {values.shape}"
        )
    return values


def widen(x: NDArray[Float]) -> NDArray[Float]:
    """Return `x` in float64, or as it is where its dtype is wider: sums are taken in this precision."""
    return x.astype(np.result_type(x.dtype, np.float64), copy=False)


def column_moments(x: NDArray[Float]) -> tuple[NDArray[Float], NDArray[Float]]:
    """Mean and biased standard deviation of each column of an (N, D) array, both (D,), in float64.

    A column whose values are all equal has exactly that value as its mean, and exactly 0 as its
    standard deviation. The two-pass algorithm of Chan, Golub and LeVeque (1983).
    """
    x = widen(x)
    # A power of two above every entry scales without rounding, and keeps the squares of huge
    # entries from overflowing and those of tiny ones from vanishing.
    _, exponent = np.frexp(np.abs(x).max(axis=0))
    unit = np.ldexp(x, -exponent)
    mean = unit.mean(axis=0)
    std = np.sqrt(np.square(unit - mean).mean(axis=0))
    # A mean of equal numbers is rounded, so it can miss them by a bit.
    constant = np.isfinite(x[0]) & (x == x[0]).all(axis=0)
    return np.where(constant, x[0], np.ldexp(mean, exponent)), np.where(constant, 0.0, np.ldexp(std, exponent))
