"""Tests of the command on a student's and an instructor's machine."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from bngrader.commands import app


def test_the_command_is_installed():
    ran = subprocess.run([sys.executable, "-m", "bngrader", "--help"], capture_output=True, text=True, check=True)
    assert "check-assignments" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], "grade"), (["grade"], "bngrader grade scaling --course"), (["exercises"], "bngrader exercises")],
)
def test_help_names_the_commands_and_their_examples(arguments, said):
    assert said in CliRunner().invoke(app, [*arguments, "--help"]).stdout


def test_a_missing_extra_is_named_with_its_install_command():
    hide = "import sys; sys.modules['typer'] = None; import bngrader.__main__ as m; m.main()"
    ran = subprocess.run([sys.executable, "-c", hide], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "bngrader needs the package typer" in ran.stderr
    assert "pip install 'bncourse[grade]'" in ran.stderr
    assert "Traceback" not in ran.stderr
