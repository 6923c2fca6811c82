"""The class that most tests of grading share: the sample class, and students with unusual submissions."""

import shutil

import nbformat

from tests.grading import sample_class
from tests.grading.commands import grade, hand_in
from tests.grading.sample_class import WRITTEN, filled_in

# Functions, outputs and texts that feedback pages must show safely.
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

# A written answer in the wrong cell, and checks in the cell of an answer.
WORDS = "Keep the training mean: one new patient must be scaled as the model was trained."
QUESTION = "about_written_new_patient"
TRIED = """from bngrader.check import call, close
{}
x = np.array([[1.0, 2.0], [3.0, 6.0]])
scaled, mean, std = call(standardize, x, scaled=x.shape, mean=(2,), std=(2,))
close(mean, [2, {}], "the mean is that of the columns", x=x)
"""
EMPTY = "nothing-anywhere"

ODD_IDS = ["a,b", "=1+1", "Zoë O'Neil", "s[1]", "*", "{x}", 'a "b"', "数学", "-rf", "a;b", "100%", "%(user)s"]


def with_large_outputs():
    notebook = filled_in(written_new_patient=HOSTILE)
    notebook.cells += map(nbformat.v4.new_code_cell, [PRINTS, DRAWS, DRAWS, DRAWS, DRAWS])
    return notebook


def with_words(place, kind="markdown", emptied=False):
    """Return a solved notebook with the written answer in a new cell at a place, and none in its own cell."""
    notebook = filled_in(**{WRITTEN: "" if emptied else "YOUR ANSWER HERE"})
    cell = {
        "markdown": nbformat.v4.new_markdown_cell,
        "code": nbformat.v4.new_code_cell,
        "raw": nbformat.v4.new_raw_cell,
    }
    notebook.cells.insert(place % (len(notebook.cells) + 1), cell[kind](WORDS))
    return notebook


def with_words_in_locked_cell(name):
    """Return a solved notebook with the written answer below the text of a locked cell."""
    notebook = filled_in(**{WRITTEN: "YOUR ANSWER HERE"})
    next(cell for cell in notebook.cells if cell.id == name).source += f"\n\n{WORDS}\n"
    return notebook


def with_check(last):
    """Return a solved notebook whose cell for `standardize` also runs a check of the second mean against `last`."""
    standardize = next(cell.source for cell in filled_in().cells if cell.id == "standardize")
    return filled_in(standardize=TRIED.format(standardize, last))


ELSEWHERE = {
    "below": (with_words, -1),
    "above": (with_words, -2),
    "code-below": (with_words, -1, "code"),
    "raw-below": (with_words, -1, "raw"),
    "below-an-emptied-cell": (with_words, -1, "markdown", True),
    "in-the-question": (with_words_in_locked_cell, QUESTION),
    "in-the-text-before": (with_words_in_locked_cell, "about_descent"),
}
TRIALS = {"tries-the-checks": (with_check, "4"), "fails-its-own-check": (with_check, "5")}


def submissions():
    """Return the submission of each student: a notebook, or the text of a file."""
    elsewhere = {student: make(*how) for student, (make, *how) in {**ELSEWHERE, **TRIALS}.items()}
    odd = dict.fromkeys(ODD_IDS, sample_class.handed_out()) | {"s[1]": filled_in()}
    others = {
        "unknown": filled_in(min_max_scale=UNKNOWN),
        "heavy": with_large_outputs(),
        EMPTY: filled_in(**{WRITTEN: "YOUR ANSWER HERE"}),
    }
    return {**sample_class.submissions(), **elsewhere, **odd, **others}


def make(folder):
    """Write the class and grade it from its own folder; the output goes to printed.txt."""
    shutil.rmtree(folder, ignore_errors=True)
    for student, notebook in submissions().items():
        hand_in(folder, student, notebook)
    (folder / "nbgrader_config.py").write_text(CONFIG)
    ran = grade(folder, "--jobs", 2, cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "warning" not in ran.stderr.lower()
    (folder / "printed.txt").write_text(ran.stdout)
