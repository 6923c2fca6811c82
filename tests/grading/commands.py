"""What the tests of grading share: hand in a notebook, run the commands on a class, and read what they leave."""

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
    """Run a command to its end; gives the finished process with what it printed."""
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=cwd, **{"capture_output": True, "text": True, "check": False} | options)


def bngrader(*arguments, **options):
    """Run the command in a process of its own, as its users do."""
    return run(sys.executable, "-m", "bngrader", *arguments, **options)


def nbgrader(folder, *arguments, **options):
    """Run nbgrader's own command in a folder, and give what it printed; the test fails if the command does."""
    ran = run(BIN / "nbgrader", *arguments, cwd=folder, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def invoke(*arguments, cwd=REPOSITORY):
    """Run the command in this process, which is seconds quicker; gives the same as `bngrader`."""
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
    """Put a notebook, or the text of a file, where a student's submission lies; gives the path."""
    path = folder / "submitted" / student / "scaling" / "scaling.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook if isinstance(notebook, str) else nbformat.writes(notebook))
    if timestamp:
        path.with_name("timestamp.txt").write_text(timestamp)
    return path


def grading(folder, *arguments, start=("-m", "bngrader")):
    """The command line of a round of grading a class, whose records will be in the class's scores.json."""
    options = ["--course", folder, "--json", folder / "scores.json", *arguments]
    if "--jobs" not in arguments:
        options += ["--jobs", 1]  # a worker more starts longer than it takes to grade a small class
    return [sys.executable, *start, *map(str, ["grade", "scaling", *options])]


def grade(folder, *arguments, start=("-m", "bngrader"), **options):
    """Run a round of grading; gives the finished process."""
    return run(*grading(folder, *arguments, start=start), **options)


def records(folder, *arguments, **options):
    """A round of grading that must succeed; gives the records by student."""
    ran = grade(folder, *arguments, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return records_in(folder)


def records_in(folder):
    """The records of the last round, by student."""
    return {record["student"]: record for record in json.loads((folder / "scores.json").read_text())}


def page(folder, student):
    """The text of a student's page of feedback."""
    html = (folder / "feedback" / student / "scaling" / "scaling.html").read_text()
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", html.partition("<body")[2]))


def graded_notebook(folder, student):
    """A student's graded notebook."""
    return nbformat.read(folder / "autograded" / student / "scaling" / "scaling.ipynb", as_version=4)


@contextmanager
def gradebook(place):
    """The gradebook of a class's folder, or at an address; what is changed in it is committed."""
    address = f"sqlite:///{place / 'gradebook.db'}" if isinstance(place, Path) else place
    with Gradebook(address, COURSE) as book:
        yield book
        book.db.commit()


def configuration_of_the_book(clone):
    """What the book tells instructors to put into the folder of a class."""
    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / "book" / "instructors.md").read_text(), re.DOTALL)
    return next(block for block in blocks if "load_subconfig" in block).replace("/path/to/the/clone", str(clone))
