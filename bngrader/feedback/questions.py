"""The ideas of an assignment: each is a function with its tests, or an answer in words."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from bngrader.engine.plan import idea_of


@dataclass(frozen=True)
class Idea:
    """A student's answer, and the cells that earn its points: the function's tests, or the answer itself."""

    name: str
    answer: NotebookNode
    graded: list[NotebookNode] = field(default_factory=list)

    @property
    def in_words(self) -> bool:
        """True if a person grades it."""
        return is_grade(self.answer)


def ideas_in(cells: Sequence[NotebookNode]) -> list[Idea]:
    """List the ideas of a notebook, in order."""
    found = {name_of(cell): Idea(name_of(cell), cell) for cell in cells if is_solution(cell)}
    for cell in cells:
        if is_grade(cell):
            owner = idea_of(name_of(cell), found)
            if owner:
                found[owner].graded.append(cell)
    return [idea for idea in found.values() if idea.graded]


def name_of(cell: NotebookNode) -> str:
    """Return a cell's `grade_id`."""
    return str(cell.metadata.nbgrader.grade_id)
