"""What the command says of each submission."""

from dataclasses import asdict, dataclass, field
from typing import Any

GRADED, NEEDS_MANUAL, FAILED = "graded", "needs_manual", "failed"


@dataclass(frozen=True)
class Cell:
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
    cells: dict[str, Cell] = field(default_factory=dict)
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The record as plain data, for JSON."""
        return asdict(self)
