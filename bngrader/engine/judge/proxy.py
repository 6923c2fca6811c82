"""On the judge's side: stand-ins for the student's objects, each use of which is a request to the student's process.

A proxy equals nothing but itself, and is never a number, an array or a string. Otherwise a student's object that claims
to equal everything would pass every test.
"""

import inspect
import marshal
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any

from bngrader.check.copies import Copier

HIDDEN = "_request", "_number", "_kind", "_name", "_signature", "_file"


class Proxy:
    """A stand-in for an object of the student's."""

    __slots__ = HIDDEN

    def __init__(self, *values: Any) -> None:
        for slot, value in zip(HIDDEN, values, strict=True):
            object.__setattr__(self, slot, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name.startswith(("_repr_", "_ipython_")):
            return _special(self, name)
        return _ask(self, "getattr", name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "setattr", name=name, values={"value": Copier().copy(value)})  # the test keeps its own numbers

    def __delattr__(self, name: str) -> None:
        _ask(self, "delattr", name=name)

    def __repr__(self) -> str:
        return f"<the submission's {self._kind} {self._name}>"

    def __instancecheck__(self, value: Any) -> bool:
        if self._kind != "class":
            raise TypeError("isinstance() arg 2 must be a type, a tuple of types, or a union")
        return isinstance(value, Proxy) and bool(_ask(self, "isinstance", values={"value": value}))

    def __copy__(self) -> Any:
        return _ask(self, "copy", deep=False)

    def __deepcopy__(self, memo: Any) -> Any:
        return _ask(self, "copy", deep=True)

    def __beside__(self, build: Any, *args: Any) -> Any:
        """Have the test's function `build` make something of `args` in the student's process.

        The submission can read the function's instructions there, but not its text, which may tell what a test is for.
        """
        code = compile(textwrap.dedent(inspect.getsource(build)), "<test>", "exec", dont_inherit=True)
        return self._request("make", code=marshal.dumps(code), name=build.__name__, values={"args": args})

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("an object of the submission cannot be pickled")


def _ask(proxy: Proxy, op: str, **fields: Any) -> Any:
    return proxy._request(op, object=proxy._number, **fields)


def _special(proxy: Proxy, name: str) -> Any:
    """Return one of the special attributes of a function or a class that `inspect` and the checks look at."""
    if proxy._kind in ("function", "class") and name in ("__name__", "__qualname__"):
        return proxy._name
    if name == "__signature__" and proxy._signature is not None:
        return proxy._signature
    if name == "__code__" and proxy._file is not None:
        return types.SimpleNamespace(co_filename=proxy._file)
    raise AttributeError(f"{proxy._name!r} has no attribute {name!r}")


def _call(self: Any, *args: Any, **kwargs: Any) -> Any:
    return _ask(self, "call", values={"args": (args, kwargs)})


def _iter(self: Any) -> Any:
    return _ask(self, "iter")


def _next(self: Any) -> Any:
    for item in _ask(self, "next"):
        return item
    raise StopIteration


def _setitem(self: Any, key: Any, value: Any) -> None:
    _ask(self, "setitem", values={"key": key, "value": Copier().copy(value)})


def _itself(self: Any) -> Iterator[Any]:
    return self


def _close(self: Any) -> None:
    _ask(self, "getattr", name="close")()


PROTOCOLS: dict[str, Any] = {
    "__call__": _call,
    "__iter__": _iter,
    "__next__": _next,
    "__len__": lambda self: _ask(self, "len"),
    "__getitem__": lambda self, key: _ask(self, "getitem", values={"key": key}),
    "__contains__": lambda self, value: _ask(self, "contains", values={"value": value}),
}
POSES = {"class": type, "generator": types.GeneratorType, "function": types.FunctionType}


def make_proxy(request: Callable[..., Any], node: list[Any], signature: inspect.Signature | None) -> Proxy:
    """Make the proxy that a handle's node describes: of a class with just those special methods that the object has."""
    number, kind, name, protocols, _, file = node
    methods = {method: PROTOCOLS[method] for method in PROTOCOLS if method in protocols}
    if "__next__" in methods:
        methods["__iter__"] = _itself
    if "__getitem__" in methods:
        methods["__setitem__"] = _setitem
    if kind in ("class", "generator"):
        methods["__class__"] = property(lambda self: POSES[kind])
    shape = type("".join(c for c in name if c.isidentifier() or c.isdigit()) or "object", (Proxy,), methods)
    return shape(request, number, kind, name, signature, file)
