"""What an attack is: a submission, and the points that it deserves.

An attack is the right notebook with another answer in the cell `standardize`. Where that answer is a cheat, it
deserves nothing for `standardize`, and every point for the other functions, which it answers honestly. Where it is
right, it deserves all.

What an attack finds and should not have found it prints, and every secret that a test plants holds the word LEAKED-OUT.
"""

import copy
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tests.grading.sample_class import ASSIGNMENT, filled_in

FULL = {
    "test_standardize": 3,
    "test_standardize_constant": 2,
    "test_standardize_dtype": 1,
    "test_min_max_scale": 2,
    "test_min_max_scale_constant": 1,
    "test_min_max_scale_dtype": 1,
    "test_apply_standardize": 2,
    "test_apply_standardize_edges": 1,
    "test_inverse_standardize": 1,
    "test_inverse_standardize_edges": 1,
}
NOTHING = dict.fromkeys(FULL, 0)
NOTHING_FOR_IT = {name: 0 if name.startswith("test_standardize") else points for name, points in FULL.items()}
CHEAT = "def standardize(x):\n    return x, x[0], x[0]\n"
# An attack that could harm the machine stops, and fails, where it finds that nothing keeps it in.
GUARD = """
import os
if os.path.exists("@COURSE@/submitted"):
    print("LEAKED-OUT: the class's folder is there, so nothing keeps this attack in")
    raise SystemExit
"""


@cache
def _honest() -> NotebookNode:
    return filled_in()


def find(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    """The cell with this id."""
    return next(cell for cell in notebook.cells if cell.id == grade_id)


@dataclass(frozen=True)
class Attack:
    """A submission: its answer, what it does to the notebook, and the files that it puts beside it."""

    answer: str
    deserves: dict[str, int]
    change: Callable[[NotebookNode], object] = lambda notebook: None
    beside: dict[str, str] = field(default_factory=dict)
    certain: bool = True  # whether it gets what it deserves each time; otherwise it may get less

    def write(self, course: Path, student: str, **places: object) -> None:
        """Hand it in, with the course's folder and the other `places` filled in where its code says @PLACE@."""
        notebook = copy.deepcopy(_honest())
        find(notebook, "standardize").source = self.answer
        self.change(notebook)
        texts = {f"{ASSIGNMENT}.ipynb": nbformat.writes(notebook), **self.beside}
        for name, text in texts.items():
            for place, value in {"COURSE": course, **places}.items():
                text = text.replace(f"@{place}@", str(value))
            path = course / "submitted" / student / ASSIGNMENT / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def cheat(code: str = "", **more: object) -> Attack:
    """A wrong answer, and `code` that should make it count."""
    return Attack(CHEAT + textwrap.dedent(code), NOTHING_FOR_IT, **more)


def spoiling(code: str) -> Attack:
    """A cheat that breaks the notebook's other answers too, so that they deserve nothing either."""
    return Attack(CHEAT + textwrap.dedent(code), NOTHING)


def racing(code: str) -> Attack:
    """A cheat that breaks the notebook's other answers sometimes: whether they get their points is up to chance."""
    return replace(cheat(code), certain=False)


def right(code: str = "", **more: object) -> Attack:
    """The right answer, with `code` after it that must not cost a point."""
    return Attack(find(_honest(), "standardize").source + "\n" + textwrap.dedent(code), FULL, **more)


def dangerous(code: str) -> Attack:
    """A cheat whose code may harm the machine that it runs on."""
    return cheat(GUARD + textwrap.dedent(code))
