"""Tests that nobody gets a false 0: for an answer in the wrong cell, checks in an answer, or an unreadable file."""

import csv
import html
import io
import re

import pytest
from nbgrader.api import MissingEntry

from tests.conftest import REPOSITORY
from tests.grading import sample_class
from tests.grading.commands import (
    BIN,
    configuration_of_the_book,
    gradebook,
    graded_notebook,
    hand_in,
    invoke,
    page,
    run,
)
from tests.grading.commands import records as graded
from tests.grading.one_class import ELSEWHERE, EMPTY, QUESTION, TRIALS, WORDS, with_words_in_locked_cell
from tests.grading.sample_class import WRITTEN
from tests.grading.test_doctor import doctor
from tests.grading.test_export import export, rows_of

NO_NOTEBOOK = "Dear professor, the dog ate my notebook.\n"


def assert_words_wait_for_a_person(folder, student):
    """Assert that the text is in a cell of its own near the question, and the gradebook waits for a person."""
    notebook = graded_notebook(folder, student)
    kept = [cell for cell in notebook.cells if WORDS in cell.source]
    assert [cell.source.strip() for cell in kept] == [WORDS]
    assert "nbgrader" not in kept[0].metadata
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    assert {QUESTION, WRITTEN, "about_descent"} & {*names[notebook.cells.index(kept[0]) - 1 :][:3]}
    with gradebook(folder) as book:
        grade = book.find_grade(WRITTEN, "scaling", "scaling", student)
        assert (grade.auto_score, grade.needs_manual_grade) == (None, True)
        comment = book.find_comment(WRITTEN, "scaling", "scaling", student).comment
        assert comment == "This cell is empty. Your instructor reads the text near it instead."


@pytest.mark.parametrize("student", ELSEWHERE)
def test_misplaced_words_wait_for_a_person(course, records, student):
    record = records[student]
    assert (record["status"], record["score"], record["cells"][WRITTEN]["score"]) == ("needs_manual", 15, None)
    assert_words_wait_for_a_person(course, student)
    assert WORDS in html.unescape(page(course, student))
    assert "No response." not in page(course, student)


def test_a_missing_written_answer_earns_0(course, records):
    assert (records[EMPTY]["status"], records[EMPTY]["cells"][WRITTEN]["score"]) == ("graded", 0)
    assert "No response." in page(course, EMPTY)


@pytest.mark.parametrize("student", TRIALS)
def test_checks_in_an_answer_cell_cost_no_points(course, records, student):
    assert records[student]["score"] == 15
    text = page(course, student)
    assert "may use only" not in text
    failed = "CheckFailed: Failed: the mean is that of the columns. The cell with your code ended with this error."
    assert (failed in text) == (student == "fails-its-own-check")


# Tests of the rows that `nbgrader autograde` leaves in the gradebook for submissions that it cannot read.

STUDENTS = {"ada": with_words_in_locked_cell(QUESTION), "bob": NO_NOTEBOOK, "cyd": sample_class.filled_in()}


@pytest.fixture(scope="module")
def autograded(tmp_path_factory):
    """Grade a class by nbgrader: one notebook is unreadable, another became so after its first grade."""
    folder = tmp_path_factory.mktemp("autograded")
    (folder / "nbgrader_config.py").write_text(configuration_of_the_book(REPOSITORY))
    (folder / "roster.csv").write_text("student_id,canvas_id,moodle_id\nada,1,1\nbob,2,2\ncyd,3,3\n")
    for student, notebook in STUDENTS.items():
        hand_in(folder, student, notebook)
    assert nbgrader(folder, "generate_assignment", "scaling").returncode == 0
    assert nbgrader(folder, "autograde", "scaling").returncode == 1
    hand_in(folder, "cyd", NO_NOTEBOOK)
    assert nbgrader(folder, "autograde", "scaling", "--student=cyd", "--force").returncode == 1
    return folder


def nbgrader(folder, *arguments):
    """Run nbgrader, which may fail."""
    return run(BIN / "nbgrader", *arguments, cwd=folder)


def has_rows(folder, student):
    with gradebook(folder) as book:
        try:
            book.find_submission("scaling", student)
        except MissingEntry:
            return False
    return True


@pytest.mark.slow
def test_nbgraders_autograde_keeps_misplaced_words_too(autograded):
    assert_words_wait_for_a_person(autograded, "ada")


@pytest.mark.slow
def test_ungraded_submissions_are_not_exported_as_0(autograded):
    assert has_rows(autograded, "bob")
    _, text, data = export(autograded, "csv")
    rows = {row["student_id"]: (row["status"], row["score"]) for row in rows_of(data)}
    assert rows == {"ada": ("needs_manual", "15"), "bob": ("not_graded", ""), "cyd": ("needs_manual", "15")}
    assert "1 handed in, but not graded: no grade is exported (`bngrader grade` says why): bob." in text
    canvas = {row["ID"]: row["scaling"] for row in rows_of(export(autograded, "canvas")[2])}
    assert (canvas["1"], canvas["2"], canvas["3"]) == ("15", "", "15")
    moodle = {row["Identifier"]: row["Grade"] for row in rows_of(export(autograded, "moodle")[2])}
    assert moodle == {"Participant 1": "15", "Participant 3": "15"}


@pytest.mark.slow
def test_report_and_doctor_skip_ungraded_submissions(autograded, monkeypatch):
    ran = invoke("report", "--course", autograded, "--into", autograded / "report", "--force")
    assert ran.returncode == 0, ran.stderr
    students = list(csv.reader(io.StringIO((autograded / "report" / "students.csv").read_text())))
    assert [row for row in students if row[0] == "bob"] != []
    assert not any(re.fullmatch(r"0(\.0)?", cell) for row in students if row[0] == "bob" for cell in row)
    missing = (autograded / "report" / "missing.csv").read_text()
    assert 'scaling,bob,"handed in, no grade"' in missing
    monkeypatch.chdir(REPOSITORY)
    assert "2 answers wait for a person" in doctor(autograded)[2]["gradebook"]["message"]


@pytest.mark.slow
def test_a_later_round_drops_false_rows_and_keeps_old_grades(autograded):
    found = graded(autograded)
    assert (found["bob"]["status"], found["bob"]["score"]) == ("failed", None)
    assert not has_rows(autograded, "bob")
    assert "The grade of the earlier submission stays: 15 of 20." in found["cyd"]["error"]
    assert has_rows(autograded, "cyd")
    status = {row["student_id"]: row["status"] for row in rows_of(export(autograded, "csv")[2])}
    assert status == {"ada": "needs_manual", "bob": "not_graded", "cyd": "needs_manual"}


@pytest.mark.slow
def test_a_later_round_keeps_a_persons_comment(autograded):
    assert nbgrader(autograded, "autograde", "scaling", "--student=bob").returncode == 1
    with gradebook(autograded) as book:
        book.find_comment(WRITTEN, "scaling", "scaling", "bob").manual_comment = "Please hand in again."
    assert graded(autograded)["bob"]["status"] == "failed"
    with gradebook(autograded) as book:
        assert book.find_comment(WRITTEN, "scaling", "scaling", "bob").comment == "Please hand in again."
    assert {row["student_id"]: row["score"] for row in rows_of(export(autograded, "csv")[2])}["bob"] == ""
