"""The memory of arrays in a message: overlapping arrays share one buffer, so that views stay views.

An array travels as `["n", dtype, shape, strides, writeable, buffer, offset]`. A buffer of 0 and above is one of the
message's own. A buffer -1 - k is region k: the memory of an argument of the call that the message answers.

NumPy checks in 64 bits, which wrap around, whether an array lies in its buffer. So the reader computes the array's
bounds in Python's integers, which do not, before it makes anything on that memory.
"""

import ctypes
import functools
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bngrader.engine.errors import ProtocolError

Array = np.ndarray[Any, Any]
ArrayNode = list[Any]
DTYPES = re.compile(r"[<>|=]?(b1|[iu][1248]|f2|f4|f8|f16|c8|c16|c32|[US]\d{1,4}|[mM]8(\[[a-zA-Z]{1,2}\])?)", re.ASCII)
MAX_GAP_BYTES = 16 << 20  # a view that leaves out more bytes than this is sent without its gaps
MAX_ITEMS = 1 << 27  # of an array, or of a range
MAX_ARRAY_BYTES = 1 << 30  # of an array's items, which may lie on top of each other
MAX_DIMENSIONS = 32
MAX_NUMBER = 1 << 48  # of a shape, a stride or an offset


@dataclass
class Region:
    """A stretch of memory, and the arrays that lie in it."""

    low: int
    high: int
    arrays: list[tuple[Array, ArrayNode]] = field(default_factory=list)

    def holds(self, low: int, high: int) -> bool:
        """Return whether the stretch from `low` to `high` lies within this one."""
        return self.low <= low and high <= self.high

    def is_dense(self) -> bool:
        """Return whether one of the arrays fills the stretch."""
        return any(array.flags.forc and array.nbytes == self.high - self.low for array, _ in self.arrays)


class ArrayCollector:
    """A collector of the arrays of a message that is being packed."""

    def __init__(self, known: list[Region]) -> None:
        self.known = known
        self.regions: list[Region] = []
        self._added: list[Region] = []

    def add(self, array: Array) -> ArrayNode:
        """Return the node of an array; `finish` fills in its buffer and offset."""
        low, high = bounds(array)
        if high - low - array.nbytes > MAX_GAP_BYTES:
            array = array.copy()
            low, high = bounds(array)
        node = ["n", array.dtype.str, list(array.shape), list(array.strides), array.flags.writeable, None, 0]
        if array.size:
            self._added.append(Region(low, high, [(array, node)]))
        return node

    def finish(self) -> list[memoryview]:
        """Fill in the nodes, and return the buffers of the message."""
        for part in sorted(self._added, key=lambda region: region.low):
            known = next((k for k, region in enumerate(self.known) if region.holds(part.low, part.high)), None)
            if known is not None:
                _place(part, -1 - known, self.known[known].low)
            elif self.regions and part.low < self.regions[-1].high:
                self.regions[-1].high = max(self.regions[-1].high, part.high)
                self.regions[-1].arrays += part.arrays
            else:
                self.regions.append(part)
        for k, region in enumerate(self.regions):
            _place(region, k, region.low)
        return [_content(region) for region in self.regions]


def _place(region: Region, buffer: int, base: int) -> None:
    for array, node in region.arrays:
        node[5:] = [buffer, array.ctypes.data - base]


def bounds(array: Array) -> tuple[int, int]:
    """Return the addresses where an array's memory begins and ends."""
    low, high = np.lib.array_utils.byte_bounds(array)
    return int(low), int(high)


def _content(region: Region) -> memoryview:
    """Return the bytes of a region's arrays, with zeros in the gaps between them: these may hold what nobody sent."""
    size = region.high - region.low
    if region.is_dense():
        return memoryview((ctypes.c_char * size).from_address(region.low)).cast("B")
    content = bytearray(size)
    for array, node in region.arrays:
        np.ndarray(array.shape, array.dtype, content, node[6], array.strides)[...] = array
    return memoryview(content)


def region_of(buffer: bytearray) -> Region:
    """Return the region of memory that a received buffer takes up."""
    return Region(*bounds(np.frombuffer(buffer, np.uint8))) if buffer else Region(0, 0)


class _Borrowed:
    """Memory of arrays, which lives as long as the arrays that are made on it."""

    def __init__(self, interface: dict[str, Any], owners: list[tuple[Array, ArrayNode]]) -> None:
        self.__array_interface__ = interface
        self.owners = owners


