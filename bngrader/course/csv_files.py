"""CSV files in which no spreadsheet finds a formula, and from which every text can be read back unchanged.

A spreadsheet runs a cell that begins with =, +, - or @ as a formula. An apostrophe in front turns it into text. It is
added after a semicolon, a tab or a line break too, since a spreadsheet that splits cells there would see the beginning
of a cell. `unescape_formulas` removes the apostrophes again.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bngrader.course.folders import CourseError
from bngrader.course.names import readable

# Chinese and Japanese keyboards type full-width forms of these characters, which spreadsheets treat alike.
FORMULA = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
STARTS = re.compile(rf"['\s]*{FORMULA}|'*[\t\r\n]")
WITHIN = re.compile(rf"([;\t\r\n]\s*'*)({FORMULA})")
NEUTRAL_WITHIN = re.compile(rf"([;\t\r\n]\s*'*)'({FORMULA})")


def escape_formulas(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula."""
    text = WITHIN.sub(r"\1'\2", text)
    return f"'{text}" if STARTS.match(text) else text


def unescape_formulas(text: str) -> str:
    """Undo `escape_formulas`."""
    if text.startswith("'") and STARTS.match(text[1:]):
        text = text[1:]
    return NEUTRAL_WITHIN.sub(r"\1\2", text)


def write(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Write a CSV file in UTF-8: texts become readable and safe, numbers stay numbers, None is an empty cell."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\r\n")
    for row in [header, *rows]:
        table.writerow(
            ["" if cell is None else escape_formulas(readable(cell)) if isinstance(cell, str) else cell for cell in row]
        )
    return file.getvalue().encode()


@dataclass(frozen=True)
class Line:
    """A row of a table that a person wrote: its line number in the file, and its cells by column."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read(path: Path, required: Iterable[str]) -> list[Line]:
    """Read a CSV file with a header, whose columns may be in any order and in any case.

    Commas, semicolons or tabs separate the cells; empty rows do not count.

    Raises CourseError if the file cannot be read or lacks a column.
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
            raise CourseError(
                f"{path} {fault} {column}; the columns in its first line are: {', '.join(header) or 'none'}"
            )


def _line(path: Path, number: int, header: list[str], row: list[str]) -> Line:
    if any(row[len(header) :]):
        fault = f"has {len(row)} cells, but the first line names {len(header)} columns"
        raise CourseError(f'{path}, line {number} {fault}: a text with a comma needs quotes, as in "Ng, Bob"')
    return Line(number, dict(zip(header, _plain(row), strict=False)))


def _separator(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _column(cell: str) -> str:
    return "_".join(cell.casefold().split())


def _plain(row: list[str]) -> list[str]:
    return [unescape_formulas(cell).strip() for cell in row]
