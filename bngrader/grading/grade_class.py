"""Grading of a class: a map over its submissions, with one writer."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from sqlalchemy.exc import SQLAlchemyError

from bngrader.authoring.chapter_links import book_address
from bngrader.authoring.notebooks import gradable, read_solution
from bngrader.course.folders import Course, require_assignment
from bngrader.course.hidden_seed import class_seed, submission_seed
from bngrader.course.names import readable
from bngrader.feedback.hide_tests import Shown
from bngrader.gradebook.class_gradebook import ClassGradebook
from bngrader.gradebook.database import driver_message
from bngrader.gradebook.records import FAILED, GradingOutcome, Record
from bngrader.gradebook.revision import record_assignment
from bngrader.grading.extra_files import update_extra_files
from bngrader.grading.grade_submission import GradingJob, grade_one
from bngrader.grading.pool import Map, Workers
from bngrader.submissions.read import Unreadable, misnamed, read_submission, read_timestamp, require_handed_in


@dataclass
class Grading:
    """One round of grading over a class."""

    course: Course
    assignment: str
    settings: dict[str, Any]  # of the engine, as plain data
    force: bool = False  # also grade submissions that are already graded
    places: dict[str, Path] = field(init=False)  # what each student handed in
    misnamed: dict[str, str] = field(init=False)  # the fault of each folder that is skipped because of its name
    already: int = field(default=0, init=False)  # number of submissions that were graded before
    notes: dict[str, list[str]] = field(default_factory=dict, init=False)  # repairs and files left out, by student
    revised: list[str] = field(default_factory=list, init=False)  # changes of the assignment since it was graded
    book: str = field(init=False)  # its address, for the feedback
    seed: str = field(init=False, repr=False)  # the class's secret

    def __post_init__(self) -> None:
        """Find the submissions.

        Raises CourseError if the assignment does not exist, nobody has handed it in, or the class's secret seed cannot
        be read.
        """
        require_assignment(self.course.repository, self.assignment)
        self.book = book_address(self.course.nbgrader_config())
        self.places = require_handed_in(self.course.folder, self.assignment)
        self.misnamed = misnamed(self.course.folder, self.assignment)
        self.seed = class_seed(self.course.folder, self.settings.get("hidden_seed"))

    @property
    def count(self) -> int:
        """The number of submissions."""
        return len(self.places) + len(self.misnamed)

    def run(self, workers: Workers) -> Iterator[Record]:
        """Grade the submissions that need it, write each result at once, and yield all records in any order.

        Raises CourseError if a result cannot be written; what was written before stays.
        """
        source = nbformat.writes(gradable(read_solution(self._solution()))).encode()
        with workers(source) as run_map:
            self.revised = record_assignment(self.course, self.assignment)  # takes seconds, in which the workers start
            with closing(ClassGradebook(self.course, self.assignment)) as gradebook:
                yield from _Round(self, gradebook, source).run(run_map)

    def note(self, student: str, line: str) -> None:
        """Keep a line about a student's submission, to be shown at the end."""
        self.notes.setdefault(student, []).append(line)

    def _solution(self) -> Path:
        return self.course.repository / "solutions" / f"{self.assignment}.py"


