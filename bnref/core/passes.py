"""The forward and backward passes shared by all norms.

Each norm is batch norm of a view `(N, C, L)` of its input, with statistics over axes 0 and 2::

    batch norm      x (N, C, *)  as  (N, C, L)
    instance norm   x (N, C, *)  as  (1, N C, L)
    group norm      x (N, C, *)  as  (1, N G, C/G L)
    layer norm      x (N, *)     as  (1, N, D)
    RMS norm        the same, without centring

The variance is the mean square minus the squared mean, which takes one pass and is accurate as long as the mean is
small compared with the spread. Otherwise the values are shifted first: by one of the values or, if that is an outlier,
by their mean. A channel of equal numbers therefore has exactly that number as its mean and exactly 0 as its standard
deviation. Sums within a block are in the array's precision, and sums over blocks are in float64. See Chan, Golub and
LeVeque (1983).
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from bnref.core.blocks import Array, sums, transform, unbuffered


@dataclass(frozen=True)
class Moments:
    """Mean and biased standard deviation of each channel, both `(C,)` and at least float64.

    `shift`, `(C,)` in the dtype of the values, has to be subtracted before anything else; None if no shift is needed.
    """

    mean: Array
    std: Array
    shift: Array | None

    @property
    def rest(self) -> Array:
        """The rest of the mean after the shift, `(C,)`."""
        return self.mean if self.shift is None else self.mean - self.shift


@dataclass(frozen=True)
class Cache:
    """Intermediate results of `forward` for `backward`.

    `values` is the input as `(N, C, L)`. It may share memory with the input, which must not change before `backward`,
    as in PyTorch. `inverse` is 1 / sqrt(var + eps), and `scale` is gamma * `inverse`, both `(C,)`.
    """

    values: Array
    moments: Moments
    inverse: Array
    scale: Array
    center: bool


def _careful_moments(v: Array, center: bool) -> tuple[Array, Array]:
    """Compute mean and standard deviation by the two-pass algorithm, for values of any size (1e-300 to 1e300)."""
    v = v.astype(np.result_type(v.dtype, np.float64))
    # Dividing by a power of two above every entry is exact, and keeps squares from overflowing and from vanishing.
    _, exponent = np.frexp(np.abs(v).max(axis=(0, 2)))
    unit = np.ldexp(v, -exponent[:, None])
    mean = unit.mean(axis=(0, 2)) if center else np.zeros(v.shape[1])
    std = np.sqrt(np.square(unit - mean[:, None]).mean(axis=(0, 2)))
    constant = np.isfinite(v[0, :, 0]) & (v == v[:1, :, :1]).all(axis=(0, 2)) & center
    return np.where(constant, v[0, :, 0], np.ldexp(mean, exponent)), np.where(constant, 0, np.ldexp(std, exponent))


@lru_cache
def _limits(dtype: np.dtype[Any]) -> tuple[float, float, float]:
    """Return the largest ratio of squared mean to variance, and the range of variances, that one pass can handle.

    The relative error of the one-pass variance is about eps * mean^2 / var, so a ratio of eps^(-1/4) costs a quarter of
    the digits. Variances outside the range are too close to underflow or overflow.
    """
    kind = np.finfo(dtype)
    return float(kind.eps) ** -0.25, kind.tiny / kind.eps, kind.max * kind.eps


def moments(v: Array, eps: float = 0.0, center: bool = True) -> Moments:
    """Compute the mean and the biased standard deviation of each channel of `v`, (N, C, L), over axes 0 and 2.

    They are accurate enough for a later division by sqrt(var + eps). Without `center` the mean is taken as 0. With
    eps 0, a channel of equal values has exactly that value as its mean and exactly 0 as its standard deviation.
    """
    limit, low, high = _limits(v.dtype)
    shift = None
    # The first attempt is without a shift, the second shifts by the first value, and the third by the mean.
    for attempt in range(3):
        rest, var = _mean_and_variance(v, shift, center)
        mean = rest if shift is None else shift + rest
        spread = var + eps
        far = rest * rest > limit * spread
        if attempt == 2 or not far.any():
            break
        nearer = mean.astype(v.dtype) if attempt else v[0, :, 0]
        shift = np.where(far, nearer, v.dtype.type(0) if shift is None else shift)
    std = np.sqrt(np.maximum(var, 0))
    if not (spread.min() >= low and spread.max() <= high):  # NaN fails too
        odd = np.flatnonzero(~((spread >= low) & (spread <= high)))
        shift = np.zeros(v.shape[1], v.dtype) if shift is None else shift
        for some in np.array_split(odd, 1 + odd.size * v[:, 0].size // 2**20):  # limits the memory for copies
            mean[some], std[some] = _careful_moments(v[:, some], center)
            shift[some] = mean[some]
    return Moments(mean, std, shift)


def _mean_and_variance(v: Array, shift: Array | None, center: bool) -> tuple[Array, Array]:
    """Compute mean and biased variance of `v - shift` in one pass. Without `center` the mean is taken as 0."""
    mean, square = sums(v, shift) / (v.shape[0] * v.shape[2])
    if not center:
        mean = np.zeros_like(mean)
    return mean, square - mean * mean


def seen_as(x: Array, view: tuple[int, ...]) -> Array:
    """Return `x` as a contiguous array of shape `view`, in its own dtype; float16 becomes float32."""
    return np.ascontiguousarray(x, np.result_type(x.dtype, np.float32)).reshape(view)


@unbuffered
def forward(
    x: Array, view: tuple[int, ...], gamma: Array | float, beta: Array | float, eps: float, center: bool = True
) -> tuple[Array, Cache]:
    """Normalize `x`, reshaped to `view`, over axes 0 and 2: gamma (x - mean) / sqrt(var + eps) + beta.

    `view` is (N, C, L); `gamma` and `beta` are (C,) or one number. Returns y, with the shape and dtype of `x`, and the
    cache for `backward`. Ioffe and Szegedy (2015), algorithm 1.
    """
    v = seen_as(x, view)
    found = moments(v, eps, center)
    inverse = 1 / np.hypot(found.std, math.sqrt(eps))  # hypot does not overflow where std**2 would
    scale = gamma * inverse
    y = transform(v, scale, beta - scale * found.rest, found.shift)
    return y.reshape(x.shape).astype(x.dtype, copy=False), Cache(v, found, inverse, scale, center)


@unbuffered
def evaluate(x: Array, view: tuple[int, ...], gamma: Array, beta: Array, mean: Array, var: Array, eps: float) -> Array:
    """Normalize each channel of `x`, reshaped to `view`, by given statistics.

    Returns gamma (x - mean) / sqrt(var + eps) + beta, in the shape and dtype of `x`. `view` is (N, C, L);
    `gamma`, `beta`, `mean` and `var` are (C,).
    """
    v, inverse = seen_as(x, view), 1 / np.sqrt(var + eps)
    scale = gamma * inverse
    # One multiplication and one addition are enough unless the mean is so large that the two nearly cancel.
    if (np.square(mean * inverse) <= _limits(v.dtype)[0]).all():
        y = transform(v, scale, beta - scale * mean)
    else:
        shift = mean.astype(v.dtype)
        y = transform(v, scale, beta - scale * (mean - shift), shift)
    return y.reshape(x.shape).astype(x.dtype, copy=False)


@unbuffered
def backward(dy: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Compute the gradients `dx`, in the shape and dtype of `dy`, and `dgamma` and `dbeta`, (C,) in float64.

    dx = gamma / sqrt(var + eps) (dy - mean(dy) - xhat mean(dy xhat)), which collects the equations of Ioffe and Szegedy
    (2015), section 3.
    """
    # xhat is not stored: slope and offset give -xhat mean(dy xhat) - mean(dy) as an affine map of the values, so that
    # one read of the values and one of dy are enough.
    v, found, count = cache.values, cache.moments, cache.values.shape[0] * cache.values.shape[2]
    w = np.ascontiguousarray(dy, v.dtype).reshape(v.shape)
    dbeta, dgamma = sums(v, found.shift, w)
    dgamma = cache.inverse * (dgamma - found.rest * dbeta)
    slope = -cache.inverse * dgamma / count
    offset = -slope * found.rest - (dbeta / count if cache.center else 0)
    dx = transform(v, slope, offset, found.shift, add=w, last=cache.scale)
    return dx.reshape(dy.shape).astype(dy.dtype, copy=False), dgamma, dbeta
