"""On the judge's side: exceptions of the student's code, rebuilt with the student's lines in their traceback."""

import builtins
import linecache
import re
import traceback
import warnings
from types import TracebackType
from typing import Any

import numpy as np

from bngrader.engine.errors import ProtocolError, StudentError

NOT_RAISED = (StopIteration, StopAsyncIteration, GeneratorExit, KeyboardInterrupt, BaseExceptionGroup)
KNOWN: dict[str, type[BaseException]] = {
    name: kind
    for name, kind in [*vars(builtins).items(), *vars(np.exceptions).items(), *vars(np.linalg).items()]
    if isinstance(kind, type) and issubclass(kind, BaseException) and not issubclass(kind, NOT_RAISED)
}
MAX_FRAMES = 20
MAX_TEXT_CHARACTERS = 4000
MAX_TYPES, MAX_ARGUMENTS, MAX_WARNINGS = 20, 3, 20  # the honest side sends no more


def remember_source(file: str, source: str) -> None:
    """Let tracebacks show the lines of one of the student's cells."""
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)


def _lines(file: str) -> int:
    return len(linecache.getlines(file))


def make_error(description: Any, files: set[str]) -> BaseException:
    """Make the exception that the student's side describes; `files` are the names of the student's cells.

    Raises ProtocolError if the description is malformed.
    """
    if not isinstance(description, dict) or not isinstance(description.get("types"), list):
        raise ProtocolError("the description of an exception is malformed")
    names = [re.sub(r"\W", "", str(name)[:60]) for name in description["types"][:MAX_TYPES]] or ["Exception"]
    text = str(description.get("text", ""))[:MAX_TEXT_CHARACTERS]
    arguments: Any = description.get("args")
    if not description.get("whole") or not _are_few_scalars(arguments):
        arguments = [text]
    arguments = [a[:MAX_TEXT_CHARACTERS] if isinstance(a, str) else a for a in arguments]
    error = _make(names, text, arguments)
    frames = [frame for frame in description.get("frames", [])[-MAX_FRAMES:] if _is_in_a_cell(frame, files)]
    error = _raised_in(error, frames)
    if frames:
        own[id(error)] = error, "".join(traceback.format_exception(error, chain=False)), _last_line(*frames[-1][:2])
    return error


def _are_few_scalars(arguments: Any) -> bool:
    plain = str, int, float, type(None)
    return (
        isinstance(arguments, list) and len(arguments) <= MAX_ARGUMENTS and all(isinstance(a, plain) for a in arguments)
    )


# The text of each error's own traceback, and of its last line only, while its cell runs.
own: dict[int, tuple[BaseException, str, str]] = {}


def own_traceback(error: BaseException | None, *, only_last_line: bool = False) -> str | None:
    """Return the traceback within the student's code of an error, or of the error that caused it.

    With `only_last_line` it holds nothing that the student's code could choose while it ran, but for the line.
    """
    for _ in range(20):
        if error is None or id(error) in own:
            break
        error = error.__cause__ or error.__context__
    _, whole, last_line = own.get(id(error), (None, None, None))
    return last_line if only_last_line else whole


def _last_line(file: str, line: int) -> str:
    return f'File "{file}", line {line}\n    {linecache.getline(file, line).strip()}'


def _make(names: list[str], text: str, arguments: Any) -> BaseException:
    base = next((KNOWN[name] for name in names if name in KNOWN), Exception)
    try:
        if names[0] in KNOWN:
            return base(*arguments)
        bases = (StudentError,) if base in (Exception, BaseException) else (StudentError, base)
        return type(names[0] or "Error", bases, {})(*arguments)
    except Exception:
        return StudentError(f"{names[0]}: {text}")


def _is_in_a_cell(frame: Any, files: set[str]) -> bool:
    if not (isinstance(frame, list) and len(frame) == 3 and isinstance(frame[0], str) and type(frame[1]) is int):
        return False
    return frame[0] in files and 0 < frame[1] <= _lines(frame[0])


def _raised_in(error: BaseException, frames: list[Any]) -> BaseException:
    """Give an exception a traceback through the student's lines that it came through."""
    steps: TracebackType | None = None
    for file, line, name in reversed(frames):
        step = _step(file, line, str(name)[:80])
        steps = TracebackType(steps, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return error.with_traceback(steps)


def _step(file: str, line: int, name: str) -> TracebackType:
    """Make a traceback of one frame, in a given line of a file.

    Python makes frames only by running code, so this runs a file of empty lines that raises in that line.
    """
    code = compile("\n" * (line - 1) + "raise RuntimeError", file, "exec").replace(co_name=name, co_qualname=name)
    step = None
    try:
        exec(code, {})
    except RuntimeError as raised:
        step = raised.__traceback__ and raised.__traceback__.tb_next
    assert step is not None
    return step


def read_warnings(received: Any) -> list[tuple[str, type[Warning]]]:
    """Return the text and the category of each warning of the student's code."""
    read = []
    for name, text in list(received or [])[:MAX_WARNINGS]:
        kind = getattr(builtins, str(name), None) or getattr(np.exceptions, str(name), None)
        category = kind if isinstance(kind, type) and issubclass(kind, Warning) else UserWarning
        read.append((str(text)[:MAX_TEXT_CHARACTERS], category))
    return read


def warn(caught: list[tuple[str, type[Warning]]]) -> None:
    """Warn again, at the line of the test that called the student's code."""
    for text, category in caught:
        warnings.warn(text, category, stacklevel=5)  # warn, request, _ask, the proxy's method, the test
