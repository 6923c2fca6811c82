"""nbgrader's configuration for this course: `nbgrader` commands and formgrader read it in this folder."""

from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, ClearOutput, LimitOutput, SaveCells

import bngrader.database  # opens gradebooks so that formgrader and bngrader can use one at the same time
import bngrader.formgrader  # noqa: F401  (lets nothing that students handed in act in formgrader)
from bngrader.beside import HarmlessNames
from bngrader.course import put_tools_on_path
from bngrader.engine.preprocessor import ExecuteSandboxed
from bngrader.feedback import HideTests
from bngrader.revision import ReviseCells
from bngrader.sanitize import Repair
from bngrader.scoring import SaveScores
from bngrader.source_folder import source_folder
from bngrader.sources import write_sources

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "batch-normalization"
# What nbgrader calls source is made from solutions/, and what it calls release is exercises/.
c.CourseDirectory.source_directory = str(source_folder(Path(__file__).parent))
c.CourseDirectory.release_directory = "exercises"

# An assignment can change, its cells too, after submissions were graded.
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
# What a student's notebook shows cannot act in the browser of the person who reads it.
c.HTMLExporter.filters = {"markdown2html": "bngrader.markup.safe_markdown"}
# Formgrader shows the rubric above each answer in words.
c.HTMLExporter.preprocessors = ["bngrader.rubric.ShowRubric"]

put_tools_on_path()
write_sources(Path(__file__).parent)
