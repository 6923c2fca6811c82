"""History of graded submissions: one row for each different notebook that a student handed in."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Float, Integer, String, Table, select

from bngrader.gradebook.database import MARKS

VERSIONS = Table(
    "bngrader_version",
    MARKS.metadata,
    Column("number", Integer, primary_key=True),
    Column("assignment", String(128), nullable=False),
    Column("student", String(128), nullable=False),
    Column("submission", String(64), nullable=False),  # digest of the notebook that was handed in
    Column("tests", Float, nullable=False),  # the points of its tests, at its last grading
    Column("graded", String(32), nullable=False),  # when it was first graded, and its feedback made
)


@dataclass(frozen=True)
class Version:
    """A graded notebook of a student."""

    assignment: str
    student: str
    tests: float
    graded: str


def note_version(db: Any, assignment: str, student: str, submission: str, tests: float) -> None:
    """Note a graded submission; if the same one is graded again, it keeps its row."""
    here = (VERSIONS.c.assignment == assignment) & (VERSIONS.c.student == student)
    last = db.execute(select(VERSIONS).where(here).order_by(VERSIONS.c.number.desc()).limit(1)).one_or_none()
    if last is not None and last.submission == submission:
        db.execute(VERSIONS.update().where(VERSIONS.c.number == last.number).values(tests=tests))
    else:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        values = {"assignment": assignment, "student": student, "submission": submission}
        db.execute(VERSIONS.insert().values(**values, tests=tests, graded=now))


def versions(db: Any) -> list[Version]:
    """List all versions in chronological order."""
    rows = db.execute(select(VERSIONS).order_by(VERSIONS.c.number))
    return [Version(row.assignment, row.student, row.tests, row.graded) for row in rows]
