"""One request of the judge's: what it sends, and what its reply means for the values that were sent."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bngrader.engine.errors import ProtocolError
from bngrader.engine.judge import student_errors
from bngrader.engine.judge.restore import restore, restore_array
from bngrader.engine.protocol.array_memory import Region
from bngrader.engine.protocol.tensors import tensors_in
from bngrader.engine.protocol.values import Packer, Unpacker

if TYPE_CHECKING:
    from bngrader.engine.judge.remote import Remote


@dataclass(frozen=True)
class Outcome:
    """What came of a request."""

    value: Any = None
    error: BaseException | None = None
    warnings: list[tuple[str, type[Warning]]] = field(default_factory=list)


class Call:
    """One request: what it sends, and what its reply means for the values that were sent."""

    def __init__(self, remote: "Remote", number: int, values: dict[str, Any]) -> None:
        self.remote, self.number, self.values = remote, number, values
        self.tensors = tensors_in(values.get("args"))
        packer = Packer(remote.export)
        nodes = {name: packer.pack(value) for name, value in values.items()}
        self.message = {"values": nodes, **remote.news(packer)}
        self.buffers = packer.memory.finish()
        self.regions: list[Region] = packer.memory.regions

    def read(self, reply: dict[str, Any], buffers: list[bytearray]) -> Outcome:
        """The outcome, after what the call changed is changed on this side too."""
        unpacker = Unpacker(buffers, self.remote.resolve, self.regions)
        kept = [self._write_back(int(k), unpacker.unpack(node)) for k, node in dict(reply.get("changed") or {}).items()]
        if "args" in reply:
            restore(self.values.get("args"), unpacker.unpack(reply["args"]))
        self.remote.catch_up(reply, unpacker)
        value = unpacker.unpack(reply.get("value"))
        error = self._error(reply["error"]) if "error" in reply else None
        if error is None and not all(kept):
            error = ValueError("the answer changed an array that is read-only")
        return Outcome(value, error, student_errors.read_warnings(reply.get("warnings")))

    def _error(self, said: Any) -> BaseException:
        raised = self.remote.raised(said.get("raised") if isinstance(said, dict) else None)
        return raised or student_errors.make_error(said, self.remote.files)

    def _write_back(self, k: int, memory: Any) -> bool:
        if not 0 <= k < len(self.regions) or not isinstance(memory, np.ndarray) or memory.dtype != np.uint8:
            raise ProtocolError("a change of something that was not passed in")
        region = self.regions[k]
        if memory.shape != (region.high - region.low,):
            raise ProtocolError("a change that does not fit")
        kept = True
        for array, (_, dtype, shape, strides, _, _, offset) in region.arrays:
            kept = restore_array(array, np.ndarray(shape, dtype, memory, offset, strides)) and kept
        return kept
