"""Grade a class: nbgrader's own autograder and feedback, one submission at a time, so that a bad one stops no other."""

import glob
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbgrader.api import Grade, Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.utils import is_grade

from bngrader.check import CheckFailed, hints_in
from bngrader.course import Course, CourseError, check_result, require_assignment
from bngrader.sources import read_solution, record_assignment

GRADED, NEEDS_MANUAL, FAILED = "graded", "needs_manual", "failed"


@dataclass(frozen=True)
class Cell:
    """The result of one graded cell; `score` is None until a person has graded it."""

    score: float | None
    max_score: float
    hints: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Record:
    """The result of one submission.

    `status` is "graded", "needs_manual" (an answer in words waits for a person, and counts 0 so far) or
    "failed" (nothing could be graded: `score` is None and `error` says why).
    """

    student: str
    assignment: str
    status: str
    score: float | None
    max_score: float
    cells: dict[str, Cell] = field(default_factory=dict)
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The record as plain data, for JSON."""
        return asdict(self)


def submitted_students(course: Course, assignment: str) -> list[str]:
    """The ids of the students who handed something in for the assignment, sorted.

    Raises CourseError if the assignment does not exist or nobody has handed it in.
    """
    require_assignment(course.repository, assignment)
    submitted = course.folder / "submitted"
    students = sorted(path.parent.name for path in submitted.glob(f"*/{assignment}"))
    if not students:
        layout = f"{submitted}/<student>/{assignment}/{assignment}.ipynb"
        raise CourseError(f"nobody has handed in {assignment!r}: nothing is at {layout}")
    return students


def grade(course: Course, assignment: str, students: list[str]) -> Iterator[Record]:
    """Grade each student's submission in turn, and write gradebook, graded notebook and feedback.

    Raises CourseError if the assignment itself cannot be recorded in the gradebook.
    """
    record_assignment(course, assignment)
    api = NbGraderAPI(config=course.nbgrader_config())
    max_score = _max_score(api, assignment)
    ours = {cell.id for cell in read_solution(course.repository / "solutions" / f"{assignment}.py").cells}
    for student in students:
        try:
            _refuse_ungradable(course, assignment, student, ours)
            check_result(api.autograde(assignment, student), "to grade it")
            check_result(api.generate_feedback(assignment, student), "to write its feedback")
            yield _graded_record(api, course, assignment, student)
        except CourseError as error:
            yield Record(student, assignment, FAILED, None, max_score, error=str(error))
        except Exception as error:  # whatever one submission does to nbgrader, the next is graded
            yield Record(student, assignment, FAILED, None, max_score, error=f"{type(error).__name__}: {error}")


def _refuse_ungradable(course: Course, assignment: str, student: str, ours: set[str]) -> None:
    """Say in a sentence why nbgrader could not grade a submission, before it tries; `ours` are the cells' ids."""
    if glob.escape(student) != student:
        raise CourseError(
            f"nbgrader takes the id {student} for a pattern. Rename the folder without any of *, ? and [."
        )
    path = course.folder / "submitted" / student / assignment / f"{assignment}.ipynb"
    shown = path.relative_to(course.folder)
    if not path.is_file():
        found = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
        raise CourseError(f"{shown} is missing; its folder holds {', '.join(found) or 'nothing'}. Rename the notebook.")
    try:
        with warnings.catch_warnings(action="ignore"):
            notebook = nbformat.read(path, as_version=4)
            nbformat.validate(notebook)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise CourseError(f"{shown} is not a notebook ({reason}). Ask for the file that JupyterLab saved.") from error
    if not ours & {_grade_id(cell) for cell in notebook.cells}:
        raise CourseError(f"{shown} has none of the assignment's cells. Ask for the notebook that was handed out.")


def _grade_id(cell: NotebookNode) -> Any:
    metadata = cell.metadata.get("nbgrader")
    return metadata.get("grade_id") if isinstance(metadata, dict) else None


def _max_score(api: NbGraderAPI, assignment: str) -> float:
    with Gradebook(api.coursedir.db_url, api.coursedir.course_id) as gradebook:
        return float(gradebook.find_assignment(assignment).max_score)


def _graded_record(api: NbGraderAPI, course: Course, assignment: str, student: str) -> Record:
    """What the gradebook holds of a submission, with the hints that its graded notebook shows."""
    hints = _hints(course.folder / "autograded" / student / assignment / f"{assignment}.ipynb")
    with Gradebook(api.coursedir.db_url, api.coursedir.course_id) as gradebook:
        submission = gradebook.find_submission(assignment, student)
        grades = {grade.name: grade for notebook in submission.notebooks for grade in notebook.grades}
        order = [*hints, *sorted(set(grades) - set(hints))]
        cells = {name: Cell(_score(grades[name]), grades[name].max_score, hints.get(name, [])) for name in order}
        status = NEEDS_MANUAL if submission.needs_manual_grade else GRADED
        return Record(student, assignment, status, submission.score, submission.max_score, cells)


def _score(grade: Grade) -> float | None:
    ungraded = grade.auto_score is None and grade.manual_score is None
    return None if ungraded else float(grade.score)


def _hints(notebook: Path) -> dict[str, list[str]]:
    """For each graded cell, in the order of the notebook, what a failure says first: its claim and its hints."""
    graded = [cell for cell in nbformat.read(notebook, as_version=4).cells if is_grade(cell)]
    return {cell.metadata.nbgrader.grade_id: _headlines(cell) for cell in graded}


def _headlines(cell: NotebookNode) -> list[str]:
    errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
    if any(error.ename == "CellTimeoutError" for error in errors):
        return ["It took longer than a cell may run: is there a loop that does not end?"]
    return [line for error in errors for line in _lines(error)]


def _lines(error: NotebookNode) -> list[str]:
    said = strip_ansi(error.evalue).strip()
    if error.ename == CheckFailed.__name__:
        return hints_in(said)
    return [f"{error.ename}: {said.splitlines()[0]}" if said else str(error.ename)]
