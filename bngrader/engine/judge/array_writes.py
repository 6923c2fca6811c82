"""Arrays that a test takes from an attribute or an entry of the student's: what it writes into them is written there.

A test may say `layer.gamma[0] = 2`, though the array that it holds is a copy.
"""

import weakref
from typing import Any

import numpy as np

from bngrader.engine.protocol.values import Packer, Tree, Unpacker

OPERATIONS = ("getattr", "getitem")


class Fetched:
    """The judge's side: the arrays that are still in use, with where they came from and what they held."""

    def __init__(self) -> None:
        self._arrays: list[tuple[Any, dict[str, Any], bytes]] = []
        self._last: Any = None  # held, since `layer.gamma[0] = 2` holds it no longer than it takes to write

    def keep(self, value: Any, op: str, number: Any, name: Any) -> None:
        """Remember where a value came from, if it is an array."""
        if op in OPERATIONS and isinstance(value, np.ndarray) and value.flags.writeable:
            self._last = value
            self._arrays.append((weakref.ref(value), {"op": op, "object": number, "name": name}, value.tobytes()))

    def news(self, packer: Packer) -> list[dict[str, Any]]:
        """The arrays that were written to since the last time."""
        news, kept = [], []
        for reference, place, before in self._arrays:
            array = reference()
            if array is not None:
                now = array.tobytes()
                kept.append((reference, place, now))
                if now != before:
                    news.append({**place, "name": packer.pack(place["name"]), "value": packer.pack(array)})
        self._arrays, self._last = kept, None
        return news


def write(objects: list[Any], news: list[dict[str, Tree]], unpacker: Unpacker) -> None:
    """The student's side: write what the test has written."""
    for one in news:
        owner, name, value = objects[one["object"]], unpacker.unpack(one["name"]), unpacker.unpack(one["value"])
        array = getattr(owner, name, None) if one["op"] == "getattr" else owner[name]
        if isinstance(array, np.ndarray) and array.shape == value.shape and array.flags.writeable:
            array[...] = value
