"""Helpers for tests of grading: hand in notebooks, run the commands on a class, and read the results."""

import json
import re
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from bngrader.commands import main
from tests.conftest import REPOSITORY

BIN = Path(sys.executable).parent
COURSE = "batch-normalization"


def run(*command, cwd=REPOSITORY, **options):
    """Run a command and return the completed process with its output."""
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=cwd, **{"capture_output": True, "text": True, "check": False} | options)


def bngrader(*arguments, **options):
    """Run `bngrader` in its own process, as users do."""
    return run(sys.executable, "-m", "bngrader", *arguments, **options)


def nbgrader(folder, *arguments, **options):
    """Run `nbgrader` in a folder and return its output; the test fails if the command does."""
    ran = run(BIN / "nbgrader", *arguments, cwd=folder, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def invoke(*arguments, cwd=REPOSITORY):
    """Run `bngrader` in this process, which is seconds quicker, and return the same as `bngrader`."""
    out, err, code = StringIO(), StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        patch.setenv("COLUMNS", "200")
        patch.setattr(sys, "argv", ["bngrader", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def hand_in(folder, student, notebook, timestamp=None):
    """Write a notebook, or the text of one, as a student's submission, and return its path."""
    path = folder / "submitted" / student / "scaling" / "scaling.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook if isinstance(notebook, str) else nbformat.writes(notebook))
    if timestamp:
        path.with_name("timestamp.txt").write_text(timestamp)
    return path


def grading(folder, *arguments, start=("-m", "bngrader")):
    """Return the command line that grades a class and writes the records to its scores.json."""
    options = ["--course", folder, "--json", folder / "scores.json", *arguments]
    if "--jobs" not in arguments:
        options += ["--jobs", 1]  # a second worker takes longer to start than a small class takes to grade
    return [sys.executable, *start, *map(str, ["grade", "scaling", *options])]


def grade(folder, *arguments, start=("-m", "bngrader"), **options):
    """Grade a class and return the completed process."""
    return run(*grading(folder, *arguments, start=start), **options)


def records(folder, *arguments, **options):
    """Grade a class, which must succeed, and return the records by student."""
    ran = grade(folder, *arguments, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return records_in(folder)


def records_in(folder):
    """Return the records of the last round by student."""
    return {record["student"]: record for record in json.loads((folder / "scores.json").read_text())}


def page(folder, student):
    """Return the text of a student's feedback page."""
    html = (folder / "feedback" / student / "scaling" / "scaling.html").read_text()
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", html.partition("<body")[2]))


def graded_notebook(folder, student):
    """Return a student's graded notebook."""
    return nbformat.read(folder / "autograded" / student / "scaling" / "scaling.ipynb", as_version=4)


@contextmanager
def gradebook(place):
    """Yield the gradebook in a class's folder or at an address, and commit the changes to it."""
    address = f"sqlite:///{place / 'gradebook.db'}" if isinstance(place, Path) else place
    with Gradebook(address, COURSE) as book:
        yield book
        book.db.commit()


def configuration_of_the_book(clone):
    """Return the configuration of a class as the page for instructors shows it."""
    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / "book" / "instructors.md").read_text(), re.DOTALL)
    return next(block for block in blocks if "load_subconfig" in block).replace("/path/to/the/clone", str(clone))
