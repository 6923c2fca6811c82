"""What the judge may ask of the student's objects."""

import copy
import sys
from typing import Any


def _get(side: Any, request: dict[str, Any]) -> Any:
    return side.shell.user_ns[request["name"]]


def _call(side: Any, request: dict[str, Any], args: Any) -> Any:
    positional, named = args
    return side.objects[request["object"]](*positional, **named)


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
    """The next item in a list, or an empty list at the end."""
    for item in side.objects[request["object"]]:
        return [item]
    return []


def _isinstance(side: Any, request: dict[str, Any], value: Any) -> bool:
    return isinstance(value, side.objects[request["object"]])


def _copy(side: Any, request: dict[str, Any]) -> Any:
    return (copy.deepcopy if request["deep"] else copy.copy)(side.objects[request["object"]])


def _gradients(side: Any, request: dict[str, Any], grad: Any) -> list[Any]:
    """The gradients of a tensor that a call returned, for the tensors that the call was given."""
    torch = sys.modules["torch"]
    inputs = side.calls[request["call"]]
    output = side.objects[request["object"]]
    return list(torch.autograd.grad(output, inputs, grad, retain_graph=True, allow_unused=True))


OPERATIONS = {
    "get": _get,
    "call": _call,
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
