"""The score of an executed cell: nbgrader's rules, with their bugs fixed."""

import re
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_solution

from bngrader.submissions.written_answers import is_answered, is_nearby

NUMBER = re.compile(r"(?:np\.float\d+\()?([^()]+)\)?")  # NumPy 2 shows numbers as np.float64(1.5)
NO_ANSWER = "No response."  # nbgrader's own comment
ANSWERED_NEARBY = "This cell is empty. Your instructor reads the text near it instead."


def score(cell: NotebookNode) -> float | None:
    """Return the points of a graded cell, or None if a person has to read it.

    An answer in words scores 0 if it is empty or unchanged and there is no text near it. A test cell scores 0 if it
    never ran or ended with an error. If its last line shows a number, that is the score, or 0 if it is not between 0
    and the maximum. Otherwise it scores all points. Printed output and warnings do not count.
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
    return credit if 0 <= credit <= points else 0.0  # also for nan


def _number(shown: Any) -> float | None:
    """Return the number that a cell shows as its result, or None if it shows something else."""
    matched = NUMBER.fullmatch(shown.strip()) if isinstance(shown, str) else None
    try:
        return float(matched[1]) if matched else None
    except ValueError:
        return None


def auto_comment(cell: NotebookNode) -> str | None:
    """Return the automatic comment, which nbgrader stores, on a cell that students fill in."""
    if is_answered(cell):
        return None
    return ANSWERED_NEARBY if is_nearby(cell) else NO_ANSWER
