"""The class that most tests of grading read, graded once a run: the sample class, and students who hand in oddly."""

import shutil

import nbformat

from tests.grading import sample_class
from tests.grading.commands import grade, hand_in
from tests.grading.sample_class import WRITTEN, filled_in

# Functions and outputs for pages of feedback.
UNKNOWN = """def min_max_scale(x):
    import numpy as np
    low, high = x.min(axis=0).astype(float), x.max(axis=0).astype(float)
    return (x - low) ** 2 / np.where(high == low, 1, high - low) ** 2, low, high
"""
PRINTS = 'print("a long line " * 30_000)'
DRAWS = """import matplotlib.pyplot as plt
import numpy as np
plt.imshow(np.random.default_rng(1).random((100, 100)))
plt.show()
"""
HOSTILE = """# A heading <script>alert(1)</script>
<img src="https://example.org/pixel.png"> <a href="javascript:alert(1)">a link</a> $\\href{javascript:alert(1)}{x}$
"""
CONFIG = 'c = get_config()\nc.Book.address = "https://example.org/bn"\n'

# Words outside of the written answer's cell, and checks in the cell of an answer.
WORDS = "Keep the training mean: one new patient must be scaled as the model was trained."
QUESTION = "about_written_new_patient"
TRIED = """from bngrader.check import call, close
{}
x = np.array([[1.0, 2.0], [3.0, 6.0]])
z, mean, std = call(standardize, x, z=x.shape, mean=(2,), std=(2,))
close(mean, [2, {}], "the mean is that of the columns", x=x)
"""
EMPTY = "nothing-anywhere"

ODD_IDS = ["a,b", "=1+1", "Zoë O'Neil", "s[1]", "*", "{x}", 'a "b"', "数学", "-rf", "a;b", "100%", "%(user)s"]


def heavy():
    notebook = filled_in(written_new_patient=HOSTILE)
    notebook.cells += map(nbformat.v4.new_code_cell, [PRINTS, DRAWS, DRAWS, DRAWS, DRAWS])
    return notebook


def with_words(place, kind="markdown", emptied=False):
    """A notebook with its functions written, and the answer in words in another cell than its own."""
    notebook = filled_in(**{WRITTEN: "" if emptied else "YOUR ANSWER HERE"})
    cell = {
        "markdown": nbformat.v4.new_markdown_cell,
        "code": nbformat.v4.new_code_cell,
        "raw": nbformat.v4.new_raw_cell,
    }
    notebook.cells.insert(place % (len(notebook.cells) + 1), cell[kind](WORDS))
    return notebook


def in_locked(name):
    """A notebook with the answer in words below the text of a locked cell."""
    notebook = filled_in(**{WRITTEN: "YOUR ANSWER HERE"})
    next(cell for cell in notebook.cells if cell.id == name).source += f"\n\n{WORDS}\n"
    return notebook


def trying(last):
    """A notebook whose cell for an answer tries a check, too."""
    standardize = next(cell.source for cell in filled_in().cells if cell.id == "standardize")
    return filled_in(standardize=TRIED.format(standardize, last))


ELSEWHERE = {
    "below": (with_words, -1),
    "above": (with_words, -2),
    "code-below": (with_words, -1, "code"),
    "raw-below": (with_words, -1, "raw"),
    "below-an-emptied-cell": (with_words, -1, "markdown", True),
    "in-the-question": (in_locked, QUESTION),
    "in-the-text-before": (in_locked, "about_descent"),
}
TRIALS = {"tries-the-checks": (trying, "4"), "fails-its-own-check": (trying, "5")}


def submissions():
    """What each student of the class handed in: a notebook, or the text of a file."""
    elsewhere = {student: make(*how) for student, (make, *how) in {**ELSEWHERE, **TRIALS}.items()}
    odd = dict.fromkeys(ODD_IDS, sample_class.handed_out()) | {"s[1]": filled_in()}
    others = {
        "unknown": filled_in(min_max_scale=UNKNOWN),
        "heavy": heavy(),
        EMPTY: filled_in(**{WRITTEN: "YOUR ANSWER HERE"}),
    }
    return {**sample_class.submissions(), **elsewhere, **odd, **others}


def make(folder):
    """Write the class and grade it, from a folder that is not the repository; what it printed is in printed.txt."""
    shutil.rmtree(folder, ignore_errors=True)
    for student, notebook in submissions().items():
        hand_in(folder, student, notebook)
    (folder / "nbgrader_config.py").write_text(CONFIG)
    ran = grade(folder, "--jobs", 2, cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "warning" not in ran.stderr.lower()
    (folder / "printed.txt").write_text(ran.stdout)
