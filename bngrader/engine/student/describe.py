"""On the student's side: descriptions of what cannot be sent, such as objects, functions, signatures and exceptions.

The judge trusts none of them.
"""

import builtins
import inspect
import types
import warnings
from typing import Any

import numpy as np

from bngrader.engine.errors import text_of
from bngrader.engine.protocol.messages import ErrorDescription
from bngrader.engine.protocol.values import Packer
from bngrader.engine.sandbox import limit_messages

MAX_FRAMES = 20
MAX_TEXT_CHARACTERS = 4000
MAX_ARGUMENTS = 3  # of an exception
SCALARS = (str, int, float, bool, type(None))
PROTOCOLS = ("__len__", "__iter__", "__next__", "__getitem__", "__call__", "__contains__")


def describe(value: Any, number: int, packer: Packer) -> list[Any]:
    """Return the node of a handle: `["h", number, kind, name, protocols, signature, file]`."""
    kind = "class" if isinstance(value, type) else "object"
    if isinstance(value, types.GeneratorType):
        kind = "generator"
    elif callable(value) and kind == "object" and hasattr(value, "__name__"):
        kind = "function"
    named = value if kind in ("class", "function") else type(value)
    name = str(getattr(named, "__name__", "object"))[:80]
    has = [method for method in PROTOCOLS if callable(getattr(type(value), method, None))]
    signature = _signature(value, packer) if "__call__" in has else None
    return ["h", number, kind, name, has, signature, _file(value)]


def _file(value: Any) -> str | None:
    function = getattr(value, "__init__", None) if isinstance(value, type) else value
    code = getattr(inspect.unwrap(function) if callable(function) else function, "__code__", None)
    return getattr(code, "co_filename", None)


def _signature(value: Any, packer: Packer) -> list[Any] | None:
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[p.name, int(p.kind), p.default is not p.empty, _default(p.default, packer)] for p in parameters]


def _default(value: Any, packer: Packer) -> Any:
    plain = isinstance(value, SCALARS) or (isinstance(value, tuple) and all(isinstance(v, SCALARS) for v in value))
    return packer.pack(value) if plain else "..."


def describe_error(error: BaseException, own_file: str) -> ErrorDescription:
    """Describe an exception, without the frames of the engine's own file."""
    frames, step, note = [], error.__traceback__, limit_messages.note(error)
    while step is not None:
        code = step.tb_frame.f_code
        if code.co_filename != own_file:
            frames.append([code.co_filename, step.tb_lineno, code.co_name])
        step = step.tb_next
    plain = [a[:MAX_TEXT_CHARACTERS] if isinstance(a, str) else a for a in error.args if _is_plain(a)]
    return {
        "types": [kind.__name__ for kind in type(error).__mro__[:-2]][:MAX_FRAMES],
        "text": " ".join(filter(None, [text_of(error), note]))[:MAX_TEXT_CHARACTERS],
        "args": plain[:MAX_ARGUMENTS],
        "whole": note is None and len(error.args) == len(plain) <= MAX_ARGUMENTS,
        "frames": frames[-MAX_FRAMES:],
        "raised": getattr(error, "_judges_number", None),
    }


def _is_plain(argument: Any) -> bool:
    """Return whether an argument of an exception can be packed; msgpack has no integers of more than 64 bits."""
    return type(argument) in SCALARS and (type(argument) is not int or -(1 << 63) <= argument < 1 << 63)


def describe_warning(caught: warnings.WarningMessage) -> list[str]:
    """Return the name of a warning's category, and its text."""
    names = [kind.__name__ for kind in caught.category.__mro__]
    known = (n for n in names if hasattr(np.exceptions, n) or isinstance(getattr(builtins, n, None), type))
    return [next(known, "UserWarning"), str(caught.message)[:MAX_TEXT_CHARACTERS]]
