"""On the judge's side: the student's process over a whole notebook, replaced by a new one when it is gone."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bngrader.engine.cells import outputs
from bngrader.engine.cells.shell import Output
from bngrader.engine.errors import LimitReached, ProtocolError
from bngrader.engine.judge.hand_over import is_data, with_attributes
from bngrader.engine.judge.remote import GRACE_SECONDS, LOOP, Remote
from bngrader.engine.protocol.channel import Channel
from bngrader.engine.protocol.messages import CellRequest
from bngrader.engine.settings import Engine

MAX_STARTS = 25  # processes that one submission may use up


@dataclass
class Ran:
    """The result of a cell that ran in the student's process."""

    outputs: list[Output] = field(default_factory=list)
    count: int | None = None
    error: str | None = None  # that ended it
    alive: bool = True


class Answers:
    """The submission's cells so far, and one of the processes in which they ran.

    `allowed` names the packages that answers may use there. `start` returns a channel to a new process; `interrupt` and
    `end` act on it from outside.
    """

    def __init__(
        self,
        settings: Engine,
        allowed: list[str],
        start: Callable[[], Channel],
        interrupt: Callable[[], None],
        end: Callable[[bool], str],
    ) -> None:
        self.settings, self.allowed = settings, allowed
        self._start, self._interrupt, self._end = start, interrupt, end
        self._remote: Remote | None = None
        self._starts = 0
        # What a new process does again: cells by file and source, and data that it was given.
        self._cells: list[tuple[str, str] | dict[str, Any]] = []
        self.names: set[str] = set()

    def remote(self) -> Remote:
        """Return the process in which all cells so far have run. Raises LimitReached if too many were started."""
        while self._remote is None or self._remote.dead:
            self._begin()
            for cell in list(self._cells):
                if not (self._run(cell) if isinstance(cell, tuple) else self._hand(cell)).alive:
                    # It ended this process, though not the one before. Arrays have no ==, so list.remove won't do.
                    self._cells = [one for one in self._cells if one is not cell]
                    break
        return self._remote

    def _begin(self) -> None:
        if self._starts >= MAX_STARTS:
            raise LimitReached(f"the submission's process ended {MAX_STARTS} times, so it is not started again")
        self._starts += 1
        self.close()
        self._remote = Remote(self._start(), self.settings.call_seconds, self._interrupt, self._end)

    def run(self, source: str, file: str) -> Ran:
        """Run a cell. If it ends the process, the next call starts a new one, without this cell."""
        try:
            self.remote()
        except LimitReached as error:
            return Ran([outputs.error("LimitReached", str(error))], error=str(error), alive=False)
        ran = self._run((file, source))
        if ran.alive:
            self._cells.append((file, source))
        return ran

    def give(self, values: dict[str, Any]) -> set[str]:
        """Give the process the values that are data; returns the names of the others."""
        data = {name: value for name, value in values.items() if is_data(value, self.allowed)}
        with contextlib.suppress(LimitReached):
            self.remote()
            self._hand(data)
            self._cells.append(data)
        return set(values) - set(data)

    def _hand(self, data: dict[str, Any]) -> Ran:
        assert self._remote is not None
        with contextlib.suppress(LimitReached):
            self._remote.request("give", values={"data": data, "with_attributes": with_attributes(data)})
        return Ran(alive=self._remote.dead is None)

    def _run(self, cell: tuple[str, str]) -> Ran:
        assert self._remote is not None
        ran, (file, source) = Ran(), cell
        self._remote.handles.files.add(file)
        try:
            self._converse(self._remote, {"op": "cell", "file": file, "source": source}, ran)
        except TimeoutError:
            self._stop(self._remote, ran)
        except (EOFError, OSError):
            self._gone(self._remote, ran, "")
        except Exception as error:
            problem = str(error) if isinstance(error, ProtocolError) else type(error).__name__
            self._gone(self._remote, ran, f"the process sent something that is not allowed: {problem}")
        ran.outputs = outputs.merge(ran.outputs)
        return ran

    def _converse(self, remote: Remote, request: CellRequest, ran: Ran) -> None:
        """Send a cell, and collect its outputs until it is done."""
        limit = min(time.monotonic() + self.settings.cell_seconds, remote.deadline)
        remote.channel.send(request, (), limit)
        self._collect(remote, ran, limit)

    def _collect(self, remote: Remote, ran: Ran, limit: float) -> None:
        shown = 0
        while True:
            message, _ = remote.receive(limit)
            if message["kind"] == "done":
                self._done(message, ran)
                return
            if message["kind"] != "output":
                raise ProtocolError("a cell asked for something, which only a call may do")
            output = outputs.clean(message.get("output"), len(self._cells) + 1)
            shown += outputs.size(output)
            if shown > self.settings.output_bytes + 100_000 or len(ran.outputs) > 10_000:
                raise ProtocolError("more output than a cell may show")
            ran.outputs.append(output)

    def _done(self, message: dict[str, Any], ran: Ran) -> None:
        names, count, error = message.get("names"), message.get("count"), message.get("error")
        if not isinstance(names, list) or type(count) is not int:
            raise ProtocolError("the report of a cell's end is malformed")
        self.names = {name for name in names if isinstance(name, str)}
        ran.count = count if 0 < count < 1 << 31 else None
        ran.error = error[:300] if isinstance(error, str) else None

    def _stop(self, remote: Remote, ran: Ran) -> None:
        """Interrupt a cell that takes too long, and end its process if that does not help."""
        reason = f"the cell took longer than the {self.settings.cell_seconds:g} seconds that it may take: {LOOP}"
        self._interrupt()
        try:
            self._collect(remote, ran, time.monotonic() + GRACE_SECONDS)
        except Exception:
            self._gone(remote, ran, reason)
            ran.outputs.pop()
        ran.error = reason
        ran.outputs.append(outputs.error("CellTimeoutError", reason))

    def _gone(self, remote: Remote, ran: Ran, why: str) -> None:
        remote.channel.close()
        reason = self._end(not why)
        remote.dead = why or reason or "the process ended"
        ran.alive, ran.error = False, remote.dead
        ran.outputs.append(outputs.error("LimitReached", remote.dead))

    def close(self) -> None:
        """End the process."""
        if self._remote is not None:
            self._remote.channel.close()
            self._end(False)
