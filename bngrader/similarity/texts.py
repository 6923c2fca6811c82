"""The code to compare: what students wrote, and the sources they may have copied from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jupytext
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked, is_solution

from bngrader.authoring.notebooks import gradable, read_solution, released
from bngrader.course.folders import Course
from bngrader.submissions.read import Unreadable, misnamed, read_submission, require_handed_in
from bngrader.submissions.repair import repair

SUBMISSION = "submission"
MAX_COMPARED_CHARACTERS = 100_000  # of a submission


@dataclass(frozen=True)
class Text:
    """A piece of code to compare; `kind` is "submission", or names the course's own text.

    `cells` are the whole code cells of a submission.
    """

    name: str
    kind: str
    code: str
    cells: tuple[str, ...] = ()


class Corpus:
    """The texts of one assignment in one class."""

    def __init__(self, course: Course, assignment: str) -> None:
        """Find the submissions. `unreadable` fills up while `submissions` is iterated.

        Raises CourseError if nobody has handed in anything.
        """
        self._course, self.assignment = course, assignment
        self._solution = read_solution(course.repository / "solutions" / f"{assignment}.py")
        self.places = require_handed_in(course.folder, assignment)
        self.misnamed = misnamed(course.folder, assignment)
        self.unreadable = dict(self.misnamed)

    @property
    def readable(self) -> int:
        """The number of submissions that could be read."""
        return len(self.places) + len(self.misnamed) - len(self.unreadable)

    def submissions(self) -> Iterator[Text | None]:
        """Yield what each student wrote, in the order of `places`; None if it cannot be read."""
        source = gradable(self._solution)
        for student, place in self.places.items():
            try:
                notebook, _ = repair(read_submission(place, self.assignment), source)
            except Unreadable as refused:
                self.unreadable[student] = str(refused)
                yield None
            else:
                own = list(filter(_is_the_students, notebook.cells))
                cells = tuple(cell.source for cell in own if cell.cell_type == "code")
                yield Text(student, SUBMISSION, _joined(own)[:MAX_COMPARED_CHARACTERS], cells)

    def of_the_course(self) -> list[Text]:
        """Return the solution, the reference package and the chapter's code, as far as they exist."""
        texts = [Text("the solution", "solution", _joined(filter(is_solution, self._solution.cells)))]
        chapter = self._repository_file(f"book/{self.assignment}.md")
        if chapter:
            texts.append(Text("the chapter", "chapter", _joined(jupytext.read(chapter).cells)))
        package = self._repository_file(f"bnref/{self.assignment}.py")
        if package:
            texts.append(Text(f"bnref.{self.assignment}", "reference package", package.read_text()))
        return texts

    def handed_out(self) -> list[str]:
        """Return the code of the handed-out notebook: all of it, and the part in the cells that students fill in."""
        cells = released(gradable(self._solution)).cells
        return [_joined(cells), _joined(filter(_is_the_students, cells))]

    def _repository_file(self, name: str) -> Path | None:
        path = self._course.repository / name
        return path if path.is_file() else None


def _is_the_students(cell: NotebookNode) -> bool:
    return "nbgrader" not in cell.metadata or not (is_grade(cell) or is_locked(cell))


def _joined(cells: Iterable[NotebookNode]) -> str:
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "code")
