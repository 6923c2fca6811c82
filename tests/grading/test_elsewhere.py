"""Words outside of the answer's cell, checks tried in an answer, files that nobody can read: nobody gets a false 0."""

import csv
import html
import io
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook, MissingEntry

from tests.conftest import REPOSITORY
from tests.grading import sample_class, term
from tests.grading.sample_class import WRITTEN
from tests.grading.test_doctor import doctor
from tests.grading.test_export import bngrader, export, rows_of
from tests.grading.test_gradebook import hand_in, page, records

WORDS = "Keep the training mean: one new patient must be scaled as the model was trained."
QUESTION = "about_written_new_patient"
TRIED = """from bngrader.check import call, close
{}
x = np.array([[1.0, 2.0], [3.0, 6.0]])
z, mean, std = call(standardize, x, z=(2, 2), mean=(2,), std=(2,))
close(mean, [2, {}], "the mean is that of the columns", x=x)
"""
NO_NOTEBOOK = "Dear professor, the dog ate my notebook.\n"


def with_words(place, kind="markdown", emptied=False):
    """A notebook with its functions written, and the answer in words in another cell than its own."""
    notebook = sample_class.filled_in(**{WRITTEN: "" if emptied else "YOUR ANSWER HERE"})
    cell = {
        "markdown": nbformat.v4.new_markdown_cell,
        "code": nbformat.v4.new_code_cell,
        "raw": nbformat.v4.new_raw_cell,
    }
    notebook.cells.insert(place % (len(notebook.cells) + 1), cell[kind](WORDS))
    return notebook


def in_locked(name):
    notebook = sample_class.filled_in(**{WRITTEN: "YOUR ANSWER HERE"})
    next(cell for cell in notebook.cells if cell.id == name).source += f"\n\n{WORDS}\n"
    return notebook


def trying(last):
    standardize = next(cell.source for cell in sample_class.filled_in().cells if cell.id == "standardize")
    return sample_class.filled_in(standardize=TRIED.format(standardize, last))


ELSEWHERE = {
    "below": with_words(-1),
    "above": with_words(-2),
    "code-below": with_words(-1, "code"),
    "raw-below": with_words(-1, "raw"),
    "below-an-emptied-cell": with_words(-1, emptied=True),
    "in-the-question": in_locked(QUESTION),
    "in-the-text-before": in_locked("about_descent"),
}
TRIALS = {"tries-the-checks": trying("4"), "fails-its-own-check": trying("5")}
EMPTY = "nothing-anywhere"


def graded_notebook(folder, student):
    return nbformat.read(folder / "autograded" / student / "scaling" / "scaling.ipynb", as_version=4)


def assert_words_are_read(folder, student):
    """The words stand in a cell of the student's, and the gradebook waits for a person."""
    notebook = graded_notebook(folder, student)
    kept = [cell for cell in notebook.cells if WORDS in cell.source]
    assert [cell.source.strip() for cell in kept] == [WORDS]
    assert "nbgrader" not in kept[0].metadata
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    assert {QUESTION, WRITTEN, "about_descent"} & {*names[notebook.cells.index(kept[0]) - 1 :][:3]}
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        grade = book.find_grade(WRITTEN, "scaling", "scaling", student)
        assert (grade.auto_score, grade.needs_manual_grade) == (None, True)
        comment = book.find_comment(WRITTEN, "scaling", "scaling", student).comment
        assert comment == "This cell is empty. The text near it is read instead."


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    empty = sample_class.filled_in(**{WRITTEN: "YOUR ANSWER HERE"})
    for student, notebook in {**ELSEWHERE, **TRIALS, EMPTY: empty}.items():
        hand_in(folder, student, nbformat.writes(notebook))
    return folder


@pytest.fixture(scope="module")
def graded(course):
    return records(course)


@pytest.mark.parametrize("student", ELSEWHERE)
def test_words_outside_of_their_cell_wait_for_a_person(course, graded, student):
    record = graded[student]
    assert (record["status"], record["score"], record["cells"][WRITTEN]["score"]) == ("needs_manual", 15, None)
    assert_words_are_read(course, student)
    assert WORDS in html.unescape(page(course, student))
    assert "No response." not in page(course, student)


def test_an_answer_that_is_nowhere_is_0(course, graded):
    assert (graded[EMPTY]["status"], graded[EMPTY]["cells"][WRITTEN]["score"]) == ("graded", 0)
    assert "No response." in page(course, EMPTY)


@pytest.mark.parametrize("student", TRIALS)
def test_checks_in_an_answers_cell_cost_nothing(course, graded, student):
    assert graded[student]["score"] == 15
    said = page(course, student)
    assert "forbids" not in said
    failed = "CheckFailed: Failed: the mean is that of the columns. The cell with your code ended in this error."
    assert (failed in said) == (student == "fails-its-own-check")


