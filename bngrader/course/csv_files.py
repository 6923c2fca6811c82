"""Tables as CSV files that no spreadsheet takes for a program, and that give back every readable text as it was.

A spreadsheet runs a cell that begins with =, +, - or @ as a formula. Such a text gets an apostrophe in front, which
makes it a text, also where it follows a semicolon, a tab or a new line: a spreadsheet that splits cells there would see
it as the beginning of one. `plain` takes the apostrophes off again.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bngrader.course.folders import CourseError
from bngrader.course.names import readable

# The wide forms are those of Chinese and Japanese keyboards, which spreadsheets read alike.
FORMULA = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
STARTS = re.compile(rf"['\s]*{FORMULA}|'*[\t\r\n]")
WITHIN = re.compile(rf"([;\t\r\n]\s*'*)({FORMULA})")
NEUTRAL_WITHIN = re.compile(rf"([;\t\r\n]\s*'*)'({FORMULA})")


def escape_formulas(text: str) -> str:
    """A text that no spreadsheet runs."""
    text = WITHIN.sub(r"\1'\2", text)
    return f"'{text}" if STARTS.match(text) else text


def unescape_formulas(text: str) -> str:
    """The text that `safe` was given."""
    if text.startswith("'") and STARTS.match(text[1:]):
        text = text[1:]
    return NEUTRAL_WITHIN.sub(r"\1\2", text)


def write(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file in UTF-8; texts are made readable and safe, numbers stay numbers, None is an empty cell."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\r\n")
    for row in [header, *rows]:
        table.writerow(
            ["" if cell is None else escape_formulas(readable(cell)) if isinstance(cell, str) else cell for cell in row]
        )
    return file.getvalue().encode()


@dataclass(frozen=True)
class Line:
    """A row of a table that a person wrote: its place in the file, and its cells by column, none of them None."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read(path: Path, required: Iterable[str]) -> list[Line]:
    """The rows of a CSV file with a header, whose columns may be in any order and in any case.

    Commas, semicolons and tabs separate alike; empty rows do not count.

    Raises CourseError if the file cannot be read, or lacks a column.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CourseError(f'{path} is not in UTF-8: save it as "CSV UTF-8" in the spreadsheet') from error
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}") from error
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    try:
        header = [_column(cell) for cell in next(rows, [])]
        _require(path, header, required)
        return [_line(path, rows.line_num, header, row) for row in rows if any(row)]
    except csv.Error as error:
        raise CourseError(f"{path}, line {rows.line_num}: {error}") from error


def _require(path: Path, header: list[str], required: Iterable[str]) -> None:
    for column in required:
        if header.count(column) != 1:
            fault = "lacks the column" if column not in header else "has more than one column"
            raise CourseError(f"{path} {fault} {column}; its first line names {', '.join(header) or 'none'}")


def _line(path: Path, number: int, header: list[str], row: list[str]) -> Line:
    if any(row[len(header) :]):
        rule = f"has {len(row)} cells, and the first line names {len(header)}"
        raise CourseError(f'{path}, line {number} {rule}: a text with a comma needs quotes, as in "Ng, Bob"')
    return Line(number, dict(zip(header, _plain(row), strict=False)))


def _separator(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _column(cell: str) -> str:
    return "_".join(cell.casefold().split())


def _plain(row: list[str]) -> list[str]:
    return [unescape_formulas(cell).strip() for cell in row]
