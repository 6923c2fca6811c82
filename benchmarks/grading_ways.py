"""Ways to grade a class: stock nbgrader, this course's engine, otter-grader."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

from benchmarks.grading_measure import Cost, measure
from bngrader.authoring.notebooks import read_solution, write_sources
from bngrader.course.folders import find_repository, put_tools_on_path
from bngrader.course.source_folder import source_folder
from tests.grading.sample_class import ASSIGNMENT, submissions

BIN = Path(sys.executable).parent
STOCK_CONFIG = f"""
c = get_config()
c.CourseDirectory.source_directory = {str(source_folder(find_repository()))!r}
c.CourseDirectory.course_id = "stock"
"""
OTTER_TEST = """
from otter.test_files import test_case
OK_FORMAT, name, points = False, {name!r}, None
@test_case(points={points}, hidden=True)
def test_it(env):
    exec({source!r}, env)
"""


@dataclass(frozen=True)
class Run:
    """A measured run of one way to grade."""

    way: str
    submissions: int
    cost: Cost

    @property
    def rate(self) -> float:
        """Submissions per minute."""
        return 60 * self.submissions / self.cost.seconds


def hand_in(folder: Path, count: int, begin: str = "") -> list[Path]:
    """Write the submissions of `count` students: the sample class's right and wrong notebooks in turn."""
    texts = [text for text in submissions().values() if len(text) > 1000]
    paths = [folder / "submitted" / f"s{number:04}" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb" for number in range(count)]
    for number, path in enumerate(paths):
        notebook = nbformat.reads(texts[number % len(texts)], as_version=4)
        for cell in notebook.cells:
            cell.source = begin + cell.source if cell.id == "standardize" else cell.source
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    return paths


def stock(folder: Path, count: int, begin: str = "") -> Run:
    """Grade a class by `nbgrader autograde`, without this course's configuration."""
    hand_in(folder, count, begin)
    (folder / "nbgrader_config.py").write_text(STOCK_CONFIG)
    put_tools_on_path()
    write_sources(find_repository())
    measure([BIN / "nbgrader", "generate_assignment", ASSIGNMENT], folder)
    return Run("stock nbgrader", count, measure([BIN / "nbgrader", "autograde", ASSIGNMENT], folder))


def engine(folder: Path, count: int, jobs: int, begin: str = "") -> Run:
    """Grade a class by `bngrader grade`, sandbox and judge on."""
    hand_in(folder, count, begin)
    command = [BIN / "bngrader", "grade", ASSIGNMENT, "--course", folder, "--jobs", str(jobs)]
    return Run(f"bngrader --jobs {jobs}", count, measure(command, folder))


def otter(folder: Path, count: int, bin_folder: Path) -> Run:
    """Grade a class by `otter run`, which needs no Docker and grades one notebook at a time."""
    paths = hand_in(folder, count)
    (folder / "tests").mkdir()
    for cell in read_solution(find_repository() / "solutions" / f"{ASSIGNMENT}.py").cells:
        if cell.id.startswith("test_"):
            text = OTTER_TEST.format(name=cell.id, points=cell.metadata.nbgrader.points, source=cell.source)
            (folder / "tests" / f"{cell.id}.py").write_text(text)
    (folder / "bngrader").mkdir()  # the tests import bngrader.check
    (folder / "bngrader" / "__init__.py").touch()
    shutil.copy(find_repository() / "bngrader" / "check.py", folder / "bngrader")
    lines = ["set -e", f"export PATH={bin_folder}:$PATH PYTHONPATH={folder}"]
    lines += ["otter generate -t tests -o tests.zip --no-environment"]
    lines += [f"otter run -a tests.zip -o {path.parent} {path}" for path in paths]
    (folder / "grade.sh").write_text("\n".join(lines))
    return Run("otter run", count, measure(["bash", "grade.sh"], folder))
