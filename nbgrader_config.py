"""nbgrader's configuration for this course: `nbgrader` commands and formgrader read it in this folder."""

from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, ClearOutput, LimitOutput, SaveCells

import bngrader.formgrader  # lets nothing in a submission act with the grader's rights
import bngrader.gradebook.database  # noqa: F401  (lets formgrader and bngrader use one gradebook at the same time)
from bngrader.authoring.notebooks import write_sources
from bngrader.course import put_tools_on_path
from bngrader.course.source_folder import source_folder
from bngrader.nbgrader_plugins import ExecuteSandboxed, HarmlessNames, HideTests, Repair, ReviseCells, SaveScores

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "batch-normalization"
# nbgrader's source notebooks are made from solutions/, and its release folder is exercises/.
c.CourseDirectory.source_directory = str(source_folder(Path(__file__).parent))
c.CourseDirectory.release_directory = "exercises"

# An assignment may change after submissions were graded, including its cells.
c.GenerateAssignment.preprocessors = [
    ReviseCells if step is SaveCells else step for step in GenerateAssignment().preprocessors
]
# `nbgrader autograde` and formgrader's button grade as `bngrader grade` does.
c.Autograde.sanitize_preprocessors = [HarmlessNames, ClearOutput, Repair, CheckCellMetadata]
c.Autograde.autograde_preprocessors = [
    ExecuteSandboxed,
    LimitOutput,
    SaveScores,
    AssignLatePenalties,
    HideTests,
    CheckCellMetadata,
]
# Nothing in a student's notebook can run in the browser of the person who reads it.
c.HTMLExporter.filters = {"markdown2html": "bngrader.feedback.safe_html.safe_markdown"}
c.GenerateFeedback.exporter_class = "bngrader.feedback.safe_html.SafeHTMLExporter"
# Formgrader shows the rubric above each answer in words.
c.HTMLExporter.preprocessors = ["bngrader.nbgrader_plugins.ShowRubric"]

put_tools_on_path()
write_sources(Path(__file__).parent)
