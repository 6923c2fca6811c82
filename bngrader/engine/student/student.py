"""The student's side, in the sandbox: runs the cells of answers, and serves the judge's requests.

The submission shares this process and can change anything in it, so the judge trusts nothing that comes from here.
"""

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from bngrader.engine.cells.shell import Output, Shell
from bngrader.engine.protocol.array_memory import Region, region_of
from bngrader.engine.protocol.channel import Channel
from bngrader.engine.protocol.messages import CellRequest, ForbiddenName, OutputMessage, Reply, Request, Use
from bngrader.engine.protocol.module_state import ModuleTable, is_module
from bngrader.engine.protocol.random_state import Twin, changed
from bngrader.engine.protocol.tensors import is_tensor, pack_tensor, tensors_in, unpack_tensor
from bngrader.engine.protocol.values import Packer, Unpacker
from bngrader.engine.sandbox import filesystem, limit_messages
from bngrader.engine.sandbox.allowed_imports import ImportHooks, hidden_modules
from bngrader.engine.student import array_writes, random_state
from bngrader.engine.student.describe import describe, describe_error, describe_warning
from bngrader.engine.student.interrupts import Interrupts
from bngrader.engine.student.judge_objects import WRAPPERS, JudgesCallable, JudgesError, JudgesIterator
from bngrader.engine.student.operations import OPERATIONS
from bngrader.engine.student.torch_modules import ShippedHooks, describe_module

MAX_WARNINGS, MAX_NAMES = 20, 5000  # that the judge is told, of a request and of a notebook
MAX_ERROR_CHARACTERS = 300


class ReceivedMemory:
    """The memory of arguments that came with a request, or while it ran: the call may change it."""

    def __init__(self) -> None:
        self.buffers: list[bytearray] = []
        self.regions: list[Region] = []
        self._before: list[bytes] = []

    def add(self, buffers: list[bytearray]) -> None:
        """Note the buffers of a message."""
        self.buffers += buffers
        self.regions += [region_of(buffer) for buffer in buffers]
        self._before += [bytes(buffer) for buffer in buffers]

    def changed(self) -> Iterator[tuple[int, Any]]:
        """Yield the number and the memory of each buffer that has changed."""
        for k, (old, new) in enumerate(zip(self._before, self.buffers, strict=True)):
            if old != new:
                yield k, np.frombuffer(new, np.uint8).copy()


