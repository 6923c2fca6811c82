"""Numeric gradients for checking a backward pass."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from bnref.core.arguments import as_real, positive
from bnref.core.blocks import Array

__all__ = ["gradient_error", "numeric_gradient"]


def numeric_gradient(loss: Callable[[Array], float], x: ArrayLike, step: float = 1e-5) -> Array:
    """Approximate the gradient of `loss` at `x` by central differences, in float64.

    Parameters
    ----------
    loss
        A function from a float64 array of the shape of `x` to a number. It is called twice for each entry.
    x
        An array of any shape and real dtype.
    step
        The distance by which each entry is moved to either side. The error is of order step^2, plus the rounding error
        divided by step. The default is near the best step for float64, eps^(1/3).

    Raises
    ------
    ValueError
        If `x` does not contain real numbers, or if `step` is not positive.
    """
    point, step = as_real(x, "x").astype(np.float64), positive(step, "step")
    gradient = np.empty_like(point)
    for i in np.ndindex(point.shape):
        middle = point[i]
        point[i] = middle + step
        above = loss(point)
        point[i] = middle - step
        gradient[i] = (above - loss(point)) / (2 * step)
        point[i] = middle
    return gradient


def gradient_error(gradient: ArrayLike, numeric: ArrayLike) -> float:
    """Return the largest difference between two gradients, relative to their largest entry; 0 if both are 0.

    Raises ValueError if their shapes differ or if they do not contain real numbers.
    """
    a, b = as_real(gradient, "gradient"), as_real(numeric, "numeric")
    if a.shape != b.shape:
        raise ValueError(f"both gradients must have the same shape, but their shapes are {a.shape} and {b.shape}")
    largest = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return float(np.abs(a - b).max(initial=0) / largest) if largest else 0.0
