"""Standardization (shift and scaling) and min-max scaling.

Batch normalization is standardization applied to a layer's activations.
"""

import numpy as np
from numpy.typing import ArrayLike

from bnref.core import moments, seen_as
from bnref.core.arguments import as_column_values, as_table
from bnref.core.blocks import Array, transform, unbuffered

__all__ = ["apply_standardize", "inverse_standardize", "min_max_scale", "standardize"]


def _nonzero(scale: Array) -> Array:
    """Replace 0 in `scale` with 1, since a constant column needs no scaling."""
    return np.where(scale == 0, scale.dtype.type(1), scale)


def _columns(table: Array) -> Array:
    """Return a table (N, D) as (N, D, 1), converting float16 to float32."""
    return seen_as(table, (*table.shape, 1))


@unbuffered
def _shift_and_divide(x: Array, shift: Array, scale: Array) -> Array:
    """Return `(x - shift) / scale` by column, in the dtype of `x`, even if that dtype cannot represent the shift."""
    v = _columns(x)
    # Subtract the shift as rounded to this dtype first. The rest is small and can be added after the division.
    near, scale = shift.astype(v.dtype), _nonzero(scale)
    rest = (near - shift) / scale
    z = transform(v, scale, rest if rest.any() else None, near, divide=True)
    return z.reshape(x.shape).astype(x.dtype, copy=False)


def standardize(x: ArrayLike) -> tuple[Array, Array, Array]:
    """Shift each column to mean 0 and scale it to standard deviation 1.

    Results have the dtype of `x` (float64 for integers). NaN and infinity pass through as in NumPy, with no warning:
    they reach every entry of their column.

    Parameters
    ----------
    x
        `(N, D)`: N samples by D features, of any real dtype.

    Returns
    -------
    z
        `(N, D)`: `(x - mean) / std`. A column whose values are all equal becomes 0.
    mean, std
        `(D,)`: the mean and the biased standard deviation (divided by N) of each column. A column
        whose values are all equal has exactly that value as `mean` and exactly 0 as `std`.

    Raises
    ------
    ValueError
        If `x` is empty, is not two-dimensional or does not contain real numbers.

    References
    ----------
    LeCun et al. (1998), section 4.3; Ioffe and Szegedy (2015), section 3.
    """
    x = as_table(x, "x")
    found = unbuffered(moments)(_columns(x))
    z = _shift_and_divide(x, found.mean, found.std)
    return z, found.mean.astype(x.dtype), found.std.astype(x.dtype)


def min_max_scale(x: ArrayLike) -> tuple[Array, Array, Array]:
    """Map each column onto [0, 1]: its lowest entry to 0, its highest to 1.

    Results have the dtype of `x` (float64 for integers). NaN and infinity pass through as in NumPy, with no warning.

    Parameters
    ----------
    x
        `(N, D)`: N samples by D features, of any real dtype.

    Returns
    -------
    z
        `(N, D)`: `(x - low) / (high - low)`. A column whose values are all equal becomes 0.
    low, high
        `(D,)`: the lowest and the highest entry of each column.

    Raises
    ------
    ValueError
        If `x` is empty, is not two-dimensional or does not contain real numbers.

    References
    ----------
    Han, Kamber and Pei (2011), section 3.5.2.
    """
    x = as_table(x, "x")
    low, high = x.min(axis=0), x.max(axis=0)
    with np.errstate(all="ignore"):
        # The range can overflow if both extremes are near the dtype's largest number. Half of the range cannot.
        if np.isinf(high - low).any():
            z = _shift_and_divide(x / 2, low / 2, high / 2 - low / 2)
        else:
            z = _shift_and_divide(x, low, high - low)
    return z, low, high


def apply_standardize(x: ArrayLike, mean: ArrayLike, std: ArrayLike) -> Array:
    """Standardize new data by the statistics of the training data.

    Parameters
    ----------
    x
        `(N, D)`: new samples, of any real dtype.
    mean, std
        `(D,)`: the statistics that `standardize` returned for the training data.

    Returns
    -------
    z
        `(N, D)`: `(x - mean) / std`, in the dtype of `x` (float64 for integers). A column whose `std`
        is 0 becomes `x - mean`.

    Raises
    ------
    ValueError
        If `x` is empty or is not two-dimensional, if `mean` or `std` does not have one entry for each
        column, or if any of them does not contain real numbers.
    """
    x = as_table(x, "x")
    mean, std = as_column_values(mean, x, "mean"), as_column_values(std, x, "std")
    return _shift_and_divide(x, mean, std)


def inverse_standardize(z: ArrayLike, mean: ArrayLike, std: ArrayLike) -> Array:
    """Undo `standardize`: convert from standard units back to the units of the data.

    Parameters
    ----------
    z
        `(N, D)`: standardized samples, of any real dtype.
    mean, std
        `(D,)`: the statistics that `standardize` returned.

    Returns
    -------
    x
        `(N, D)`: `z * std + mean`, also where `std` is 0, in the dtype of `z` (float64 for integers).

    Raises
    ------
    ValueError
        If `z` is empty or is not two-dimensional, if `mean` or `std` does not have one entry for each
        column, or if any of them does not contain real numbers.
    """
    z = as_table(z, "z")
    mean, std = as_column_values(mean, z, "mean"), as_column_values(std, z, "std")
    x = unbuffered(transform)(_columns(z), std, mean)
    return x.reshape(z.shape).astype(z.dtype, copy=False)
