"""The judge's end of the conversation: requests to the student's process, and what comes back as plain data."""

import inspect
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bngrader.engine.errors import LimitReached, ProtocolError
from bngrader.engine.judge import student_errors
from bngrader.engine.judge.array_writes import Fetched
from bngrader.engine.judge.call import Call, Outcome
from bngrader.engine.judge.gradients import attach
from bngrader.engine.judge.proxy import PROTOCOLS, Proxy, make_proxy
from bngrader.engine.judge.torch_modules import Mirrors
from bngrader.engine.protocol import random_state
from bngrader.engine.protocol.channel import Channel
from bngrader.engine.protocol.module_state import is_module
from bngrader.engine.protocol.tensors import is_tensor, pack_tensor, unpack_tensor
from bngrader.engine.protocol.values import Packer, Unpacker

BY_NAME = ("numpy", "torch", "math")  # packages whose functions go to the student's side by name
KINDS = {"function", "class", "object", "generator"}
LOOP = "is there a loop that does not end?"
GRACE = 5.0  # seconds that an interrupted answer has to come back, on a busy machine too
NESTED = 20  # calls within calls


class Remote:
    """The student's process, as the judge sees it.

    `interrupt` and `end` act on the process from outside; `end` gives the reason why it is gone, where that is known.
    """

    def __init__(
        self, channel: Channel, call_seconds: float, interrupt: Callable[[], None], end: Callable[[bool], str]
    ) -> None:
        self.channel, self.call_seconds = channel, call_seconds
        self._interrupt, self._end = interrupt, end
        self.dead: str | None = None
        self.timed_out = False
        self.deadline = float("inf")  # of the cell under way
        self.files: set[str] = set()  # the names under which the student's cells are compiled
        self.printed: list[str] = []
        self.attempts: list[str] = []  # forbidden names that the submission reached for
        self._numbers = itertools.count()
        self._proxies: dict[int, Proxy] = {}  # one for each object, so that it is itself
        self._calls: list[Call] = []  # under way, the innermost last
        self._globals = random_state.Globals()
        self._fetched = Fetched()
        self.mirrors = Mirrors(self)
        self.forget()

    def forget(self) -> None:
        """At the end of a test cell: what it passed in is not theirs to use any more."""
        self._passed: dict[int, Any] = {}
        self._raised: list[BaseException] = []
        student_errors.own.clear()
        self._twins: dict[int, random_state.Twin] = {}

    def request(self, op: str, values: dict[str, Any] | None = None, **fields: Any) -> Any:
        """Have the student's process do something, and give its result; raises what it raised.

        Raises LimitReached where it takes too long, or is gone.
        """
        if self.dead:
            raise LimitReached(self.dead)
        if len(self._calls) > NESTED:
            raise RecursionError("the answer and the test call each other without an end")
        call = Call(self, next(self._numbers), values or {})
        self._calls.append(call)
        try:
            outcome = self._outcome({**call.message, "op": op, "id": call.number, **fields}, call)
        finally:
            self._calls.pop()
        student_errors.warn(outcome.warnings)
        if outcome.error is not None:
            raise outcome.error
        name = fields.get("name", (values or {}).get("key"))
        self._fetched.keep(outcome.value, op, fields.get("object"), name)
        return outcome.value

    def _outcome(self, message: dict[str, Any], call: Call) -> Outcome:
        """Whatever a message does to the code that reads it, it ends the conversation and not the judge."""
        try:
            return call.read(*self._exchange(message, call))
        except LimitReached:
            raise
        except Exception as error:
            said = str(error) if isinstance(error, ProtocolError) else f"{type(error).__name__}: {error}"
            raise self._lost(f"the submission's process sent something that is not allowed: {said}") from None

    def _exchange(self, message: dict[str, Any], call: Call) -> tuple[dict[str, Any], list[bytearray]]:
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
        """The next message, besides what was printed, which is kept."""
        while True:
            message, buffers = self.channel.receive(limit)
            if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
                raise ProtocolError("a message has no kind")
            if message["kind"] == "forbidden":
                self.attempts = [*self.attempts, str(message.get("name"))[:200]][-100:]
            elif message["kind"] == "output" and self._calls:
                self._keep(message.get("output"))
            else:
                return message, buffers

    def _keep(self, output: Any) -> None:
        """Text that the answer printed while a test called it."""
        text = output.get("text") if isinstance(output, dict) else None
        if isinstance(text, str) and len(self.printed) < 1000:
            self.printed.append(text[:20_000])

    def _too_long(self, number: int) -> LimitReached:
        seconds = f"{self.call_seconds:g}"
        self.deadline, self.timed_out = 0.0, True  # one endless loop is enough for a test
        self._interrupt()
        try:
            self._wait_for_reply(number, time.monotonic() + GRACE)
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
        number, op = message.get("number"), message.get("op")
        if type(number) is not int or number not in self._passed or op not in ("call", "next", "iter"):
            raise ProtocolError("a call of something that was not passed in")
        value = Unpacker(buffers, self.resolve, []).unpack(message.get("value"))
        packer = Packer(self.export)
        answer = self._do(self._passed[number], str(op), value, packer)
        self.channel.send(answer, packer.memory.finish(), limit)
        self._calls[-1].regions += packer.memory.regions  # the answer may change these as it may its arguments

    def _do(self, target: Any, op: str, value: Any, packer: Packer) -> dict[str, Any]:
        try:
            if op == "call":
                args, kwargs = value
                return {"value": packer.pack(target(*args, **{str(k): v for k, v in kwargs.items()}))}
            return {"value": packer.pack(next(target) if op == "next" else iter(target))}
        except StopIteration:
            return {"stop": True}
        except Exception as error:
            self._raised.append(error)
            return {"error": f"{type(error).__name__}: {error}"[:500], "raised": len(self._raised) - 1}

    def raised(self, number: Any) -> BaseException | None:
        """The exception that a test's own function raised when the answer called it."""
        return self._raised[number] if type(number) is int and 0 <= number < len(self._raised) else None

    def export(self, value: Any, packer: Packer) -> Any:
        """The node of what is no plain data."""
        if isinstance(value, Proxy):
            return ["yours", object.__getattribute__(value, "_number")]
        if is_tensor(value):
            return pack_tensor(packer, value)
        if is_module(value):
            return ["yours", self._number_of(value)]
        if isinstance(value, np.random.Generator):
            random_state.state_of(value)
            self._twins.setdefault(self._pass(value), random_state.Twin(value))
            return ["rng", self._pass(value)]
        module, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
        if str(module).split(".")[0] in BY_NAME and getattr(sys.modules.get(module or ""), name or "", None) is value:
            return ["name", module, name]
        op = "next" if isinstance(value, Iterator) else "iter" if hasattr(value, "__iter__") else "call"
        if op == "call" and not callable(value):
            raise TypeError(f"a test cannot pass a {type(value).__name__} to an answer")
        return ["mine", op, self._pass(value)]

    def _number_of(self, module: Any) -> int:
        number = self.mirrors.number(module)
        if number is None:
            raise TypeError("a module that the test made cannot be passed to an answer: make it with check.beside")
        return number

    def _pass(self, value: Any) -> int:
        self._passed[id(value)] = value  # kept alive, so that the number stays its own
        return id(value)

    def resolve(self, tag: str, body: list[Any], unpacker: Unpacker) -> Any:
        """The value of a node that is no plain data."""
        if tag == "h":
            return self._proxy(body, unpacker)
        if tag == "judges" and body[0] in self._passed:
            return self._passed[body[0]]
        if tag == "M":
            return self.mirrors.adopt(body, unpacker)
        if tag == "T":
            tensor = unpack_tensor(unpacker, body)
            graph = body[4]
            return attach(self, self._calls[-1], tensor, graph) if self._calls and type(graph) is int else tensor
        raise ProtocolError(f"a message holds an unknown {tag[:20]!r}")

    def _proxy(self, body: list[Any], unpacker: Unpacker) -> Proxy:
        number, kind, name, protocols, signature, file = body
        if type(number) is not int or kind not in KINDS or not isinstance(name, str) or len(protocols) > len(PROTOCOLS):
            raise ProtocolError("an object is described wrongly")
        file = file if file in self.files else None
        if number not in self._proxies:
            made = _signature(signature, unpacker) if signature is not None else None
            self._proxies[number] = make_proxy(self, [number, kind, name[:80], protocols, signature, file], made)
        return self._proxies[number]

    def news(self, packer: Packer) -> dict[str, Any]:
        """What the student's side has to know before it does anything: random states, and modules that changed."""
        torch = sys.modules.get("torch")
        hooks = self.mirrors.hooks().items()
        return {
            "seeds": {"generators": random_state.changed(self._twins), "globals": self._globals.news()},
            "modules": self.mirrors.table.news(packer),
            "written": self._fetched.news(packer),
            "hooks": {n: [[kind, ["mine", "call", self._pass(hook)]] for kind, hook in listed] for n, listed in hooks},
            "grad": torch.is_grad_enabled() if torch else False,
        }

    def catch_up(self, reply: dict[str, Any], unpacker: Unpacker) -> None:
        """Take over what the answer changed: how far it drew random numbers, and the state of modules."""
        for number, state in dict(reply.get("generators") or {}).items():
            if int(number) not in self._twins:
                raise ProtocolError("a generator that was not passed in")
            random_state.move_on(self._twins[int(number)], state)
        self.mirrors.table.apply(reply.get("modules"), unpacker)
        self.mirrors.leave_hooks(reply.get("hooks"))


def _signature(parameters: Any, unpacker: Unpacker) -> inspect.Signature | None:
    try:
        return inspect.Signature(
            [
                inspect.Parameter(
                    name,
                    inspect._ParameterKind(kind),
                    default=unpacker.unpack(default) if has_default else inspect.Parameter.empty,
                )
                for name, kind, has_default, default in parameters[:100]
            ]
        )
    except (TypeError, ValueError):
        return None
