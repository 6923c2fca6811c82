"""Variants of batch norm with other statistics: batch renormalization, ghost batches, precise statistics.

NaN and infinity in the data pass through as in NumPy, with no warning.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bnref import core
from bnref.core.arguments import as_column_values, as_table, count, like, number, positive
from bnref.core.blocks import Array, unbuffered
from bnref.core.streaming import RunningMoments
from bnref.inference import BatchNorm

__all__ = [
    "RenormCache",
    "batch_renorm_backward",
    "batch_renorm_forward",
    "ghost_batch_norm",
    "use_precise_statistics",
]


@dataclass(frozen=True)
class RenormCache:
    """Intermediate results for `batch_renorm_backward`: batch norm's cache, and the two corrections, `(D,)`."""

    core: core.Cache
    r: Array
    d: Array


@unbuffered
def batch_renorm_forward(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    running_mean: ArrayLike,
    running_std: ArrayLike,
    r_max: float = 3.0,
    d_max: float = 5.0,
    eps: float = 1e-5,
) -> tuple[Array, RenormCache]:
    """Normalize by the batch, corrected toward the running statistics: gamma (xhat r + d) + beta.

    r = std / running_std, clipped to [1 / r_max, r_max], and d = (mean - running_mean) / running_std, clipped to
    [-d_max, d_max], with std = sqrt(var + eps). With r_max 1 and d_max 0 this is batch norm; without limits it
    normalizes by the running statistics. The gradient treats r and d as constants.

    Parameters
    ----------
    x
        `(N, D)`, of any real dtype.
    gamma, beta, running_mean, running_std
        `(D,)`; `running_std` must be greater than 0.
    r_max, d_max
        At least 1, and at least 0.
    eps
        Added to the variance, inside the square root.

    Returns
    -------
    y
        `(N, D)` in the dtype of `x` (float64 for integers).
    cache
        The input of `batch_renorm_backward`. It refers to `x`, so do not change `x` before the backward pass.

    Raises
    ------
    ValueError
        If a shape, a dtype or a number is not as described above.

    References
    ----------
    Ioffe (2017), algorithm 1.
    """
    x = as_table(x, "x")
    named = {"gamma": gamma, "beta": beta, "running_mean": running_mean, "running_std": running_std}
    gamma, beta, old_mean, old_std = (as_column_values(p, x, name) for name, p in named.items())
    if not (old_std > 0).all():
        raise ValueError(f"running_std must be greater than 0, but its lowest entry is {old_std.min()}")
    if number(r_max, "r_max") < 1 or number(d_max, "d_max") < 0:
        raise ValueError(f"r_max must be at least 1 and d_max at least 0, but they are {r_max} and {d_max}")
    view = (*x.shape, 1)
    found = core.moments(core.seen_as(x, view), positive(eps, "eps"))
    r = np.clip(np.hypot(found.std, np.sqrt(eps)) / old_std, 1 / r_max, r_max)
    d = np.clip((found.mean - old_mean) / old_std, -d_max, d_max)
    y, cache = core.forward(x, view, gamma * r, gamma * d + beta, eps)
    return y, RenormCache(cache, r, d)


def batch_renorm_backward(dy: ArrayLike, cache: RenormCache) -> tuple[Array, Array, Array]:
    """Compute the gradients `dx`, `dgamma` and `dbeta` of a scalar loss for `batch_renorm_forward`.

    `dy` is `(N, D)`, the gradient with respect to the output; the results have its dtype. Raises ValueError if it does
    not have the shape of the output or does not contain real numbers. Ioffe (2017), section 3.
    """
    dy = like(dy, cache.core.values[:, :, 0], "dy")
    dx, along_xhat, dbeta = core.backward(dy, cache.core)
    dgamma = cache.r * along_xhat + cache.d * dbeta
    return dx, dgamma.astype(dy.dtype), dbeta.astype(dy.dtype)


def ghost_batch_norm(x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, ghost_size: int, eps: float = 1e-5) -> Array:
    """Normalize each group of `ghost_size` consecutive rows as if it were a separate batch.

    Parameters
    ----------
    x
        `(N, D)`, of any real dtype.
    gamma, beta
        `(D,)`.
    ghost_size
        A whole number that divides N.
    eps
        Added to the variance, inside the square root.

    Returns
    -------
    y
        `(N, D)` in the dtype of `x` (float64 for integers).

    Raises
    ------
    ValueError
        If a shape, a dtype or a number is not as described above.

    References
    ----------
    Hoffer, Hubara and Soudry (2017), algorithm 1.
    """
    x = as_table(x, "x")
    gamma, beta = as_column_values(gamma, x, "gamma"), as_column_values(beta, x, "beta")
    if len(x) % count(ghost_size, "ghost_size"):
        raise ValueError(f"ghost_size must divide the number of rows, which is {len(x)}, but it is {ghost_size}")
    ghosts = x.reshape(-1, ghost_size, x.shape[1])
    shape = (ghost_size, x.shape[1], 1)
    return np.concatenate([core.forward(g, shape, gamma, beta, positive(eps, "eps"))[0] for g in ghosts])


def use_precise_statistics(layer: BatchNorm, batches: Iterable[ArrayLike]) -> None:
    """Replace a layer's running statistics with the mean and unbiased variance of all rows of its inputs.

    The input batches, `(m_i, D)`, are read once. Raises ValueError, and leaves the layer unchanged, if they have fewer
    than two rows in total, do not have the layer's number of columns, or do not contain real numbers. Wu and Johnson
    (2021), section 3.
    """
    seen = RunningMoments()
    for batch in batches:
        seen.update(batch)
    var = seen.variance(ddof=1)
    if var.shape != layer.gamma.shape:
        raise ValueError(f"batches must have {layer.gamma.size} columns, one per feature, but they have {var.size}")
    if seen.mean is not None:
        layer.running_mean[:], layer.running_var[:] = seen.mean, var
