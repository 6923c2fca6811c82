"""The tables of the report, for both the page and the CSV files."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Any

from bngrader.report.collect import AssignmentData, ClassData, GradedItem
from bngrader.report.frequent import frequent
from bngrader.report.items import item_statistics

NOTHING, UNGRADED, WAITS, GRADED = "nothing handed in", "handed in, no grade", "waits for a person", "graded"


@dataclass(frozen=True)
class ReportTable:
    """A table; `name` is also the name of its CSV file. Numbers are rounded only for display."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def tables(data: ClassData) -> dict[str, ReportTable]:
    """Make all tables, by name."""
    made = [
        ReportTable(
            "assignments", "Each assignment", ASSIGNMENT_COLUMNS, [_assignment(data, a) for a in data.assignments]
        ),
        ReportTable(
            "functions", "Each function", FUNCTION_COLUMNS, [row for a in data.assignments for row in _functions(a)]
        ),
        ReportTable(
            "items", "Each test and question", ITEM_COLUMNS, [row for a in data.assignments for row in _items(a)]
        ),
        ReportTable("mistakes", "Mistakes", MISTAKE_COLUMNS, _mistakes(data)),
        ReportTable("missing", "Missing submissions", MISSING_COLUMNS, _missing(data)),
        ReportTable("changed", "Students who changed their answers after feedback", CHANGED_COLUMNS, _changed(data)),
        _students(data),
    ]
    return {table.name: table for table in made}


ASSIGNMENT_COLUMNS = ("assignment", "graded", "of students", "median", "lowest", "highest", "points")
FUNCTION_COLUMNS = ("assignment", "function", "submissions", "share of points", "points")
ITEM_COLUMNS = ("assignment", "item", "submissions", "difficulty", "discrimination", "points")
MISTAKE_COLUMNS = ("assignment", "function", "mistake", "known", "students", "of submissions", "what they read")
MISSING_COLUMNS = ("assignment", "student", "state")
CHANGED_COLUMNS = ("assignment", "student", "versions", "tests at first", "tests now", "first graded", "last graded")


def _assignment(data: ClassData, assignment: AssignmentData) -> tuple[Any, ...]:
    scores = [work.score for work in assignment.works.values()]
    summary = (median(scores), min(scores), max(scores)) if scores else (None, None, None)
    return (assignment.name, len(scores), len(data.students), *summary, assignment.max_score)


def _functions(data: AssignmentData) -> list[tuple[Any, ...]]:
    return [
        (data.name, idea, *_share(data, list(items))) for idea, items in groupby(data.items, key=lambda item: item.idea)
    ]


def _share(data: AssignmentData, items: Sequence[GradedItem]) -> tuple[Any, ...]:
    """Return the number of submissions with scores for all of an idea's items, their share of the points, and these."""
    most = sum(item.max_score for item in items)
    rows = [[work.scores.get(item.name) for item in items] for work in data.works.values()]
    settled = [sum(score or 0.0 for score in row) for row in rows if None not in row]
    return len(settled), sum(settled) / len(settled) / most if settled and most else None, most


def _items(data: AssignmentData) -> list[tuple[Any, ...]]:
    return [
        (data.name, one.item.name, one.count, one.difficulty, one.discrimination, one.item.max_score)
        for one in item_statistics(data)
    ]


def _mistakes(data: ClassData) -> list[tuple[Any, ...]]:
    found = [(one, len(assignment.works)) for assignment in data.assignments for one in frequent(assignment)]
    found.sort(key=lambda pair: (-pair[0].students, not pair[0].known))
    return [
        (one.assignment, one.function, one.mistake, "yes" if one.known else "no", one.students, count, one.message)
        for one, count in found
    ]


def _missing(data: ClassData) -> list[tuple[Any, ...]]:
    return [
        (assignment.name, student, state)
        for assignment in data.assignments
        for student in data.students
        if (state := _state(assignment, student)) in (NOTHING, UNGRADED)
    ]


def _state(assignment: AssignmentData, student: str) -> str:
    if student not in assignment.works:
        return UNGRADED if student in assignment.ungraded else NOTHING
    return WAITS if None in assignment.works[student].scores.values() else GRADED


def _changed(data: ClassData) -> list[tuple[Any, ...]]:
    by_place: dict[tuple[str, str], list[Any]] = {}
    for version in data.versions:
        by_place.setdefault((version.assignment, version.student), []).append(version)
    return [
        (*place, len(seen), seen[0].tests, seen[-1].tests, seen[0].graded, seen[-1].graded)
        for place, seen in sorted(by_place.items())
        if len(seen) > 1
    ]


def _students(data: ClassData) -> ReportTable:
    names = [assignment.name for assignment in data.assignments]
    rows = [
        (
            student,
            *(a.works[student].score if student in a.works else None for a in data.assignments),
            "; ".join(f"{a.name}: {_state(a, student)}" for a in data.assignments if _state(a, student) != GRADED),
        )
        for student in data.students
    ]
    return ReportTable("students", "Each student", ("student", *names, "not settled"), rows)
