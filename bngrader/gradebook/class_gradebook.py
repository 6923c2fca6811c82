"""The only writer of a class's grades: nbgrader's gradebook, and the files in autograded/ and feedback/.

Workers compute, one process writes (docs/decisions/0003-one-writer.md), so no two grades can mix.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Comment, Grade, Gradebook, MissingEntry, Student, SubmittedAssignment, SubmittedNotebook
from nbgrader.apps import NbGraderAPI
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from sqlalchemy import select
from sqlalchemy.engine import Row

from bngrader.course.files import digest, write_file
from bngrader.course.folders import Course
from bngrader.feedback.hide_tests import Shown
from bngrader.gradebook.database import MARKS, OWN_TABLES, begin_as_writer, explain_errors
from bngrader.gradebook.history import note_version
from bngrader.gradebook.records import GRADED, NEEDS_MANUAL, ByHand, CellResult, GradingOutcome, Record


@dataclass(frozen=True)
class Files:
    """The paths of one student's results."""

    graded: Path
    feedback: Path


class ClassGradebook:
    """The grades of one assignment in one class."""

    def __init__(self, course: Course, assignment: str) -> None:
        """Open the gradebook, which must already contain the assignment.

        Raises CourseError if it cannot be used.
        """
        self.assignment = assignment
        self._config = course.nbgrader_config()
        self._folder = NbGraderAPI(config=self._config).coursedir
        self.url, self.ignore = self._folder.db_url, list(self._folder.ignore)
        with explain_errors(self.url):
            self._book = Gradebook(self.url, self._folder.course_id)
            begin_as_writer(self._book.engine)
            OWN_TABLES.create_all(self._book.engine)

    def close(self) -> None:
        """Close the connections to the database."""
        self._book.close()

    def files(self, student: str) -> Files:
        """Return the paths where nbgrader keeps a student's graded notebook and feedback."""
        kinds = {"autograded": "ipynb", "feedback": "html"}
        graded, feedback = (
            Path(self._folder.format_path(getattr(self._folder, f"{kind}_directory"), student, self.assignment))
            / f"{self.assignment}.{ending}"
            for kind, ending in kinds.items()
        )
        return Files(graded, feedback)

    def max_score(self) -> float:
        """Return the points of the assignment."""
        with self._session():
            return float(self._book.find_assignment(self.assignment).max_score)

    def is_done(self, student: str, work: str) -> bool:
        """Return whether a student's submission with the digest `work` is graded and its files still exist."""
        with self._session():
            mark = self._mark(student)
            if mark is None or mark.work != work or self._submitted(student) is None:
                return False
        files = self.files(student)
        return files.feedback.is_file() and files.graded.is_file() and digest(files.graded.read_bytes()) == mark.graded

    def by_hand(self, student: str) -> dict[str, ByHand]:
        """Return the scores and comments that a person gave to each cell of a student's submission."""
        with self._session():
            notebook = self._submitted(student)
            if notebook is None:
                return {}
            comments = {comment.name: comment.manual_comment for comment in notebook.comments}
            grades = {grade.name: grade for grade in notebook.grades}
            return {
                name: ByHand(*_given(grades.get(name)), comment=comments.get(name)) for name in {*grades, *comments}
            }

    def write(self, outcome: GradingOutcome, work: str, timestamp: str | None) -> None:
        """Write a graded submission: its files first, then its grades in one transaction.

        Scores and comments by hand stay. If this is interrupted, the submission counts as not graded. `work` is the
        digest of everything that the grade depends on; its first half is the digest of the notebook.

        Raises CourseError if a file or the gradebook cannot be written.
        """
        files = self.files(outcome.student)
        write_file(files.graded, outcome.graded)
        write_file(files.feedback, outcome.feedback.encode())
        with self._session() as db:
            before = self._mark(outcome.student)
            answers = work[:32]
            same_answers = before is not None and before.work[:32] == answers
            submitted = self._submitted(outcome.student) or self._new_submission(outcome.student)
            _set_grades(db, submitted, outcome, same_answers)
            db.flush()
            db.expire_all()
            self._set_time(submitted, timestamp)
            tests = sum(score or 0.0 for score in outcome.scores.values())
            note_version(db, self.assignment, outcome.student, answers, tests)
            values = {"work": work, "graded": digest(outcome.graded), "hints": json.dumps(outcome.hints)}
            self._set_mark(outcome.student, values | {"feedback": outcome.shown.digest() if outcome.shown else ""})
            db.commit()

    def update_time(self, student: str, timestamp: str | None) -> None:
        """Write the time of a graded submission and its current late penalty."""
        with self._session() as db:
            submitted = self._submitted(student)
            assert submitted is not None
            self._set_time(submitted, timestamp)
            db.commit()

    def write_feedback(self, outcome: GradingOutcome) -> None:
        """Write a student's page after its scores have changed."""
        assert outcome.shown is not None
        write_file(self.files(outcome.student).feedback, outcome.feedback.encode())
        with self._session() as db:
            db.execute(MARKS.update().where(*self._place(outcome.student)).values(feedback=outcome.shown.digest()))
            db.commit()

    def outdated_feedback(self, student: str) -> Shown | None:
        """Return what a graded student's feedback should show, or None if it is up to date."""
        with self._session():
            mark, notebook = self._mark(student), self._submitted(student)
            if mark is None or notebook is None:
                return None
            scores = {grade.name: float(grade.score) for grade in notebook.grades}
            comments = {comment.name: comment.comment for comment in notebook.comments}
            waiting = tuple(sorted(grade.name for grade in notebook.grades if score_of(grade) is None))
            shown = Shown(scores, comments, notebook.late_submission_penalty or 0.0, waiting)
            return None if shown.digest() == mark.feedback else shown

    def is_graded(self, student: str) -> bool:
        """Return whether the gradebook has a grade of any submission of a student, by bngrader or by nbgrader."""
        with self._session():
            submitted = self._submitted(student)
            return submitted is not None and has_grade(submitted)

    def remove_ungraded_rows(self, student: str) -> None:
        """Remove the rows without scores that nbgrader's autograde leaves for a submission that it cannot grade.

        They stay if a person gave extra credit, a comment or an extension.
        """
        with self._session() as db:
            submitted = self._submitted(student)
            if submitted is None or has_grade(submitted) or submitted.assignment.extension is not None:
                return
            extra = [grade for grade in submitted.grades if grade.extra_credit is not None]
            if extra or any(comment.manual_comment for comment in submitted.comments):
                return
            for row in [*submitted.grades, *submitted.comments, submitted, submitted.assignment]:
                db.delete(row)
            db.commit()

    def record(self, student: str) -> Record:
        """Return the record of a graded submission."""
        with self._session():
            mark, notebook = self._mark(student), self._submitted(student)
            assert notebook is not None
            grades, hints = {grade.name: grade for grade in notebook.grades}, json.loads(mark.hints) if mark else {}
            order = [name for name in hints if name in grades] + sorted(set(grades) - set(hints))
            cells = {n: CellResult(score_of(grades[n]), float(grades[n].max_score), hints.get(n, [])) for n in order}
            status = NEEDS_MANUAL if notebook.needs_manual_grade else GRADED
            return Record(student, self.assignment, status, notebook.score, notebook.max_score, cells)

    @contextmanager
    def _session(self) -> Iterator[Any]:
        """Open the gradebook's session; changes that are not committed at the end are undone."""
        with explain_errors(self.url):
            try:
                yield self._book.db
            finally:
                self._book.db.rollback()

    def _place(self, student: str) -> tuple[Any, Any]:
        return MARKS.c.assignment == self.assignment, MARKS.c.student == student

    def _mark(self, student: str) -> Row[Any] | None:
        return self._book.db.execute(select(MARKS).where(*self._place(student))).one_or_none()

    def _set_mark(self, student: str, values: dict[str, str]) -> None:
        self._book.db.execute(MARKS.delete().where(*self._place(student)))
        self._book.db.execute(MARKS.insert().values(assignment=self.assignment, student=student, **values))

    def _submitted(self, student: str) -> SubmittedNotebook | None:
        try:
            return self._book.find_submission_notebook(self.assignment, self.assignment, student)
        except MissingEntry:
            return None

    def _new_submission(self, student: str) -> SubmittedNotebook:
        db = self._book.db
        if db.get(Student, student) is None:
            db.add(Student(id=student))
        assignment = self._book.find_assignment(self.assignment)
        submission = SubmittedAssignment(assignment=assignment, student_id=student)
        notebook = SubmittedNotebook(
            notebook=self._book.find_notebook(self.assignment, self.assignment), assignment=submission
        )
        db.add(notebook)
        db.flush()
        return notebook

    def _set_time(self, submitted: SubmittedNotebook, timestamp: str | None) -> None:
        if timestamp is not None:
            submitted.assignment.timestamp = parse_utc(timestamp)
        submitted.late_submission_penalty = self._penalty(submitted)

    def _penalty(self, submitted: SubmittedNotebook) -> float | None:
        """Compute the late penalty with nbgrader's plugin."""
        due = submitted.assignment.assignment.duedate is not None  # without one, nbgrader fails to add an extension
        late = submitted.assignment.total_seconds_late if due else 0
        if late <= 0:
            return None
        step = AssignLatePenalties(config=self._config)
        step.assignment_id = self.assignment  # nbgrader sets it too, since an extension may be for one assignment
        step.init_plugin()
        penalty = step.plugin_inst.late_submission_penalty(submitted.student.id, submitted.score, late)
        return None if penalty is None else step._check_late_penalty(submitted, penalty)


