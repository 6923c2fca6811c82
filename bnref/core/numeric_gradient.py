"""A numeric gradient, to check a backward pass against."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from bnref.core.arguments import as_real, positive
from bnref.core.blocks import Array

__all__ = ["gradient_error", "numeric_gradient"]


def numeric_gradient(loss: Callable[[Array], float], x: ArrayLike, step: float = 1e-5) -> Array:
    """The gradient of `loss` at `x` by central differences, in float64.

    Parameters
    ----------
    loss
        From a float64 array of the shape of `x` to a number. It is called twice for each entry.
    x
        An array of any shape and real dtype.
    step
        How far each entry is moved to either side. The error is of the order of step^2, plus rounding over step.

    Raises
    ------
    ValueError
        If `x` does not hold real numbers, or if `step` is not above 0.
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
    """The largest difference of two gradients of one shape, as a share of their largest entry (0 where both are 0).

    Raises ValueError if their shapes differ or they do not hold real numbers.
    """
    a, b = as_real(gradient, "gradient"), as_real(numeric, "numeric")
    if a.shape != b.shape:
        raise ValueError(f"both gradients must have one shape, but have {a.shape} and {b.shape}")
    largest = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return float(np.abs(a - b).max(initial=0) / largest) if largest else 0.0
