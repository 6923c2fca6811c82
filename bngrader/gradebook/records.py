"""The results of grading as plain data."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bngrader.feedback.hide_tests import Shown

GRADED, NEEDS_MANUAL, FAILED = "graded", "needs_manual", "failed"


@dataclass(frozen=True)
class CellResult:
    """The result of one graded cell; `score` is None until a person has graded it."""

    score: float | None
    max_score: float
    hints: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Record:
    """The result of one submission.

    `status` is "graded", "needs_manual" (an answer in words waits for a person, and counts 0 so far) or
    "failed" (nothing could be graded: `score` is None and `error` says why).
    """

    student: str
    assignment: str
    status: str
    score: float | None
    max_score: float
    cells: dict[str, CellResult] = field(default_factory=dict)
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain data, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class ByHand:
    """A person's score and comment for a cell in the gradebook."""

    score: float | None = None
    extra_credit: float | None = None
    comment: str | None = None


@dataclass(frozen=True)
class GradingOutcome:
    """The result of a job. If `error` says, on one line, why there is no grade, nothing else is set."""

    student: str
    scores: dict[str, float | None] = field(default_factory=dict)
    comments: dict[str, str | None] = field(default_factory=dict)
    hints: dict[str, list[str]] = field(default_factory=dict)
    graded: bytes = b""
    feedback: str = ""
    shown: Shown | None = None  # the contents of the feedback
    log: list[str] = field(default_factory=list)  # a line for each repair
    error: str | None = None
