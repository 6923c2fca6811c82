"""On the judge's side: the objects that both sides name by number.

Plain data crosses as it is. For everything else one side keeps the object, and the other gets a number: the judge gets
proxies and mirrors of the student's objects, and the student's side gets numbers of what a test passed in.
"""

import inspect
import itertools
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from bngrader.engine.errors import ProtocolError
from bngrader.engine.judge import random_state
from bngrader.engine.judge.array_writes import FetchedArrays
from bngrader.engine.judge.proxy import PROTOCOLS, Proxy, make_proxy
from bngrader.engine.judge.torch_modules import Mirrors
from bngrader.engine.protocol.messages import News
from bngrader.engine.protocol.module_state import is_module, lazy_tensor
from bngrader.engine.protocol.random_state import Twin, changed, state_of
from bngrader.engine.protocol.tensors import is_tensor, pack_tensor, unpack_tensor
from bngrader.engine.protocol.values import Packer, Unpacker

BY_NAME = ("numpy", "torch", "math")  # packages whose functions go to the student's side by name
KINDS = {"function", "class", "object", "generator"}
MAX_PARAMETERS = 100  # of a signature
MAX_NAME_CHARACTERS = 80


class NamedTuple(tuple[Any, ...]):
    """A namedtuple of the student's: here a plain tuple, with a class that remembers the number of the student's."""

    number: int

    @classmethod
    def _make(cls, items: Iterable[Any]) -> "NamedTuple":
        return cls(items)


