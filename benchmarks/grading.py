"""`make bench-grading`: nbgrader as it comes and this course's engine, on the same submissions, in turn.

Both are timed as an instructor starts them: a command in a folder with submissions, whose start counts, and that of the
engine's first kernel too. Ours also writes the feedback, which stock `nbgrader autograde` does not.
"""

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
from rich.console import Console
from rich.table import Table

from benchmarks.grading_measure import Cost, measure
from bngrader.course import SOURCES, find_repository, put_tools_on_path
from bngrader.sources import write_sources
from tests.grading.sample_class import ASSIGNMENT, submissions

BIN = Path(sys.executable).parent
STOCK_CONFIG = f"""
c = get_config()
c.CourseDirectory.source_directory = {str(find_repository() / SOURCES)!r}
c.CourseDirectory.course_id = "stock"
"""


@dataclass(frozen=True)
class Run:
    """One way to grade, on so many submissions."""

    way: str
    submissions: int
    cost: Cost

    @property
    def rate(self) -> float:
        """Submissions a minute."""
        return 60 * self.submissions / self.cost.seconds


def hand_in(folder: Path, count: int) -> Path:
    """A class of `count` students, who hand in the sample class's notebooks, right and wrong ones in turn."""
    texts = [text for text in submissions().values() if text.startswith("{") and len(text) > 1000]
    for number in range(count):
        path = folder / "submitted" / f"student-{number:04}" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(texts[number % len(texts)])
    return folder


def stock(folder: Path, count: int) -> Run:
    """Grade a class by `nbgrader autograde`, without this course's configuration."""
    hand_in(folder, count)
    (folder / "nbgrader_config.py").write_text(STOCK_CONFIG)
    put_tools_on_path()
    write_sources(find_repository())
    measure([BIN / "nbgrader", "generate_assignment", ASSIGNMENT], folder)
    cost = measure([BIN / "nbgrader", "autograde", ASSIGNMENT], folder)
    return Run("stock nbgrader", count, cost)


def engine(folder: Path, count: int, jobs: int) -> Run:
    """Grade a class by `bngrader grade`, sandbox and judge on."""
    hand_in(folder, count)
    command = [BIN / "bngrader", "grade", ASSIGNMENT, "--course", folder, "--jobs", str(jobs)]
    return Run(f"bngrader, {jobs} jobs", count, measure(command, folder))


def side_by_side(count: int, rounds: int, jobs: int) -> tuple[list[Run], list[Run]]:
    """Both ways on the same submissions, in turn."""
    theirs, ours = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            theirs.append(stock(Path(folder), count))
        with tempfile.TemporaryDirectory() as folder:
            ours.append(engine(Path(folder), count, jobs))
    return theirs, ours


def growth(counts: list[int], jobs: int) -> list[Run]:
    """Ours on classes of several sizes."""
    runs = []
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            runs.append(engine(Path(folder), count, jobs))
    return runs


def total(runs: list[Run]) -> Run:
    """Several runs as one: their submissions, seconds and CPU seconds together, the peak of their memory."""
    costs = [run.cost for run in runs]
    cost = Cost(sum(c.seconds for c in costs), sum(c.cpu_seconds for c in costs), max(c.peak_mb for c in costs))
    return Run(runs[0].way, sum(run.submissions for run in runs), cost)


def run_table(runs: list[Run], peer: Run) -> Table:
    """A line a run, with the ratio of its rate to the peer's."""
    table = Table("what", "submissions", "seconds", "a minute", "CPU s each", "peak PSS, MB", "rate / stock")
    for run in runs:
        cells = [f"{run.cost.seconds:.1f}", f"{run.rate:.1f}", f"{run.cost.cpu_seconds / run.submissions:.2f}"]
        table.add_row(run.way, str(run.submissions), *cells, f"{run.cost.peak_mb:.0f}", f"{run.rate / peer.rate:.1f}")
    return table
