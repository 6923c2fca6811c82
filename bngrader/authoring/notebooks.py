"""Conversion of `solutions/<slug>.py` to nbgrader's source notebook, and of that to the student's notebook.

A solution is a percent script. The first line of each cell has one of these keys, whose value becomes the cell's
`grade_id`:

    # %% [markdown] locked="intro"              text or code that the student reads and cannot change
    # %% solution="standardize"                 a function that the student writes
    # %% test="test_standardize" points=3       its tests
    # %% [markdown] written="written_x" points=5     an answer in words, graded by hand

An answer may use NumPy and the standard library. A solution cell can allow more, as in `allowed="numpy, torch"`.
"""

import copy
import shutil
import tempfile
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbgrader.apps import NbGraderAPI
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions, ComputeChecksums
from traitlets.config import Config

from bngrader.course.folders import Course, CourseError, assignments, put_tools_on_path, require_success
from bngrader.course.source_folder import source_folder

KINDS = {
    "locked": {"locked": True},
    "solution": {"solution": True},
    "test": {"grade": True, "locked": True},
    "written": {"grade": True, "solution": True},
}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def read_solution(path: Path) -> NotebookNode:
    """Read a percent script as a source notebook with nbgrader's metadata.

    Raises CourseError, naming the cell, if its first line has no such key.
    """
    notebook = jupytext.read(path)
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"}, allowed=_allowed(notebook))
    for number, cell in enumerate(notebook.cells, 1):
        cell.metadata = NotebookNode(nbgrader=_nbgrader_metadata(cell, f"{path.name}, cell {number}"))
        # jupytext invents a new id at each reading, but a notebook in git needs the same one every time.
        cell.id = cell.metadata.nbgrader.grade_id
    return notebook


def _allowed(notebook: NotebookNode) -> NotebookNode:
    """Return which packages each function may use, which the grader enforces."""
    solutions = [cell.metadata for cell in notebook.cells if "solution" in cell.metadata]
    return NotebookNode({meta["solution"]: meta.get("allowed", "numpy").split(", ") for meta in solutions})


def _nbgrader_metadata(cell: NotebookNode, place: str) -> NotebookNode:
    kinds = [kind for kind in KINDS if kind in cell.metadata]
    if len(kinds) != 1:
        rule = "the first line of a cell must have exactly one of the keys locked, solution, test and written"
        raise CourseError(f"{place}: {rule}, but it has {' and '.join(kinds) or 'none'}")
    metadata: dict[str, Any] = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    metadata.update(KINDS[kinds[0]], grade_id=cell.metadata[kinds[0]])
    if metadata["grade"]:
        if "points" not in cell.metadata:
            raise CourseError(f"{place}: a {kinds[0]} cell must say how many points it is worth, as in points=2")
        metadata["points"] = cell.metadata["points"]
    return NotebookNode(metadata)


def gradable(solution: NotebookNode) -> NotebookNode:
    """Return the source notebook without solutions but with hidden tests, for a submission to be graded as."""
    notebook = copy.deepcopy(solution)
    for step in (ClearSolutions(), ComputeChecksums()):
        step.preprocess(notebook, {})
    return notebook


def released(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook without hidden tests, as students get it."""
    return ClearHiddenTests().preprocess(copy.deepcopy(notebook), {})[0]


def write_sources(repository: Path) -> None:
    """Make the source notebooks that nbgrader reads, if their solutions are newer."""
    folder = source_folder(repository)
    for slug in assignments(repository):
        solution = repository / "solutions" / f"{slug}.py"
        notebook = folder / slug / f"{slug}.ipynb"
        made = notebook.stat().st_mtime if notebook.exists() else 0
        if made < max(solution.stat().st_mtime, Path(__file__).stat().st_mtime):
            notebook.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(read_solution(solution), notebook)


def generate(config: Config, slug: str, *, into_gradebook: bool) -> str:
    """Run nbgrader's generate step, with or without the part that records the assignment in the gradebook.

    Returns nbgrader's log.

    Raises CourseError, with nbgrader's own message, if it fails.
    """
    put_tools_on_path()
    config.SaveCells.enabled = into_gradebook
    config.GenerateAssignment.no_database = not into_gradebook
    result = NbGraderAPI(config=config).generate_assignment(slug)
    require_success(result, f"to generate the assignment {slug}")
    return strip_ansi(result.get("log") or "")


def release(course: Course, slug: str, into: Path) -> Path:
    """Make the student's notebook of one assignment, and return its path `into/<slug>/<slug>.ipynb`."""
    write_sources(course.repository)
    with tempfile.TemporaryDirectory(dir=source_folder(course.repository).parent) as folder:
        generate(course.nbgrader_config(release_directory=folder), slug, into_gradebook=False)
        made, target = Path(folder, slug, f"{slug}.ipynb"), into / slug / f"{slug}.ipynb"
        # An up-to-date notebook is left alone: the book rebuilds pages that use a newer file.
        if not target.is_file() or target.read_bytes() != made.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(made, target)
        return target
