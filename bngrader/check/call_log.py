"""Which of the student's functions the cell at work called, and how: what a failed check needs to know."""

import inspect
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from bngrader.check.hints import Explanation, explain
from bngrader.check.mistakes import known

Function = Callable[..., Any]
RECENT = 4  # calls, of which one may be the one that failed


@dataclass(frozen=True)
class _Call:
    names: list[str]  # what the notebook calls the function
    notebook: dict[str, Any]  # all that the notebook has names for
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class LastCalls:
    """The calls that the cell at work has made: `close` sees results alone, and a hint needs the function."""

    def __init__(self) -> None:
        """Start with no cell."""
        self.cell = ""
        self.calls: deque[_Call] = deque(maxlen=100)

    def remember(self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note a call."""
        frame = _callers_frame()
        if frame.f_code.co_filename != self.cell:
            self.cell = frame.f_code.co_filename
            self.calls.clear()
        self.calls.append(_Call(_names(function, frame), frame.f_globals, args, kwargs))

    def explain(self, facets: set[str]) -> Explanation:
        """What can be said of the function that was called last, by a check that looked at `facets`.

        What is not known by its name is passed over: it may be what a known function or class returned.
        """
        if _callers_frame().f_code.co_filename != self.cell:
            return Explanation()
        for call in reversed(self.calls):
            if name := next(filter(known, call.names), None):
                calls = [(c.args, c.kwargs) for c in self.calls if name in c.names]
                return explain(name, call.notebook.get, calls[-RECENT:], facets)
        return Explanation()


last_calls = LastCalls()


def copied(value: Any) -> Any:
    """A copy of an array or a list, so that a function that changes its argument fails one check and not all.

    A read-only array is passed as it is, and so is a view with gaps: a copy would lose what it tests.
    """
    if type(value) is list:
        return [copied(item) for item in value]
    plain = isinstance(value, np.ndarray) and value.flags.writeable and value.flags.forc
    return value.copy(order="K") if plain else value


def _callers_frame() -> FrameType:
    """The frame of the notebook's cell, or of the test, that called a check."""
    frame = sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith(("bngrader.", "contextlib")):
        frame = frame.f_back
    return frame


def _names(function: Function, frame: FrameType) -> list[str]:
    """The names that a notebook has for a function; one of another's making may have another name itself, or none."""
    return [name for name, value in frame.f_globals.items() if value is function and not name.startswith("_")]


def name_of(function: Function) -> str:
    """What to call a function in a message."""
    own = getattr(function, "__name__", None)
    return [*([own] if own else _names(function, _callers_frame())), "your function"][0]


def named(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by the names that the function gives them."""
    try:
        names = list(inspect.signature(function).parameters)[: len(args)]
    except (TypeError, ValueError):
        names = []
    names += [f"argument {i + 1}" for i in range(len(names), len(args))]
    return dict(zip(names, args, strict=True)) | kwargs
