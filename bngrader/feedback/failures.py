"""The first line of each failure in a graded cell, for the gradebook's comments, feedback and reports."""

import re

from nbconvert.filters import strip_ansi
from nbformat import NotebookNode

from bngrader.check import CheckFailed, hints_in
from bngrader.course.names import readable
from bngrader.engine.errors import LimitReached

NOT_ALLOWED = re.compile(r"The answer used \S+, but it may use only .*\.")
LIMIT = re.compile(f"{LimitReached.__name__}: (.*)")


def hints(cell: NotebookNode) -> list[str]:
    """Return the first lines of each failure in a cell: the failed claim, and the hints on the mistake."""
    errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
    return [readable(line) for error in errors for line in _headlines(error)]


def _headlines(error: NotebookNode) -> list[str]:
    text = strip_ansi(error.evalue).strip()
    if not text:
        return [str(error.ename)]
    if error.ename != CheckFailed.__name__:
        return [f"{error.ename}: {text.splitlines()[0]}", *NOT_ALLOWED.findall(text)]
    limit = LIMIT.search(text)  # if a call hit a limit, that explains more than the claim
    return [*([limit[1]] if limit else hints_in(text)), *NOT_ALLOWED.findall(text)]
