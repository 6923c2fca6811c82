"""An IPython shell without a front end, which turns what cells show into a notebook's outputs."""

import base64
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

from bngrader.engine.errors import text_of
from bngrader.engine.sandbox import limit_messages

Output = dict[str, Any]
FLUSH_SECONDS, FLUSH_CHARACTERS = 0.05, 8192
UNBUFFERED_LINES = 200  # sent at once, so that they are seen even if the process is killed right after


class _Publisher(DisplayPublisher):
    def publish(self, data: Any, metadata: Any = None, *args: Any, **kwargs: Any) -> None:
        self.shell.show("display_data", data, metadata)

    def clear_output(self, wait: bool = False) -> None:
        """Do nothing: what a cell has shown stays."""


class _Hook(DisplayHook):
    shell: Any

    def write_output_prompt(self) -> None:
        """Print nothing: the number is in the output."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.shell.show("execute_result", format_dict, md_dict)

    def finish_displayhook(self) -> None:
        """Flush nothing: nothing was printed."""


class _Stream:
    """A text file whose lines become stream outputs."""

    encoding, errors, closed = "utf-8", "replace", False

    def __init__(self, name: str, emit: Callable[[Output], None]) -> None:
        self.name, self._emit = name, emit
        self._held: list[str] = []
        self._size, self._flushed, self._lines = 0, 0.0, 0

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._held.append(text)
        self._size += len(text)
        self._lines += text.endswith("\n")
        if (text.endswith("\n") and self._lines <= UNBUFFERED_LINES) or self._due():
            self.flush()
        return len(text)

    def _due(self) -> bool:
        late = time.monotonic() - self._flushed > FLUSH_SECONDS
        return self._size > FLUSH_CHARACTERS or (late and self._lines > UNBUFFERED_LINES)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        text, self._held, self._size, self._flushed = "".join(self._held), [], 0, time.monotonic()
        if text:
            self._emit({"output_type": "stream", "name": self.name, "text": text})

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def fileno(self) -> int:
        return {"stdout": 1, "stderr": 2}[self.name]


class Shell(InteractiveShell):
    """IPython that hands each output to `emit`, as a notebook would store it."""

    displayhook_class = _Hook
    display_pub_class = _Publisher
    emit: Callable[[Output], None]
    failed = False  # whether the running cell has shown an error
    count = 0  # the number of the running cell

    def init_history(self) -> None:
        """Set up the history without its file, whose thread would make the zygote unfit to fork."""
        self.config.HistoryManager.enabled = False
        super().init_history()

    system = InteractiveShell.system_raw  # `!command` without a pseudo-terminal

    def init_io(self) -> None:
        """Leave the streams alone: `run` replaces them for each cell."""

    def enable_gui(self, gui: Any = None) -> None:
        """Start no event loop: `%matplotlib inline` needs none."""

    def ask_exit(self) -> None:
        """Ignore `exit` and `quit`."""

    def start_again(self) -> None:
        """Forget the cells that have run, and the names that they defined."""
        self.reset(new_session=True)
        self.execution_count = 1

    def show(self, kind: str, data: Any, metadata: Any) -> None:
        """Emit a result or a figure."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        plain = {mime: base64.b64encode(v).decode() if isinstance(v, bytes) else v for mime, v in data.items()}
        output: Output = {"output_type": kind, "data": plain, "metadata": dict(metadata or {})}
        if kind == "execute_result":
            output["execution_count"] = self.count
        self.emit(output)

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        if note := limit_messages.note(evalue):
            stb = [*stb, note]
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self.failed = True
        self.emit({"output_type": "error", "ename": _name(etype), "evalue": text_of(evalue), "traceback": list(stb)})

    def run(self, source: str, emit: Callable[[Output], None]) -> ExecutionResult:
        """Run one cell, emit its outputs, and return its result."""
        self.emit, self.failed, self.count = emit, False, self.execution_count
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Stream("stdout", emit), _Stream("stderr", emit)
        try:
            return self.run_cell(source, store_history=True)
        finally:
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, _Stream):
                    stream.flush()
            sys.stdout, sys.stderr = before


def _name(etype: Any) -> str:
    return str(getattr(etype, "__name__", etype))


def make_shell() -> Shell:
    """Make the process's shell, which shows matplotlib's figures as PNG."""
    warnings.filterwarnings("ignore", "To exit: use")  # IPython's advice after SystemExit
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    return Shell.instance()
