"""Other implementations of batch norm, for comparison with bnref: textbook NumPy, torch's kernel, d2l's layer, numba.

All take (N, C) tables or (N, C, H, W) images. Like their originals, the textbook versions turn images into a table
first.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.floating]
EPS = 1e-5


def as_rows(x: Array) -> Array:
    """Return images as a table with one row per pixel and one column per channel, as in CS231n's assignment."""
    return x if x.ndim == 2 else x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])


def as_images(rows: Array, shape: tuple[int, ...]) -> Array:
    """Undo `as_rows`."""
    return rows if len(shape) == 2 else rows.reshape(shape[0], *shape[2:], shape[1]).transpose(0, 3, 1, 2)


def textbook_forward(x: Array, gamma: Array, beta: Array) -> tuple[Array, tuple[Array, ...]]:
    """Run algorithm 1 of Ioffe and Szegedy (2015) line by line, and keep the intermediate results for the backward."""
    rows = as_rows(x)
    centred = rows - rows.mean(axis=0)
    squares = centred**2
    std = np.sqrt(squares.mean(axis=0) + EPS)
    inverse = 1 / std
    xhat = centred * inverse
    return as_images(gamma * xhat + beta, x.shape), (xhat, gamma, centred, inverse, std)


def textbook_evaluate(x: Array, gamma: Array, beta: Array, mean: Array, var: Array) -> Array:
    """Normalize by given statistics, written like the formula."""
    rows = as_rows(x)
    return as_images(gamma * ((rows - mean) / np.sqrt(var + EPS)) + beta, x.shape)


def staged_backward(dy: Array, cache: tuple[Array, ...]) -> tuple[Array, Array, Array]:
    """Run the backward pass through each node of the computation graph, the first way that CS231n teaches."""
    # Not simplified on purpose: each line is one node of the graph.
    xhat, gamma, centred, inverse, std = cache
    d = as_rows(dy)
    dbeta = d.sum(axis=0)
    dgamma = (d * xhat).sum(axis=0)
    dxhat = d * gamma
    dinverse = (dxhat * centred).sum(axis=0)
    dcentred = dxhat * inverse
    dstd = -dinverse / std**2
    dvar = dstd / (2 * std)
    dsquares = dvar * np.ones_like(d) / len(d)
    dcentred += 2 * centred * dsquares
    dmean = -dcentred.sum(axis=0)
    dx = dcentred + dmean * np.ones_like(d) / len(d)
    return as_images(dx, dy.shape), dgamma, dbeta


def short_backward(dy: Array, cache: tuple[Array, ...]) -> tuple[Array, Array, Array]:
    """Run the backward pass in one formula, which CS231n derives afterward."""
    xhat, gamma, _, inverse, _ = cache
    d = as_rows(dy)
    dbeta, dgamma, m = d.sum(axis=0), (d * xhat).sum(axis=0), len(d)
    dx = gamma * inverse / m * (m * d - dbeta - xhat * dgamma)
    return as_images(dx, dy.shape), dgamma, dbeta


def scratch_layer(x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
    """Compute batch norm from torch's elementwise operations, as in the book Dive into Deep Learning."""
    axes = [0] if x.dim() == 2 else [0, 2, 3]
    shape = (1, -1, *[1] * (x.dim() - 2))
    mean = x.mean(dim=axes, keepdim=True)
    var = ((x - mean) ** 2).mean(dim=axes, keepdim=True)
    xhat = (x - mean) / torch.sqrt(var + EPS)
    return gamma.view(shape) * xhat + beta.view(shape)


class Kernel:
    """torch's own CPU kernel, without the overhead of autograd."""

    def __init__(self, x: Array, gamma: Array, beta: Array, dy: Array) -> None:
        """Share memory with the arrays."""
        self.x, self.gamma, self.beta, self.dy = (torch.from_numpy(a) for a in (x, gamma, beta, dy))
        self.mean, self.var = torch.zeros_like(self.gamma), torch.ones_like(self.gamma)
        _, self.saved_mean, self.saved_inverse = self.forward()

    def forward(self) -> Any:
        """Normalize by the batch."""
        return torch.native_batch_norm(self.x, self.gamma, self.beta, None, None, True, 0.1, EPS)

    def evaluate(self) -> Any:
        """Normalize by mean 0 and variance 1."""
        return torch.native_batch_norm(self.x, self.gamma, self.beta, self.mean, self.var, False, 0.1, EPS)

    def backward(self) -> Any:
        """Compute the gradients of input, gamma and beta."""
        saved = self.saved_mean, self.saved_inverse
        return torch.ops.aten.native_batch_norm_backward(
            self.dy, self.x, self.gamma, None, None, *saved, True, EPS, [True, True, True]
        )


def compiled_forward() -> Callable[[Array, Array, Array], Array] | None:
    """Compile a forward pass of an (N, C, L) array with numba, to show what fused loops gain; None without numba."""
    try:
        import numba
    except ModuleNotFoundError:
        return None

    @numba.njit(fastmath=True)  # type: ignore[untyped-decorator, unused-ignore]
    def forward(v: Array, gamma: Array, beta: Array) -> Array:
        n, c, length = v.shape
        first, second = np.zeros(c), np.zeros(c)
        for i in range(n):
            for j in range(c):
                for k in range(length):
                    first[j] += v[i, j, k]
                    second[j] += v[i, j, k] * v[i, j, k]
        mean = first / (n * length)
        scale = gamma / np.sqrt(second / (n * length) - mean * mean + EPS)
        a, b = scale.astype(v.dtype), (beta - scale * mean).astype(v.dtype)
        y = np.empty_like(v)
        for i in range(n):
            for j in range(c):
                for k in range(length):
                    y[i, j, k] = v[i, j, k] * a[j] + b[j]
        return y

    return forward  # type: ignore[no-any-return, unused-ignore]
