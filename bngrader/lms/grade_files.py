"""Grades as the files that others take: Canvas's gradebook, Moodle's grading worksheet, a table, Parquet."""

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
    """The platform's own number of a student: the one of the import, or that of the roster, or nothing.

    Moodle has new numbers in each assignment, Canvas does not.
    """
    receipt = receipts.get(row.student.id)
    if receipt and receipt.platform == platform:
        return receipt.number
    return str(getattr(row.student, f"{platform}_id"))


def canvas(rows: list[Row], receipts: Receipts, columns: dict[str, str]) -> bytes:
    """What Canvas takes back by Gradebook > Import: a line a student, a column an assignment.

    `columns` are the assignments' names in Canvas. A student without a grade keeps what Canvas has: the cell is empty.
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
    """What Moodle takes back by "Upload grading worksheet", for the students whose participant number is known."""
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
    """A score as a sentence, with what lateness took off."""
    if row.score is None:
        return ""
    said = f"{row.score:g} of {row.max_score:g} points"
    if row.late_penalty:
        late = f" for {row.days_late:.2g} days" if row.days_late else ""
        said += f": {row.raw_score:g} for the answers, {row.late_penalty:g} taken off for lateness{late}"
    return f"{said}."


def table(rows: list[Row]) -> dict[str, list[str | float | datetime | None]]:
    """The columns of the whole table, each with a value a row: the cells of the notebooks come last."""
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
    """The whole table as a CSV file, with times in UTC."""
    columns = table(rows)
    lines = zip(*columns.values(), strict=True)
    return write(list(columns), ([_csv_cell(value) for value in line] for line in lines))


def as_parquet(rows: list[Row]) -> bytes:
    """The whole table as a Parquet file, with texts as they are.

    Raises CourseError where the library for it is not installed.
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
    """The students with a grade whom a platform cannot know by a number."""
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
