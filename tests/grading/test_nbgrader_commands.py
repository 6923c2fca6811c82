"""Tests that nbgrader's own commands and formgrader work in a copy of the repository."""

import shutil
import subprocess

import nbformat
import pytest

from tests.conftest import REPOSITORY, jupyter_lab
from tests.grading import commands, sample_class
from tests.grading.commands import BIN, graded_notebook, hand_in

PROBE = "from bngrader.check.mistakes import known\nprint(known)"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the tracked and the new files, without built ones, in which a submission has been graded."""
    folder = tmp_path_factory.mktemp("clone")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    notebook = sample_class.filled_in()
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE))
    path = hand_in(folder, "ada", notebook)
    for name in ("drawing.html", "drawing.csv", "numpy.py"):
        path.with_name(name).write_text(name)
    for step in (
        ["generate_assignment", "scaling", "--force"],
        ["autograde", "scaling"],
        ["generate_feedback", "scaling"],
    ):
        nbgrader(folder, *step)
    return folder


def nbgrader(folder, *arguments):
    # The PATH lacks the environment's folder, as a user's may: the configuration must find alembic by itself.
    commands.nbgrader(folder, *arguments, env={"PATH": "/usr/bin:/bin"})


def test_generate_assignment_makes_the_committed_notebook(copy):
    made, committed = (folder / "exercises/scaling/scaling.ipynb" for folder in (copy, REPOSITORY))
    assert made.read_bytes() == committed.read_bytes()


def test_autograde_and_feedback_work(copy):
    assert (copy / "gradebook.db").exists()
    page = (copy / "feedback/ada/scaling/scaling.html").read_text()
    assert "standardize" in page
    for text in [page, (copy / "autograded/ada/scaling/scaling.ipynb").read_text()]:
        assert sample_class.hidden_lines_in(text) == []


def test_autograde_runs_the_sandboxed_engine(copy):
    probe = next(cell for cell in graded_notebook(copy, "ada").cells if cell.source == PROBE)
    assert "which is not available while a notebook is graded" in probe.outputs[0].text


def test_autograde_renames_extra_files_to_harmless_names(copy):
    brought = {path.name for path in (copy / "autograded/ada/scaling").iterdir()}
    assert brought == {"drawing.html.txt", "drawing.csv", "numpy.py.txt", "scaling.ipynb"}


def test_the_scores_can_be_exported(copy):
    nbgrader(copy, "export", "--to=grades.csv")
    header, row = (copy / "grades.csv").read_text().splitlines()
    scores = dict(zip(header.split(","), row.split(","), strict=True))
    assert (scores["student_id"], scores["score"], scores["max_score"]) == ("ada", "15.0", "20.0")


def test_bngrader_grades_the_repository_itself_by_default(copy):
    ran = commands.run(BIN / "bngrader", "grade", "scaling", cwd=copy)
    assert ran.returncode == 0, ran.stderr
    assert "1 submissions: 1 wait for a person's grade, 0 failed." in ran.stdout
    assert f"Feedback: {copy / 'feedback'}" in ran.stdout


@pytest.mark.slow
def test_commands_work_with_the_configuration_of_the_book(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(commands.configuration_of_the_book(REPOSITORY))
    hand_in(tmp_path, "bob", sample_class.handed_out())
    nbgrader(tmp_path, "generate_assignment", "scaling")
    nbgrader(tmp_path, "autograde", "scaling")
    nbgrader(tmp_path, "export", "--to=grades.csv")
    assert ",0.0,20.0" in (tmp_path / "grades.csv").read_text()
    ran = commands.grade(tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "bob" in ran.stdout


def test_formgrader_shows_the_rubric_and_saves_a_score(copy, chromium):
    with jupyter_lab(copy, BIN) as address:
        page = chromium.new_page()
        page.goto(f"{address}/formgrader/manage_submissions/scaling")
        page.get_by_text("needs manual grading").wait_for()
        assert "ada" in page.locator("body").inner_text()
        page.goto(f"{address}/formgrader/gradebook/scaling/scaling")
        page.get_by_role("link", name="Submission #1").click()
        page.get_by_text("fifty new patients").first.wait_for()
        page.wait_for_function("formgrader.grades.loaded")
        assert page.get_by_text("An answer worth 3 points").count() >= 1
        box = page.locator("input.score").last
        with page.expect_response(lambda answer: answer.request.method == "PUT") as saved:
            box.fill("4")
            box.blur()
        assert saved.value.ok
        page.close()
    nbgrader(copy, "export", "--to=grades.csv")
    assert ",19.0," in (copy / "grades.csv").read_text()
