"""Plain data as trees that msgpack can pack, and back.

Numbers, strings, bytes and None are nodes as they are; everything else is a list that begins with a tag. The two sides
add their own nodes for values that are not plain data: `export` makes such a node, and `resolve` reads it.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from bngrader.engine.errors import ProtocolError
from bngrader.engine.protocol.array_memory import DTYPES, MAX_ITEMS, ArrayCollector, Region, rebuild
from bngrader.engine.protocol.messages import Node

MAX_DEPTH = 40  # of lists within lists
MAX_KEYS = 40_000  # of a dict or a set: whoever chooses them can make all hashes equal, and time quadratic
MAX_DIGITS = 10_000  # of an integer
# Types that both sides name, and never make.
NAMED = {
    f"{kind.__module__}.{kind.__name__}": kind
    for kind in (int, float, bool, complex, str, bytes, list, tuple, dict, set, *np.sctypeDict.values())
}


class Packer:
    """A maker of the tree and the buffers of one message."""

    def __init__(
        self,
        export: Callable[[Any, "Packer"], Node],
        known: list[Region] | None = None,
        named: Callable[[tuple[Any, ...]], int | None] = lambda value: None,
    ) -> None:
        self.export, self.named = export, named
        self.arrays = ArrayCollector([] if known is None else known)
        self.depth = 0

    def pack(self, value: Any) -> Node:
        """Return the node of a value. Raises TypeError if it cannot be sent."""
        if value is None or type(value) in (bool, float, str, bytes):
            return value
        if type(value) is int:
            return value if -(1 << 63) <= value < 1 << 63 else ["i", hex(value)]
        if self.depth > MAX_DEPTH:
            raise TypeError("a value is nested too deeply to be sent")
        self.depth += 1
        try:
            for kinds, pack in _PACK:
                if isinstance(value, kinds):
                    return pack(self, value)
            if isinstance(value, type) and NAMED.get(f"{value.__module__}.{value.__name__}") is value:
                return ["type", f"{value.__module__}.{value.__name__}"]
            return _pack_tensor(self, value) or self.export(value, self)
        finally:
            self.depth -= 1

    def _array(self, value: Any) -> Node:
        array = np.asarray(value).view(np.ndarray)
        if array.dtype.kind == "O":
            return ["o", list(array.shape), *map(self.pack, array.ravel().tolist())]
        return self.arrays.add(array) if array.dtype.kind in "biufcUSmM" else self.export(value, self)

    def _scalar(self, value: Any) -> Node:
        array = np.asarray(value)
        return ["g", self.arrays.add(array)] if array.dtype.kind in "biufcUSmM" else self.export(value, self)

    def _tuple(self, value: tuple[Any, ...]) -> Node:
        """Return the node of a tuple; a namedtuple of the student's is `["named", number of its class, *items]`."""
        number = self.named(value)
        return self._items("t", value) if number is None else ["named", number, *map(self.pack, value)]

    def _items(self, tag: str, value: Any) -> Node:
        return [tag, *map(self.pack, value)]

    def _set(self, tag: str, value: Any) -> Node:
        # Sorted, because the order of a set tells about its process's secret for hashes, or about addresses.
        return [tag, *sorted(map(self.pack, value), key=repr)]


def _pack_tensor(packer: Packer, value: Any) -> Node:
    if (torch := sys.modules.get("torch")) is None:
        return None
    if isinstance(value, torch.dtype):
        return ["torch.dtype", str(value).removeprefix("torch.")]
    if isinstance(value, torch.Size):
        return packer._items("t", value)
    return None


_PACK: list[tuple[Any, Callable[[Packer, Any], Node]]] = [
    (np.ndarray, Packer._array),
    (np.generic, Packer._scalar),
    (int, lambda p, v: p.pack(int(v))),
    (float, lambda p, v: float(v)),
    (str, lambda p, v: str.__str__(v)),
    (bytes, lambda p, v: bytes(v)),
    (tuple, Packer._tuple),
    (list, lambda p, v: p._items("l", v)),
    (dict, lambda p, v: p._items("d", (part for item in v.items() for part in item))),
    (set, lambda p, v: p._set("s", v)),
    (frozenset, lambda p, v: p._set("f", v)),
    (slice, lambda p, v: p._items("slice", (v.start, v.stop, v.step))),
    (range, lambda p, v: p._items("range", (v.start, v.stop, v.step))),
    (complex, lambda p, v: ["c", v.real, v.imag]),
    (bytearray, lambda p, v: ["b", bytes(v)]),
    (type(...), lambda p, v: ["..."]),
    (np.dtype, lambda p, v: ["dtype", v.str] if v.kind in "biufcUSmM" else p.export(v, p)),
]


