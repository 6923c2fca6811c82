"""Log of the calls to students' functions that the running test cell made, so that a failed check can explain them.

A hint needs the student's function, but a check such as `close(got, want, claim)` only sees a result. Test cells should
read like plain Python and students run them by themselves, so nothing passes the function on. The log finds it:

1. `call` and the other checks that run a function `remember` it with its arguments.
2. The cell is found by walking up the stack from the check to the first frame outside this package. In a notebook each
   cell has its own file name, so calls from another file name start a new log.
3. The global variables of that frame are the notebook's names. The function is looked up there *by identity*, since
   its own `__name__` proves nothing: in grading it is a proxy for a function in another process.
4. When a check in the same cell fails, `explain` takes the last logged function that has known mistakes, and runs it
   beside the right answer (see `check.hints`). In another cell, the log explains nothing.
"""

import inspect
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import BuiltinFunctionType, FrameType, FunctionType
from typing import Any

from bngrader.check.hints import Explanation, explain
from bngrader.check.mistakes import known

Function = Callable[..., Any]
RECENT_CALLS = 4  # a failing check looks at the result of one of the last few calls
MAX_CALLS = 100


@dataclass(frozen=True)
class _Call:
    names: list[str]  # the notebook's names for the function
    notebook: dict[str, Any]  # the notebook's global variables
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class LastCalls:
    """The calls that the running cell has made."""

    def __init__(self) -> None:
        """Start without a cell."""
        self.cell = ""
        self.calls: deque[_Call] = deque(maxlen=MAX_CALLS)

    def remember(self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Log a call; the first call of another cell empties the log."""
        frame = _callers_frame()
        if frame.f_code.co_filename != self.cell:
            self.cell = frame.f_code.co_filename
            self.calls.clear()
        self.calls.append(_Call(_names(function, frame), frame.f_globals, args, kwargs))

    def explain(self, facets: set[str]) -> Explanation:
        """Explain the failure of a check that looked at `facets`, by the function that the cell called last.

        Functions without known mistakes are skipped: one may be what a known function or class returned.
        """
        if _callers_frame().f_code.co_filename != self.cell:
            return Explanation()
        for call in reversed(self.calls):
            if name := next(filter(known, call.names), None):
                calls = [(c.args, c.kwargs) for c in self.calls if name in c.names]
                return explain(name, call.notebook.get, calls[-RECENT_CALLS:], facets)
        return Explanation()


last_calls = LastCalls()


def _callers_frame() -> FrameType:
    """Return the frame of the notebook's cell, or of the test, that called a check."""
    frame = sys._getframe(1)
    # contextlib's frames lie between this package's own, where a check runs the function in a `with` block.
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith(("bngrader.", "contextlib")):
        frame = frame.f_back
    return frame


def _names(function: Function, frame: FrameType) -> list[str]:
    """List a notebook's names for a function; a decorated one, or a proxy, may have another `__name__` or none."""
    return [name for name, value in frame.f_globals.items() if value is function and not name.startswith("_")]


def name_of(function: Function) -> str:
    """Return a name for a function in a message: the notebook's, since the answer could choose another one."""
    own = [function.__name__] if type(function) in (FunctionType, BuiltinFunctionType, type) else []
    return [*_names(function, _callers_frame()), *own, "your function"][0]


def arguments_by_name(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments by the names of the function's parameters, to be shown.

    A signature may lie, so each argument gets its own name, whatever the signature says.
    """
    try:
        names = list(inspect.signature(function).parameters)[: len(args)]
    except (TypeError, ValueError):
        names = []
    names += [f"argument {i + 1}" for i in range(len(names), len(args))]
    names = [f"argument {i + 1}" if name in kwargs else name for i, name in enumerate(names)]
    return dict(zip(names, args, strict=True)) | kwargs
