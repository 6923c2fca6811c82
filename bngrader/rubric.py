"""Shows the person who grades in formgrader the rubric and the model answers of a written question."""

from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from bngrader.authoring.notebooks import read_solution
from bngrader.course.folders import CourseError, find_repository, require_assignment


class ShowRubric(Preprocessor):
    """A step of formgrader's HTML exporter: above each answer in words stands what the solution has in its cell.

    In what is made for students, such as feedback, it changes nothing.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Add the rubrics to a notebook that formgrader is about to show."""
        if "submission_id" in resources:  # only formgrader says whose notebook it is by its number
            rubrics = _rubrics(resources["assignment_id"])
            shown = []
            for cell in nb.cells:
                if text := rubrics.get(cell.metadata.get("nbgrader", {}).get("grade_id")):
                    shown.append(
                        new_markdown_cell(f"> **For whoever grades this**\n\n{text}\n\n> **The student's answer**")
                    )
                shown.append(cell)
            nb.cells = shown
        return nb, resources


def _rubrics(slug: str) -> dict[str, str]:
    """The text of each written cell of an assignment's solution, by grade_id."""
    try:
        repository = find_repository()
        require_assignment(repository, slug)
    except CourseError:  # an assignment that is no longer there
        return {}
    cells = read_solution(repository / "solutions" / f"{slug}.py").cells
    return {cell.id: cell.source for cell in cells if cell.metadata.nbgrader.grade and cell.cell_type == "markdown"}
