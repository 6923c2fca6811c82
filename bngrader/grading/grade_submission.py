"""Grading of one submission: bytes in, bytes out.

Nothing is read from disk and nothing is kept, so any process on any machine can do it.
"""

from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbgrader.utils import is_grade, is_solution

from bngrader.course.names import readable
from bngrader.engine.errors import SandboxMissing
from bngrader.engine.execute import execute_plan
from bngrader.engine.plan import make_plan
from bngrader.engine.processes.launcher import ZygoteError, ZygoteLost
from bngrader.engine.settings import Engine
from bngrader.feedback.failures import hints
from bngrader.feedback.hide_tests import Shown, hide_tests
from bngrader.feedback.page import page
from bngrader.feedback.questions import name_of
from bngrader.gradebook.records import ByHand, GradingOutcome
from bngrader.grading.scoring import auto_comment, score
from bngrader.submissions.read import Unreadable
from bngrader.submissions.repair import repair

MAX_MESSAGE_CHARACTERS = 300


@dataclass(frozen=True)
class GradingJob:
    """A submission to grade; or, with `graded`, a graded one that needs a new feedback page."""

    student: str
    assignment: str
    source: bytes = b""  # the notebook that `authoring.notebooks.gradable` makes
    submission: bytes = b""
    settings: dict[str, Any] = field(default_factory=dict)  # of the engine
    by_hand: dict[str, ByHand] = field(default_factory=dict)
    book: str = ""  # its address
    graded: bytes | None = None
    shown: Shown | None = None


def grade_one(job: GradingJob) -> GradingOutcome:
    """Do a job. Whatever the submission contains or does, it ends up in the outcome.

    Raises SandboxMissing if no submission can be graded on this machine, and ZygoteLost if this process must be
    replaced by another one first, and MemoryError.
    """
    try:
        return _twice(job) if job.graded is None else _shown_again(job)
    except (SandboxMissing, ZygoteLost, MemoryError):
        raise
    except Unreadable as refused:
        return GradingOutcome(job.student, error=str(refused))
    except Exception as error:
        message = readable(" ".join(str(error).split()), longest=MAX_MESSAGE_CHARACTERS)
        return GradingOutcome(job.student, error=f"could not be graded ({type(error).__name__}: {message}).")


def _twice(job: GradingJob) -> GradingOutcome:
    """Grade, and try again if the zygote failed: that is not the submission's fault, which cannot reach it."""
    try:
        return _graded(job)
    except ZygoteError:
        return _graded(job)


def _graded(job: GradingJob) -> GradingOutcome:
    source = nbformat.reads(job.source.decode(), as_version=4)
    plan = make_plan(source, Engine.from_dict(job.settings))
    notebook, notes = repair(job.submission, source)
    execute_plan(notebook, plan)
    marked = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    scores = {name_of(cell): score(cell) for cell in marked if is_grade(cell)}
    comments = {name_of(cell): auto_comment(cell) for cell in marked if is_solution(cell)}
    visible = hide_tests(notebook)
    shown = _expected(scores, comments, job.by_hand)
    return GradingOutcome(
        job.student,
        scores=scores,
        comments=comments,
        hints={name_of(cell): hints(cell) for cell in marked if is_grade(cell)},
        graded=nbformat.writes(visible).encode(),
        feedback=page(visible, job.assignment, shown, job.book),
        shown=shown,
        log=notes,
    )


def _shown_again(job: GradingJob) -> GradingOutcome:
    assert job.graded is not None
    assert job.shown is not None
    notebook = nbformat.reads(job.graded.decode(), as_version=4)
    return GradingOutcome(job.student, feedback=page(notebook, job.assignment, job.shown, job.book), shown=job.shown)


def _expected(scores: dict[str, float | None], comments: dict[str, str | None], by_hand: dict[str, ByHand]) -> Shown:
    """Return what the gradebook will contain: a person's score and comment replace the automatic ones."""
    nothing = ByHand()
    total, waiting = {}, []
    for name, points in scores.items():
        given = by_hand.get(name, nothing)
        counted = points if given.score is None else given.score
        total[name] = 0.0 if counted is None else float(counted) + (given.extra_credit or 0.0)
        waiting += [name] if counted is None else []
    texts = {name: by_hand.get(name, nothing).comment or text for name, text in comments.items()}
    return Shown(total, texts, waiting=tuple(sorted(waiting)))
