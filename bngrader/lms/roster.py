"""The roster of a class: its students and their names and numbers on each platform."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from bngrader.course.csv_files import Line, read
from bngrader.course.folders import CourseError
from bngrader.course.names import id_fault

NAME = "roster.csv"
IDS = ("moodle_id", "canvas_id")
UNIQUE = ("student_id", "email", *IDS, "sis_user_id", "sis_login_id")
TRAILING_NUMBER = re.compile(r"\d+$")


@dataclass(frozen=True)
class Student:
    """A line of the roster; missing values are empty."""

    id: str
    name: str = ""
    email: str = ""
    moodle_id: str = ""
    canvas_id: str = ""
    sis_user_id: str = ""
    sis_login_id: str = ""
    section: str = ""


@dataclass(frozen=True)
class Roster:
    """The students of a class, by their id."""

    students: dict[str, Student]
    path: Path

    def with_id(self, platform: str, number: str) -> Student | None:
        """Return the student with this number on a platform, "moodle" or "canvas"."""
        return self._numbers.get((platform, number))

    def named(self, platform: str, name: str) -> list[Student]:
        """Return the students with this name: the full name in Moodle, the letters of last and first name in Canvas."""
        return self._names.get((platform, _letters(name) if platform == "canvas" else _folded(name)), [])

    @cached_property
    def _numbers(self) -> dict[tuple[str, str], Student]:
        pairs = [(kind, student) for kind in ("moodle", "canvas") for student in self.students.values()]
        return {(kind, number): student for kind, student in pairs if (number := getattr(student, f"{kind}_id"))}

    @cached_property
    def _names(self) -> dict[tuple[str, str], list[Student]]:
        names: dict[tuple[str, str], list[Student]] = {}
        for student in self.students.values():
            forms = {("moodle", form) for form in _moodle_forms(student.name)}
            forms |= {("canvas", form) for form in _canvas_forms(student.name)}
            for kind, form in forms:
                if form:
                    names.setdefault((kind, form), []).append(student)
        return names


def find_roster(folder: Path, given: Path | None) -> Roster | None:
    """Read the given roster, or else the one in the class's folder; None if there is neither.

    Raises CourseError if it cannot be read.
    """
    path = given or folder / NAME
    return read_roster(path) if given or path.is_file() else None


def read_roster(path: Path) -> Roster:
    """Read a roster.

    Raises CourseError, with the line, if an id is invalid or appears twice.
    """
    lines = read(path, ["student_id"])
    for column in UNIQUE:
        _refuse_twice(path, lines, column)
    students = [_student(path, line) for line in lines]
    return Roster({student.id: student for student in students}, path)


def with_worksheet(roster: Roster, path: Path) -> Roster:
    """Add Moodle's numbers for one assignment to the roster, from Moodle's grading worksheet.

    In every language, its first column ends with the participant's number; the email address identifies the student.

    Raises CourseError if it cannot be read, or no line matches a student.
    """
    by_email = {student.email.casefold(): student for student in roster.students.values() if student.email}
    numbered = {}
    for line in read(path, []):
        cells = list(line.cells.values())
        number = TRAILING_NUMBER.search(cells[0])
        found = {by_email[cell.casefold()].id for cell in cells if cell.casefold() in by_email}
        if number and len(found) == 1:
            numbered[found.pop()] = number[0]
    if not numbered:
        raise CourseError(
            f"{path} has no email address of a student in {roster.path}: name Moodle's grading worksheet for this class"
        )
    students = [replace(student, moodle_id=numbered.get(id, "")) for id, student in roster.students.items()]
    return Roster({student.id: student for student in students}, roster.path)


def _student(path: Path, line: Line) -> Student:
    fault = id_fault(line["student_id"])
    if fault:
        raise CourseError(f"{path}, line {line.number}: the student_id {line['student_id']!r} {fault}")
    name = line["name"] or f"{line['first_name']} {line['last_name']}".strip()
    rest = {column: line[column] for column in (*UNIQUE[1:], "section")}
    return Student(line["student_id"], name, **rest)


def _refuse_twice(path: Path, lines: Iterable[Line], column: str) -> None:
    first: dict[str, int] = {}
    for line in lines:
        value = line[column].casefold()  # some file systems and mail servers ignore case
        if value and value in first:
            places = f"lines {first[value]} and {line.number}"
            raise CourseError(
                f"{path}: {column} {line[column]!r} appears in {places}, but each student needs their own; correct one"
            )
        first[value] = line.number


def _folded(name: str) -> str:
    """Normalize a name, since case, the encoding of accents, spaces and underscores do not count."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().replace("_", " ").split())


def _letters(name: str) -> str:
    return "".join(sign for sign in _folded(name) if sign.isalnum())


def _moodle_forms(name: str) -> set[str]:
    last, comma, first = name.partition(",")
    return {_folded(name), *([_folded(f"{first} {last}")] if comma else [])}


def _canvas_forms(name: str) -> set[str]:
    """List a student's possible names in Canvas: it puts the last name first, but nothing says where that begins."""
    return {_letters(form) for form in _last_name_first(name)}


def _last_name_first(name: str) -> Iterator[str]:
    words = name.replace(",", " ").split()
    yield name
    for first in range(1, len(words)):
        yield " ".join(words[first:] + words[:first])
