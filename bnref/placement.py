"""Batch normalization of a dense layer, forward and backward, and its placement before or after the activation.

NaN and infinity in the data pass through as in NumPy, with no warning.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from bnref import core
from bnref.core.arguments import as_real, as_table, as_vector, count, like, positive
from bnref.core.blocks import Array

if TYPE_CHECKING:
    import torch

__all__ = ["batch_norm_backward", "batch_norm_forward", "make_block", "tanh_linearity"]


def batch_norm_forward(x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, eps: float = 1e-5) -> tuple[Array, core.Cache]:
    """Normalize each feature over the mini-batch, then scale and shift it.

    Parameters
    ----------
    x
        `(N, D)`, of any real dtype.
    gamma, beta
        `(D,)`: the learned scale and shift.
    eps
        Added to the variance, inside the square root.

    Returns
    -------
    y
        `(N, D)` in the dtype of `x` (float64 for integers): gamma (x - mean) / sqrt(var + eps) + beta, with the biased
        statistics of the batch.
    cache
        The input of `batch_norm_backward`. It refers to `x`, so do not change `x` before the backward pass.

    Raises
    ------
    ValueError
        If `x` is empty or not two-dimensional, if `gamma` or `beta` is not `(D,)`, if any of them does not contain real
        numbers, or if `eps` is not positive.

    References
    ----------
    Ioffe and Szegedy (2015), algorithm 1.
    """
    x = as_table(x, "x")
    n, d = x.shape
    gamma, beta = as_vector(gamma, d, "gamma"), as_vector(beta, d, "beta")
    return core.forward(x, (n, d, 1), gamma, beta, positive(eps, "eps"))


def batch_norm_backward(dy: ArrayLike, cache: core.Cache) -> tuple[Array, Array, Array]:
    """Compute the gradients of a scalar loss with respect to the input, gamma and beta of `batch_norm_forward`.

    Parameters
    ----------
    dy
        `(N, D)`: the gradient with respect to the output.
    cache
        The cache returned by `batch_norm_forward`.

    Returns
    -------
    dx
        `(N, D)` in the dtype of `dy` (float64 for integers).
    dgamma, dbeta
        `(D,)` in the same dtype.

    Raises
    ------
    ValueError
        If `dy` does not have the shape of the output or does not contain real numbers.

    References
    ----------
    Ioffe and Szegedy (2015), section 3: the six equations of the chain rule, collected.
    """
    dy = like(dy, cache.values[:, :, 0], "dy")
    dx, dgamma, dbeta = core.backward(dy, cache)
    return dx, dgamma.astype(dy.dtype), dbeta.astype(dy.dtype)


def tanh_linearity(x: ArrayLike) -> float:
    """Measure how nearly linear tanh is on some inputs: R^2 of the least-squares line through (x, tanh(x)).

    Parameters
    ----------
    x
        An array of any shape and real dtype; all its entries count together. If any is NaN or infinite, the result is
        NaN.

    Returns
    -------
    r2
        Between 0 and 1; exactly 1.0 if `x` or tanh(x) is constant.

    Raises
    ------
    ValueError
        If `x` is empty or does not contain real numbers.
    """
    x = as_real(x, "x").ravel().astype(np.float64)
    if x.size == 0:
        raise ValueError("x must contain at least one number, but it is empty")
    y = np.tanh(x)
    if (x == x[0]).all() or (y == y[0]).all():
        return 1.0
    with np.errstate(all="ignore"):
        # R^2 does not depend on units. Dividing by the largest entry keeps the squares from underflowing.
        a, b = (v - v.mean() for v in (x / np.abs(x).max(), y / np.abs(y).max()))
        r2 = (a @ b) ** 2 / ((a @ a) * (b @ b))
    return float(np.minimum(r2, 1.0))


def make_block(in_features: int, out_features: int, placement: str) -> "torch.nn.Sequential":
    """Build a dense layer with batch norm before ("pre") or after ("post") its tanh.

    With "pre", the linear layer has no bias: subtracting the batch mean would cancel it, and beta takes its place. With
    "post", the linear layer keeps its bias, which shifts the inputs of the tanh. Everything else is PyTorch's default.

    Raises
    ------
    ValueError
        If `placement` is neither "pre" nor "post", or if a number of features is not a positive integer.

    References
    ----------
    Ioffe and Szegedy (2015), section 3.2.
    """
    from torch import nn  # only here, so that the functions in NumPy work without torch

    sizes = count(in_features, "in_features"), count(out_features, "out_features")
    if placement == "pre":
        return nn.Sequential(nn.Linear(*sizes, bias=False), nn.BatchNorm1d(sizes[1]), nn.Tanh())
    if placement == "post":
        return nn.Sequential(nn.Linear(*sizes), nn.Tanh(), nn.BatchNorm1d(sizes[1]))
    raise ValueError(f'placement must be "pre" or "post", but it is {placement!r}')