class _Round:
    """The state of a round under way."""

    def __init__(self, grading: Grading, gradebook: ClassGradebook, source: bytes) -> None:
        self._grading, self._gradebook, self._source = grading, gradebook, source
        self._max_score = gradebook.max_score()
        self._work: dict[str, str] = {}  # digest of everything that each student's grade depends on
        self._ready = [self._failed(*each) for each in grading.misnamed.items()]  # records that need no worker

    def run(self, run_map: Map) -> Iterator[Record]:
        for outcome in run_map(self._jobs()):
            yield self._written(outcome)
            yield from self._pop_ready()
        yield from self._pop_ready()

    def _pop_ready(self) -> Iterator[Record]:
        while self._ready:
            yield self._ready.pop()

    def _jobs(self) -> Iterator[GradingJob]:
        """Yield the jobs; a submission is read only when a worker is free for it."""
        for student, place in self._grading.places.items():
            try:
                submission = read_submission(place, self._grading.assignment)
            except Unreadable as refused:
                self._ready.append(self._failed(student, str(refused)))
                continue
            self._work[student] = self._digest(submission)
            if self._grading.force or not self._gradebook.is_done(student, self._work[student]):
                yield self._job(student, source=self._source, submission=submission)
            else:
                self._grading.already += 1
                self._gradebook.update_time(student, read_timestamp(place))
                self._update_extra_files(student)
                yield from self._pages(student)

    def _update_extra_files(self, student: str) -> None:
        place, files = self._grading.places[student], self._gradebook.files(student)
        left_out = update_extra_files(place, files, self._gradebook.ignore)
        if left_out:
            self._grading.note(student, f"{left_out} of the other files were left out: links, or beyond the limits")

    def _pages(self, student: str) -> Iterator[GradingJob]:
        """Yield the job of a graded submission's feedback page if it is out of date; else its record is ready."""
        shown = self._gradebook.outdated_feedback(student)
        if shown is None:
            self._ready.append(self._gradebook.record(student))
        else:
            yield self._page(student, shown)

    def _page(self, student: str, shown: Shown) -> GradingJob:
        graded = self._gradebook.files(student).graded.read_bytes()
        return GradingJob(student, self._grading.assignment, graded=graded, shown=shown, book=self._grading.book)

    def _job(self, student: str, **parts: Any) -> GradingJob:
        by_hand = self._gradebook.by_hand(student)
        grading = self._grading
        seed = submission_seed(grading.seed, grading.assignment, student)
        settings = grading.settings | {"hidden_seed": seed}
        return GradingJob(student, grading.assignment, settings=settings, by_hand=by_hand, book=grading.book, **parts)

    def _digest(self, submission: bytes) -> str:
        """Return a digest that changes if a submission must be graded again; its first half, if the answers changed."""
        halves = (submission, hashlib.sha256(self._source).digest() + self._grading.seed.encode())
        return "".join(hashlib.sha256(half).hexdigest()[:32] for half in halves)

    def _written(self, outcome: GradingOutcome) -> Record:
        if outcome.error:
            return self._failed(outcome.student, self._named(outcome))
        try:
            self._write(outcome)
            return self._gradebook.record(outcome.student)
        except SQLAlchemyError as error:  # about this row; if the gradebook cannot be used, it is a CourseError
            reason = f"the gradebook refuses the submission: {driver_message(error)}. Rename its folder."
            return self._failed(outcome.student, reason)

    def _write(self, outcome: GradingOutcome) -> None:
        if not outcome.graded:
            self._gradebook.write_feedback(outcome)
            return
        student = outcome.student
        for line in outcome.log:
            self._grading.note(student, line)
        timestamp = read_timestamp(self._grading.places[student])
        self._gradebook.write(outcome, self._work[student], timestamp)
        self._update_extra_files(student)
        shown = self._gradebook.outdated_feedback(student)
        if shown is not None:  # there is a late penalty, or a person has scored the submission meanwhile
            self._gradebook.write_feedback(grade_one(self._page(student, shown)))

    def _named(self, outcome: GradingOutcome) -> str:
        place = self._grading.places[outcome.student]
        name = place / f"{self._grading.assignment}.ipynb" if place.is_dir() else place
        return f"{readable(name.relative_to(self._grading.course.folder))} {outcome.error}"

    def _failed(self, student: str, error: str) -> Record:
        if self._gradebook.is_graded(student):
            before = self._gradebook.record(student)
            error += f" The grade of the earlier submission stays: {before.score:g} of {before.max_score:g}."
        else:
            self._gradebook.remove_ungraded_rows(student)
        return Record(student, self._grading.assignment, FAILED, None, self._max_score, error=error)
