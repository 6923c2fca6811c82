"""On the judge's side: notice what a test writes into arrays that it took from the student's objects.

A test may say `layer.gamma[0] = 2`, though the array that it holds is a copy. The student's side then does the same.
"""

import weakref
from typing import Any

import numpy as np

from bngrader.engine.protocol.messages import ArrayWrite
from bngrader.engine.protocol.values import Packer

OPERATIONS = ("getattr", "getitem")  # requests whose result belongs to an object


class FetchedArrays:
    """The arrays that are still in use, each with its place in the student's objects and its last known content."""

    def __init__(self) -> None:
        self._arrays: list[tuple[Any, tuple[Any, int, Any], bytes]] = []
        # Kept alive until the next request: nothing else holds the array of `layer.gamma[0] = 2` after it was written.
        self._last: Any = None

    def keep(self, value: Any, op: str, number: Any, name: Any) -> None:
        """Remember where a value came from, if it is an array."""
        if op in OPERATIONS and isinstance(value, np.ndarray) and value.flags.writeable:
            self._last = value
            self._arrays.append((weakref.ref(value), (op, number, name), value.tobytes()))

    def news(self, packer: Packer) -> list[ArrayWrite]:
        """Return the arrays that were written to since the last call of this method."""
        news: list[ArrayWrite] = []
        kept = []
        for reference, place, before in self._arrays:
            array = reference()
            if array is not None:
                now = array.tobytes()
                kept.append((reference, place, now))
                if now != before:
                    op, number, name = place
                    written = packer.pack(array)
                    news.append({"op": op, "object": number, "name": packer.pack(name), "value": written})
        self._arrays, self._last = kept, None
        return news
