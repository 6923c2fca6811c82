"""Tests that the commands of the quickstart for instructors run as written and create the files it names."""

import re
import subprocess

import pytest

from tests.conftest import REPOSITORY, lacking

pytestmark = pytest.mark.slow

SAMPLE = REPOSITORY / "_build" / "sample-class"


@pytest.fixture(scope="module")
def section():
    page = (REPOSITORY / "book" / "instructors.md").read_text()
    return page.split("## From a clone to a graded class, in five minutes\n")[1].split("\n## ")[0]


@pytest.fixture(scope="module")
def runs(section):
    """Run each command of the section, and return the results by command."""
    if not (REPOSITORY / ".venv" / "bin" / "bngrader").exists():
        lacking("the installed course", "run the tests with make test")
    blocks = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines()]
    return {
        line: subprocess.run(["bash", "-c", line], cwd=REPOSITORY, capture_output=True, text=True) for line in commands
    }


def test_every_command_runs(runs):
    assert len(runs) == 6
    for line, ran in runs.items():
        assert ran.returncode == (0 if line.startswith("make") else ran.returncode), line + ran.stderr
        assert ran.returncode in (0, 1), line + ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr


def test_every_file_to_open_exists(runs, section):
    named = re.findall(r"^- `([^`]+)`", section, re.MULTILINE)
    assert len(named) == 4
    assert [name for name in named if not (SAMPLE / name).exists()] == []
    assert len(list((SAMPLE / "feedback").glob("*/scaling/scaling.html"))) >= 14
