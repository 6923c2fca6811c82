"""The ideas of an assignment: each function with its tests, and each answer in words, as a graded notebook has them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution


@dataclass(frozen=True)
class Idea:
    """What a student wrote, and the cells that are scored for it: its tests, or the answer itself."""

    name: str
    answer: NotebookNode
    graded: list[NotebookNode] = field(default_factory=list)

    @property
    def in_words(self) -> bool:
        """Whether a person reads it."""
        return is_grade(self.answer)


def ideas_in(cells: Sequence[NotebookNode]) -> list[Idea]:
    """The ideas of a notebook, in its order."""
    found = {name_of(cell): Idea(name_of(cell), cell) for cell in cells if is_solution(cell)}
    for cell in cells:
        if is_grade(cell):
            owner = idea_of(name_of(cell), found)
            if owner:
                found[owner].graded.append(cell)
    return [idea for idea in found.values() if idea.graded]


def idea_of(graded: str, ideas: Iterable[str]) -> str | None:
    """Which of the ideas a graded cell is about: itself, or the function whose name follows its `test_`."""
    tested = f"{graded.removeprefix('test_')}_"
    owners = [name for name in ideas if graded == name or tested.startswith(f"{name}_")]
    return max(owners, key=len, default=None)


def name_of(cell: NotebookNode) -> str:
    """A cell's `grade_id`."""
    return str(cell.metadata.nbgrader.grade_id)
