"""The first step of `nbgrader autograde`: make the assignment's notebook of the submission."""

from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from bngrader.authoring.notebooks import gradable
from bngrader.submissions.repair import restore


class Repair(NbGraderPreprocessor):
    """Put the assignment's own cells and metadata back around the student's answers."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Repair `nb` by the source notebook of the assignment that is being graded."""
        place, folder = resources["nbgrader"], self.parent.parent.coursedir
        source = Path(folder.format_path(folder.source_directory, ".", place["assignment"]))
        solution = nbformat.read(source / f"{place['notebook']}.ipynb", as_version=4)
        return restore(nb, gradable(solution))[0], resources
