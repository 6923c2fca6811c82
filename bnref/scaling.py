"""Shift and scaling (standardization), and min-max scaling.

Batch normalization is the first of the two, applied to a layer's activations.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bnref.core import Float, as_column_values, as_table, column_moments, widen


def _nonzero(scale: NDArray[Float]) -> NDArray[Float]:
    """`scale` with 1 in place of 0: a constant column has nothing to scale."""
    return np.where(scale == 0, 1.0, scale)


def standardize(x: ArrayLike) -> tuple[NDArray[Float], NDArray[Float], NDArray[Float]]:
    """Shift each column to mean 0 and scale it to standard deviation 1.

    Results have the dtype of `x`, or float64 where that is an integer dtype. NaN and infinity pass
    through as in NumPy, with no warning: they reach every entry of their column.

    Parameters
    ----------
    x
        `(N, D)`: N samples by D features, of any real dtype.

    Returns
    -------
    z
        `(N, D)`, `(x - mean) / std`. A column whose values are all equal gives 0.
    mean, std
        `(D,)`: the mean and the biased standard deviation (divided by N) of each column. A column
        whose values are all equal has exactly that value as `mean` and exactly 0 as `std`.

    Raises
    ------
    ValueError
        If `x` is empty, is not two-dimensional or does not hold real numbers.

    References
    ----------
    LeCun et al. (1998), section 4.3; Ioffe and Szegedy (2015), section 3.
    """
    x = as_table(x, "x")
    with np.errstate(invalid="ignore"):
        mean, std = column_moments(x)
        z = (widen(x) - mean) / _nonzero(std)
    return z.astype(x.dtype), mean.astype(x.dtype), std.astype(x.dtype)


def min_max_scale(x: ArrayLike) -> tuple[NDArray[Float], NDArray[Float], NDArray[Float]]:
    """Map each column onto [0, 1]: its lowest entry to 0, its highest to 1.

    Results have the dtype of `x`, or float64 where that is an integer dtype. NaN and infinity pass
    through as in NumPy, with no warning.

    Parameters
    ----------
    x
        `(N, D)`: N samples by D features, of any real dtype.

    Returns
    -------
    z
        `(N, D)`, `(x - low) / (high - low)`. A column whose values are all equal gives 0.
    low, high
        `(D,)`: the lowest and the highest entry of each column.

    Raises
    ------
    ValueError
        If `x` is empty, is not two-dimensional or does not hold real numbers.

    References
    ----------
    Han, Kamber and Pei (2011), section 3.5.2.
    """
    x = as_table(x, "x")
    low, high = x.min(axis=0), x.max(axis=0)
    with np.errstate(invalid="ignore"):
        z = (widen(x) - low) / _nonzero(widen(high) - low)
    return z.astype(x.dtype), low, high


def apply_standardize(x: ArrayLike, mean: ArrayLike, std: ArrayLike) -> NDArray[Float]:
    """Standardize new data by the statistics of the training data.

    Parameters
    ----------
    x
        `(N, D)`: new samples, of any real dtype.
    mean, std
        `(D,)`: what `standardize` returned for the training data.

    Returns
    -------
    z
        `(N, D)`, `(x - mean) / std`, in the dtype of `x` (float64 for integers). A column whose `std`
        is 0 gives `x - mean`.

    Raises
    ------
    ValueError
        If `x` is empty or is not two-dimensional, if `mean` or `std` has not one entry for each
        column, or if any of them does not hold real numbers.
    """
    x = as_table(x, "x")
    mean, std = as_column_values(mean, x, "mean"), as_column_values(std, x, "std")
    with np.errstate(invalid="ignore"):
        z = (widen(x) - mean) / _nonzero(std)
    return z.astype(x.dtype)


def inverse_standardize(z: ArrayLike, mean: ArrayLike, std: ArrayLike) -> NDArray[Float]:
    """Undo `standardize`: from standard units back to the units of the data.

    Parameters
    ----------
    z
        `(N, D)`: standardized samples, of any real dtype.
    mean, std
        `(D,)`: what `standardize` returned.

    Returns
    -------
    x
        `(N, D)`, `z * std + mean`, also where `std` is 0, in the dtype of `z` (float64 for integers).

    Raises
    ------
    ValueError
        If `z` is empty or is not two-dimensional, if `mean` or `std` has not one entry for each
        column, or if any of them does not hold real numbers.
    """
    z = as_table(z, "z")
    mean, std = as_column_values(mean, z, "mean"), as_column_values(std, z, "std")
    with np.errstate(invalid="ignore"):
        x = widen(z) * std + mean
    return x.astype(z.dtype)
