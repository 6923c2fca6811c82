"""A class is graded for real: sandbox, judge, nbgrader's gradebook and feedback, through the command line."""

import html
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from tests.conftest import REPOSITORY
from tests.grading import sample_class

FULL = {
    "test_standardize": 3,
    "test_standardize_constant": 2,
    "test_standardize_dtype": 1,
    "test_min_max_scale": 2,
    "test_min_max_scale_constant": 1,
    "test_min_max_scale_dtype": 1,
    "test_apply_standardize": 2,
    "test_apply_standardize_edges": 1,
    "test_inverse_standardize": 1,
    "test_inverse_standardize_edges": 1,
    "written_new_patient": 5,
}

# What differs from full marks for the tests and a written answer that waits: cell -> score.
EXPECTED = {
    "ada-right": {},
    "ben-unusual": {},
    "cleo-unusual": {},
    "dan-ddof": {"test_standardize": 0},
    "eve-constant": {"test_standardize_constant": 0},
    "fay-in-place": {"test_standardize_dtype": 0},
    "gus-integers": {"test_min_max_scale_dtype": 0},
    "hal-own-statistics": {"test_apply_standardize": 0, "test_apply_standardize_edges": 0},
    "ida-inverse": {"test_inverse_standardize": 0, "test_inverse_standardize_edges": 0},
    "jon-does-not-run": {"test_standardize": 0, "test_standardize_constant": 0, "test_standardize_dtype": 0},
    "kim-empty": dict.fromkeys(FULL, 0),
    "lou-edited-a-test": {"test_standardize": 0},
    "max-deleted-a-test": {},
    "nia-no-words": {"written_new_patient": 0},
}
GRADED = {"kim-empty", "nia-no-words"}
FAILED = {
    "oto-not-a-notebook": "is not a notebook",
    "pia-another-notebook": "has none of the assignment's cells",
}
HINTS = {
    ("dan-ddof", "test_standardize"): "Failed: std divides the squared deviations by N.",
    ("eve-constant", "test_standardize_constant"): "Failed: the std of a constant column is exactly 0.",
    ("fay-in-place", "test_standardize_dtype"): "Failed: standardize must not change its argument x.",
    ("jon-does-not-run", "test_standardize"): "Failed: standardize raised an error.",
    ("kim-empty", "test_min_max_scale"): "Failed: min_max_scale is not written yet.",
}


