"""The memory of arrays in a message: overlapping arrays share one buffer, so that views stay views.

An array travels as `["n", dtype, shape, strides, writeable, buffer, offset]`. A buffer of 0 and above is one of the
message's own. A buffer -1 - k is region k: the memory of an argument of the call that the message answers.

NumPy checks in 64 bits, which wrap around, whether an array lies in its buffer. So the reader computes the array's
bounds in Python's integers, which do not, before it makes anything on that memory.
"""

import ctypes
import math
import re
from dataclasses import dataclass, field
from typing import Any

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
        layout.require_within(len(buffers[buffer]))
        array = np.ndarray(layout.shape, layout.dtype, buffers[buffer], layout.offset, layout.strides)
    if layout.dtype.kind == "b" and (array.view(np.uint8) > 1).any():
        raise ProtocolError("a truth value is neither 0 nor 1")  # NumPy and torch index by it
    if not writeable:
        array.flags.writeable = False
    return array


@dataclass(frozen=True)
class _Layout:
    """An array's place in its buffer."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int

    def require_within(self, size: int) -> None:
        """Raise ProtocolError unless each byte of the array, which has items, is one of the first `size` bytes."""
        steps = [(length - 1) * stride for length, stride in zip(self.shape, self.strides, strict=True)]
        low = self.offset + sum(step for step in steps if step < 0)
        high = self.offset + sum(step for step in steps if step > 0) + self.dtype.itemsize
        if low < 0 or high > size:
            raise ProtocolError("an array does not fit its memory")

    def bytes_in(self, memory: bytearray) -> Array:
        """Return the bytes of `memory` at the array's places, with the bytes of an item along the last axis."""
        shape, strides = (*self.shape, self.dtype.itemsize), (*self.strides, 1)
        return np.ndarray(shape, np.uint8, memory, self.offset, strides)


def _checked(body: ArrayNode) -> tuple[_Layout, bool, int | None]:
    name, shape, strides, writeable, buffer, offset = body
    if not (isinstance(name, str) and DTYPES.fullmatch(name)):
        raise ProtocolError("an array has a dtype that is not allowed")
    if not (isinstance(shape, list) and isinstance(strides, list) and len(shape) == len(strides) <= MAX_DIMENSIONS):
        raise ProtocolError("an array's shape or strides are malformed")
    if any(type(number) is not int or abs(number) >= MAX_NUMBER for number in [*shape, *strides, offset]):
        raise ProtocolError("an array's shape or strides are malformed")
    dtype, items = np.dtype(name), math.prod(shape)
    if any(length < 0 for length in shape) or items > MAX_ITEMS or items * dtype.itemsize > MAX_ARRAY_BYTES:
        raise ProtocolError("an array is too large")
    if not dtype.itemsize or type(buffer) not in (int, type(None)):
        raise ProtocolError("an array has no memory")
    return _Layout(dtype, tuple(shape), tuple(strides), offset), writeable is True, buffer


def _borrow(region: Region, layout: _Layout) -> Array:
    """Make an array on the memory of an argument that this side has passed, where the argument's arrays are."""
    size = region.high - region.low
    layout.require_within(size)
    if not region.is_dense():
        sent = bytearray(size)
        for array, node in region.arrays:
            _Layout(array.dtype, array.shape, array.strides, node[6]).bytes_in(sent)[...] = 1
        if not layout.bytes_in(sent).all():
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
