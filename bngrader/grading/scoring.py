"""The score of an executed cell: nbgrader's rules, but for their faults."""

import re
from typing import Any

from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbgrader.preprocessors import SaveAutoGrades
from nbgrader.utils import is_solution

from bngrader.check import CheckFailed, hints_in
from bngrader.engine.errors import LimitReached
from bngrader.submissions.written_answers import is_answered, is_nearby

NUMBER = re.compile(r"(?:np\.float\d+\()?([^()]+)\)?")  # NumPy 2 shows its numbers as np.float64(1.5)
FORBIDDEN = re.compile(r"The notebook used \S+, which this assignment forbids\.")
LIMIT = re.compile(f"{LimitReached.__name__}: (.*)")
NO_ANSWER = "No response."  # nbgrader's own words
ANSWERED_NEARBY = "This cell is empty. The text near it is read instead."


def score(cell: NotebookNode) -> float | None:
    """The points of a graded cell, or None where a person has to read it.

    An answer in words that is empty, or as it was handed out, has 0, unless there is text near it. A test cell has 0
    if it never ran or ended in an error; if its last line shows a number, those points, and 0 where that is not between
    0 and the maximum; and otherwise all points. What it printed, and warnings, do not count.
    """
    if is_solution(cell):
        return None if is_answered(cell) or is_nearby(cell) else 0.0
    if cell.cell_type != "code":
        return None
    ran = cell.execution_count is not None or cell.outputs
    if not ran or any(output.output_type == "error" for output in cell.outputs):
        return 0.0
    points = float(cell.metadata.nbgrader.points)
    shown = [output.data.get("text/plain") for output in cell.outputs if output.output_type == "execute_result"]
    credit = _number(shown[-1]) if shown else None
    if credit is None:
        return points
    return credit if 0 <= credit <= points else 0.0  # nan is not between them either


def _number(shown: Any) -> float | None:
    """The number that a cell shows as its result, or None if it shows something else."""
    matched = NUMBER.fullmatch(shown.strip()) if isinstance(shown, str) else None
    try:
        return float(matched[1]) if matched else None
    except ValueError:
        return None


def auto_comment(cell: NotebookNode) -> str | None:
    """What nbgrader notes by itself about a cell that the student fills in."""
    if is_answered(cell):
        return None
    return ANSWERED_NEARBY if is_nearby(cell) else NO_ANSWER


def hints(cell: NotebookNode) -> list[str]:
    """What each failure in a cell says first: the claim that broke, and what is known of the mistake."""
    errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
    return [line for error in errors for line in _headlines(error)]


def _headlines(error: NotebookNode) -> list[str]:
    text = strip_ansi(error.evalue).strip()
    if not text:
        return [str(error.ename)]
    if error.ename != CheckFailed.__name__:
        return [f"{error.ename}: {text.splitlines()[0]}", *FORBIDDEN.findall(text)]
    limit = LIMIT.search(text)  # that a call ran into one says more than that it failed
    return [*([limit[1]] if limit else hints_in(text)), *FORBIDDEN.findall(text)]


class SaveScores(SaveAutoGrades):
    """nbgrader's step that writes the scores into the gradebook, with the rules of this module.

    It writes all of them or none: half of the scores would look like a grade.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Write the scores of `nb`."""
        self._last = len(nb.cells) - 1
        written: tuple[NotebookNode, dict[str, Any]] = super().preprocess(nb, resources)
        return written

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Write the score of a cell, and keep all with the last one."""
        written: tuple[NotebookNode, dict[str, Any]] = super().preprocess_cell(cell, resources, cell_index)
        if cell_index == self._last:
            self.gradebook.db.commit()
        return written

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        place = (self.notebook_id, self.assignment_id, self.student_id)
        grade = self.gradebook.find_grade(cell.metadata.nbgrader.grade_id, *place)
        grade.auto_score = score(cell)
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None

    def _add_comment(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        place = (self.notebook_id, self.assignment_id, self.student_id)
        self.gradebook.find_comment(cell.metadata.nbgrader.grade_id, *place).auto_comment = auto_comment(cell)
