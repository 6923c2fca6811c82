"""Batch, layer, instance, group and RMS normalization of images, forward and backward, and whitening.

Each norm is batch norm of a view of its input: see `bnref.core.passes`. NaN and infinity pass through, with no warning.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bnref import core
from bnref.core.arguments import as_images, as_table, as_vector, count, like, positive
from bnref.core.blocks import Array, sums, transform, unbuffered
from bnref.core.whitening import whiten

__all__ = [
    "NormCache",
    "batch_norm",
    "group_norm",
    "group_norm_backward",
    "group_norm_forward",
    "instance_norm",
    "layer_norm",
    "rms_norm",
    "rms_norm_backward",
    "rms_norm_forward",
    "zca_whiten",
]


@dataclass(frozen=True)
class NormCache:
    """Intermediate results for the backward pass: the core's cache, the normalized images `(N, C, H, W)`, and gamma."""

    core: core.Cache
    normalized: Array
    gamma: Array


def batch_norm(x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, eps: float = 1e-5) -> Array:
    """Normalize each channel over the batch, height and width: Ioffe and Szegedy (2015), section 3.2.

    Parameters
    ----------
    x
        `(N, C, H, W)`, of any real dtype.
    gamma, beta
        `(C,)`: scale and shift of each channel.
    eps
        Added to the variance, inside the square root.

    Returns
    -------
    y
        `(N, C, H, W)` in the dtype of `x` (float64 for integers): gamma (x - mean) / sqrt(var + eps) + beta, with the
        biased statistics of the batch.

    Raises
    ------
    ValueError
        If `x` is empty or not four-dimensional, if `gamma` or `beta` is not `(C,)`, if any of them does not contain
        real numbers, or if `eps` is not positive.
    """
    x, gamma, beta = _checked(x, gamma, beta)
    n, c, h, w = x.shape
    return core.forward(x, (n, c, h * w), gamma, beta, positive(eps, "eps"))[0]


def layer_norm(x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, eps: float = 1e-5) -> Array:
    """Normalize each sample over its channels, height and width: Ba, Kiros and Hinton (2016), equation 4.

    This is group norm with one group. Arguments, result and errors are the same as for `batch_norm`; `gamma` and `beta`
    still have one number per channel.
    """
    return group_norm(x, 1, gamma, beta, eps)


def instance_norm(x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, eps: float = 1e-5) -> Array:
    """Normalize each channel of each sample over height and width: Ulyanov, Vedaldi and Lempitsky (2016), equation 7.

    This is group norm with one group per channel. Arguments, result and errors are the same as for `batch_norm`.
    """
    return group_norm(x, as_images(x, "x").shape[1], gamma, beta, eps)


def group_norm(x: ArrayLike, groups: int, gamma: ArrayLike, beta: ArrayLike, eps: float = 1e-5) -> Array:
    """Normalize each group of channels of each sample: Wu and He (2018), equation 7.

    Arguments, result and errors are the same as for `batch_norm`. Also raises ValueError if `groups` is not a positive
    integer that divides the number of channels.
    """
    return group_norm_forward(x, groups, gamma, beta, eps)[0]


