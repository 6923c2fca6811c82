"""Tests of the report on a class after two real rounds of grading."""

import csv
import io
import json

import pytest

from tests.barriers import assert_accessible, images_without_description, opened_file
from tests.grading import sample_class
from tests.grading.commands import grade, gradebook, hand_in, invoke

ABSENT = "=cmd|' /C calc'!A1"
DDOF = sample_class.with_mistake("standardize", "divides by N - 1")
NAMES = {"assignments", "functions", "items", "mistakes", "missing", "changed", "students"}


def report(folder, *arguments):
    return invoke("report", "--course", folder, *arguments)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    hand_in(folder, "ada", sample_class.filled_in())
    hand_in(folder, "dan", DDOF)
    hand_in(folder, "lou", DDOF)
    hand_in(folder, "kim", sample_class.handed_out())
    hand_in(folder, "jon", sample_class.filled_in(standardize=sample_class.DOES_NOT_RUN))
    hand_in(folder, "oto", "Dear professor")
    assert grade(folder).returncode == 0
    hand_in(folder, "lou", sample_class.filled_in())
    assert grade(folder, "--force").returncode == 0
    with gradebook(folder) as book:
        book.add_student(ABSENT)
    ran = report(folder, "--json", folder / "report.json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


@pytest.fixture(scope="module")
def tables(course):
    return json.loads((course / "report.json").read_text())


def row(table, **wanted):
    (found,) = [one for one in table if wanted.items() <= one.items()]
    return found


def test_scores_by_assignment_and_by_function(tables):
    assignment = row(tables["assignments"], assignment="scaling")
    assert (assignment["graded"], assignment["of students"]) == (5, 7)
    assert (assignment["median"], assignment["lowest"], assignment["highest"]) == (12, 0, 15)
    assert row(tables["functions"], function="standardize")["share of points"] == (6 + 3 + 6 + 0 + 0) / 5 / 6
    assert row(tables["functions"], function="written_new_patient")["submissions"] == 1


def test_each_test_has_its_difficulty_and_discrimination(tables):
    item = row(tables["items"], item="test_standardize")
    assert item["difficulty"] == (3 + 0 + 3 + 0 + 0) / 5 / 3
    assert 0 < item["discrimination"] < 1
    assert len(tables["items"]) == 11


def test_current_mistakes_are_counted_by_name(tables):
    known = row(tables["mistakes"], mistake="divides by N - 1")
    assert (known["function"], known["known"]) == ("standardize", "yes")
    assert (known["students"], known["of submissions"]) == (1, 5)
    assert known["what they read"].startswith("Your std divides the sum of squares by N - 1.")
    assert row(tables["mistakes"], mistake="standardize raised an error.")["known"] == "no"


def test_missing_and_changed_submissions_are_listed(tables):
    missing = {one["student"]: one["state"] for one in tables["missing"]}
    assert missing == {ABSENT: "nothing handed in", "oto": "handed in, no grade"}
    (changed,) = tables["changed"]
    assert (changed["student"], changed["versions"]) == ("lou", 2)
    assert (changed["tests at first"], changed["tests now"]) == (12, 15)


def test_the_csv_files_have_the_same_data_and_no_formulas(course, tables):
    assert set(tables) == NAMES == {path.stem for path in (course / "report").glob("*.csv")}
    text = (course / "report" / "missing.csv").read_text(encoding="utf-8")
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [one["student"] for one in read] == [f"'{ABSENT}", "oto"]
    text = (course / "report" / "students.csv").read_text(encoding="utf-8")
    scores = {one["student"]: one["scaling"] for one in csv.DictReader(io.StringIO(text, newline=""))}
    assert scores["ada"] == "15.0"
    assert scores["oto"] == ""


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_the_page_is_accessible_and_loads_nothing(course, chromium, theme):
    with opened_file(chromium, course / "report" / "report.html", theme) as page:
        assert page.locator("figure img").count() == 4
        assert images_without_description(page) == []
        assert page.get_by_role("cell", name=ABSENT).count() == 2
        assert_accessible(page)
        assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []


def test_a_usage_error_names_the_way_out(course, tmp_path):
    for arguments, message in [
        ((course,), "already contains a report. Name another folder with --into, or add --force"),
        ((tmp_path,), "grade first, or name another with --course or --db"),
        ((tmp_path, "--db", "nonsense"), "'nonsense' is not the address of a gradebook"),
    ]:
        ran = report(*arguments)
        assert ran.returncode == 2
        assert message in ran.stderr
        assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []
