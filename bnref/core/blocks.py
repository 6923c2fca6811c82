"""Sums and affine maps of `(N, C, L)` arrays, a block at a time, so that NumPy works in a core's cache.

NumPy makes one pass over its operands for each operation. On a block that fits into the cache only the first of these
passes reads main memory, and only the last one writes to it. What a compiled kernel wins by fusing its loops is won
here by the size of the block.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating]
P = ParamSpec("P")
R = TypeVar("R")

BLOCK = 1 << 19  # bytes: half of a small second-level cache
WIDE = 1000  # entries that a row of a table should have: on a short one NumPy's inner loop hardly gets going
SHORT = 512  # and below this the entries of a channel are too few for a loop of their own


def unbuffered(function: Callable[P, R]) -> Callable[P, R]:
    """Have NumPy read broadcast operands where they are: with its usual buffer it copies them there first."""

    @wraps(function)
    def run(*args: P.args, **options: P.kwargs) -> R:
        with np.errstate(all="ignore"):  # NaN and infinity pass through
            np.setbufsize(256)
            return function(*args, **options)

    return run


def _blocks(v: Array) -> Iterator[tuple[slice, slice]]:
    """Slices of the first two axes of an (N, C, L) array, each pair for a block of about BLOCK bytes."""
    n, c, length = v.shape
    size = max(1, BLOCK // v.itemsize)
    channels = min(c, max(1, size // length))
    rows = max(1, size // (channels * length))
    for j in range(0, c, channels):
        for i in range(0, n, rows):
            yield slice(i, i + rows), slice(j, j + channels)


@lru_cache
def _fold(n: int, c: int, length: int) -> int:
    """How many rows of a narrow (N, C, 1) table to take as one long row: a divisor of N."""
    return max(k for k in range(1, max(1, WIDE // c) + 1) if n % k == 0) if length == 1 else 1


def _spread(p: ArrayLike, v: Array, rows: int) -> Array:
    """One number a channel, (C,), in the dtype of `v`, laid out so that NumPy's inner loops along `v` are long."""
    p = np.asarray(p, v.dtype)
    if 1 < v.shape[2] < SHORT:
        return np.repeat(p, v.shape[2]).reshape(v.shape[1:])
    return (np.tile(p, rows) if rows > 1 else p)[:, None]


def _total(v: Array, w: Array | None = None) -> Array:
    """The sum of v, or of v w, over axes 0 and 2 of a block; BLAS does the reading."""
    n, _, length = v.shape
    if length == 1:
        return np.ones(n, v.dtype) @ v[..., 0] if w is None else np.einsum("nc,nc->c", v[..., 0], w[..., 0])
    return (np.matvec(v, np.ones(length, v.dtype)) if w is None else np.vecdot(v, w)).sum(axis=0, dtype=np.float64)


def sums(v: Array, shift: Array | None = None, w: Array | None = None) -> Array:
    """The sums of w and of w (v - shift) over axes 0 and 2, (2, C) in float64; w is v - shift where it is None."""
    rows = _fold(*v.shape)
    shift = None if shift is None else _spread(shift, v, rows)
    v = v.reshape(len(v) // rows, -1, v.shape[2])
    w = None if w is None else w.reshape(v.shape)
    totals = np.zeros((2, v.shape[1]), np.result_type(v.dtype, np.float64))
    for i, j in _blocks(v):
        d = v[i, j] if shift is None else v[i, j] - shift[j]
        e = d if w is None else w[i, j]
        totals[0, j] += _total(e)
        totals[1, j] += _total(e, d)
    return totals.reshape(2, rows, -1).sum(axis=1) if rows > 1 else totals


def transform(
    v: Array,
    scale: ArrayLike,
    offset: ArrayLike | None = None,
    shift: ArrayLike | None = None,
    *,
    add: Array | None = None,
    last: ArrayLike | None = None,
    divide: bool = False,
) -> Array:
    """`((v - shift) scale + add + offset) last` for each channel of an (N, C, L) array, in its dtype.

    `scale`, `offset`, `shift` and `last` are `(C,)`, and `add` is `(N, C, L)`; what is None is left out. With `divide`
    the scale is divided by.
    """
    rows, out = _fold(*v.shape), np.empty(v.shape, v.dtype)
    a = _spread(scale, v, rows)
    b, d, g = (None if p is None else _spread(p, v, rows) for p in (offset, shift, last))
    v = v.reshape(len(v) // rows, -1, v.shape[2])
    y, add = out.reshape(v.shape), None if add is None else add.reshape(v.shape)
    apply_scale = np.divide if divide else np.multiply
    for i, j in _blocks(v):
        part = y[i, j]
        apply_scale(v[i, j] if d is None else np.subtract(v[i, j], d[j], out=part), a[j], out=part)
        if add is not None:
            part += add[i, j]
        if b is not None:
            part += b[j]
        if g is not None:
            part *= g[j]
    return out
