"""The tests of the assignment on scaling: right answers pass, each known mistake fails the cells that are about it."""

import subprocess
import sys

import pytest

from bngrader.check import CheckFailed
from bngrader.sources import read_solution
from tests.conftest import REPOSITORY
from tests.solutions.answers_scaling import UNUSUAL, WRONG

SOLUTION = REPOSITORY / "solutions" / "scaling.py"
CELLS = {cell.id: cell for cell in read_solution(SOLUTION).cells}
POINTS = {name: cell.metadata.nbgrader["points"] for name, cell in CELLS.items() if "points" in cell.metadata.nbgrader}


def failures(function, answer):
    """Run one answer through the test cells of its function; what each failed cell says, by its grade_id."""
    said = {}
    for name in POINTS:
        if name.startswith(f"test_{function}"):
            namespace = {}
            exec(CELLS["imports"].source, namespace)
            exec(answer, namespace)
            try:
                exec(CELLS[name].source, namespace)
            except CheckFailed as failure:
                said[name] = str(failure)
    return said


def answers(table):
    return [
        pytest.param(f, *(a if isinstance(a, tuple) else (a,)), id=f"{f}: {n}")
        for f in table
        for n, a in table[f].items()
    ]


def test_the_solution_runs_as_a_plain_script():
    ran = subprocess.run(
        [sys.executable, SOLUTION], capture_output=True, text=True, env={"MPLBACKEND": "agg"}, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(("function", "answer"), answers(UNUSUAL))
def test_a_right_but_unusual_answer_gets_full_marks(function, answer):
    assert failures(function, answer) == {}


@pytest.mark.parametrize(("function", "answer", "cells", "message"), answers(WRONG))
def test_a_mistake_fails_the_cells_that_are_about_it_and_no_other(function, answer, cells, message):
    said = failures(function, answer)
    assert set(said) == cells
    assert any(message in text for text in said.values())
    assert all(len(text.splitlines()) <= 30 for text in said.values())


def test_an_unwritten_function_fails_every_cell_and_says_so():
    said = failures("standardize", "def standardize(x):\n    raise NotImplementedError()\n")
    assert set(said) == {name for name in POINTS if name.startswith("test_standardize")}
    assert set(said.values()) == {"Not so: standardize is not written yet."}


def test_the_points_are_those_of_the_contract():
    functions = {
        name: 0 for name, cell in CELLS.items() if cell.metadata.nbgrader.solution and cell.cell_type == "code"
    }
    assert list(functions) == ["standardize", "min_max_scale", "apply_standardize", "inverse_standardize"]
    for function in functions:
        functions[function] = sum(p for name, p in POINTS.items() if name.startswith(f"test_{function}"))
    assert all(2 <= points <= 6 for points in functions.values())
    assert sum(functions.values()) == 15
    assert {name: p for name, p in POINTS.items() if not name.startswith("test_")} == {"written_new_patient": 5}


def test_there_are_enough_answers_of_each_kind():
    assert all(len(kinds) >= 4 for kinds in UNUSUAL.values())
    assert all(len(kinds) >= 6 for kinds in WRONG.values())
