"""Tests that `bngrader doctor` finds the faults of a machine and a course, and says how to fix them."""

import json
import shutil
import sqlite3

import pytest
from nbgrader.api import Gradebook

from bngrader.course import hidden_seed
from bngrader.course.folders import put_tools_on_path
from bngrader.doctor import course as course_checks
from bngrader.doctor import machine
from bngrader.lms import import_log
from tests.conftest import REPOSITORY
from tests.grading.commands import invoke

RULE = "c = get_config()\nc.AssignLatePenalties.plugin_class = 'bngrader.gradebook.late_policy.LatePolicy'\n"


MACHINE = {"Python", "packages", "sandbox", "outer wall", "limits", "kernel", "memory", "disk", "browser"}
PARTS = MACHINE | {"exercises", "configuration", "gradebook", "late work", "roster"}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Return a course without faults, in which nothing has been graded yet."""
    monkeypatch.chdir(REPOSITORY)
    put_tools_on_path()
    (tmp_path / "nbgrader_config.py").write_text(f"{RULE}")
    (tmp_path / "roster.csv").write_text("student_id,name\nada,Ada\n")
    (tmp_path / "submitted" / "ada" / "scaling").mkdir(parents=True)
    return tmp_path


def doctor(course, *arguments):
    """Run the doctor and return the exit code, the output, and the findings by topic."""
    found = course / "found.json"
    options = ["doctor", "--course", course, "--json", found, *arguments]
    ran = invoke(*options)
    findings = json.loads(found.read_text()) if found.exists() else []
    return ran.returncode, ran.stdout + ran.stderr, {each["about"]: each for each in findings}


def wrong_message(course, about, *arguments):
    """Assert that one topic is wrong, by its finding, the exit code and the table, and return its message."""
    code, printed, found = doctor(course, *arguments)
    assert code == 1
    assert found[about]["state"] == "wrong", found[about]
    assert found[about]["fix"] == found[about]["mend"]
    assert found[about]["fix"]
    assert "wrong" in printed
    assert "Problems to fix: 1." in printed
    return found[about]["message"]


def test_a_healthy_course_has_no_findings(course):
    code, printed, found = doctor(course)
    assert code == 0
    assert "Everything is in order." in printed
    assert set(found) == PARTS
    assert len(printed.splitlines()) <= 24
    assert [each["about"] for each in found.values() if each["state"] == "wrong"] == []
    assert found["roster"]["message"] == "1 students, 1 of whom handed something in"
    assert not (course / "gradebook.db").exists()


def test_missing_old_and_unlocked_packages_are_named(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["numpy>=2"]\n'
        '[project.optional-dependencies]\ngrade = ["no-such-package>=1", "nbgrader==9.9", "rich>=13"]\n'
    )
    (tmp_path / "requirements.lock").write_text("numpy==1.0\n")
    missing, other = machine.packages(tmp_path)
    assert missing.state == "wrong"
    required = "nbgrader 0.9.6 is installed, but pyproject.toml requires ==9.9"
    assert missing.message.startswith(f"no-such-package is not installed; {required}")
    assert other.state == "note"
    assert "numpy" in other.message
    assert "(lock: 1.0)" in other.message


def test_an_old_python_is_wrong():
    assert machine.python((3, 10)).state == "wrong"


def test_outdated_exercises_are_named(tmp_path):
    for folder in ("solutions", "exercises"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    assert course_checks.exercises(tmp_path).state == "right"
    script = tmp_path / "solutions" / "cnn.py"
    script.write_text(script.read_text() + '\n# %% locked="end"\n1 + 1\n')
    (tmp_path / "exercises" / "scaling" / "scaling.ipynb").unlink()
    found = course_checks.exercises(tmp_path)
    assert (found.state, found.message) == ("wrong", "do not match solutions/: cnn, scaling")
    assert found.fix == "bngrader exercises cnn scaling"


def make_gradebook(course):
    Gradebook(f"sqlite:///{course / 'gradebook.db'}").close()
    return course / "gradebook.db"


def test_a_gradebook_of_this_nbgrader_is_right(course):
    make_gradebook(course)
    assert doctor(course)[2]["gradebook"]["message"] == "can be used; 0 answers wait for a person"


def test_a_gradebook_of_another_nbgrader_is_wrong(course):
    with sqlite3.connect(make_gradebook(course)) as database:
        database.execute("UPDATE alembic_version SET version_num = 'b6d005d67074'")
    versions = "(b6d005d67074, not e43177bfe90b)"
    assert f"its tables belong to another version of nbgrader {versions}" in wrong_message(course, "gradebook")


def test_a_damaged_or_unreachable_gradebook_is_wrong(course):
    (course / "gradebook.db").write_bytes(b"not a database" * 100)
    assert "cannot be used: file is not a database" in wrong_message(course, "gradebook")
    assert "cannot be used" in wrong_message(
        course, "gradebook", "--db", "postgresql+psycopg://nobody@127.0.0.1:1/none"
    )
    assert "is not the address of a gradebook" in wrong_message(course, "gradebook", "--db", "gradebook.db")


def test_a_configuration_that_does_not_run_is_named(course):
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.X.y = soon\n")
    assert "does not run: NameError" in wrong_message(course, "configuration")


def test_a_missing_sandbox_is_wrong(course):
    (course / "nbgrader_config.py").write_text(f"{RULE}c.Engine.unsafe_no_sandbox = True\n")
    assert "students' code runs without a sandbox" in wrong_message(course, "configuration")


@pytest.mark.parametrize(("seed", "state"), [(271828, "note"), (2**63 - 1, "note"), (-(2**63), "right")])
def test_a_configured_seed_of_few_bits_is_noted(course, seed, state):
    (course / "nbgrader_config.py").write_text(f"{RULE}c.Engine.hidden_seed = {seed}\n")
    code, _, found = doctor(course)
    assert (code, found["configuration"]["state"]) == (0, state)
    few = f"c.Engine.hidden_seed has {seed.bit_length()} bits, so few that somebody could try them all"
    assert (found["configuration"]["message"] == few) == (state == "note")


def test_the_seeds_file_must_be_whole_and_secret(course):
    assert not (course / hidden_seed.FILE).exists()
    hidden_seed.class_seed(course, None)
    assert doctor(course)[2]["configuration"]["state"] == "right"
    (course / hidden_seed.FILE).chmod(0o640)
    assert "others can read" in wrong_message(course, "configuration")
    (course / hidden_seed.FILE).write_text("271828\n")
    assert "does not hold the seed of the hidden tests" in wrong_message(course, "configuration")


def test_a_broken_rule_for_late_work_is_named(course):
    (course / "extensions.csv").write_text("student_id,days\nada,two\n")
    assert "line 2: 'two' is not a number of days" in wrong_message(course, "late work")
    (course / "extensions.csv").write_text("student_id,days,assignment\nada,2,skaling\n")
    assert "extensions for assignments that do not exist: skaling" in wrong_message(course, "late work")
    (course / "extensions.csv").write_text("student_id,days\nadda,2\n")
    assert "extensions for students that do not exist: adda" in wrong_message(course, "late work")


def test_a_timestamp_of_unknown_origin_is_noted(course):
    place = course / "submitted" / "ada" / "scaling"
    (place / "timestamp.txt").write_text("2026-02-01 10:00:00 UTC")
    code, _, found = doctor(course)
    assert (code, found["times"]["state"]) == (0, "note")
    assert found["times"]["message"].endswith("nor from an import: ada/scaling")
    (place / "submission_secret.txt").write_text("0" * 128)  # as nbgrader submit writes it
    assert "times" not in doctor(course)[2]
    (place / "submission_secret.txt").unlink()
    receipt = import_log.Receipt("ada", "moodle", "1", "Ada", "scaling.ipynb", "2026-02-01 10:00:00 UTC", "")
    import_log.keep_receipts(course, "scaling", {"ada": receipt})
    assert "times" not in doctor(course)[2]


def test_a_roster_that_is_wrong_or_incomplete_is_named(course):
    (course / "submitted" / "mallory").mkdir()
    assert wrong_message(course, "roster") == "lacks these students, who handed something in: mallory"
    (course / "roster.csv").write_text("student_id\nada\nada\n")
    assert "student_id 'ada' appears in lines 2 and 3" in wrong_message(course, "roster")
    assert "cannot be read" in wrong_message(course, "roster", "--roster", course / "none.csv")
    (course / "roster.csv").unlink()
    assert doctor(course)[2]["roster"]["state"] == "note"


def test_a_course_that_does_not_exist_is_an_error(course):
    code, printed, _ = doctor(course, "--course", course / "nowhere")
    assert code == 2
    assert "this folder does not exist" in printed
