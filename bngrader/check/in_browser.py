"""Check an answer where there is no notebook: in the book's pages, with the test cells and the hints of the assignment.

It runs in Python compiled to WebAssembly, in the reader's browser. NumPy and the standard library only.
"""

import builtins
import linecache
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field
from io import StringIO
from typing import Any

from bngrader.check import CheckFailed
from bngrader.check.call_log import last_calls
from bngrader.check.messages import claim_in, facts_in, hints_in

MOST_OUTPUT = 20_000  # characters of what an answer prints


@dataclass
class Verdict:
    """What came of a test, or of running the answers themselves.

    `said` is in the test's words, or the error's last line; `traceback` has the lines of the answers alone.
    """

    name: str
    passed: bool = True
    said: str = ""
    hints: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    traceback: str = ""
    output: str = ""


class Output(StringIO):
    """Takes what is printed, and no more than a page can show."""

    def write(self, text: str) -> int:
        """Keep the text, or the part of it that there is room for."""
        super().write(text[: max(0, MOST_OUTPUT - self.tell())])
        return len(text)

    def text(self) -> str:
        """What was printed."""
        full = self.tell() >= MOST_OUTPUT
        return self.getvalue() + (f"\n... (only the first {MOST_OUTPUT:,} characters are shown)" if full else "")


def check(
    answers: Mapping[str, str],
    tests: Iterable[Mapping[str, Any]],
    *,
    setup: str = "",
    forbidden: Sequence[str] = (),
    tell: Callable[[dict[str, Any]], object] = lambda verdict: None,
) -> list[dict[str, Any]]:
    """Run answers, sources of functions by name, and then tests, each a `name` and a `source`, in one namespace.

    `setup` is run first: what the notebook's cell of imports gives. Of what is `forbidden`, by dotted names, an import
    fails. `tell` is given each verdict as it is reached.

    Returns the verdicts, as dicts: of the answers alone where one of them raises an error, else of the tests.
    """
    namespace = {"__name__": "__main__", "__builtins__": _without(forbidden)}
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


def _without(forbidden: Sequence[str]) -> dict[str, Any]:
    """The built-in functions, with an `import` that refuses what an assignment forbids."""

    def checked(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        for full in (name, *(f"{name}.{part}" for part in fromlist or ())):
            for refused in forbidden:
                if (globals or {}).get("__name__") == "__main__" and f"{full}.".startswith(f"{refused}."):
                    raise ImportError(f"{refused} is forbidden in this assignment", name=refused)
        return __import__(name, globals, locals, fromlist, level)

    return vars(builtins) | {"__import__": checked}


def _run(name: str, source: str, namespace: dict[str, Any], answers: dict[str, str]) -> Verdict:
    """Run some source as a file of its own; the answers are kept by file, for tracebacks."""
    file, last_calls.cell = f"{name}.py", ""  # the calls of a check before are not this one's
    for known, text in (answers | {file: source}).items():
        linecache.cache[known] = (len(text), None, text.splitlines(keepends=True), known)
    printed, verdict = Output(), Verdict(name)
    with redirect_stdout(printed), redirect_stderr(printed), warnings.catch_warnings():
        try:
            exec(compile(source, file, "exec"), namespace)
        except BaseException as error:  # SystemExit too: nothing that an answer raises ends the page's Python
            _explain(verdict, error, answers)
    verdict.output = printed.text()
    return verdict


def _explain(verdict: Verdict, error: BaseException, answers: dict[str, str]) -> None:
    """Say in the verdict what an error says: a failed check has words of its own, and may have a student's error."""
    verdict.passed = False
    if isinstance(error, CheckFailed):
        first, *verdict.hints = hints_in(str(error))
        verdict.said = claim_in(first)  # the page has its own word for a failure
        verdict.facts = facts_in(str(error))
        if error.__cause__ is None or isinstance(error.__cause__, NotImplementedError):
            return
        error = error.__cause__
    elif isinstance(error, NotImplementedError):
        verdict.said = f"{verdict.name} is not written yet"
    else:
        verdict.said = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    shown = traceback.TracebackException.from_exception(error, limit=-50)
    shown.stack[:] = [frame for frame in shown.stack if frame.filename in answers]
    verdict.traceback = "".join(shown.format(chain=False)).strip()
