"""Tables for spreadsheets, in which no cell is run as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as CSV, with a mark at its start by which Excel knows UTF-8. None is an empty cell."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(map(neutral, columns))
    writer.writerows([neutral(value) for value in row] for row in rows)
    return "\ufeff" + file.getvalue()


def neutral(value: Any) -> Any:
    """A text that a spreadsheet would run, with an apostrophe before it, as OWASP advises; all else as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(STARTS_A_FORMULA) else value
