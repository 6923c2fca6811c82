"""The memory of arrays in a message: overlapping arrays share one buffer, so that views stay views.

An array travels as `["n", dtype, shape, strides, writeable, buffer, offset]`. A buffer of 0 and above is one of the
message's own. A buffer -1 - k is region k: the memory of an argument of the call that the message answers.
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
DTYPES = re.compile(r"[<>|=]?(b1|[iu][1248]|f2|f4|f8|f16|c8|c16|c32|[US]\d{1,4}|[mM]8(\[[a-zA-Z]{1,2}\])?)")
MAX_GAP_BYTES = 16 << 20  # a view that leaves out more bytes than this is sent without its gaps
MAX_ITEMS = 1 << 27  # of an array, or of a range


@dataclass
class Region:
    """A stretch of memory, and the arrays that lie in it."""

    low: int
    high: int
    arrays: list[tuple[Array, ArrayNode]] = field(default_factory=list)

    def holds(self, low: int, high: int) -> bool:
        """Return whether the stretch from `low` to `high` lies within this one."""
        return self.low <= low and high <= self.high


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
        return [view(region.low, region.high) for region in self.regions]


def _place(region: Region, buffer: int, base: int) -> None:
    for array, node in region.arrays:
        node[5:] = [buffer, array.ctypes.data - base]


def bounds(array: Array) -> tuple[int, int]:
    """Return the addresses where an array's memory begins and ends."""
    low, high = np.lib.array_utils.byte_bounds(array)
    return int(low), int(high)


def view(low: int, high: int) -> memoryview:
    """Return the bytes from one address to another, without a copy."""
    return memoryview((ctypes.c_char * (high - low)).from_address(low)).cast("B")


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
    dtype, shape, strides, writeable, buffer, offset = _checked(body)
    try:
        if buffer is None:
            array = np.empty(shape, dtype)
        elif buffer >= 0:
            array = np.ndarray(shape, dtype, buffers[buffer], offset, strides)
        else:
            array = _borrow(known[-1 - buffer], dtype, shape, strides, offset)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise ProtocolError(f"an array does not fit its memory: {error}") from error
    if not writeable:
        array.flags.writeable = False
    return array


def _checked(body: ArrayNode) -> tuple[np.dtype[Any], tuple[int, ...], tuple[int, ...], bool, int | None, int]:
    name, shape, strides, writeable, buffer, offset = body
    if not (isinstance(name, str) and DTYPES.fullmatch(name)):
        raise ProtocolError("an array has a dtype that is not allowed")
    numbers = [*shape, *strides, offset]
    if any(type(n) is not int or abs(n) >= 1 << 48 for n in numbers) or len(shape) != len(strides) or len(shape) > 32:
        raise ProtocolError("an array's shape or strides are malformed")
    if math.prod(shape) > MAX_ITEMS or any(n < 0 for n in [*shape, offset]):
        raise ProtocolError("an array is too large")
    if (buffer is None and math.prod(shape)) or not isinstance(buffer, int | None):
        raise ProtocolError("an array has no memory")
    return np.dtype(name), tuple(shape), tuple(strides), writeable is True, buffer, offset


def _borrow(region: Region, dtype: Any, shape: Any, strides: Any, offset: int) -> Array:
    """Make an array on the memory of an argument that this side has passed."""
    whole = np.ndarray(shape, dtype, view(region.low, region.high), offset, strides)  # checks that it fits
    low, high = bounds(whole)
    if not region.holds(low, high):
        raise ValueError("it lies outside of its argument")
    readonly = not any(array.flags.writeable for array, _ in region.arrays)
    interface = {
        "version": 3,
        "shape": shape,
        "typestr": dtype.str,
        "strides": strides,
        "data": (region.low + offset, readonly),
    }
    return np.asarray(_Borrowed(interface, region.arrays))
