"""On the student's side: the operations that the judge may request on the student's objects."""

import copy
import functools
import marshal
import sys
from collections.abc import Callable
from typing import Any

import numpy as np


class DataSet(dict[str, Any]):
    """A dict whose keys are attributes too, like the data sets of scikit-learn."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def _give(side: Any, request: dict[str, Any], data: dict[str, Any], with_attributes: list[str]) -> None:
    """Give names to data that a locked cell made in the judge."""
    sets = {name: DataSet(data[name]) for name in with_attributes}
    side.shell.user_ns.update(data | sets)


def _get(side: Any, request: dict[str, Any]) -> Any:
    return side.shell.user_ns[request["name"]]


def _call(side: Any, request: dict[str, Any], args: Any) -> Any:
    positional, named = args
    return side.objects[request["object"]](*positional, **named)


def _forward(side: Any, request: dict[str, Any], args: Any) -> Any:
    """Call a module's `forward` without its hooks, which run on the judge's side if a test calls the module."""
    positional, named = args
    module = side.objects[request["object"]]
    if hasattr(module, "_initialize_hook"):  # a lazy module's own hook, which gives its parameters their shape
        module._infer_parameters(module, positional, named)
    return module.forward(*positional, **named)


def _make(side: Any, request: dict[str, Any], args: Any) -> Any:
    """Call a function of the test, given by its compiled code, with plain arguments."""
    space: dict[str, Any] = {"__name__": "test", "np": np, "torch": sys.modules.get("torch")}
    exec(marshal.loads(request.pop("code")), space)
    return space[request["name"]](*args)


def _getattr(side: Any, request: dict[str, Any]) -> Any:
    return getattr(side.objects[request["object"]], request["name"])


def _setattr(side: Any, request: dict[str, Any], value: Any) -> None:
    setattr(side.objects[request["object"]], request["name"], value)


def _delattr(side: Any, request: dict[str, Any]) -> None:
    delattr(side.objects[request["object"]], request["name"])


def _getitem(side: Any, request: dict[str, Any], key: Any) -> Any:
    return side.objects[request["object"]][key]


def _setitem(side: Any, request: dict[str, Any], key: Any, value: Any) -> None:
    side.objects[request["object"]][key] = value


def _contains(side: Any, request: dict[str, Any], value: Any) -> bool:
    return value in side.objects[request["object"]]


def _len(side: Any, request: dict[str, Any]) -> int:
    return len(side.objects[request["object"]])


def _iter(side: Any, request: dict[str, Any]) -> Any:
    return iter(side.objects[request["object"]])


def _next(side: Any, request: dict[str, Any]) -> list[Any]:
    """Return the next item in a list, or an empty list at the end."""
    for item in side.objects[request["object"]]:
        return [item]
    return []


def _isinstance(side: Any, request: dict[str, Any], value: Any) -> bool:
    return isinstance(value, side.objects[request["object"]])


def _copy(side: Any, request: dict[str, Any]) -> Any:
    return (copy.deepcopy if request["deep"] else copy.copy)(side.objects[request["object"]])


def _gradients(side: Any, request: dict[str, Any], grad: Any) -> list[Any]:
    """Return the gradients of a call's result with respect to its arguments and the given parameters."""
    own = [side.table.modules[number].get_parameter(name) for number, name in request["slots"]]
    inputs = [*side.calls[request["call"]], *own]
    output, torch = side.objects[request["object"]], sys.modules["torch"]
    # An input that an earlier call returned has its own graph, which the judge follows by another request: these
    # hooks note its gradient and stop there, so that nothing counts twice.
    noted: dict[int, Any] = {}
    stops = [t.register_hook(functools.partial(_stop, noted, id(t))) for t in inputs if t.grad_fn is not None]
    try:
        found = torch.autograd.grad(output, inputs, grad, retain_graph=True, allow_unused=True)
    finally:
        for stop in stops:
            stop.remove()
    return [noted.get(id(t)) if t.grad_fn is not None else g for t, g in zip(inputs, found, strict=True)]


def _stop(noted: dict[int, Any], key: int, grad: Any) -> Any:
    noted[key] = grad
    return grad * 0


OPERATIONS: dict[str, Callable[..., Any]] = {
    "give": _give,
    "get": _get,
    "call": _call,
    "forward": _forward,
    "make": _make,
    "getattr": _getattr,
    "setattr": _setattr,
    "delattr": _delattr,
    "getitem": _getitem,
    "setitem": _setitem,
    "contains": _contains,
    "len": _len,
    "iter": _iter,
    "next": _next,
    "isinstance": _isinstance,
    "copy": _copy,
    "gradients": _gradients,
}
