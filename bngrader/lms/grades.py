"""The grades of a class as plain rows, one per student and assignment, with the penalty for lateness."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.apps import NbGraderAPI

from bngrader.course.folders import Course
from bngrader.gradebook.class_gradebook import has_grade, score_of
from bngrader.gradebook.database import explain_errors, require_gradebook
from bngrader.gradebook.late_work import not_in_gradebook
from bngrader.gradebook.records import GRADED, NEEDS_MANUAL
from bngrader.lms.roster import Roster, Student
from bngrader.submissions.read import handed_in

NOT_GRADED, MISSING = "not_graded", "missing"


@dataclass(frozen=True)
class Row:
    """A student's grade: `score` is `raw_score` minus `late_penalty`, at least 0, or None if there is no grade."""

    student: Student
    assignment: str
    status: str  # as in records, or "not_graded" (handed in), or "missing" (not handed in)
    max_score: float
    raw_score: float | None = None
    late_penalty: float | None = None
    score: float | None = None
    timestamp: datetime | None = None
    due: datetime | None = None
    days_late: float | None = None
    cells: dict[str, float | None] = field(default_factory=dict)


def read_grades(course: Course, assignments: list[str], roster: Roster | None) -> list[Row]:
    """Read the rows of all students in the gradebook and the roster, by assignment and student.

    Raises CourseError if the gradebook cannot be used, or lacks an assignment.
    """
    require_gradebook(course)
    folder = NbGraderAPI(config=course.nbgrader_config()).coursedir
    rows = []
    with explain_errors(folder.db_url), Gradebook(folder.db_url, folder.course_id) as book:
        for assignment in assignments:
            rows += _rows(
                book, assignment, roster.students if roster else {}, set(handed_in(course.folder, assignment))
            )
    return rows


def _rows(book: Gradebook, assignment: str, students: dict[str, Student], there: set[str]) -> list[Row]:
    try:
        points = float(book.find_assignment(assignment).max_score)
    except MissingEntry as error:
        raise not_in_gradebook(assignment) from error
    known = {student.id: _known(student) for student in book.students} | students
    graded = {
        submission.student.id: _row(submission, known[submission.student.id], assignment, points)
        for submission in book.assignment_submissions(assignment)
        if any(map(has_grade, submission.notebooks))
    }
    for student in sorted({*students, *there} - set(graded)):
        status = NOT_GRADED if student in there else MISSING
        graded[student] = Row(known.get(student, Student(student)), assignment, status, points)
    return [graded[student] for student in sorted(graded)]


def _known(student: Any) -> Student:
    """Return a student as nbgrader's gradebook knows them."""
    name = f"{student.first_name or ''} {student.last_name or ''}".strip()
    return Student(student.id, name, student.email or "")


def _row(submission: SubmittedAssignment, student: Student, assignment: str, points: float) -> Row:
    (notebook,) = submission.notebooks
    raw, penalty = float(notebook.score), notebook.late_submission_penalty or 0.0
    cells = {grade.name: score_of(grade) for grade in notebook.grades}
    return Row(
        student,
        assignment,
        NEEDS_MANUAL if notebook.needs_manual_grade else GRADED,
        points,
        raw,
        penalty,
        max(0.0, raw - penalty),
        submission.timestamp,
        submission.duedate if submission.assignment.duedate else None,
        submission.total_seconds_late / 86_400 if submission.assignment.duedate else None,
        dict(sorted(cells.items())),
    )