# What nbgrader's own command leaves behind.

STUDENTS = {"ada": in_locked(QUESTION), "bob": NO_NOTEBOOK, "cyd": sample_class.filled_in()}


@pytest.fixture(scope="module")
def autograded(tmp_path_factory):
    """A class graded by nbgrader's own command, in which one notebook cannot be read, and one can no longer be."""
    folder = tmp_path_factory.mktemp("autograded")
    (folder / "nbgrader_config.py").write_text(term.configuration_of_the_book(REPOSITORY))
    (folder / "roster.csv").write_text("student_id,canvas_id,moodle_id\nada,1,1\nbob,2,2\ncyd,3,3\n")
    for student, notebook in STUDENTS.items():
        hand_in(folder, student, notebook if isinstance(notebook, str) else nbformat.writes(notebook))
    assert nbgrader(folder, "generate_assignment", "scaling").returncode == 0
    assert nbgrader(folder, "autograde", "scaling").returncode == 1
    hand_in(folder, "cyd", NO_NOTEBOOK)
    assert nbgrader(folder, "autograde", "scaling", "--student=cyd", "--force").returncode == 1
    return folder


def nbgrader(folder, *arguments):
    command = [Path(sys.executable).parent / "nbgrader", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def has_rows(folder, student):
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        try:
            book.find_submission("scaling", student)
        except MissingEntry:
            return False
    return True


def test_nbgraders_autograde_keeps_words_for_a_person_too(autograded):
    assert_words_are_read(autograded, "ada")


def test_what_nbgrader_could_not_grade_is_no_0_in_an_export(autograded):
    assert has_rows(autograded, "bob")
    _, said, data = export(autograded, "csv")
    rows = {row["student_id"]: (row["status"], row["score"]) for row in rows_of(data)}
    assert rows == {"ada": ("needs_manual", "15"), "bob": ("not_graded", ""), "cyd": ("needs_manual", "15")}
    assert "1 handed in, but not graded: no grade is exported (bngrader grade says why): bob." in said
    canvas = {row["ID"]: row["scaling"] for row in rows_of(export(autograded, "canvas")[2])}
    assert (canvas["1"], canvas["2"], canvas["3"]) == ("15", "", "15")
    moodle = {row["Identifier"]: row["Grade"] for row in rows_of(export(autograded, "moodle")[2])}
    assert moodle == {"Participant 1": "15", "Participant 3": "15"}


def test_the_report_and_the_doctor_do_not_count_it(autograded, monkeypatch):
    code, said = bngrader("report", "--course", autograded, "--into", autograded / "report", "--force")
    assert code == 0, said
    students = list(csv.reader(io.StringIO((autograded / "report" / "students.csv").read_text())))
    assert [row for row in students if row[0] == "bob"] != []
    assert not any(re.fullmatch(r"0(\.0)?", cell) for row in students if row[0] == "bob" for cell in row)
    missing = (autograded / "report" / "missing.csv").read_text()
    assert 'scaling,bob,"handed in, no grade"' in missing
    monkeypatch.chdir(REPOSITORY)
    assert "2 answers wait for a person" in doctor(autograded)[2]["gradebook"]["said"]


def test_a_later_round_takes_it_back_and_keeps_an_older_grade(autograded):
    found = records(autograded)
    assert (found["bob"]["status"], found["bob"]["score"]) == ("failed", None)
    assert not has_rows(autograded, "bob")
    assert "The grade of the submission before it stays: 15 of 20." in found["cyd"]["error"]
    assert has_rows(autograded, "cyd")
    status = {row["student_id"]: row["status"] for row in rows_of(export(autograded, "csv")[2])}
    assert status == {"ada": "needs_manual", "bob": "not_graded", "cyd": "needs_manual"}


def test_what_a_person_gave_is_not_taken_back(autograded):
    assert nbgrader(autograded, "autograde", "scaling", "--student=bob").returncode == 1
    with Gradebook(f"sqlite:///{autograded / 'gradebook.db'}") as book:
        book.find_comment(WRITTEN, "scaling", "scaling", "bob").manual_comment = "Please hand in again."
        book.db.commit()
    assert records(autograded)["bob"]["status"] == "failed"
    with Gradebook(f"sqlite:///{autograded / 'gradebook.db'}") as book:
        assert book.find_comment(WRITTEN, "scaling", "scaling", "bob").comment == "Please hand in again."
    assert {row["student_id"]: row["score"] for row in rows_of(export(autograded, "csv")[2])}["bob"] == ""
