"""Exceptions of the student's code, made anew on the judge's side, with the student's lines in their traceback."""

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


def remember_source(file: str, source: str) -> None:
    """Let tracebacks show the lines of a cell of the student's."""
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)


def _lines(file: str) -> int:
    return len(linecache.getlines(file))


def make_error(said: Any, files: set[str]) -> BaseException:
    """The exception that the student's side describes. `files` are the names of its cells."""
    if not isinstance(said, dict) or not isinstance(said.get("types"), list):
        raise ProtocolError("an exception is described wrongly")
    names = [re.sub(r"\W", "", str(name))[:60] for name in said["types"]] or ["Exception"]
    text = str(said.get("text", ""))
    arguments = said.get("args") if said.get("whole") and isinstance(said.get("args"), list) else [text]
    error = _make(names, text, arguments)
    frames = [frame for frame in said.get("frames", [])[-MAX_FRAMES:] if _is_ours(frame, files)]
    error = _raised_in(error, frames)
    if frames:
        own[id(error)] = error, "".join(traceback.format_exception(error, chain=False))
    return error


own: dict[int, tuple[BaseException, str]] = {}  # the text of each error's own traceback, while its cell runs


def own_traceback(error: BaseException | None) -> str | None:
    """The traceback within the student's code of an error, or of what caused it."""
    for _ in range(20):
        if error is None or id(error) in own:
            break
        error = error.__cause__ or error.__context__
    return own[id(error)][1] if error is not None and id(error) in own else None


def _make(names: list[str], text: str, arguments: Any) -> BaseException:
    base = next((KNOWN[name] for name in names if name in KNOWN), Exception)
    try:
        if names[0] in KNOWN:
            return base(*arguments)
        bases = (StudentError,) if base in (Exception, BaseException) else (StudentError, base)
        return type(names[0] or "Error", bases, {})(*arguments)
    except Exception:
        return StudentError(f"{names[0]}: {text}")


def _is_ours(frame: Any, files: set[str]) -> bool:
    if not (isinstance(frame, list) and len(frame) == 3 and isinstance(frame[0], str) and type(frame[1]) is int):
        return False
    return frame[0] in files and 0 < frame[1] <= _lines(frame[0])


def _raised_in(error: BaseException, frames: list[Any]) -> BaseException:
    """Give an exception a traceback through the lines of the student's that it came from."""
    steps: TracebackType | None = None
    for file, line, name in reversed(frames):
        step = _step(file, line, str(name)[:80])
        steps = TracebackType(steps, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return error.with_traceback(steps)


def _step(file: str, line: int, name: str) -> TracebackType:
    """A traceback of one frame, in the given line of a file."""
    code = compile("\n" * (line - 1) + "raise RuntimeError", file, "exec").replace(co_name=name, co_qualname=name)
    step = None
    try:
        exec(code, {})
    except RuntimeError as raised:
        step = raised.__traceback__ and raised.__traceback__.tb_next
    assert step is not None
    return step


def read_warnings(said: Any) -> list[tuple[str, type[Warning]]]:
    """The text and the category of each warning that the student's code gave."""
    read = []
    for name, text in said or []:
        kind = getattr(builtins, str(name), None) or getattr(np.exceptions, str(name), None)
        category = kind if isinstance(kind, type) and issubclass(kind, Warning) else UserWarning
        read.append((str(text)[:4000], category))
    return read


def warn(given: list[tuple[str, type[Warning]]]) -> None:
    """Warn as the student's code did."""
    for text, category in given:
        warnings.warn(text, category, stacklevel=5)
