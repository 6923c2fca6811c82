"""Attacks: submissions that try to cheat or to do harm, with the points that they deserve.

An attack is the solved notebook with another answer in the cell `standardize`. If that answer is a cheat, it deserves
no points for `standardize`, but all points for the other functions, whose answers are right. If the answer is right,
the attack deserves all points.

An attack prints every secret that it finds. The secrets that a test plants contain the word LEAKED-OUT.
"""

import copy
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tests.grading.sample_class import ASSIGNMENT, WRITTEN, filled_in, max_scores

FULL = {name: points for name, points in max_scores().items() if name != WRITTEN}
NOTHING = dict.fromkeys(FULL, 0)
NOTHING_FOR_IT = {name: 0 if name.startswith("test_standardize") else points for name, points in FULL.items()}
CHEAT = "def standardize(x):\n    return x, x[0], x[0]\n"
# Code that stops a dangerous attack, and makes its test fail, if there is no sandbox around it.
GUARD = """
import os
if os.path.exists("@COURSE@/submitted"):
    print("LEAKED-OUT: the class's folder is there, so there is no sandbox around this attack")
    raise SystemExit
"""


@cache
def _honest() -> NotebookNode:
    return filled_in()


def find(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    """Return the cell with this id."""
    return next(cell for cell in notebook.cells if cell.id == grade_id)


@dataclass(frozen=True)
class Attack:
    """A submission: its answer to `standardize`, its changes to the notebook, and its other files."""

    answer: str
    deserves: dict[str, int]
    change: Callable[[NotebookNode], object] = lambda notebook: None
    beside: dict[str, str] = field(default_factory=dict)
    certain: bool = True  # False if chance decides: then it may also get less than it deserves

    def write(self, course: Path, student: str, **places: object) -> None:
        """Hand it in, with each @PLACE@ in its texts replaced by the course's folder or one of the other `places`."""
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
    """Return an attack with a wrong answer, and `code` that tries to make it pass."""
    return Attack(CHEAT + textwrap.dedent(code), NOTHING_FOR_IT, **more)


def spoiling(code: str) -> Attack:
    """Return a cheat that also breaks the notebook's other answers, so that these deserve no points either."""
    return Attack(CHEAT + textwrap.dedent(code), NOTHING)


def racing(code: str) -> Attack:
    """Return a cheat that sometimes breaks the notebook's other answers, so that chance decides on their points."""
    return replace(cheat(code), certain=False)


def right(code: str = "", **more: object) -> Attack:
    """Return an attack with the right answer, followed by `code` that must not cost a point."""
    return Attack(find(_honest(), "standardize").source + "\n" + textwrap.dedent(code), FULL, **more)


def dangerous(code: str) -> Attack:
    """Return a cheat whose code could harm the machine if there were no sandbox."""
    return cheat(GUARD + textwrap.dedent(code))
