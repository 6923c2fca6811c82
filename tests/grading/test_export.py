"""Tests of exports: a class imported from Moodle, partly late, goes back in each platform's format."""

import csv
import io
import json
import re
import zipfile
from datetime import datetime

import nbformat
import pytest
from pyarrow import parquet

from bngrader.course.csv_files import unescape_formulas
from tests.bngrader.lms.test_import_submissions import make_zip
from tests.grading import sample_class
from tests.grading.commands import grade, gradebook, invoke

ZOE = 'Zoë "Z", O\'Neil'
NAMES = {"ada": "Ada Lovelace", "=1+1": '=HYPERLINK("x")', ZOE: "Zoë O'Neil", "bob": "Bob; @Ng", "eve": "Eve"}
CONFIG = """
c = get_config()
c.AssignLatePenalties.plugin_class = "bngrader.gradebook.late_policy.LatePolicy"
c.LatePolicy.share_a_day = 0.1
"""


def bngrader(*arguments):
    """Run `bngrader` and return the exit code and the output."""
    ran = invoke(*arguments)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    rows = [[student, name, f"{number}@example.org", number] for number, (student, name) in enumerate(NAMES.items())]
    with (folder / "roster.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["student_id", "name", "email", "canvas_id"], *rows])
    right, untouched = map(nbformat.writes, (sample_class.filled_in(), sample_class.handed_out()))
    in_time, late = (2026, 3, 1, 11, 0, 0), (2026, 3, 2, 18, 0, 0)
    for time, files in {
        in_time: {"Ada Lovelace_9001": right, "Zoë O'Neil_9003": untouched, "Bob; @Ng_9004": "{"},
        late: {'=HYPERLINK("x")_9002': right},
    }.items():
        names = {f"{name}_assignsubmission_file_/scaling.ipynb": data for name, data in files.items()}
        source = make_zip(folder / f"{len(files)}.zip", names, time)
        code, output = bngrader("import", "scaling", source, "--course", folder, "--zone", "UTC")
        assert code == 0, output
    (folder / "nbgrader_config.py").write_text(CONFIG)
    code, output = bngrader("late", "scaling", "--course", folder, "--due", "2026-03-01 13:00 +0100")
    assert code == 0, output
    ran = grade(folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def export(course, format, *options):
    """Export the class and return the exit code, the output and the bytes of the file."""
    path = course / f"out-{format}"
    code, output = bngrader(
        "export", "scaling", "--format", format, "--course", course, "--to", path, "--replace", *options
    )
    return code, output, path.read_bytes()


def rows_of(data):
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def cells_of(data):
    return [cell for row in csv.reader(io.StringIO(data.decode(), newline="")) for cell in row]


@pytest.mark.parametrize("format", ["canvas", "moodle", "csv"])
def test_no_cell_is_a_formula(course, format):
    cells = cells_of(export(course, format)[2])
    assert any("HYPERLINK" in cell for cell in cells)
    for cell in cells:
        assert not cell.lstrip().startswith(("=", "+", "-", "@")), cell
        assert not re.search(r"[;\t\n]\s*[=+@-]", cell)


def test_canvas_export_has_its_columns_and_penalized_scores(course):
    code, output, data = export(course, "canvas", "--title", "Scaling (4711)")
    assert code == 0, output
    header, points, *_ = csv.reader(io.StringIO(data.decode(), newline=""))
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Scaling (4711)"]
    assert points == ["    Points Possible", "", "", "", "", "20"]
    scores = {row["ID"]: row["Scaling (4711)"] for row in rows_of(data)[1:]}
    assert scores == {"0": "15", "1": "12", "2": "0", "3": "", "4": ""}


def test_moodle_export_is_its_worksheet_with_participants(course):
    code, output, data = export(course, "moodle")
    assert code == 0, output
    rows = {row["Identifier"]: row for row in rows_of(data)}
    assert {number: row["Grade"] for number, row in rows.items()} == {
        "Participant 9001": "15",
        "Participant 9002": "12",
        "Participant 9003": "0",
    }
    late = rows["Participant 9002"]
    assert late["Maximum Grade"] == "20"
    assert late["Last modified (grade)"] == ""
    assert late["Last modified (submission)"] == "2026-03-02 18:00:00 UTC"
    assert late["Feedback comments"] == "12 of 20 points: 15 for the answers, minus 3 for being 1.2 days late."
    assert rows["Participant 9001"]["Feedback comments"] == "15 of 20 points."


def test_csv_export_keeps_every_id_and_lists_late_penalties(course):
    code, output, data = export(course, "csv")
    assert code == 0, output
    rows = {unescape_formulas(row["student_id"]): row for row in rows_of(data)}
    assert set(rows) == set(NAMES)
    assert {unescape_formulas(row["name"]) for row in rows.values()} == set(NAMES.values())
    assert {student: row["status"] for student, row in rows.items()} == {
        "ada": "needs_manual",
        "=1+1": "needs_manual",
        ZOE: "graded",
        "bob": "not_graded",
        "eve": "missing",
    }
    late = rows["=1+1"]
    assert (late["raw_score"], late["late_penalty"], late["score"], late["days_late"]) == ("15", "3", "12", "1.25")
    assert (late["due"], late["test_standardize"], late["written_new_patient"]) == ("2026-03-01 12:00:00 UTC", "3", "")
    assert rows["bob"]["score"] == rows["eve"]["score"] == ""


def test_parquet_export_keeps_types_and_raw_texts(course):
    code, output, data = export(course, "parquet")
    assert code == 0, output
    rows = {row["student_id"]: row for row in parquet.read_table(io.BytesIO(data)).to_pylist()}
    assert set(rows) == set(NAMES)
    late = rows["=1+1"]
    assert (late["name"], late["score"], late["late_penalty"]) == ('=HYPERLINK("x")', 12.0, 3.0)
    assert late["timestamp"] == datetime.fromisoformat("2026-03-02T18:00:00+00:00")
    assert rows["eve"]["score"] is None


def test_an_export_lists_what_is_not_settled(course):
    _, output, _ = export(course, "csv")
    assert "1 late penalties are subtracted:" in output
    assert "=1+1 (scaling): 12 of 20 points: 15 for the answers, minus 3 for being" in output
    assert "2 wait for a person: answers that nobody has read yet count as 0." in output
    assert "1 handed in, but not graded: no grade is exported" in output
    assert "1 not handed in: no grade is exported." in output


def test_students_without_a_number_are_reported(course, tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text("student_id,name\nada,Ada\n")
    receipts = course / "imported" / "scaling.csv"
    hidden = receipts.rename(tmp_path / "hidden.csv")
    try:
        code, output, data = export(course, "moodle", "--roster", roster)
    finally:
        hidden.rename(receipts)
    assert code == 1
    assert rows_of(data) == []
    assert f"The file has no line for these students: =1+1, {ZOE}, ada." in output


def test_feedback_export_is_one_zip_in_moodles_layout(course):
    code, output, data = export(course, "moodle-feedback")
    assert code == 0, output
    with zipfile.ZipFile(io.BytesIO(data)) as pages:
        assert sorted(pages.namelist()) == [
            "=HYPERLINK( x )_9002_assignsubmission_file_/scaling.html",
            "Ada Lovelace_9001_assignsubmission_file_/scaling.html",
            "Zoë O'Neil_9003_assignsubmission_file_/scaling.html",
        ]
        ada = pages.read("Ada Lovelace_9001_assignsubmission_file_/scaling.html")
    assert ada == (course / "feedback" / "ada" / "scaling" / "scaling.html").read_bytes()


def test_outdated_feedback_pages_are_not_exported(course):
    with gradebook(course) as book:
        book.find_grade("written_new_patient", "scaling", "scaling", "ada").manual_score = 4
    code, output, _ = export(course, "moodle-feedback")
    assert code == 2
    assert re.search("the feedback pages of ada are missing or older.*run bngrader grade", output)
    assert grade(course).returncode == 0
    assert export(course, "moodle-feedback")[0] == 0
    grades = {row["Identifier"]: row["Grade"] for row in rows_of(export(course, "moodle")[2])}
    assert grades["Participant 9001"] == "19"


def test_late_applies_a_changed_rule(course):
    (course / "extensions.csv").write_text("student_id,days\n=1+1,1\n")
    try:
        assert "are out of date: run bngrader late scaling." in export(course, "csv")[1]
        code, output = bngrader("late", "scaling", "--course", course, "--json", course / "late.json")
        assert code == 0
        assert "Due 2026-03-01 12:00:00 UTC. 1 penalties changed." in output
        (late,) = json.loads((course / "late.json").read_text())
        assert (late["student"], late["noted"], late["penalty"], late["seconds"]) == ("=1+1", 3.0, 1.5, 108_000)
        assert {row["ID"]: row["scaling"] for row in rows_of(export(course, "canvas")[2])}["1"] == "13.5"
        time = course / "submitted" / "ada" / "scaling" / "timestamp.txt"
        before = time.read_text()
        time.write_text("2026-03-01 12:01:00 UTC")  # changed after the grading
        assert "ada" in bngrader("late", "scaling", "--course", course)[1]
        time.write_text(before)
    finally:
        (course / "extensions.csv").unlink()
        bngrader("late", "scaling", "--course", course)


@pytest.mark.parametrize("command", ["import", "export", "late", "doctor"])
def test_a_usage_error_is_one_message_with_exit_code_2(command, tmp_path):
    options = {"import": [str(tmp_path)], "export": [], "late": ["--due", "soon"], "doctor": ["--roster", "none"]}
    assignment = [] if command == "doctor" else ["scaling"]
    folder = str(tmp_path / "none") if command == "doctor" else str(tmp_path)
    ran = invoke(command, *assignment, *options[command], "--course", folder)
    assert ran.returncode == 2
    assert ran.stderr.startswith("bngrader: ")
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_and_errors_are_named(course, tmp_path):
    taken = tmp_path / "taken.csv"
    taken.write_text("mine")
    for arguments, message in {
        ("scaling", "--course", course, "--to", taken): "taken.csv already exists: name another file with --to, or add",
        ("scaling", "--course", tmp_path): "there is no gradebook",
        ("cnn", "--course", course): "the gradebook has no assignment 'cnn': run bngrader grade cnn first",
        ("scaling", "cnn", "--format", "moodle", "--course", course): "Moodle accepts one assignment at a time",
        ("skaling", "--course", course): "there is no assignment 'skaling'",
        ("scaling", "--title", "a", "--title", "b", "--course", course): "2 titles for 1 assignments",
    }.items():
        code, printed = bngrader("export", *arguments)
        assert code == 2
        assert message in printed
    assert taken.read_text() == "mine"
    assert not (tmp_path / "gradebook.db").exists()
