"""Receipts of imports, kept in `imported/<assignment>.csv`: an export uses the platform's own names for students."""

from dataclasses import astuple, dataclass, fields
from pathlib import Path

from bngrader.course.csv_files import read, write
from bngrader.course.files import write_file


@dataclass(frozen=True)
class Receipt:
    """The origin of a student's submission; every field is text."""

    student_id: str
    platform: str
    number: str
    name: str
    file: str
    timestamp: str
    late: str


def path_of(folder: Path, assignment: str) -> Path:
    """Return the path of the file with the receipts of an assignment."""
    return folder / "imported" / f"{assignment}.csv"


def read_receipts(folder: Path, assignment: str) -> dict[str, Receipt]:
    """Read the receipts of an assignment by student; there are none if nothing was imported."""
    path = path_of(folder, assignment)
    if not path.is_file():
        return {}
    columns = [field.name for field in fields(Receipt)]
    return {line["student_id"]: Receipt(*(line[column] for column in columns)) for line in read(path, columns)}


def keep_receipts(folder: Path, assignment: str, receipts: dict[str, Receipt]) -> None:
    """Add receipts to the receipts of an assignment."""
    together = read_receipts(folder, assignment) | receipts
    rows = [astuple(together[student]) for student in sorted(together)]
    write_file(path_of(folder, assignment), write([field.name for field in fields(Receipt)], rows))