def bngrader(*arguments, **options):
    """Run the command in a process of its own, from a folder that is not the repository."""
    command = [sys.executable, "-m", "bngrader", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    sample_class.write(folder)
    ran = bngrader("grade", "scaling", "--course", folder, "--json", folder / "scores.json", cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (folder / "printed.txt").write_text(ran.stdout)
    assert "Warning" not in ran.stderr
    assert "WARNING" not in ran.stderr
    return folder


@pytest.fixture(scope="module")
def records(course):
    return {record["student"]: record for record in json.loads((course / "scores.json").read_text())}


def test_every_submission_has_a_record(records):
    assert set(records) == set(EXPECTED) | set(FAILED) == set(sample_class.submissions())
    for record in records.values():
        assert set(record) == {"student", "assignment", "status", "score", "max_score", "cells", "error"}
        assert record["assignment"] == "scaling"
        assert record["max_score"] == 20


@pytest.mark.parametrize("student", EXPECTED)
def test_each_cell_has_the_score_that_it_deserves(records, student):
    expected = FULL | {"written_new_patient": None} | EXPECTED[student]
    record = records[student]
    assert {name: cell["score"] for name, cell in record["cells"].items()} == expected
    assert {name: cell["max_score"] for name, cell in record["cells"].items()} == FULL
    assert record["score"] == sum(score or 0 for score in expected.values())
    assert record["status"] == ("graded" if student in GRADED else "needs_manual")
    assert record["error"] is None


@pytest.mark.parametrize(("student", "reason"), FAILED.items())
def test_what_is_no_submission_fails_with_a_reason_and_a_way_out(records, student, reason):
    record = records[student]
    assert (record["status"], record["score"], record["cells"]) == ("failed", None, {})
    assert f"submitted/{student}/scaling/scaling.ipynb {reason}" in record["error"]
    assert "Ask for" in record["error"]


@pytest.mark.parametrize(("place", "hint"), HINTS.items())
def test_a_lost_cell_says_what_its_student_read(records, place, hint):
    student, cell = place
    assert records[student]["cells"][cell]["hints"][0] == hint


def test_a_known_mistake_is_named_beside_the_claim(records):
    _, hint = records["dan-ddof"]["cells"]["test_standardize"]["hints"]
    assert hint.startswith("Your std divides the sum of squares by N - 1.")


def test_a_full_cell_has_no_hints(records):
    assert not any(cell["hints"] for cell in records["ada-right"]["cells"].values())


def test_the_table_and_the_count_are_printed(course):
    printed = (course / "printed.txt").read_text()
    assert "ada-right" in printed
    assert "15 / 20" in printed
    assert "standardize: 0 of 3" in printed
    assert "16 submissions: 12 wait for a person's grade, 2 failed." in printed


def test_the_gradebook_holds_the_same_scores(course, records):
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        for student in EXPECTED:
            assert gradebook.find_submission("scaling", student).score == records[student]["score"]


def test_each_graded_student_gets_feedback_and_a_graded_notebook(course):
    for student in EXPECTED:
        page = (course / "feedback" / student / "scaling" / "scaling.html").read_text()
        assert "standardize" in page
        nbformat.read(course / "autograded" / student / "scaling" / "scaling.ipynb", as_version=4)
    assert not any((course / "feedback" / student).exists() for student in FAILED)


def test_an_edited_test_is_replaced_by_the_instructors(course):
    graded = nbformat.read(course / "autograded" / "lou-edited-a-test" / "scaling" / "scaling.ipynb", as_version=4)
    cell = next(c for c in graded.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "test_standardize")
    assert cell.source == next(c for c in sample_class.handed_out().cells if c.id == "test_standardize").source
    assert "Failed: std divides the squared deviations by N." in cell.outputs[0].evalue


def test_a_second_round_grades_nothing_and_says_the_same(course, records, tmp_path):
    scores = tmp_path / "s.json"
    before = {path: path.stat().st_mtime_ns for path in course.glob("*/*/scaling/*")}
    ran = bngrader("grade", "scaling", "--course", course, "--json", scores, cwd=REPOSITORY)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {record["student"]: record for record in json.loads(scores.read_text())} == records
    assert "Graded before, and unchanged: 14. (--force grades them again.)" in ran.stdout
    assert {path: path.stat().st_mtime_ns for path in course.glob("*/*/scaling/*")} == before


def test_a_mended_submission_is_graded_again_and_a_manual_score_stays(course, tmp_path):
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        gradebook.find_grade("written_new_patient", "scaling", "scaling", "dan-ddof").manual_score = 4
        gradebook.db.commit()
    mended = course / "submitted" / "dan-ddof" / "scaling" / "scaling.ipynb"
    mended.write_text(nbformat.writes(sample_class.filled_in()))
    only_dan = tmp_path / "submitted"
    only_dan.mkdir()
    mended.parent.parent.rename(only_dan / "dan-ddof")
    database = f"sqlite:///{course / 'gradebook.db'}"
    scores = tmp_path / "s.json"
    ran = bngrader("grade", "scaling", "--course", tmp_path, "--db", database, "--json", scores, cwd=REPOSITORY)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (record,) = json.loads(scores.read_text())
    assert record["score"] == 19
    assert record["cells"]["written_new_patient"]["score"] == 4
    assert not (tmp_path / "gradebook.db").exists()


def test_what_students_see_has_no_hidden_test(course):
    seen = [*course.glob("feedback/*/scaling/scaling.html"), *course.glob("autograded/*/scaling/scaling.ipynb")]
    assert len(seen) == 2 * len(EXPECTED)
    for path in seen:
        assert sample_class.hidden_lines_in(path.read_text()) == [], path


def test_the_students_own_traceback_is_shown(course):
    page = (course / "feedback" / "jon-does-not-run" / "scaling" / "scaling.html").read_text()
    text = html.unescape(re.sub("<[^>]*>", "", page))
    assert "NameError: name 'mean' is not defined" in text
    assert "Traceback of the submitted code:" in text


def test_what_was_put_back_is_said(course):
    printed = (course / "printed.txt").read_text()
    assert "max-deleted-a-test: missing, put back: test_min_max_scale" in printed
    assert "lou-edited-a-test: changed, put back: test_standardize" in printed


ODD_IDS = ["a,b", "=1+1", "Zoë O'Neil", "s[1]", "*", "{x}", 'a "b"', "数学", "-rf", "a;b", "100%", "%(user)s"]


def test_odd_ids_are_graded(tmp_path):
    for student in ODD_IDS:
        folder = tmp_path / "submitted" / student / "scaling"
        folder.mkdir(parents=True)
        (folder / "scaling.ipynb").write_text(nbformat.writes(sample_class.handed_out()))
    (tmp_path / "submitted" / "s[1]" / "scaling" / "scaling.ipynb").write_text(
        nbformat.writes(sample_class.filled_in())
    )
    ran = bngrader("grade", "scaling", "--course", tmp_path, "--json", tmp_path / "s.json", cwd=REPOSITORY)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    scores = {record["student"]: record["score"] for record in json.loads((tmp_path / "s.json").read_text())}
    assert scores == dict.fromkeys(ODD_IDS, 0) | {"s[1]": 15}
    for student in ODD_IDS:
        assert (tmp_path / "feedback" / student / "scaling" / "scaling.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grade", "skaling"], "there is no assignment 'skaling'; solutions/ has batches, cnn"),
        (["grade", "scaling", "--course", "nowhere"], "nobody has handed in 'scaling': nothing is at"),
        (["grade", "scaling", "--json", "nowhere/s.json"], "the folder nowhere does not exist; make it first"),
        (["exercises", "skaling"], "there is no assignment 'skaling'"),
    ],
)
def test_a_users_mistake_is_one_message_with_the_way_out_and_exit_code_2(arguments, message, tmp_path):
    ran = bngrader(*arguments, cwd=tmp_path)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(Path(tmp_path).iterdir()) == []


def test_a_configuration_that_does_not_run_is_named(tmp_path):
    sample_class.write(tmp_path)
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.Execute.timeout = soon\n")
    ran = bngrader("grade", "scaling", "--course", tmp_path, cwd=REPOSITORY)
    assert ran.returncode == 2
    assert f"{tmp_path / 'nbgrader_config.py'} does not run: NameError: name 'soon' is not defined" in ran.stderr
    assert "Traceback" not in ran.stderr
