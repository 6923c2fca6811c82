"""Tests that the guide's commands for imports, exports, late work and the doctor work as written."""

import re
import subprocess
import sys

import pytest

from bngrader.gradebook.late_policy import LatePolicy
from bngrader.lms.roster import Student
from tests.conftest import REPOSITORY
from tests.grading.commands import gradebook

LINKED = ("solutions", "exercises", "nbgrader_config.py", "pyproject.toml", "requirements.lock")
HEADINGS = ("From Moodle or Canvas, and back", "Late work and extensions", "When something does not work")


@pytest.fixture(scope="module")
def sections():
    page = (REPOSITORY / "book" / "instructors.md").read_text()
    return [page.split(f"## {heading}\n")[1].split("\n## ")[0] for heading in HEADINGS]


def blocks(section, language):
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


@pytest.fixture(scope="module")
def clone(tmp_path_factory, sections):
    """Return a clone in which all commands of these sections ran, one after the other."""
    folder = tmp_path_factory.mktemp("clone")
    for name in LINKED:
        (folder / name).symlink_to(REPOSITORY / name)
    (folder / ".venv" / "bin").mkdir(parents=True)
    command = folder / ".venv" / "bin" / "bngrader"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={REPOSITORY} exec {sys.executable} -m bngrader "$@"\n')
    command.chmod(0o755)
    for section in sections:
        for config in blocks(section, "python"):
            (folder / "my-class" / "nbgrader_config.py").write_text(config)
        for block in blocks(section, "bash"):
            ran = subprocess.run(["bash", "-e", "-c", block], cwd=folder, capture_output=True, text=True, check=False)
            assert ran.returncode == 0, block + ran.stdout + ran.stderr
    return folder


def test_every_command_runs_and_leaves_the_named_files(clone):
    course = clone / "my-class"
    assert (course / "submitted" / "ada" / "scaling" / "scaling.ipynb").is_file()
    names = {path.name for path in (course / "exports").iterdir()}
    assert names == {"scaling-moodle.csv", "scaling-moodle-feedback.zip", "scaling-grades.csv"}
    with gradebook(course) as book:
        assert str(book.find_assignment("scaling").duedate) == "2026-03-01 11:00:00"


def test_the_page_names_every_column_and_every_setting(sections):
    columns = {"student_id", *Student.__dataclass_fields__} - {"id"}
    assert [column for column in columns if f"`{column}`" not in sections[0]] == []
    settings = LatePolicy.class_own_traits(config=True)
    assert [name for name in settings if name.removesuffix("_file") not in sections[1]] == []
