"""The score of an executed cell: nbgrader's rules, but for their faults."""

import re
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_solution

from bngrader.submissions.written_answers import is_answered, is_nearby

NUMBER = re.compile(r"(?:np\.float\d+\()?([^()]+)\)?")  # NumPy 2 shows its numbers as np.float64(1.5)
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
