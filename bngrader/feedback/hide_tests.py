"""Graded notebooks for students and graders: with the results, but without the hidden tests."""

import hashlib
import json
from dataclasses import asdict, dataclass

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from bngrader.authoring.notebooks import released
from bngrader.check import CheckFailed
from bngrader.engine.errors import OWN_TRACEBACK
from bngrader.feedback.safe_html import harmless


@dataclass(frozen=True)
class Shown:
    """The scores and comments that a feedback page shows, by the `grade_id` of the cell."""

    scores: dict[str, float]
    comments: dict[str, str | None]
    penalty: float = 0.0  # points, for a late submission
    waiting: tuple[str, ...] = ()  # the cells that a person has yet to read

    def digest(self) -> str:
        """Return a short text that changes with the content, to tell whether a page is up to date."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def hide_tests(notebook: NotebookNode) -> NotebookNode:
    """Copy a notebook, with the test cells as they were handed out, and without a line of a test in any failure.

    A failure in a test cell keeps its message and the traceback of the student's own code. Outputs that could run code
    in a browser are left out.
    """
    shown = released(notebook)
    for cell in shown.cells:
        if is_grade(cell) and not is_solution(cell) and cell.cell_type == "code":
            cell.outputs = [_without_frames(output) for output in cell.outputs]
        if cell.cell_type == "code":
            cell.outputs = harmless(cell.outputs)
    return shown


def _without_frames(output: NotebookNode) -> NotebookNode:
    if output.output_type != "error":
        return output
    message = output.evalue if output.ename == CheckFailed.__name__ else f"{output.ename}: {output.evalue}"
    own = [part for part in output.traceback if part.startswith(OWN_TRACEBACK)]
    return NotebookNode(output, traceback=[*message.splitlines(), *own])
