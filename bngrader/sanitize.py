"""A step of nbgrader's autograder: a submission's cells are what the gradebook says, whatever its metadata say."""

from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat import SCHEMA_VERSION
from nbgrader.preprocessors import NbGraderPreprocessor


class RestoreMetadata(NbGraderPreprocessor):
    """Make each cell's metadata anew from the gradebook.

    Points, tags and kinds that a student changed count for nothing. Of two cells with one id, as copy and paste makes
    them, the first keeps it. Either would stop nbgrader's own steps.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Replace the metadata of every cell of `nb`."""
        expected = _metadata_by_id(resources["nbgrader"])
        for cell in nb.cells:
            claimed = cell.metadata.get("nbgrader")
            grade_id = claimed.get("grade_id") if isinstance(claimed, dict) else None
            metadata = expected.pop(grade_id, None) if isinstance(grade_id, str) else None
            cell.metadata = NotebookNode(nbgrader=metadata) if metadata else NotebookNode()
        return nb, resources


def _metadata_by_id(place: dict[str, str]) -> dict[str, NotebookNode]:
    """The nbgrader metadata of each cell of the assignment, as they were when it was generated."""
    with Gradebook(place["db_url"]) as gradebook:
        notebook = gradebook.find_notebook(place["notebook"], place["assignment"])
        points = {cell.name: cell.max_score for cell in notebook.grade_cells}
        solutions = {cell.name for cell in notebook.solution_cells}
        return {
            cell.name: NotebookNode(
                schema_version=SCHEMA_VERSION,
                grade_id=cell.name,
                cell_type=cell.cell_type,
                checksum=cell.checksum,
                locked=cell.locked,
                grade=cell.name in points,
                solution=cell.name in solutions,
                task=False,
                **({"points": points[cell.name]} if cell.name in points else {}),
            )
            for cell in notebook.source_cells
        }