class Unpacker:
    """A reader of the values in the tree and the buffers of a received message."""

    def __init__(
        self, buffers: list[bytearray], resolve: Callable[[str, list[Any], "Unpacker"], Any], known: list[Region]
    ) -> None:
        self.buffers, self.resolve, self.known = buffers, resolve, known
        self.depth = 0
        self.mutable = False  # whether the message holds a list, a dict or a set

    def unpack(self, node: Node) -> Any:
        """Return the value of a node. Raises ProtocolError if it is malformed."""
        if not isinstance(node, list):
            if node is not None and type(node) not in (bool, int, float, str, bytes):
                raise ProtocolError("a message holds something that is not plain data")
            return node
        if self.depth > MAX_DEPTH + 20 or not node or not isinstance(node[0], str):
            raise ProtocolError("a message is nested too deeply, or has no tag")
        self.depth += 1
        self.mutable = self.mutable or node[0] in ("l", "d", "s")
        try:
            known = _UNPACK.get(node[0])
            return known(self, node[1:]) if known else self.resolve(node[0], node[1:], self)
        except ProtocolError:
            raise
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
            raise ProtocolError(f"a message holds a malformed {node[0][:20]!r}: {error}") from error
        finally:
            self.depth -= 1

    def items(self, body: list[Any]) -> list[Any]:
        """Return the values of several nodes."""
        return [self.unpack(node) for node in body]

    def array(self, body: list[Any]) -> Any:
        """Return the array of a node's body."""
        return rebuild(body, self.buffers, self.known)

    def _keys(self, body: list[Any]) -> list[Any]:
        """Return values that are going to be hashed, of which there may be few: MAX_KEYS says why."""
        if len(body) > MAX_KEYS:
            raise ProtocolError("a dict or a set is too large")
        return self.items(body)

    def _dict(self, body: list[Any]) -> dict[Any, Any]:
        items = self._keys(body)
        return dict(zip(items[::2], items[1::2], strict=True))

    def _objects(self, body: list[Any]) -> Any:
        array = np.empty(len(body) - 1, object)
        array[:] = self.items(body[1:])
        return array.reshape([int(n) for n in body[0]])

    def _torch_dtype(self, body: list[Any]) -> Any:
        dtype = getattr(sys.modules["torch"], str(body[0]), None)
        if not isinstance(dtype, sys.modules["torch"].dtype):
            raise ProtocolError("a message holds an unknown dtype")
        return dtype


_UNPACK: dict[str, Callable[[Unpacker, list[Any]], Any]] = {
    "i": lambda u, b: int(b[0][:MAX_DIGITS], 16),
    "n": Unpacker.array,
    "g": lambda u, b: u.array(b[0][1:])[()],
    "o": Unpacker._objects,
    "t": lambda u, b: tuple(u.items(b)),
    "l": Unpacker.items,
    "d": Unpacker._dict,
    "s": lambda u, b: set(u._keys(b)),
    "f": lambda u, b: frozenset(u._keys(b)),
    "slice": lambda u, b: slice(*u.items(b)),
    "range": lambda u, b: _range(*u.items(b)),
    "c": lambda u, b: complex(*b),
    "b": lambda u, b: bytearray().join(b),  # join refuses a number, of which bytearray() would make that many bytes
    "...": lambda u, b: ...,
    "dtype": lambda u, b: np.dtype(_plain_dtype(b[0])),
    "type": lambda u, b: NAMED[b[0]],
    "torch.dtype": Unpacker._torch_dtype,
}


def _range(start: int, stop: int, step: int) -> range:
    made = range(start, stop, step)
    if len(made) > MAX_ITEMS:
        raise ProtocolError("a range is too long")
    return made


def _plain_dtype(name: Any) -> str:
    if not (isinstance(name, str) and DTYPES.fullmatch(name)):
        raise ProtocolError("a message holds an unknown dtype")
    return name
