"""Slopes that a test expects of the backward pass of batch normalization."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Case = tuple[Array, tuple[Array, Array, Array]]


def normalized(x: Array, gamma: Array, beta: Array, dy: Array, eps: float = 1e-5) -> list[Case]:
    """Return y and `(dx, dgamma, dbeta)` of batch normalization, by column of a table or by channel of images.

    The right layer comes first. The others have a slip in the forward pass, for which an answer has lost its points
    there: they divide by N - 1, add eps outside the root, or leave it out. `fitting` chooses among them.
    """
    axes = tuple(k for k in range(x.ndim) if k != 1)
    n = x.size // x.shape[1]
    x, dy = x.astype(np.float64), dy.astype(np.float64)
    centered = x - x.mean(axis=axes, keepdims=True)
    var = (centered**2).mean(axis=axes, keepdims=True)
    scale, shift = (a.astype(np.float64).reshape(-1, *[1] * (x.ndim - 2)) for a in (gamma, beta))
    slope = scale * dy
    along = slope - slope.mean(axis=axes, keepdims=True)
    product = (slope * centered).sum(axis=axes, keepdims=True)
    found = []
    for factor, inside, outside in ((1.0, eps, 0.0), (n / max(n - 1, 1), eps, 0.0), (1.0, 0.0, eps), (1.0, 0.0, 0.0)):
        with np.errstate(divide="ignore", invalid="ignore"):  # a slip may divide by 0, and then fits no answer
            root = np.sqrt(factor * var + inside)
            divisor = root + outside
            dx = along / divisor - product * centered * factor / (n * root * divisor**2)
            x_hat = centered / divisor
        found.append((scale * x_hat + shift, (dx, (dy * x_hat).sum(axis=axes), dy.sum(axis=axes))))
    return found
