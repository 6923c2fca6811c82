"""Folding of batch norm into the linear layer or convolution before or after it.

In evaluation mode batch norm is an affine map of each channel. Folding it into the layer *before* it is exact, also for
a convolution with padding. Folding it into the layer *after* it is exact too, except that a convolution with zero
padding pads the *output* of BN with zeros. The folded convolution sees the *input* of BN, whose padding must be the
value that BN maps to 0; `fold_conv_before` returns it.
"""

import numpy as np
from numpy.typing import ArrayLike

from bnref.core.arguments import as_real, as_vector, positive
from bnref.core.blocks import Array

__all__ = ["fold_after", "fold_conv_before", "fold_linear_before"]


def affine(
    channels: int, gamma: ArrayLike, beta: ArrayLike, mean: ArrayLike, var: ArrayLike, eps: float
) -> tuple[Array, Array]:
    """Return BN's scale and offset of each channel, (channels,) in float64: BN maps x to `scale x + offset`.

    Raises ValueError for any other shape, for entries other than real numbers, for a negative variance, and for eps
    that is not positive.
    """
    named = {"gamma": gamma, "beta": beta, "mean": mean, "var": var}
    g, b, m, v = (as_vector(p, channels, name).astype(np.float64) for name, p in named.items())
    if (v < 0).any():
        raise ValueError(f"var must not be negative, but its lowest entry is {v.min()}")
    scale = g / np.sqrt(v + positive(eps, "eps"))
    return scale, b - scale * m


def as_weight(weight: ArrayLike, ndim: int, shape: str) -> Array:
    """Return `weight` as a floating array. Raises ValueError unless it has `ndim` axes, none of length 0."""
    array = as_real(weight, "weight")
    if array.ndim != ndim or array.size == 0:
        raise ValueError(f"weight must have shape {shape}, with no axis of length 0, but its shape is {array.shape}")
    return array


def fold_after(
    weight: Array,
    bias: ArrayLike | None,
    gamma: ArrayLike,
    beta: ArrayLike,
    mean: ArrayLike,
    var: ArrayLike,
    eps: float,
) -> tuple[Array, Array]:
    """Fold BN into the linear layer or convolution before it.

    The first axis of `weight` is the output channels. Returns weight and bias in the dtype of `weight`. Raises
    ValueError for statistics that do not fit.
    """
    out = len(weight)
    scale, offset = affine(out, gamma, beta, mean, var, eps)
    if bias is not None:
        offset = offset + scale * as_vector(bias, out, "bias")
    folded = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))  # one scale per output channel
    return folded.astype(weight.dtype), offset.astype(weight.dtype)


def fold_linear_before(
    weight: ArrayLike,
    bias: ArrayLike | None,
    gamma: ArrayLike,
    beta: ArrayLike,
    mean: ArrayLike,
    var: ArrayLike,
    eps: float = 1e-5,
) -> tuple[Array, Array]:
    """Fold BN into the linear layer after it.

    `weight` is (out, in), `bias` is (out,) or None, the others are (in,). Returns weight and bias in the dtype of
    `weight`. Raises ValueError for shapes that do not fit, for entries other than real numbers, for a negative
    variance, and for eps that is not positive.
    """
    weight = as_weight(weight, 2, "(out, in)")
    scale, offset = affine(weight.shape[1], gamma, beta, mean, var, eps)
    moved = weight @ offset if bias is None else weight @ offset + as_vector(bias, len(weight), "bias")
    return (weight * scale).astype(weight.dtype), moved.astype(weight.dtype)


def fold_conv_before(
    weight: ArrayLike,
    bias: ArrayLike | None,
    gamma: ArrayLike,
    beta: ArrayLike,
    mean: ArrayLike,
    var: ArrayLike,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array]:
    """Fold BN into the convolution after it.

    `weight` is (out, in, kh, kw), `bias` is (out,) or None, the others are (in,). Returns weight, bias and padding,
    (in,), in the dtype of `weight`. A convolution that padded BN's output with zeros must now pad channel i of its
    input with `padding[i]`, the value that BN maps to 0.

    Raises ValueError for shapes that do not fit, for entries other than real numbers, for a negative variance, for eps
    that is not positive, and for a gamma of 0, with which BN maps no value to 0.
    """
    weight = as_weight(weight, 4, "(out, in, kh, kw)")
    scale, offset = affine(weight.shape[1], gamma, beta, mean, var, eps)
    if (scale == 0).any():
        raise ValueError(
            "gamma must not contain 0 when BN comes before a convolution, because BN then maps no padding value to 0"
        )
    moved = np.einsum("oihw,i->o", weight, offset)
    if bias is not None:
        moved = moved + as_vector(bias, len(weight), "bias")
    folded = weight * scale[:, None, None]
    return folded.astype(weight.dtype), moved.astype(weight.dtype), (-offset / scale).astype(weight.dtype)
