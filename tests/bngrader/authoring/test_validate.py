"""Tests that `bngrader check-assignments` finds what keeps an assignment from being handed out."""

import shutil

import nbformat
import pytest

from bngrader.authoring.notebooks import read_solution
from bngrader.authoring.validate import secrets_told, wrong_ids_and_points
from tests.conftest import REPOSITORY
from tests.grading.commands import invoke

TINY = """# %% solution="double"
def double(x):
    ### BEGIN SOLUTION
    return x + x + 0
    ### END SOLUTION


# %% test="test_double" points=15
from bngrader.check import call, close

close(call(double, 2), 4, "twice 2 is 4")
### BEGIN HIDDEN TESTS
close(call(double, 1234), 2468, "twice 1234 is 2468")
### END HIDDEN TESTS

# %% [markdown] written="written_why" points=5
# Because two times two is four.
"""


@pytest.fixture
def repository(tmp_path):
    """Make a repository with one assignment of one function, without its notebook."""
    (tmp_path / "solutions").mkdir()
    shutil.copy(REPOSITORY / "nbgrader_config.py", tmp_path)
    write(tmp_path, TINY)
    return tmp_path


def write(repository, text):
    (repository / "solutions" / "tiny.py").write_text(text)


@pytest.mark.slow  # the other grades for real, too
def test_a_right_assignment_is_reported_as_ok(repository):
    invoke("exercises", cwd=repository)
    ran = invoke("check-assignments", cwd=repository)
    assert (ran.returncode, ran.stdout) == (0, "tiny: ok\n"), ran.stderr


@pytest.mark.real
def test_faults_are_reported_with_exit_code_1(repository):
    write(repository, TINY.replace("x + x + 0", "x + x + 1") + '\n# %% test="test_nothing" points=1\npass\n')
    ran = invoke("check-assignments", "tiny", cwd=repository)
    assert ran.returncode == 1
    lines = ran.stdout.splitlines()
    assert "tiny: the automatic points add up to 16, but must add up to 15" in lines
    assert "tiny: exercises/tiny/tiny.ipynb does not match its solution: run bngrader exercises tiny" in lines
    assert any(line.startswith("tiny: the solution gets 0 of 15 in test_double") for line in lines)
    assert any(line.startswith("tiny: the stub gets 1 of 1 in test_nothing") for line in lines)
    assert len(lines) == 4


def test_an_assignment_that_cannot_be_generated_is_reported(repository):
    write(repository, TINY.replace("### END HIDDEN TESTS", ""))
    ran = invoke("check-assignments", cwd=repository)
    assert ran.returncode == 1
    assert ran.stdout.startswith("tiny: its notebook cannot be generated: nbgrader failed")


def test_a_duplicate_id_is_reported(repository):
    write(repository, TINY + '\n# %% test="test_double" points=1\npass\n')
    found = list(wrong_ids_and_points(read_solution(repository / "solutions" / "tiny.py")))
    assert found == ["the id test_double appears 2 times", "the automatic points add up to 16, but must add up to 15"]


@pytest.mark.parametrize(
    "secret",
    ["return x + x + 0", 'close(call(double, 1234), 2468, "twice 1234 is 2468")', "Because two times two is four."],
)
def test_a_secret_in_the_students_notebook_is_reported(repository, secret):
    solution = read_solution(repository / "solutions" / "tiny.py")
    released = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"def double(x):\n    {secret}")])
    told = list(secrets_told(solution, released))
    assert told == [f"the students' notebook contains a secret line: {secret}"]
