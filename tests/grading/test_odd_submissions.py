"""Tests that every odd submission is graded or refused with a reason, and none stops the others."""

import copy

import nbformat
import pytest

from tests.grading import sample_class
from tests.grading.commands import hand_in
from tests.grading.commands import records as graded

LOOP = "def standardize(x):\n    while True:\n        pass\n"
EXIT = "def standardize(x):\n    import os\n    os._exit(0)\n"
CHEAT = "def standardize(x):\n    return x\n"


def without_schema():
    notebook = sample_class.filled_in()
    for cell in notebook.cells:
        del cell.metadata.nbgrader["schema_version"]
    return notebook


def with_a_cell_pasted_twice():
    notebook = sample_class.filled_in()
    again = copy.deepcopy(next(cell for cell in notebook.cells if cell.id == "test_standardize"))
    again.id = "again"
    notebook.cells.append(again)
    return notebook


def with_tampered_metadata():
    notebook = sample_class.filled_in(standardize=CHEAT)
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception"]
        if "points" in cell.metadata.nbgrader:
            cell.metadata.nbgrader["points"] = 100
    return notebook


SUBMISSIONS = {
    "a-exit": nbformat.writes(sample_class.filled_in(standardize=EXIT)),
    "b-loop": nbformat.writes(sample_class.filled_in(standardize=LOOP)),
    "c-no-schema": nbformat.writes(without_schema()),
    "d-pasted-twice": nbformat.writes(with_a_cell_pasted_twice()),
    "e-tampered": nbformat.writes(with_tampered_metadata()),
    "f-number-for-metadata": nbformat.writes(nbformat.v4.new_notebook(cells=[])).replace(
        '"cells": []',
        '"cells": [{"cell_type": "raw", "id": "a", "source": "", "metadata": {"nbgrader": 7}}]',
    ),
    "g-empty-file": "",
    "h-list": "[1, 2]",
    "z-right": nbformat.writes(sample_class.filled_in()),
}
# student: status, score, part of the error
EXPECTED = {
    "a-exit": ("needs_manual", 9, None),
    "b-loop": ("needs_manual", 9, None),
    "c-no-schema": ("needs_manual", 15, None),
    "d-pasted-twice": ("needs_manual", 15, None),
    "e-tampered": ("needs_manual", 9, None),
    "f-number-for-metadata": ("failed", None, "has none of the assignment's cells"),
    "g-empty-file": ("failed", None, "is not a notebook"),
    "h-list": ("failed", None, "is not a notebook"),
    "x-huge": ("failed", None, "has 200 MB, more than the limit of 50 MB. Ask for it without outputs"),
    "y-other-name": ("needs_manual", 15, None),
    "z-right": ("needs_manual", 15, None),
}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    for student, text in SUBMISSIONS.items():
        hand_in(folder, student, text)
    other = folder / "submitted" / "y-other-name" / "scaling" / "Scaling (1).ipynb"
    other.parent.mkdir(parents=True)
    other.write_text(SUBMISSIONS["z-right"])
    huge = folder / "submitted" / "x-huge" / "scaling" / "scaling.ipynb"
    huge.parent.mkdir(parents=True)
    with huge.open("wb") as file:
        file.truncate(200_000_000)
    (folder / "submitted" / "roster.csv").write_text("a stray file\n")
    # Short limits, so that the endless loop costs only seconds; they also show that these settings apply.
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.Engine.call_seconds = c.Engine.cell_seconds = 3\n")
    return graded(folder)


@pytest.mark.parametrize("student", EXPECTED)
def test_each_submission_is_graded_or_refused_with_a_reason(records, student):
    status, score, error = EXPECTED[student]
    record = records[student]
    assert (record["status"], record["score"]) == (status, score)
    assert record["max_score"] == 20
    assert error is None or error in record["error"]


def test_every_submission_has_one_record(records):
    assert set(records) == set(EXPECTED)


def test_an_endless_loop_costs_its_own_cells_only(records):
    cells = records["b-loop"]["cells"]
    lost = {name for name, cell in cells.items() if cell["score"] == 0}
    assert lost == {"test_standardize", "test_standardize_constant", "test_standardize_dtype"}
    assert cells["test_standardize"]["hints"] == [
        "it took longer than the 3 seconds that a call may take: is there a loop that does not end?"
    ]
