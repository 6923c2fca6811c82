"""The roster of a class: who its students are, and how each platform calls them."""

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
    """A line of the roster; what it does not give is empty."""

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
        """The student whom a platform, "moodle" or "canvas", knows by this number."""
        return self._numbers.get((platform, number))

    def named(self, platform: str, name: str) -> list[Student]:
        """The students who have a name: in Moodle the full one, in Canvas the letters of last and first name."""
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
    """The roster that was given, or else that of the class's folder, or None where it has none.

    Raises CourseError if it cannot be read.
    """
    path = given or folder / NAME
    return read_roster(path) if given or path.is_file() else None


def read_roster(path: Path) -> Roster:
    """Read a roster.

    Raises CourseError, with the line, where an id cannot be one or stands twice.
    """
    lines = read(path, ["student_id"])
    for column in UNIQUE:
        _refuse_twice(path, lines, column)
    students = [_student(path, line) for line in lines]
    return Roster({student.id: student for student in students}, path)


def with_worksheet(roster: Roster, path: Path) -> Roster:
    """The roster with Moodle's numbers of one assignment, from the grading worksheet that Moodle gives for it.

    Its first column ends in the participant's number, in every language; who that is, the mail address says.

    Raises CourseError if it cannot be read, or no line names a student.
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
        raise CourseError(f"{path} names no student of {roster.path} by the mail address: is it Moodle's worksheet?")
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
        value = line[column].casefold()  # as some disks and mail servers compare them
        if value and value in first:
            places = f"lines {first[value]} and {line.number}"
            raise CourseError(
                f"{path}: {column} {line[column]!r} stands in {places}, and names one student only; correct one"
            )
        first[value] = line.number


def _folded(name: str) -> str:
    """A name without differences that do not count: case, accents' encoding, spaces, underscores."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().replace("_", " ").split())


def _letters(name: str) -> str:
    return "".join(sign for sign in _folded(name) if sign.isalnum())


def _moodle_forms(name: str) -> set[str]:
    last, comma, first = name.partition(",")
    return {_folded(name), *([_folded(f"{first} {last}")] if comma else [])}


def _canvas_forms(name: str) -> set[str]:
    """Canvas puts the last name first, and where it begins in "Ludwig van Beethoven" only Canvas knows."""
    return {_letters(form) for form in _last_name_first(name)}


def _last_name_first(name: str) -> Iterator[str]:
    words = name.replace(",", " ").split()
    yield name
    for first in range(1, len(words)):
        yield " ".join(words[first:] + words[:first])
