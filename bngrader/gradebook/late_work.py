"""What a gradebook knows of late submissions, and what the class's rule takes off for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nbgrader.utils import parse_utc

from bngrader.gradebook.class_gradebook import ClassGradebook


@dataclass(frozen=True)
class Late:
    """A submission after the due date, or one that a penalty is noted for; times are in UTC."""

    student: str
    timestamp: datetime | None
    seconds: float  # after the due date, with the extension that nbgrader's gradebook holds
    noted: float  # the penalty in the gradebook
    penalty: float  # what the rule says


class LateWork(ClassGradebook):
    """The grades of one assignment, with when it is due and who was late."""

    def due(self) -> datetime | None:
        """When the assignment is due, in UTC."""
        with self._session():
            due = self._book.find_assignment(self.assignment).duedate
            return due if isinstance(due, datetime) else None

    def set_due(self, due: datetime) -> None:
        """Set when the assignment is due, in UTC."""
        with self._session() as db:
            self._book.find_assignment(self.assignment).duedate = due
            db.commit()

    def late_work(self, times: Mapping[str, str] = {}, *, apply: bool) -> list[Late]:
        """The late submissions by student, with what the rule takes off now; `apply` writes it into the gradebook.

        `times` are when students handed in, where that is not what the gradebook has.
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