class Handles:
    """The objects that the two sides hold of each other. `request` asks the student's process."""

    def __init__(self, request: Callable[..., Any]) -> None:
        self.request = request
        self.files: set[str] = set()  # the names under which the student's cells are compiled
        self.mirrors = Mirrors(request)
        self.fetched = FetchedArrays()
        self._globals = random_state.GlobalStates()
        # Tensors of the student's that take gradients, by id: where, their number, and their version when they came.
        self._tensors: dict[int, tuple[weakref.ref[Any], int, int]] = {}
        self._proxies: dict[int, Proxy] = {}  # the same one each time, so that `is` holds as on the student's side
        # Counted, since an address would tell the submission about the judge's memory. No number is used twice.
        self._numbers = itertools.count(1)
        self.forget()

    def forget(self) -> None:
        """At the end of a test cell, take back what it passed in."""
        self._passed: dict[int, Any] = {}  # by number; kept alive, so that no other object gets the same `id`
        self._number_by_id: dict[int, int] = {}
        self._raised: list[BaseException] = []
        self._twins: dict[int, Twin] = {}

    def passed(self, number: Any) -> Any:
        """Return the object that a test passed in. Raises ProtocolError if it passed in none of this number."""
        if type(number) is not int or number not in self._passed:
            raise ProtocolError("a call of something that was not passed in")
        return self._passed[number]

    def keep_error(self, error: BaseException) -> int:
        """Keep the exception that a test's own function raised; returns its number."""
        self._raised.append(error)
        return len(self._raised) - 1

    def raised(self, number: Any) -> BaseException | None:
        """Return the exception that `keep_error` kept under a number, if any."""
        return self._raised[number] if type(number) is int and 0 <= number < len(self._raised) else None

    def export(self, value: Any, packer: Packer) -> Any:
        """Return the node of a value that is not plain data. Raises TypeError if it cannot be passed."""
        if isinstance(value, Proxy):
            return ["yours", object.__getattribute__(value, "_number")]
        if is_tensor(value):
            number = self._number_of_tensor(value)
            return pack_tensor(packer, value) if number is None else ["yours", number]
        if is_module(value):
            return ["yours", self._number_of(value)]
        if isinstance(value, np.random.Generator):
            state_of(value)
            self._twins.setdefault(self._pass(value), Twin(value))
            return ["rng", self._pass(value)]
        module, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
        if str(module).split(".")[0] in BY_NAME and getattr(sys.modules.get(module or ""), name or "", None) is value:
            return ["name", module, name]
        op = "next" if isinstance(value, Iterator) else "iter" if hasattr(value, "__iter__") else "call"
        if op == "call" and not callable(value):
            raise TypeError(f"a test cannot pass a {type(value).__name__} to an answer")
        return ["mine", op, self._pass(value)]

    def keep_tensor(self, tensor: Any, number: Any) -> None:
        """Remember that a tensor is a copy of one that the student's side keeps under a number."""
        if type(number) is int and tensor.requires_grad:
            self._tensors = {key: kept for key, kept in self._tensors.items() if kept[0]() is not None}
            self._tensors[id(tensor)] = weakref.ref(tensor), number, tensor._version
            tensor._beside = tensor._version  # so that `check.call` passes it as it is

    def _number_of_tensor(self, tensor: Any) -> int | None:
        """Return the number of the student's tensor that this one still equals, so that its graph is kept."""
        if id(tensor) not in self._tensors:
            return None
        reference, number, version = self._tensors[id(tensor)]
        kept: Any = reference()
        if kept is not tensor or (tensor.is_leaf and tensor.grad is not None):
            return None
        return number if tensor.requires_grad and tensor._version == version else None

    def named(self, value: tuple[Any, ...]) -> int | None:
        """Return the number of the student's class of which a tuple is a copy, if any."""
        return value.number if isinstance(value, NamedTuple) else None

    def _number_of(self, module: Any) -> int:
        number = self.mirrors.number(module)
        if number is None:
            raise TypeError("a module that the test made cannot be passed to an answer: make it with check.beside")
        return number

    def _pass(self, value: Any) -> int:
        if id(value) not in self._number_by_id:
            self._number_by_id[id(value)] = number = next(self._numbers)
            self._passed[number] = value
        return self._number_by_id[id(value)]

    def resolve(self, tag: str, body: list[Any], unpacker: Unpacker) -> Any:
        """Return the value of a node that is not plain data. Raises ProtocolError for a node of no known kind."""
        if tag == "h":
            return self._proxy(body, unpacker)
        if tag == "judges" and body[0] in self._passed:
            return self._passed[body[0]]
        if tag == "M":
            return self.mirrors.adopt(body, unpacker)
        if tag == "T":
            return unpack_tensor(unpacker, body)
        if tag == "named" and type(body[0]) is int:
            return type("NamedTuple", (NamedTuple,), {"number": body[0]})(unpacker.items(body[1:]))
        if tag == "lazy":
            return lazy_tensor(body[0])
        raise ProtocolError(f"a message holds an unknown {tag[:20]!r}")

    def _proxy(self, body: list[Any], unpacker: Unpacker) -> Proxy:
        number, kind, name, protocols, signature, file = body
        if type(number) is not int or kind not in KINDS or not isinstance(name, str) or len(protocols) > len(PROTOCOLS):
            raise ProtocolError("the description of an object is malformed")
        file = file if file in self.files else None
        if number not in self._proxies:
            made = _signature(signature, unpacker) if signature is not None else None
            node = [number, kind, name[:MAX_NAME_CHARACTERS], protocols, signature, file]
            self._proxies[number] = make_proxy(self.request, node, made)
        return self._proxies[number]

    def news(self, packer: Packer) -> News:
        """Return what the student's side has to know before it does anything: random states, changed modules."""
        torch = sys.modules.get("torch")
        hooks = self.mirrors.hooks().items()
        return {
            "seeds": {"generators": changed(self._twins), "globals": self._globals.news()},
            "modules": self.mirrors.table.news(packer),
            "written": self.fetched.news(packer),
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
        self.mirrors.show_left_hooks(reply.get("hooks"))


def _signature(parameters: Any, unpacker: Unpacker) -> inspect.Signature | None:
    try:
        return inspect.Signature(
            [
                inspect.Parameter(
                    name,
                    inspect._ParameterKind(kind),
                    default=unpacker.unpack(default) if has_default else inspect.Parameter.empty,
                )
                for name, kind, has_default, default in parameters[:MAX_PARAMETERS]
            ]
        )
    except (TypeError, ValueError):
        return None
