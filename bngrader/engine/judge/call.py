"""On the judge's side: one request, and the effects of its reply on the values that were sent."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bngrader.engine.errors import ProtocolError
from bngrader.engine.judge import student_errors
from bngrader.engine.judge.gradients import attach
from bngrader.engine.judge.handles import Handles
from bngrader.engine.protocol.array_memory import Region, rebuild
from bngrader.engine.protocol.tensors import is_tensor, tensors_in
from bngrader.engine.protocol.values import Packer, Unpacker


@dataclass(frozen=True)
class CallResult:
    """The result of a request."""

    value: Any = None
    error: BaseException | None = None
    warnings: list[tuple[str, type[Warning]]] = field(default_factory=list)


class Call:
    """One request: the message that it sends, and what its reply changes in the values that were sent."""

    def __init__(self, handles: Handles, number: int, values: dict[str, Any]) -> None:
        self.handles, self.number, self.values = handles, number, values
        self.tensors = tensors_in(values.get("args"))
        packer = Packer(handles.export, named=handles.named)
        nodes = {name: packer.pack(value) for name, value in values.items()}
        self.message = {**handles.news(packer), "values": nodes}
        self.buffers = packer.arrays.finish()
        self.regions: list[Region] = packer.arrays.regions

    def read(self, reply: dict[str, Any], buffers: list[bytearray]) -> CallResult:
        """Return the outcome, after making the changes on this side that the call made on the other."""
        unpacker = Unpacker(buffers, self.resolve, self.regions)
        kept = [self._write_back(int(k), unpacker.unpack(node)) for k, node in dict(reply.get("changed") or {}).items()]
        if "args" in reply:
            _restore(self.values.get("args"), unpacker.unpack(reply["args"]))
        self.handles.catch_up(reply, unpacker)
        value = unpacker.unpack(reply.get("value"))
        error = self._error(reply["error"]) if "error" in reply else None
        if error is None and not all(kept):
            error = ValueError("the answer changed an array that is read-only")
        return CallResult(value, error, student_errors.read_warnings(reply.get("warnings")))

    def resolve(self, tag: str, body: list[Any], unpacker: Unpacker) -> Any:
        """Return the value of a node that is not plain data; a tensor with a graph is joined to the judge's."""
        value = self.handles.resolve(tag, body, unpacker)
        if tag != "T":
            return value
        if type(graph := body[4]) is int:
            parameters = self.handles.mirrors.parameters()
            value = attach(self.handles.request, self.number, self.tensors, parameters, (value, graph))
        self.handles.keep_tensor(value, body[5])
        return value

    def _error(self, description: Any) -> BaseException:
        raised = self.handles.raised(description.get("raised") if isinstance(description, dict) else None)
        return raised or student_errors.make_error(description, self.handles.files)

    def _write_back(self, k: int, memory: Any) -> bool:
        if not 0 <= k < len(self.regions) or not isinstance(memory, np.ndarray) or memory.dtype != np.uint8:
            raise ProtocolError("a change of something that was not passed in")
        region = self.regions[k]
        if memory.shape != (region.high - region.low,):
            raise ProtocolError("a change that does not fit")
        new = [rebuild([*node[1:5], 0, node[6]], [bytearray(memory)], []) for _, node in region.arrays]
        kept = [_restore_array(array, now) for (array, _), now in zip(region.arrays, new, strict=True)]
        return all(kept)


def _restore_array(array: Any, new: Any) -> bool:
    """Copy the new values into an array; returns False if it is read-only and they differ from its own."""
    if array.flags.writeable:
        np.copyto(array, new)
        return True
    return bool(array.tobytes() == new.tobytes())


def _restore(old: Any, new: Any) -> None:
    """Make lists, dicts, sets and the gradients of tensors in `old` like those in `new`, in place."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        for before, after in zip(old, new, strict=False):
            _restore(before, after)
    elif isinstance(old, list) and isinstance(new, list):
        old[:] = [_merged(old[i] if i < len(old) else None, part) for i, part in enumerate(new)]
    elif isinstance(old, dict) and isinstance(new, dict):
        merged = {key: _merged(old.get(key), part) for key, part in new.items()}
        old.clear()
        old.update(merged)
    elif isinstance(old, set) and isinstance(new, set):
        old.intersection_update(new)
        old.update(new)
    elif is_tensor(old) and is_tensor(new) and old.is_leaf:
        old.grad = new.grad


def _merged(old: Any, new: Any) -> Any:
    """Return the old object, brought up to date, if it is of a kind that can change in place; else the new one."""
    if (isinstance(old, list | dict | set) and type(old) is type(new)) or (is_tensor(old) and is_tensor(new)):
        _restore(old, new)
        return old
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray) and np.may_share_memory(old, new):
        return old
    return new
