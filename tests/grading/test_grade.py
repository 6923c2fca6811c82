"""Tests of `bngrader grade` on a class, with a real sandbox, judge, gradebook and feedback."""

import html
import re

import pytest

from tests.grading import commands, one_class, sample_class
from tests.grading.commands import bngrader, grade, gradebook, graded_notebook, hand_in, invoke, records_in
from tests.grading.one_class import ODD_IDS

FULL = sample_class.max_scores()

# The scores that differ from full marks for the tests and a written answer that waits for a person.
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


def test_every_submission_has_a_record(records):
    assert set(EXPECTED) | set(FAILED) == set(sample_class.submissions())
    assert set(records) == set(one_class.submissions())
    for record in records.values():
        assert set(record) == {"student", "assignment", "status", "score", "max_score", "cells", "error"}
        assert record["assignment"] == "scaling"
        assert record["max_score"] == 20


@pytest.mark.parametrize("student", EXPECTED)
def test_each_cell_has_its_score(records, student):
    expected = FULL | {"written_new_patient": None} | EXPECTED[student]
    record = records[student]
    assert {name: cell["score"] for name, cell in record["cells"].items()} == expected
    assert {name: cell["max_score"] for name, cell in record["cells"].items()} == FULL
    assert record["score"] == sum(score or 0 for score in expected.values())
    assert record["status"] == ("graded" if student in GRADED else "needs_manual")
    assert record["error"] is None


@pytest.mark.parametrize(("student", "reason"), FAILED.items())
def test_an_invalid_submission_reports_reason_and_fix(records, student, reason):
    record = records[student]
    assert (record["status"], record["score"], record["cells"]) == ("failed", None, {})
    assert f"submitted/{student}/scaling/scaling.ipynb {reason}" in record["error"]
    assert "Ask for" in record["error"]


@pytest.mark.parametrize(("place", "hint"), HINTS.items())
def test_a_failed_cell_has_the_hint_that_its_student_read(records, place, hint):
    student, cell = place
    assert records[student]["cells"][cell]["hints"][0] == hint


def test_a_known_mistake_is_named_beside_the_claim(records):
    _, hint = records["dan-ddof"]["cells"]["test_standardize"]["hints"]
    assert hint.startswith("Your std divides the sum of squares by N - 1.")


def test_a_cell_with_full_marks_has_no_hints(records):
    assert not any(cell["hints"] for cell in records["ada-right"]["cells"].values())


def test_the_table_and_the_count_are_printed(course):
    printed = (course / "printed.txt").read_text()
    assert "ada-right" in printed
    assert "15 / 20" in printed
    assert "standardize: 0 of 3" in printed
    assert "40 submissions: 24 wait for a person's grade, 2 failed." in printed


def test_the_gradebook_holds_the_same_scores(course, records):
    with gradebook(course) as book:
        for student in EXPECTED:
            assert book.find_submission("scaling", student).score == records[student]["score"]


def test_each_graded_student_gets_feedback_and_a_graded_notebook(course):
    for student in EXPECTED:
        page = (course / "feedback" / student / "scaling" / "scaling.html").read_text()
        assert "standardize" in page
        assert graded_notebook(course, student).cells
    assert not any((course / "feedback" / student).exists() for student in FAILED)


def test_an_edited_test_is_replaced_by_the_instructors(course):
    cells = graded_notebook(course, "lou-edited-a-test").cells
    cell = next(c for c in cells if c.metadata.get("nbgrader", {}).get("grade_id") == "test_standardize")
    assert cell.source == next(c for c in sample_class.handed_out().cells if c.id == "test_standardize").source
    assert "Failed: std divides the squared deviations by N." in cell.outputs[0].evalue


def test_a_second_round_grades_nothing_again(own_course, records):
    before = {path: path.stat().st_mtime_ns for path in own_course.glob("*/*/scaling/*")}
    ran = grade(own_course)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert records_in(own_course) == records
    assert "Already graded and unchanged: 38. (--force grades them again.)" in ran.stdout
    assert {path: path.stat().st_mtime_ns for path in own_course.glob("*/*/scaling/*")} == before


def test_a_new_submission_is_graded_and_keeps_manual_scores(own_course, tmp_path):
    with gradebook(own_course) as book:
        book.find_grade("written_new_patient", "scaling", "scaling", "dan-ddof").manual_score = 4
    only_dan = tmp_path / "dan"
    hand_in(only_dan, "dan-ddof", sample_class.filled_in())
    found = commands.records(only_dan, "--db", f"sqlite:///{own_course / 'gradebook.db'}")
    assert found["dan-ddof"]["score"] == 19
    assert found["dan-ddof"]["cells"]["written_new_patient"]["score"] == 4
    assert not (only_dan / "gradebook.db").exists()


def test_students_see_no_hidden_test(course):
    seen = [*course.glob("feedback/*/scaling/scaling.html"), *course.glob("autograded/*/scaling/scaling.ipynb")]
    assert len(seen) == 2 * 38
    for path in seen:
        assert sample_class.hidden_lines_in(path.read_text()) == [], path


def test_the_students_own_traceback_is_shown(course):
    page = (course / "feedback" / "jon-does-not-run" / "scaling" / "scaling.html").read_text()
    text = html.unescape(re.sub("<[^>]*>", "", page))
    assert "NameError: name 'mean' is not defined" in text
    assert "Traceback of the submitted code:" in text


def test_restored_cells_are_reported(course):
    printed = (course / "printed.txt").read_text()
    assert "max-deleted-a-test: missing, so the original was put back: test_min_max_scale" in printed
    assert "lou-edited-a-test: changed, so the original was put back: test_standardize" in printed


def test_odd_ids_are_graded(course, records):
    assert {student: records[student]["score"] for student in ODD_IDS} == dict.fromkeys(ODD_IDS, 0) | {"s[1]": 15}
    for student in ODD_IDS:
        assert (course / "feedback" / student / "scaling" / "scaling.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grade", "skaling"], "there is no assignment 'skaling'; the assignments in solutions/ are: batches, cnn"),
        (["grade", "scaling", "--course", "nowhere"], "nobody has handed in 'scaling': there is nothing at"),
        (["grade", "scaling", "--json", "nowhere/s.json"], "the folder nowhere does not exist; create it first"),
        (["exercises", "skaling"], "there is no assignment 'skaling'"),
    ],
)
def test_a_usage_error_names_the_way_out_with_exit_code_2(arguments, message, tmp_path):
    ran = invoke(*arguments, cwd=tmp_path)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_configuration_that_does_not_run_is_named(tmp_path):
    hand_in(tmp_path, "ada", sample_class.handed_out())
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.Execute.timeout = soon\n")
    ran = bngrader("grade", "scaling", "--course", tmp_path)
    assert ran.returncode == 2
    assert f"{tmp_path / 'nbgrader_config.py'} does not run: NameError: name 'soon' is not defined" in ran.stderr
    assert "Traceback" not in ran.stderr
