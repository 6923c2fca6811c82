"""On the student's side: write into its arrays what a test wrote into its copies of them."""

from typing import Any

import numpy as np

from bngrader.engine.protocol.messages import ArrayWrite
from bngrader.engine.protocol.values import Unpacker


def write(objects: list[Any], news: list[ArrayWrite], unpacker: Unpacker) -> None:
    """Write each array of `news` into the attribute or the entry of `objects` that the test took it from."""
    for one in news:
        owner, name, value = objects[one["object"]], unpacker.unpack(one["name"]), unpacker.unpack(one["value"])
        array = getattr(owner, name, None) if one["op"] == "getattr" else owner[name]
        if isinstance(array, np.ndarray) and array.shape == value.shape and array.flags.writeable:
            array[...] = value
