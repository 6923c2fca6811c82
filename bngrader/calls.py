"""Which of the student's functions the cell at work called, and how: what a failed check needs to know."""

import inspect
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

import numpy as np

from bngrader.hints import Call, Explanation, explain
from bngrader.mistakes import known

Function = Callable[..., Any]


@dataclass
class LastCalls:
    """The student's function that the cell at work called last, and its last calls: `close` sees results alone."""

    name: str | None = None
    names: dict[str, Any] = field(default_factory=dict)
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=4))
    cell: str = ""

    def remember(self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note a call of a function that students write; a call of anything else, such as its result, is ignored."""
        name, frame = name_of(function), _callers_frame()
        if known(name):
            if (name, frame.f_code.co_filename) != (self.name, self.cell):
                self.calls.clear()
            self.name, self.names, self.cell = name, frame.f_globals, frame.f_code.co_filename
            self.calls.append((args, kwargs))

    def explain(self, facets: set[str]) -> Explanation:
        """What can be said of that function, if the cell at work called one, by a check that looked at `facets`."""
        if self.name is None or _callers_frame().f_code.co_filename != self.cell:
            return Explanation()
        return explain(self.name, self.names.get, list(self.calls), facets)


last_calls = LastCalls()


def copied(value: Any) -> Any:
    """A copy of an array, so that a function that changes its argument fails one check and not all.

    A read-only array is passed as it is, and so is a view with gaps: a copy would lose what it tests.
    """
    plain = isinstance(value, np.ndarray) and value.flags.writeable and value.flags.forc
    return value.copy(order="K") if plain else value


def _callers_frame() -> FrameType:
    """The frame of the notebook's cell, or of the test, that called a check."""
    frame = sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith(("bngrader.", "contextlib")):
        frame = frame.f_back
    return frame


def name_of(function: Function) -> str:
    """What the notebook calls a function; a function of another's making may have another name, or none."""
    if isinstance(function, partial):
        return name_of(function.func)
    names = _callers_frame().f_globals
    bound = [name for name, value in names.items() if value is function and not name.startswith("_")]
    own = getattr(function, "__name__", None)
    return [*filter(known, bound), *([own] if own else bound), "your function"][0]


def named(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by the names that the function gives them."""
    try:
        names = list(inspect.signature(function).parameters)[: len(args)]
    except (TypeError, ValueError):
        names = []
    names += [f"argument {i + 1}" for i in range(len(names), len(args))]
    return dict(zip(names, args, strict=True)) | kwargs
