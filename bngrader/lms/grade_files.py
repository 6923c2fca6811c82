"""Grades as files: Canvas's gradebook, Moodle's grading worksheet, a CSV table, Parquet."""

import io
from collections.abc import Callable, Iterable
from datetime import datetime

from bngrader.course.csv_files import write
from bngrader.course.folders import CourseError
from bngrader.course.names import readable
from bngrader.course.times import format_time
from bngrader.lms.grades import Row
from bngrader.lms.import_log import Receipt

Receipts = dict[str, Receipt]


def number_of(platform: str, row: Row, receipts: Receipts) -> str:
    """Return the platform's own number of a student, from the import or else from the roster; empty if unknown.

    The import comes first because Moodle gives new numbers in each assignment. Canvas does not.
    """
    receipt = receipts.get(row.student.id)
    if receipt and receipt.platform == platform:
        return receipt.number
    return str(getattr(row.student, f"{platform}_id"))


def canvas(rows: list[Row], receipts: Receipts, columns: dict[str, str]) -> bytes:
    """Make the file for Canvas's Gradebook > Import: one line per student and one column per assignment.

    `columns` are the assignments' names in Canvas. The cell of a student without a grade is empty, so that Canvas keeps
    its own.
    """
    points = {row.assignment: row.max_score for row in rows}
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(columns[name] for name in points)]
    people = {row.student.id: row for row in rows}
    scores = {(row.student.id, row.assignment): row.score for row in rows}
    lines = [
        [
            row.student.name or student,
            number_of("canvas", row, receipts),
            row.student.sis_user_id,
            row.student.sis_login_id,
            row.student.section,
            *(_number(scores.get((student, name))) for name in points),
        ]
        for student, row in people.items()
    ]
    return write(header, [["    Points Possible", "", "", "", "", *map(_number, points.values())], *lines])


def moodle(rows: list[Row], receipts: Receipts) -> bytes:
    """Make the file for Moodle's "Upload grading worksheet", for the students whose participant number is known."""
    header = [
        "Identifier",
        "Full name",
        "Email address",
        "Status",
        "Grade",
        "Maximum Grade",
        "Grade can be changed",
        "Last modified (submission)",
        "Last modified (grade)",
        "Feedback comments",
    ]
    lines = [
        [
            f"Participant {number}",
            row.student.name or row.student.id,
            row.student.email,
            "Submitted for grading",
            _number(row.score),
            _number(row.max_score),
            "Yes",
            format_time(row.timestamp) if row.timestamp else None,
            None,
            in_words(row),
        ]
        for row in rows
        if row.score is not None and (number := number_of("moodle", row, receipts))
    ]
    return write(header, lines)


def in_words(row: Row) -> str:
    """Describe a score in a sentence, with the penalty for lateness."""
    if row.score is None:
        return ""
    sentence = f"{row.score:g} of {row.max_score:g} points"
    if row.late_penalty:
        late = f"being {row.days_late:.2g} days late" if row.days_late else "being late"
        sentence += f": {row.raw_score:g} for the answers, minus {row.late_penalty:g} for {late}"
    return f"{sentence}."


def table(rows: list[Row]) -> dict[str, list[str | float | datetime | None]]:
    """Return the columns of the whole table, with one value per row; the notebooks' cells come last."""
    facts: dict[str, Callable[[Row], str | float | datetime | None]] = {
        "student_id": lambda row: readable(row.student.id),
        "name": lambda row: readable(row.student.name),
        "email": lambda row: readable(row.student.email),
        "assignment": lambda row: row.assignment,
        "status": lambda row: row.status,
        "score": lambda row: row.score,
        "max_score": lambda row: row.max_score,
        "raw_score": lambda row: row.raw_score,
        "late_penalty": lambda row: row.late_penalty,
        "days_late": lambda row: row.days_late,
        "timestamp": lambda row: row.timestamp,
        "due": lambda row: row.due,
    }
    cells = dict.fromkeys(name for row in rows for name in row.cells)
    columns = {name: [of(row) for row in rows] for name, of in facts.items()}
    return columns | {name: [row.cells.get(name) for row in rows] for name in cells}


def as_csv(rows: list[Row]) -> bytes:
    """Write the whole table as a CSV file, with times in UTC."""
    columns = table(rows)
    lines = zip(*columns.values(), strict=True)
    return write(list(columns), ([_csv_cell(value) for value in line] for line in lines))


def as_parquet(rows: list[Row]) -> bytes:
    """Write the whole table as a Parquet file, with texts unchanged.

    Raises CourseError if pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise CourseError("--format parquet needs pyarrow: pip install 'bncourse[parquet]'") from error
    texts, times = {"student_id", "name", "email", "assignment", "status"}, {"timestamp", "due"}
    columns = table(rows)
    types = {name: pyarrow.timestamp("us", "UTC") for name in times} | dict.fromkeys(texts, pyarrow.string())
    schema = pyarrow.schema([(name, types.get(name, pyarrow.float64())) for name in columns])
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns, schema=schema), file)
    return file.getvalue()


def without_a_number(platform: str, rows: Iterable[Row], receipts: Receipts) -> list[str]:
    """List the students with a grade whose number on a platform is unknown."""
    return sorted({row.student.id for row in rows if row.score is not None and not _known(platform, row, receipts)})


def _known(platform: str, row: Row, receipts: Receipts) -> str:
    institution = (row.student.sis_user_id or row.student.sis_login_id) if platform == "canvas" else ""
    return number_of(platform, row, receipts) or institution


def _number(value: float | None) -> float | None:
    if value is None:
        return None
    return int(value) if value == int(value) else round(value, 4)


def _csv_cell(value: str | float | datetime | None) -> str | float | None:
    if isinstance(value, datetime):
        return format_time(value)
    return value if isinstance(value, str) else _number(value)