class Side:
    """The student's end of the conversation."""

    def __init__(self, channel: Channel, shell: Shell, output_bytes: int) -> None:
        self.channel, self.shell, self.output_bytes = channel, shell, output_bytes
        self.objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self.calls: dict[int, list[Any]] = {}  # the tensors with gradients that each call was given
        self.generators: dict[int, Twin] = {}
        self.table, self.hooks = ModuleTable(), ShippedHooks()
        self._shown = 0
        self._file = os.open("printed", os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_TRUNC)
        os.unlink("printed")
        for fd in (1, 2):  # so that output of programs that the notebook starts is caught
            os.dup2(self._file, fd)
        self._process = os.getpid()
        self._asking = threading.RLock()
        self._interrupts = Interrupts()
        self._open: list[ReceivedMemory] = []  # of the requests that are running, the innermost last

    def serve(self) -> None:
        """Answer the judge's requests until it hangs up."""
        while True:
            try:
                request, buffers = self.channel.receive()
            except (EOFError, OSError):
                return
            if request["op"] == "cell":
                self._cell(request)
            else:
                self._answer(request, buffers)

    def end_forks(self) -> None:
        """End this process if it is a fork that the submission made, which must not talk to the judge."""
        if os.getpid() != self._process:
            os._exit(0)

    def _cell(self, request: CellRequest) -> None:
        self._shown = 0
        os.ftruncate(self._file, 0)  # a test's call may have printed something since the last cell
        setattr(self.shell.compile, "get_code_name", lambda *_: request["file"])  # noqa: B010  (it is a method)
        with self._interrupts.allowed():
            result = self.shell.run(request["source"], self.emit)
        self.end_forks()
        self._show_file()
        error = result.error_before_exec or result.error_in_exec
        hidden = self.shell.user_ns_hidden
        names = [name for name in self.shell.user_ns if isinstance(name, str) and name not in hidden][:MAX_NAMES]
        message = f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARACTERS] if error else None
        self.channel.send({"kind": "done", "count": self.shell.count, "names": names, "error": message})

    def _show_file(self) -> None:
        """Show what programs and libraries printed without Python's streams."""
        text = os.pread(self._file, self.output_bytes + 1, 0)
        if text:
            os.ftruncate(self._file, 0)
            self.emit({"output_type": "stream", "name": "stdout", "text": text.decode("utf-8", "replace")})

    def emit(self, output: Output) -> None:
        """Send one output of a cell, up to the number of bytes that a cell may show."""
        left, size = self.output_bytes - self._shown, _size(output)
        self._shown += size
        if size > left and output["output_type"] != "error":
            if left < 0:
                return
            note = f"\n[The rest is left out: a cell may show at most {self.output_bytes:,} bytes.]\n"
            text = output["text"][:left] if output["output_type"] == "stream" else ""
            output = {"output_type": "stream", "name": output.get("name", "stdout"), "text": text + note}
        self._tell({"kind": "output", "output": output})

    def _tell(self, message: OutputMessage | ForbiddenName) -> None:
        with self._interrupts.held():
            self.channel.send(message)

    def in_test(self) -> bool:
        """Return whether a test is using the submission's objects, while no cell runs."""
        return bool(self._open)

    def forbid(self, name: str) -> None:
        """Tell the judge that the submission reached for something that it may not use."""
        self._tell({"kind": "forbidden", "name": name})

    def _answer(self, request: Request, buffers: list[bytearray]) -> None:
        received = ReceivedMemory()
        received.add(buffers)
        self._open.append(received)
        packer = Packer(self.export, received.regions, self.named)
        reply: Reply = {"kind": "reply", "id": request["id"]}
        torch = sys.modules.get("torch")
        with_gradients = torch.is_grad_enabled() if torch else False
        try:
            self._perform(request, received, packer, reply)
        except BaseException as error:
            reply["error"] = describe_error(error, __file__)
        finally:
            self.end_forks()
            self._open.pop()
            if torch:  # a test's torch.no_grad() must not last into the notebook's next cell
                torch.set_grad_enabled(with_gradients)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        self.channel.send(reply, packer.arrays.finish())

    def _perform(self, request: Request, received: ReceivedMemory, packer: Packer, reply: Reply) -> None:
        """Do what a request asks for, and fill in the reply, also if an error ends it."""
        unpacker = Unpacker(list(received.buffers), self.resolve, [])
        self._catch_up(request, unpacker)
        fields = {name: unpacker.unpack(node) for name, node in request.get("values", {}).items()}
        self.calls[request["id"]] = tensors = tensors_in(fields.get("args"))
        watched = fields.get("args") if unpacker.mutable or tensors else None
        tree = self._tree(watched, packer)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                with self._interrupts.allowed():
                    value = OPERATIONS[request["op"]](self, request, **fields)
            finally:
                reply["warnings"] = [describe_warning(w) for w in caught[:MAX_WARNINGS]]
                self._add_changes(received, packer, reply)
                if self._tree(watched, packer) != tree:
                    reply["args"] = packer.pack(watched)
        reply["value"] = packer.pack(value)

    def _add_changes(self, received: ReceivedMemory, packer: Packer, reply: Reply) -> None:
        """Add what the judge does not know yet: the memory of arguments, random states, modules."""
        reply["generators"] = changed(self.generators)
        reply["changed"] = {str(k): packer.pack(memory) for k, memory in received.changed()}
        if self.table.modules:
            reply["modules"], reply["hooks"] = self.table.news(packer), self.hooks.others(self.table)

    def _catch_up(self, request: Request, unpacker: Unpacker) -> None:
        """Take over the changes on the judge's side since the last request."""
        random_state.receive(request["seeds"], self.generators)
        self.table.apply(request["modules"], unpacker)
        array_writes.write(self.objects, request["written"], unpacker)
        self.hooks.set(request["hooks"], self.table, unpacker.unpack)
        if "torch" in sys.modules:
            sys.modules["torch"].set_grad_enabled(request["grad"])

    def _tree(self, value: Any, packer: Packer) -> Any:
        """Return the node of a call's arguments: it changes if the call replaces a part of a list, a dict or a set."""
        trial = Packer(self.export, packer.arrays.known, self.named)
        tree = trial.pack(value)
        trial.arrays.finish()
        return tree

    def ask(self, op: Use, number: int, value: Any) -> Any:
        """Have the judge use an object that a test passed in."""
        with self._asking, self._interrupts.held():
            packer = Packer(self.export, named=self.named)
            tree = packer.pack(value)
            self.channel.send({"kind": "ask", "op": op, "number": number, "value": tree}, packer.arrays.finish())
            answer, buffers = self._wait_for_answer()
            if self._open:
                self._open[-1].add(buffers)
        unpacker = Unpacker(buffers, self.resolve, [])
        if answer.get("stop"):
            raise StopIteration
        if "error" in answer:
            error = JudgesError(answer["error"])
            error._judges_number = answer["raised"]  # type: ignore[attr-defined]
            raise error
        return unpacker.unpack(answer["value"])

    def _wait_for_answer(self) -> tuple[dict[str, Any], list[bytearray]]:
        """Return the judge's answer, after serving the requests of a test's function that calls the answer again."""
        while True:
            message, buffers = self.channel.receive()
            if "op" not in message:
                return message, buffers
            self._answer(message, buffers)

    def export(self, value: Any, packer: Packer) -> Any:
        """Return the node of a value that is not plain data."""
        if is_tensor(value):
            number = self.number(value) if value.requires_grad else None
            return pack_tensor(packer, value, number if value.grad_fn is not None else None, number)
        if is_module(value):
            return describe_module(value, self.table, self.number, packer)
        if isinstance(value, JudgesCallable | JudgesIterator):
            return ["judges", value._number]
        known = next((n for n, twin in self.generators.items() if twin.rng is value), None)
        if known is not None:
            return ["judges", known]
        return describe(value, self.number(value), packer)

    def named(self, value: tuple[Any, ...]) -> int | None:
        """Return the number of a namedtuple's class; None for a plain tuple."""
        return self.number(type(value)) if hasattr(type(value), "_make") else None

    def number(self, value: Any) -> int:
        """Return the number under which the judge can refer to an object."""
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self.objects)
            self.objects.append(value)
        return self._numbers[id(value)]

    def resolve(self, tag: str, body: list[Any], unpacker: Unpacker) -> Any:
        """Return the value of a node that is not plain data."""
        if tag == "yours":
            return self.objects[body[0]]
        if tag == "named":
            return self.objects[body[0]]._make(unpacker.items(body[1:]))
        if tag == "T":
            return unpack_tensor(unpacker, body)
        if tag == "mine":
            return WRAPPERS[body[0]](self.ask, body[1])
        if tag == "rng":
            return self.generators[body[0]].rng
        if tag == "name":
            return getattr(sys.modules[body[0]], body[1])
        raise ValueError(f"unknown tag {tag}")


def _size(output: Output) -> int:
    return len(output["text"]) if "text" in output else sum(len(str(part)) for part in output.get("data", {}).values())


def main(channel: Channel, shell: Shell, options: dict[str, Any]) -> None:
    """Serve the judge until it hangs up."""
    side = Side(channel, shell, options["output_bytes"])
    limit_messages.know(options)
    hidden = hidden_modules(tuple(options["packages"]), tuple(filesystem.packages()))
    ImportHooks(options["allowed"], hidden, side.in_test, side.forbid).install()
    side.serve()