def rebuild(body: ArrayNode, buffers: list[bytearray], known: list[Region]) -> Array:
    """Return the array of a node's body. Raises ProtocolError if it does not fit its buffer."""
    layout, writeable, buffer = _checked(body)
    if 0 in layout.shape:
        array = np.empty(layout.shape, layout.dtype)
    elif buffer is None or not -len(known) <= buffer < len(buffers):
        raise ProtocolError("an array has no memory")
    elif buffer < 0:
        array = _borrow(known[-1 - buffer], layout)
    else:
        _require_within(len(buffers[buffer]), layout)
        array = np.ndarray(layout.shape, layout.dtype, buffers[buffer], layout.offset, layout.strides)
    if layout.dtype.kind == "b" and (array.view(np.uint8) > 1).any():
        raise ProtocolError("a truth value is neither 0 nor 1")  # NumPy and torch index by it
    if not writeable:
        array.flags.writeable = False
    return array


class _Layout(NamedTuple):
    """An array's place in its buffer."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int


def _checked(body: ArrayNode) -> tuple[_Layout, bool, int | None]:
    name, shape, strides, writeable, buffer, offset = body
    dtype = _dtype(name) if isinstance(name, str) else None
    if dtype is None or not (isinstance(shape, list) and isinstance(strides, list)):
        raise ProtocolError("an array is malformed, or has a dtype that is not allowed")
    if not len(shape) == len(strides) <= MAX_DIMENSIONS:
        raise ProtocolError("an array has too many dimensions, or its shape does not fit its strides")
    items = 1
    for number in (*shape, *strides, offset):
        if type(number) is not int or not -MAX_NUMBER < number < MAX_NUMBER:
            raise ProtocolError("an array's shape or strides are malformed")
    for length in shape:
        if length < 0:
            raise ProtocolError("an array's shape is negative")
        items *= length
    if items > MAX_ITEMS or items * dtype.itemsize > MAX_ARRAY_BYTES:
        raise ProtocolError("an array is too large")
    if type(buffer) is not int and buffer is not None:
        raise ProtocolError("an array has no memory")
    return _Layout(dtype, tuple(shape), tuple(strides), offset), writeable is True, buffer


@functools.lru_cache(maxsize=64)
def _dtype(name: str) -> np.dtype[Any] | None:
    """Return the dtype of a name, or None if it is not allowed, or if its items have no size."""
    try:
        dtype = np.dtype(name) if DTYPES.fullmatch(name) else None
    except TypeError:  # an unknown unit of time
        return None
    return dtype if dtype is not None and dtype.itemsize else None


def _require_within(size: int, layout: _Layout) -> None:
    """Raise ProtocolError unless each byte of an array, which has items, is one of the first `size` bytes."""
    low, high = layout.offset, layout.offset + layout.dtype.itemsize
    for length, stride in zip(layout.shape, layout.strides, strict=True):
        if stride < 0:
            low += (length - 1) * stride
        else:
            high += (length - 1) * stride
    if low < 0 or high > size:
        raise ProtocolError("an array does not fit its memory")


def _borrow(region: Region, layout: _Layout) -> Array:
    """Make an array on the memory of an argument that this side has passed, where the argument's arrays are."""
    size = region.high - region.low
    _require_within(size, layout)
    if not region.is_dense():
        sent = bytearray(size)
        for array, node in region.arrays:
            _bytes_in(sent, _Layout(array.dtype, array.shape, array.strides, node[6]))[...] = 1
        if not _bytes_in(sent, layout).all():
            raise ProtocolError("an array lies in a gap of its argument")
    readonly = not any(array.flags.writeable for array, _ in region.arrays)
    interface = {
        "version": 3,
        "shape": layout.shape,
        "typestr": layout.dtype.str,
        "strides": layout.strides,
        "data": (region.low + layout.offset, readonly),
    }
    return np.asarray(_Borrowed(interface, region.arrays))


def _bytes_in(memory: bytearray, layout: _Layout) -> Array:
    """Return the bytes of `memory` at an array's places, with the bytes of an item along the last axis."""
    shape, strides = (*layout.shape, layout.dtype.itemsize), (*layout.strides, 1)
    return np.ndarray(shape, np.uint8, memory, layout.offset, strides)
