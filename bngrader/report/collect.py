"""The contents of a class's gradebook as plain data."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.apps import NbGraderAPI
from sqlalchemy import select

from bngrader.course.folders import Course, CourseError
from bngrader.engine.plan import idea_of
from bngrader.gradebook.database import MARKS, explain_errors, require_gradebook
from bngrader.gradebook.history import Version, versions
from bngrader.submissions.read import handed_in


@dataclass(frozen=True)
class GradedItem:
    """A cell with points: a test, or an answer in words."""

    name: str
    idea: str  # the function that it tests, or its own name
    max_score: float

    @property
    def in_words(self) -> bool:
        """True if a person scores it."""
        return self.idea == self.name


@dataclass
class Work:
    """One student's scores in one assignment; a score of None waits for a person."""

    scores: dict[str, float | None] = field(default_factory=dict)
    hints: dict[str, list[str]] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """All points so far."""
        return sum(score or 0.0 for score in self.scores.values())

    @property
    def has_grade(self) -> bool:
        """True if any cell has a score."""
        return any(score is not None for score in self.scores.values())


@dataclass
class AssignmentData:
    """One assignment and everything that was graded of it, by student."""

    name: str
    items: list[GradedItem]
    works: dict[str, Work]
    ungraded: set[str]  # students who handed something in that has no grade

    @property
    def max_score(self) -> float:
        """The points of the assignment."""
        return sum(item.max_score for item in self.items)


@dataclass
class ClassData:
    """A class: its students, its assignments and all graded versions."""

    students: list[str]
    assignments: list[AssignmentData]
    versions: list[Version]


def collect(course: Course) -> ClassData:
    """Read a class's gradebook and folder.

    Raises CourseError if there is no gradebook, if it cannot be read, or if it holds no grade.
    """
    require_gradebook(course)
    directory = NbGraderAPI(config=course.nbgrader_config()).coursedir
    with explain_errors(directory.db_url), Gradebook(directory.db_url, directory.course_id) as book:
        MARKS.metadata.create_all(book.engine)
        data = _read(book.db, course.folder)
    if not any(assignment.works for assignment in data.assignments):
        raise CourseError(f"the gradebook {directory.db_url} holds no grades yet. Run bngrader grade first")
    return data


def _read(db: Any, folder: Path) -> ClassData:
    names = list(db.execute(select(Assignment.name).order_by(Assignment.name)).scalars())
    works = _works(db)
    assignments = [_assignment(db, name, works.get(name, {}), folder) for name in names]
    students = set(db.execute(select(Student.id)).scalars())
    students.update(student for assignment in assignments for student in assignment.ungraded)
    graded = [assignment for assignment in assignments if assignment.items]
    return ClassData(sorted(students), graded, versions(db))


def _assignment(db: Any, name: str, works: dict[str, Work], folder: Path) -> AssignmentData:
    ungraded = {student for student in handed_in(folder, name) if student not in works}
    return AssignmentData(name, _items(db, name), works, ungraded)


def _items(db: Any, assignment: str) -> list[GradedItem]:
    cells = select(BaseCell.name, BaseCell.type).join(Notebook, BaseCell.notebook_id == Notebook.id)
    here = list(db.execute(cells.join(Notebook.assignment).where(Assignment.name == assignment)))
    functions = {name for name, kind in here if kind == "SolutionCell"}
    points = select(GradeCell.name, GradeCell.max_score).join(GradeCell.notebook).join(Notebook.assignment)
    graded = db.execute(points.where(Assignment.name == assignment).order_by(GradeCell.name))
    items = [GradedItem(name, idea_of(name, functions) or name, float(most)) for name, most in graded]
    return sorted(items, key=lambda item: (item.in_words, item.idea, item.name))


def _works(db: Any) -> dict[str, dict[str, Work]]:
    """Read all works, by assignment and student."""
    found: dict[str, dict[str, Work]] = {}
    columns = (Grade.auto_score, Grade.manual_score, Grade.extra_credit)
    rows = select(Assignment.name, SubmittedAssignment.student_id, GradeCell.name, *columns).select_from(Grade)
    rows = rows.join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
    rows = rows.join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
    rows = rows.join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
    for name, student, cell, auto, manual, extra in db.execute(rows.join(GradeCell, Grade.cell_id == GradeCell.id)):
        given = auto if manual is None else manual
        score = None if given is None else float(given) + (extra or 0.0)
        found.setdefault(name, {}).setdefault(student, Work()).scores[cell] = score
    for mark in db.execute(select(MARKS)):
        work = found.get(mark.assignment, {}).get(mark.student)
        if work:
            work.hints = json.loads(mark.hints)
    # nbgrader's autograde leaves rows without scores for a submission that it cannot grade.
    return {name: {student: work for student, work in works.items() if work.has_grade} for name, works in found.items()}