def _set_grades(db: Any, submitted: SubmittedNotebook, outcome: GradingOutcome, same_answers: bool) -> None:
    grades = {grade.name: grade for grade in submitted.grades}
    comments = {comment.name: comment for comment in submitted.comments}
    for cell in submitted.notebook.grade_cells:
        grade = grades.get(cell.name) or _added(db, Grade(cell_id=cell.id, notebook=submitted))
        grade.auto_score = outcome.scores[cell.name]
        if grade.manual_score is None:
            grade.needs_manual_grade = grade.auto_score is None
        elif not same_answers:
            grade.needs_manual_grade = True  # as in nbgrader, a person should look at changed answers again
    for cell in submitted.notebook.solution_cells:
        comment = comments.get(cell.name) or _added(db, Comment(cell_id=cell.id, notebook=submitted))
        comment.auto_comment = outcome.comments[cell.name]


def _added(db: Any, row: Any) -> Any:
    db.add(row)
    return row


def _given(grade: Grade | None) -> tuple[float | None, float | None]:
    return (None, None) if grade is None else (grade.manual_score, grade.extra_credit)


def has_grade(submitted: SubmittedNotebook) -> bool:
    """Return whether any cell has a score; nbgrader's autograde leaves rows without any if it cannot grade."""
    return any(score_of(grade) is not None for grade in submitted.grades)


def score_of(grade: Grade) -> float | None:
    """Return the points of a cell, or None if it waits for a person."""
    ungraded = grade.auto_score is None and grade.manual_score is None
    return None if ungraded else float(grade.score)
