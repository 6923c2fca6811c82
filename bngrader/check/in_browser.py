"""Checks of answers in the book's pages, without a notebook, by the assignment's own test cells and hints.

This runs in the reader's browser, in Python compiled to WebAssembly, and needs only NumPy and the standard library.
"""

import builtins
import linecache
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field
from io import StringIO
from typing import Any

from bngrader.check import CheckFailed
from bngrader.check.call_log import last_calls
from bngrader.check.messages import claim_in, facts_in, hints_in

MODULES = {"numpy", "bngrader", *sys.stdlib_module_names}  # what answers may import
MAX_OUTPUT_CHARACTERS = 20_000  # an answer that prints in a loop must not fill the page


@dataclass
class Verdict:
    """The result of a test, or of running an answer.

    `message` is the test's claim, or the error's last line; `traceback` shows only the lines of the answers.
    """

    name: str
    passed: bool = True
    message: str = ""
    hints: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    traceback: str = ""
    output: str = ""


class Output(StringIO):
    """Collects printed text, up to as much as a page can show."""

    def write(self, text: str) -> int:
        """Keep the text, or the part of it that still fits."""
        super().write(text[: max(0, MAX_OUTPUT_CHARACTERS - self.tell())])
        return len(text)

    def text(self) -> str:
        """Return the collected text."""
        note = f"\n... (only the first {MAX_OUTPUT_CHARACTERS:,} characters are shown)"
        return self.getvalue() + (note if self.tell() >= MAX_OUTPUT_CHARACTERS else "")


def check(
    answers: Mapping[str, str],
    tests: Iterable[Mapping[str, Any]],
    *,
    setup: str = "",
    tell: Callable[[dict[str, Any]], object] = lambda verdict: None,
) -> list[dict[str, Any]]:
    """Run answers (sources by function name) and then tests (each a `name` and a `source`) in one namespace.

    `setup`, the notebook's cell of imports, runs first. Answers may import NumPy, the standard library and
    `bngrader.check`, as where they are graded. Each verdict is passed to `tell` as soon as it is reached.

    Returns the verdicts as dicts: only the answer's if an answer raises an error, else the tests'.
    """
    namespace = {"__name__": "__main__", "__builtins__": _with_checked_imports()}
    exec(compile(setup, "<setup>", "exec"), namespace)
    verdicts: list[dict[str, Any]] = []

    def reached(verdict: Verdict) -> None:
        verdicts.append(asdict(verdict))
        tell(verdicts[-1])

    for name, source in answers.items():
        verdict = _run(name, source, namespace, {f"{name}.py": source})
        if not verdict.passed:
            tell(asdict(verdict))
            return [asdict(verdict)]
        if verdict.output:
            reached(verdict)
    sources = {f"{name}.py": source for name, source in answers.items()}
    for test in tests:
        reached(_run(test["name"], test["source"], namespace, sources))
    return verdicts


def _with_checked_imports() -> dict[str, Any]:
    """Return the built-in functions, with an `import` that refuses what an answer may not use."""

    def checked(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if (globals or {}).get("__name__") == "__main__" and name.partition(".")[0] not in MODULES:
            raise ImportError(
                f"{name} is not available: an answer may use only NumPy and the standard library", name=name
            )
        return __import__(name, globals, locals, fromlist, level)

    return vars(builtins) | {"__import__": checked}


def _run(name: str, source: str, namespace: dict[str, Any], answers: dict[str, str]) -> Verdict:
    """Run a source as a separate file; linecache gets the answers, so that tracebacks can show their lines."""
    file, last_calls.cell = f"{name}.py", ""  # forget the calls of an earlier check, whose files had the same names
    for known, text in (answers | {file: source}).items():
        linecache.cache[known] = (len(text), None, text.splitlines(keepends=True), known)
    printed, verdict = Output(), Verdict(name)
    with redirect_stdout(printed), redirect_stderr(printed), warnings.catch_warnings():
        try:
            exec(compile(source, file, "exec"), namespace)
        except BaseException as error:  # SystemExit too: no answer may end the page's Python
            _explain(verdict, error, answers)
    verdict.output = printed.text()
    return verdict


def _explain(verdict: Verdict, error: BaseException, answers: dict[str, str]) -> None:
    """Write an error into the verdict; a failed check has its own message, and may be caused by a student's error."""
    verdict.passed = False
    if isinstance(error, CheckFailed):
        first, *verdict.hints = hints_in(str(error))
        verdict.message = claim_in(first)  # the page has its own word for a failure
        verdict.facts = facts_in(str(error))
        if error.__cause__ is None or isinstance(error.__cause__, NotImplementedError):
            return
        error = error.__cause__
    elif isinstance(error, NotImplementedError):
        verdict.message = f"{verdict.name} is not written yet"
    else:
        verdict.message = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    shown = traceback.TracebackException.from_exception(error, limit=-50)
    shown.stack[:] = [frame for frame in shown.stack if frame.filename in answers]
    verdict.traceback = "".join(shown.format(chain=False)).strip()
