"""On the judge's side: the conversation with the student's process, as requests and replies."""

import itertools
import time
from collections.abc import Callable
from typing import Any, cast

from bngrader.engine.errors import LimitReached, ProtocolError
from bngrader.engine.judge import student_errors
from bngrader.engine.judge.call import Call, CallResult
from bngrader.engine.judge.handles import Handles
from bngrader.engine.protocol.channel import Channel
from bngrader.engine.protocol.messages import Raised, Request, Returned, Stopped
from bngrader.engine.protocol.values import Packer, Unpacker

LOOP = "is there a loop that does not end?"
GRACE_SECONDS = 5.0  # that an interrupted answer has to come back, on a busy machine too
MAX_NESTED_CALLS = 20
MAX_PRINTED, MAX_PRINTED_CHARACTERS = 1000, 20_000  # texts that an answer prints in a test, and their length
MAX_ATTEMPTS, MAX_ATTEMPT_CHARACTERS = 100, 200


class Remote:
    """The student's process, as the judge sees it.

    `interrupt` and `end` act on the process from outside; `end` returns the reason why it is gone, if that is known.
    """

    def __init__(
        self, channel: Channel, call_seconds: float, interrupt: Callable[[], None], end: Callable[[bool], str]
    ) -> None:
        self.channel, self.call_seconds = channel, call_seconds
        self._interrupt, self._end = interrupt, end
        self.dead: str | None = None
        self.timed_out = False
        self.deadline = float("inf")  # of the cell under way
        self.printed: list[str] = []
        self.silent = False  # while True, printed text is not kept
        self.attempts: list[str] = []  # names that the submission may not use, and that it reached for in a test
        self.handles = Handles(self.request)
        self._numbers = itertools.count()
        self._calls: list[Call] = []  # under way, the innermost last

    def forget(self) -> None:
        """At the end of a test cell, take back what it passed in."""
        self.handles.forget()
        student_errors.own.clear()

    def request(self, op: str, values: dict[str, Any] | None = None, **fields: Any) -> Any:
        """Have the student's process do something, and return its result; raises what it raised.

        Raises LimitReached if it takes too long, or if the process is gone.
        """
        if self.dead:
            raise LimitReached(self.dead)
        if len(self._calls) > MAX_NESTED_CALLS:
            raise RecursionError("the answer and the test call each other without an end")
        call = Call(self.handles, next(self._numbers), values or {})
        self._calls.append(call)
        try:
            message = cast(Request, {**call.message, "op": op, "id": call.number, **fields})
            outcome = self._outcome(message, call)
        finally:
            self._calls.pop()
        student_errors.warn(outcome.warnings)
        if outcome.error is not None:
            raise outcome.error
        name = fields.get("name", (values or {}).get("key"))
        self.handles.fetched.keep(outcome.value, op, fields.get("object"), name)
        return outcome.value

    def _outcome(self, message: Request, call: Call) -> CallResult:
        """Send a request and read its reply; whatever goes wrong ends the conversation, and not the judge."""
        try:
            return call.read(*self._exchange(message, call))
        except LimitReached:
            raise
        except Exception as error:
            reason = str(error) if isinstance(error, ProtocolError) else f"{type(error).__name__}: {error}"
            raise self._lost(f"the submission's process sent something that is not allowed: {reason}") from None

    def _exchange(self, message: Request, call: Call) -> tuple[dict[str, Any], list[bytearray]]:
        limit = min(time.monotonic() + self.call_seconds, self.deadline)
        if limit <= time.monotonic():
            raise LimitReached("no time is left for this test")
        try:
            self.channel.send(message, call.buffers, limit)
            return self._wait_for_reply(call.number, limit)
        except TimeoutError:
            raise self._too_long(call.number) from None
        except (EOFError, OSError):
            raise self._lost("") from None

    def _wait_for_reply(self, number: int, limit: float) -> tuple[dict[str, Any], list[bytearray]]:
        while True:
            message, buffers = self.receive(limit)
            if message["kind"] == "ask":
                self._answer(message, buffers, limit)
            elif message["kind"] == "reply" and message.get("id") == number:
                return message, buffers
            else:
                raise ProtocolError("an answer to something that was not asked")

    def receive(self, limit: float) -> tuple[dict[str, Any], list[bytearray]]:
        """Return the next message; keeps printed text, and names that may not be used, that come before it."""
        while True:
            message, buffers = self.channel.receive(limit)
            if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
                raise ProtocolError("a message has no kind")
            if message["kind"] == "forbidden":
                name = str(message.get("name"))[:MAX_ATTEMPT_CHARACTERS]
                self.attempts = [*self.attempts, name][-MAX_ATTEMPTS:]
            elif message["kind"] == "output" and self._calls:
                self._keep(message.get("output"))
            else:
                return message, buffers

    def _keep(self, output: Any) -> None:
        """Keep text that the answer printed while a test called it."""
        text = output.get("text") if isinstance(output, dict) else None
        if isinstance(text, str) and len(self.printed) < MAX_PRINTED and not self.silent:
            self.printed.append(text[:MAX_PRINTED_CHARACTERS])

    def _too_long(self, number: int) -> LimitReached:
        seconds = f"{self.call_seconds:g}"
        self.deadline, self.timed_out = 0.0, True  # one endless loop is enough for a test
        self._interrupt()
        try:
            self._wait_for_reply(number, time.monotonic() + GRACE_SECONDS)
        except (TimeoutError, EOFError, OSError, ProtocolError):
            self._lost(f"the submission's process was stopped: a call took longer than {seconds} seconds")
        return LimitReached(f"it took longer than the {seconds} seconds that a call may take: {LOOP}")

    def _lost(self, why: str) -> LimitReached:
        self.channel.close()
        reason = self._end(not why)
        self.dead = why or reason or "the submission's process ended"
        return LimitReached(self.dead)

    def _answer(self, message: dict[str, Any], buffers: list[bytearray], limit: float) -> None:
        """Call what a test passed in, since the answer asks for it."""
        target, op = self.handles.passed(message.get("number")), message.get("op")
        if op not in ("call", "next", "iter"):
            raise ProtocolError("a call of something that was not passed in")
        call = self._calls[-1]
        value = Unpacker(buffers, call.resolve, []).unpack(message.get("value"))
        packer = Packer(self.handles.export, named=self.handles.named)
        answer = self._do(target, str(op), value, packer)
        self.channel.send(answer, packer.arrays.finish(), limit)
        call.regions += packer.arrays.regions  # the answer may change these as it may its arguments

    def _do(self, target: Any, op: str, value: Any, packer: Packer) -> Returned | Stopped | Raised:
        try:
            if op == "call":
                args, kwargs = value
                return {"value": packer.pack(target(*args, **{str(k): v for k, v in kwargs.items()}))}
            return {"value": packer.pack(next(target) if op == "next" else iter(target))}
        except StopIteration:
            return {"stop": True}
        except Exception as error:
            # The text of the error stays here: it may show an address, or what a hidden test expects.
            return {"error": type(error).__name__, "raised": self.handles.keep_error(error)}
