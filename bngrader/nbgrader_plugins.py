"""All classes that `nbgrader_config.py` names: steps that make nbgrader's own commands work as bngrader does."""

import os
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.api import GradeCell, MissingEntry, SolutionCell, SourceCell, TaskCell
from nbgrader.preprocessors import Execute, NbGraderPreprocessor, SaveAutoGrades, SaveCells

from bngrader.authoring.notebooks import gradable, read_solution
from bngrader.course.folders import CourseError, database_files, find_repository, require_assignment
from bngrader.course.hidden_seed import class_seed, submission_seed
from bngrader.engine.execute import execute
from bngrader.engine.settings import Engine
from bngrader.feedback.hide_tests import hide_tests
from bngrader.gradebook.revision import REVISED, revise
from bngrader.grading.extra_files import rename_harmless
from bngrader.grading.scoring import auto_comment, score
from bngrader.submissions.repair import restore


class ReviseCells(SaveCells):
    """nbgrader's step that writes an assignment's cells into the gradebook, even if there are submissions already."""

    def _create_notebook(self, nb: NotebookNode) -> None:
        try:
            notebook = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        except MissingEntry:
            notebook = None
        if notebook is not None and notebook.submissions:
            wanted = {
                GradeCell: self.new_grade_cells,
                SolutionCell: self.new_solution_cells,
                TaskCell: self.new_task_cells,
                SourceCell: self.new_source_cells,
            }
            changes = revise(self.gradebook.db, notebook, wanted)
            if changes:
                self.log.warning("%s: %s", REVISED, "; ".join(changes))
        super()._create_notebook(nb)


class HarmlessNames(NbGraderPreprocessor):
    """A step of `nbgrader autograde` that renames the files copied to autograded/ as `bngrader grade` does."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Rename the files in the folder of the notebook that is being graded; the notebook stays as it is."""
        course, names = self.parent.parent.coursedir, resources["nbgrader"]
        place = Path(course.format_path(course.autograded_directory, names["student"], names["assignment"]))
        rename_harmless(place)
        return nb, resources


class Repair(NbGraderPreprocessor):
    """A step of `nbgrader autograde` that restores the assignment's cells and metadata around the answers."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Repair `nb`, using the source notebook of the assignment that is being graded."""
        place, folder = resources["nbgrader"], self.parent.parent.coursedir
        source = Path(folder.format_path(folder.source_directory, ".", place["assignment"]))
        solution = nbformat.read(source / f"{place['notebook']}.ipynb", as_version=4)
        return restore(nb, gradable(solution))[0], resources


class ExecuteSandboxed(Execute):
    """nbgrader's step that runs the notebook: answers in a sandbox, tests in a judge, with the limits of `c.Engine`."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any], km: Any = None
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Run the notebook in place; the working folder is the class's, as nbgrader sets it.

        Raises CourseError if the class's secret seed cannot be read.
        """
        engine = Engine(parent=self)
        place = resources.get("nbgrader", {})
        database = database_files(place.get("db_url"))
        engine.private = [*engine.private, os.getcwd(), *database]
        if "student" in place:
            root = Path(self.parent.parent.coursedir.root)
            seed = class_seed(root, engine.hidden_seed)
            engine.hidden_seed = submission_seed(seed, place["assignment"], place["student"])
            engine.private = [*engine.private, str(root.resolve())]
        execute(nb, engine)
        return nb, resources


class SaveScores(SaveAutoGrades):
    """nbgrader's step that writes the scores into the gradebook, by the rules of `bngrader.grading.scoring`.

    It writes all of them or none, since half of the scores would look like a grade.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Write the scores of `nb`."""
        self._last = len(nb.cells) - 1
        written: tuple[NotebookNode, dict[str, Any]] = super().preprocess(nb, resources)
        return written

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Write the score of a cell, and commit after the last one."""
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


class HideTests(NbGraderPreprocessor):
    """`hide_tests` as a step of nbgrader's autograder, after the scores are saved."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Replace the notebook that is written to autograded/."""
        return hide_tests(nb), resources


class ShowRubric(Preprocessor):
    """A step of formgrader's HTML exporter that shows the rubric and model answers above each answer in words.

    It changes nothing in pages for students, such as feedback.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Add the rubrics to a notebook that formgrader is about to show."""
        if "submission_id" in resources:  # only formgrader sets it
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
    """Return the text of each written cell of an assignment's solution, by grade_id."""
    try:
        repository = find_repository()
        require_assignment(repository, slug)
    except CourseError:  # the gradebook may have an assignment that no longer exists
        return {}
    cells = read_solution(repository / "solutions" / f"{slug}.py").cells
    return {cell.id: cell.source for cell in cells if cell.metadata.nbgrader.grade and cell.cell_type == "markdown"}
