"""Late submissions in the gradebook, and their penalties by the class's rule."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from nbgrader.api import MissingEntry
from nbgrader.utils import parse_utc

from bngrader.course.folders import Course, CourseError
from bngrader.gradebook.class_gradebook import ClassGradebook
from bngrader.gradebook.database import require_gradebook


@dataclass(frozen=True)
class Late:
    """A submission that is late, or has a penalty in the gradebook; times are in UTC."""

    student: str
    timestamp: datetime | None
    seconds: float  # after the due date, including an extension in nbgrader's gradebook
    noted: float  # the penalty in the gradebook
    penalty: float  # the penalty by the rule


class LateWork(ClassGradebook):
    """The grades of one assignment, with its due date and the late submissions."""

    def due(self) -> datetime | None:
        """Return when the assignment is due, in UTC."""
        with self._session():
            due = self._book.find_assignment(self.assignment).duedate
            return due if isinstance(due, datetime) else None

    def set_due(self, due: datetime) -> None:
        """Set when the assignment is due, in UTC."""
        with self._session() as db:
            self._book.find_assignment(self.assignment).duedate = due
            db.commit()

    def late_work(self, times: Mapping[str, str] = {}, *, apply: bool) -> list[Late]:
        """List the late submissions by student, with their current penalties; `apply` writes these to the gradebook.

        `times` are times of submission that differ from the gradebook's.
        """
        with self._session() as db:
            found = []
            for submission in self._book.find_assignment(self.assignment).submissions:
                if submission.student.id in times:
                    submission.timestamp = parse_utc(times[submission.student.id])
                notebook = next(iter(submission.notebooks), None)
                if notebook is None:
                    continue
                before, penalty = notebook.late_submission_penalty or 0.0, self._penalty(notebook) or 0.0
                late = submission.total_seconds_late
                if late > 0 or before != penalty:
                    found.append(Late(submission.student.id, submission.timestamp, late, before, penalty))
                    notebook.late_submission_penalty = penalty if apply else notebook.late_submission_penalty
            if apply:
                db.commit()
            return sorted(found, key=lambda late: late.student)


@contextmanager
def opened_gradebook(course: Course, assignment: str) -> Iterator[LateWork]:
    """Open the gradebook of an assignment that was graded before.

    Raises CourseError if there is none, or the assignment is not in it.
    """
    require_gradebook(course)
    with closing(LateWork(course, assignment)) as gradebook:
        try:
            gradebook.max_score()
        except MissingEntry as error:
            raise not_in_gradebook(assignment) from error
        yield gradebook


def not_in_gradebook(assignment: str) -> CourseError:
    """Return the error for an assignment that was never graded."""
    return CourseError(f"the gradebook has no assignment {assignment!r}: run bngrader grade {assignment} first")
