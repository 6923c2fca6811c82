"""nbgrader's configuration for this course: `nbgrader` commands and formgrader read it in this folder."""

from pathlib import Path

from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, OverwriteCells, OverwriteKernelspec

from bngrader.course import SOURCES, put_tools_on_path
from bngrader.sanitize import RestoreMetadata
from bngrader.sources import write_sources

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "batch-normalization"
# What nbgrader calls source is made from solutions/, and what it calls release is exercises/.
c.CourseDirectory.source_directory = str(SOURCES)
c.CourseDirectory.release_directory = "exercises"

# nbgrader's own steps, with RestoreMetadata where it has DeduplicateIds.
c.Autograde.sanitize_preprocessors = [
    ClearOutput,
    RestoreMetadata,
    OverwriteKernelspec,
    OverwriteCells,
    CheckCellMetadata,
]
# A kernel that is asked to shut down takes a second for it, and can fill the terminal with its complaints.
c.Execute.shutdown_kernel = "immediate"
# Without this, each kernel warns on the terminal that its connection is not encrypted.
c.Execute.extra_arguments = ["--IPKernelApp.log_level=40"]
# Formgrader shows the rubric above each answer in words.
c.HTMLExporter.preprocessors = ["bngrader.rubric.ShowRubric"]

put_tools_on_path()
write_sources(Path(__file__).parent)
