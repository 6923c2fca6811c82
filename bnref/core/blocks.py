"""Sums and affine maps of `(N, C, L)` arrays, computed block by block so that NumPy works in a core's cache.

NumPy makes one pass over its operands for each operation. On a block that fits into the cache, only the first of these
passes reads main memory and only the last one writes to it. A compiled kernel gains the same by fusing its loops.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating]
P = ParamSpec("P")
R = TypeVar("R")

# Half of a small second-level cache, so that a block and its result fit. The page on performance compares block sizes.
BLOCK_BYTES = 1 << 19
# On short rows NumPy spends its time on starting the inner loop, so narrow tables are read as wider ones, several rows
# in one.
MIN_ROW_ENTRIES = 1000
# For the same reason, channels with fewer entries than this share a loop.
MIN_CHANNEL_ENTRIES = 512
# With its usual buffer of 8192 elements NumPy copies broadcast operands before reading them; a small one avoids it.
BUFFER_ELEMENTS = 256


def unbuffered(function: Callable[P, R]) -> Callable[P, R]:
    """Make NumPy read broadcast operands in place instead of copying them into its buffer first."""

    @wraps(function)
    def run(*args: P.args, **options: P.kwargs) -> R:
        # errstate also restores the buffer size when it ends. NaN and infinity pass through without a warning.
        with np.errstate(all="ignore"):
            np.setbufsize(BUFFER_ELEMENTS)
            return function(*args, **options)

    return run


def _blocks(values: Array) -> Iterator[tuple[slice, slice]]:
    """Yield pairs of slices of the first two axes of an (N, C, L) array, one for each block of about BLOCK_BYTES."""
    n, c, length = values.shape
    size = max(1, BLOCK_BYTES // values.itemsize)
    channels = min(c, max(1, size // length))
    rows = max(1, size // (channels * length))
    for j in range(0, c, channels):
        for i in range(0, n, rows):
            yield slice(i, i + rows), slice(j, j + channels)


@lru_cache
def _rows_to_join(n: int, c: int, length: int) -> int:
    """Return how many rows of a narrow (N, C, 1) table to read as one long row: a divisor of N."""
    if length > 1:
        return 1
    return max(k for k in range(1, max(1, MIN_ROW_ENTRIES // c) + 1) if n % k == 0)


def _per_channel(parameter: ArrayLike, values: Array, rows: int) -> Array:
    """Lay out one number per channel, (C,), in the dtype of `values`, so that NumPy's inner loops are long."""
    parameter = np.asarray(parameter, values.dtype)
    if 1 < values.shape[2] < MIN_CHANNEL_ENTRIES:
        return np.repeat(parameter, values.shape[2]).reshape(values.shape[1:])
    return (np.tile(parameter, rows) if rows > 1 else parameter)[:, None]


def _total(values: Array, weights: Array | None = None) -> Array:
    """Sum `values`, or `values * weights`, over axes 0 and 2 of a block, using BLAS."""
    n, _, length = values.shape
    if length == 1:
        column = values[..., 0]
        return np.ones(n, values.dtype) @ column if weights is None else np.einsum("nc,nc->c", column, weights[..., 0])
    by_row = np.matvec(values, np.ones(length, values.dtype)) if weights is None else np.vecdot(values, weights)
    return by_row.sum(axis=0, dtype=np.float64)


def sums(values: Array, shift: Array | None = None, weights: Array | None = None) -> Array:
    """Sum `weights` and `weights * (values - shift)` over axes 0 and 2: (2, C) in float64.

    Without `weights`, `values - shift` is its own weight, so the second sum is one of squares.
    """
    rows = _rows_to_join(*values.shape)
    shift = None if shift is None else _per_channel(shift, values, rows)
    values = values.reshape(len(values) // rows, -1, values.shape[2])
    weights = None if weights is None else weights.reshape(values.shape)
    # Within a block the sums are in the array's precision. There are many blocks, so their sums need float64.
    totals = np.zeros((2, values.shape[1]), np.result_type(values.dtype, np.float64))
    for i, j in _blocks(values):
        shifted = values[i, j] if shift is None else values[i, j] - shift[j]
        weight = shifted if weights is None else weights[i, j]
        totals[0, j] += _total(weight)
        totals[1, j] += _total(weight, shifted)
    return totals.reshape(2, rows, -1).sum(axis=1) if rows > 1 else totals


def transform(
    values: Array,
    scale: ArrayLike,
    offset: ArrayLike | None = None,
    shift: ArrayLike | None = None,
    *,
    add: Array | None = None,
    last: ArrayLike | None = None,
    divide: bool = False,
) -> Array:
    """Return `((values - shift) * scale + add + offset) * last` for each channel of an (N, C, L) array, in its dtype.

    `scale`, `offset`, `shift` and `last` are `(C,)`, and `add` is `(N, C, L)`. Steps whose argument is None are left
    out. With `divide`, the values are divided by `scale` instead.
    """
    rows, result = _rows_to_join(*values.shape), np.empty(values.shape, values.dtype)
    scale = _per_channel(scale, values, rows)
    offset, shift, last = (None if p is None else _per_channel(p, values, rows) for p in (offset, shift, last))
    values = values.reshape(len(values) // rows, -1, values.shape[2])
    joined, add = result.reshape(values.shape), None if add is None else add.reshape(values.shape)
    apply_scale = np.divide if divide else np.multiply
    for i, j in _blocks(values):
        out = joined[i, j]
        apply_scale(values[i, j] if shift is None else np.subtract(values[i, j], shift[j], out=out), scale[j], out=out)
        if add is not None:
            out += add[i, j]
        if offset is not None:
            out += offset[j]
        if last is not None:
            out *= last[j]
    return result
