"""What students and graders see of a graded notebook: what happened, but nothing of the hidden tests."""

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
    """The scores and comments that a page of feedback shows, by the `grade_id` of the cell."""

    scores: dict[str, float]
    comments: dict[str, str | None]
    penalty: float = 0.0  # points, for a late submission
    waiting: tuple[str, ...] = ()  # the cells that a person has yet to read

    def digest(self) -> str:
        """The same text for the same content, to tell whether a page is still true."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def hide_tests(notebook: NotebookNode) -> NotebookNode:
    """A copy whose test cells are as they were handed out, and whose failures show no line of a test.

    Of a failure in a test cell the message is left, and the traceback of the student's own code. Outputs that could act
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
    said = output.evalue if output.ename == CheckFailed.__name__ else f"{output.ename}: {output.evalue}"
    own = [part for part in output.traceback if part.startswith(OWN_TRACEBACK)]
    return NotebookNode(output, traceback=[*said.splitlines(), *own])