def group_norm_forward(
    x: ArrayLike, groups: int, gamma: ArrayLike, beta: ArrayLike, eps: float = 1e-5
) -> tuple[Array, NormCache]:
    """Compute `group_norm` and return the result with the cache for `group_norm_backward`."""
    x, gamma, beta = _checked(x, gamma, beta)
    n, c = x.shape[:2]
    if c % count(groups, "groups"):
        raise ValueError(f"groups must divide the number of channels, which is {c}, but it is {groups}")
    return _normalized_then_scaled(x, (1, n * groups, x[0].size // groups), gamma, beta, eps)


def group_norm_backward(dy: ArrayLike, cache: NormCache) -> tuple[Array, Array, Array]:
    """Compute the gradients of a scalar loss with respect to the input, gamma and beta of `group_norm_forward`.

    Parameters
    ----------
    dy
        `(N, C, H, W)`: the gradient with respect to the output.
    cache
        The cache returned by the forward pass.

    Returns
    -------
    dx
        `(N, C, H, W)` in the dtype of `dy` (float64 for integers).
    dgamma, dbeta
        `(C,)` in the same dtype.

    Raises
    ------
    ValueError
        If `dy` does not have the shape of the output or does not contain real numbers.
    """
    dy = like(dy, cache.normalized, "dy")
    return _backward(dy, cache)


def rms_norm(x: ArrayLike, gamma: ArrayLike, eps: float = 1e-5) -> Array:
    """Divide each sample by its root mean square: Zhang and Sennrich (2019), equation 4.

    Arguments, result and errors are the same as for `batch_norm`, but without `beta`: nothing is centred or shifted.
    """
    return rms_norm_forward(x, gamma, eps)[0]


def rms_norm_forward(x: ArrayLike, gamma: ArrayLike, eps: float = 1e-5) -> tuple[Array, NormCache]:
    """Compute `rms_norm` and return the result with the cache for `rms_norm_backward`."""
    x, gamma, _ = _checked(x, gamma, np.zeros(np.shape(gamma)))
    return _normalized_then_scaled(x, (1, len(x), x[0].size), gamma, None, eps)


def rms_norm_backward(dy: ArrayLike, cache: NormCache) -> tuple[Array, Array]:
    """Compute the gradients `dx` and `dgamma` of a scalar loss.

    Shapes, dtypes and errors are the same as for `group_norm_backward`.
    """
    dx, dgamma, _ = _backward(like(dy, cache.normalized, "dy"), cache)
    return dx, dgamma


def zca_whiten(x: ArrayLike, eps: float = 1e-5) -> Array:
    """Make the columns uncorrelated, each with mean 0 and variance (almost) 1, changing them as little as possible.

    Parameters
    ----------
    x
        `(N, D)`, of any real dtype.
    eps
        Added to each eigenvalue of the covariance. The result has the eigenvalue l / (l + eps) where the covariance had
        l, so it is white only if eps is small compared with the smallest eigenvalue.

    Returns
    -------
    z
        `(N, D)` in the dtype of `x` (float64 for integers): x, centred, times the symmetric square root of the inverse
        of the biased covariance.

    Raises
    ------
    ValueError
        If `x` is empty, is not two-dimensional or does not contain finite real numbers, or if `eps` is not positive.

    References
    ----------
    Bell and Sejnowski (1997), section 2; Kessy, Lewin and Strimmer (2018), section 3.1; Huang et al. (2018).
    """
    return whiten(as_table(x, "x"), "zca", eps)


def _checked(x: ArrayLike, gamma: ArrayLike, beta: ArrayLike) -> tuple[Array, Array, Array]:
    x = as_images(x, "x")
    return x, as_vector(gamma, x.shape[1], "gamma"), as_vector(beta, x.shape[1], "beta")


@unbuffered
def _normalized_then_scaled(
    x: Array, view: tuple[int, int, int], gamma: Array, beta: Array | None, eps: float
) -> tuple[Array, NormCache]:
    """Normalize a view, then scale and shift each channel in a second pass, since the view mixes channels."""
    normalized, cache = core.forward(x, view, 1.0, 0.0, positive(eps, "eps"), center=beta is not None)
    y = transform(_by_channel(normalized), gamma, beta)
    return y.reshape(x.shape).astype(x.dtype, copy=False), NormCache(cache, normalized, gamma)


@unbuffered
def _backward(dy: Array, cache: NormCache) -> tuple[Array, Array, Array]:
    by_channel = _by_channel(dy)
    dbeta, dgamma = sums(_by_channel(cache.normalized), None, by_channel)
    inner = transform(by_channel, cache.gamma).reshape(dy.shape)
    dx = core.backward(inner, cache.core)[0]
    return dx.astype(dy.dtype, copy=False), dgamma.astype(dy.dtype), dbeta.astype(dy.dtype)


def _by_channel(x: Array) -> Array:
    return core.seen_as(x, (*x.shape[:2], x[0, 0].size))
