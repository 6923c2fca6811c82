"""Batch normalization of images, channel by channel, in convolutional networks.

NaN and infinity in the data pass through as in NumPy, with no warning.
"""

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from bnref import core
from bnref.core.arguments import as_images, as_real, as_vector, count, positive
from bnref.core.blocks import Array
from bnref.core.folding import as_weight, fold_after

if TYPE_CHECKING:
    import torch

__all__ = ["batch_norm2d_backward", "batch_norm2d_forward", "fold_conv", "make_network", "parameter_counts"]


def batch_norm2d_forward(
    x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, eps: float = 1e-5
) -> tuple[Array, core.Cache]:
    """Normalize each channel over the batch, height and width, then scale and shift it.

    Parameters
    ----------
    x
        `(N, C, H, W)`, of any real dtype.
    gamma, beta
        `(C,)`: the learned scale and shift.
    eps
        Added to the variance, inside the square root.

    Returns
    -------
    y
        `(N, C, H, W)` in the dtype of `x` (float64 for integers): gamma (x - mean) / sqrt(var + eps) + beta, with the
        biased statistics of the batch.
    cache
        The input of `batch_norm2d_backward`. It refers to `x`, so do not change `x` before the backward pass.

    Raises
    ------
    ValueError
        If `x` is empty or not four-dimensional, if `gamma` or `beta` is not `(C,)`, if any of them contains other than
        real numbers, or if `eps` is not positive.

    References
    ----------
    Ioffe and Szegedy (2015), section 3.2.
    """
    x = as_images(x, "x")
    n, c, h, w = x.shape
    gamma, beta = as_vector(gamma, c, "gamma"), as_vector(beta, c, "beta")
    return core.forward(x, (n, c, h * w), gamma, beta, positive(eps, "eps"))


def batch_norm2d_backward(dy: ArrayLike, cache: core.Cache) -> tuple[Array, Array, Array]:
    """Compute the gradients of a scalar loss with respect to the input, gamma and beta of `batch_norm2d_forward`.

    Parameters
    ----------
    dy
        `(N, C, H, W)`: the gradient with respect to the output.
    cache
        The cache returned by `batch_norm2d_forward`.

    Returns
    -------
    dx
        `(N, C, H, W)` in the dtype of `dy` (float64 for integers).
    dgamma, dbeta
        `(C,)` in the same dtype.

    Raises
    ------
    ValueError
        If `dy` does not have the shape of the output or contains anything but real numbers.

    References
    ----------
    Ioffe and Szegedy (2015), section 3: the equations of the chain rule, summed over N, H and W.
    """
    # The cache sees height and width as one axis, so only their product can be checked.
    dy, (n, c, length) = as_real(dy, "dy"), cache.values.shape
    if dy.ndim != 4 or (dy.shape[0], dy.shape[1], dy[0, 0].size) != (n, c, length):
        raise ValueError(
            f"dy must have the shape of the output, (N, C, H, W) = ({n}, {c}, H, W) with H W = {length}, "
            f"but its shape is {dy.shape}"
        )
    dx, dgamma, dbeta = core.backward(dy, cache)
    return dx, dgamma.astype(dy.dtype), dbeta.astype(dy.dtype)


def fold_conv(
    weight: ArrayLike,
    bias: ArrayLike | None,
    gamma: ArrayLike,
    beta: ArrayLike,
    mean: ArrayLike,
    var: ArrayLike,
    eps: float = 1e-5,
) -> tuple[Array, Array]:
    """Fold an evaluated BN layer into the convolution before it, for any padding.

    Parameters
    ----------
    weight
        `(out, in, kh, kw)`, of any real dtype.
    bias
        `(out,)` or None.
    gamma, beta, mean, var
        `(out,)`: the BN layer's parameters and running statistics.
    eps
        Added to the variance, inside the square root.

    Returns
    -------
    weight, bias
        `(out, in, kh, kw)` and `(out,)`, in the dtype of `weight` (float64 for integers). The convolution that they
        define returns what convolution and BN returned together.

    Raises
    ------
    ValueError
        If a shape does not fit, if an array contains anything but real numbers, if a variance is negative, or if `eps`
        is not positive.

    References
    ----------
    Jacob et al. (2018), section 3.2. For BN before a convolution see `bnref.core.folding.fold_conv_before`.
    """
    return fold_after(as_weight(weight, 4, "(out, in, kh, kw)"), bias, gamma, beta, mean, var, eps)


def parameter_counts(in_channels: int, out_channels: int, kernel_size: int, batch_norm: bool) -> tuple[int, int]:
    """Count the learnable parameters and the state of a square convolution, with or without BN after it.

    The convolution has a bias only without BN. BN learns gamma and beta, and keeps a running mean and a running
    variance, for each output channel.

    Raises
    ------
    ValueError
        If one of the three sizes is not a positive integer.
    """
    sizes = {"in_channels": in_channels, "out_channels": out_channels, "kernel_size": kernel_size}
    inputs, outputs, side = (count(value, name) for name, value in sizes.items())
    weights = inputs * outputs * side**2
    return (weights + 2 * outputs, 2 * outputs) if batch_norm else (weights + outputs, 0)


def make_network(num_classes: int = 10) -> "torch.nn.Module":
    """Build a small convolutional network from `(N, 1, 8, 8)` images to `(N, num_classes)` logits, in training mode.

    It has three blocks of convolution, BN and ReLU. No convolution has a bias, because BN follows each of them.

    Raises
    ------
    ValueError
        If `num_classes` is not a positive integer.
    """
    from torch import nn  # only here, so that the functions in NumPy work without torch

    def block(inputs: int, outputs: int) -> list[nn.Module]:
        convolution = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False)
        return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]

    classes = count(num_classes, "num_classes")
    blocks = [*block(1, 16), *block(16, 32), nn.MaxPool2d(2), *block(32, 64)]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64 * 4, classes))
