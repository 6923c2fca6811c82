"""Tests that every known mistake can be made from the right answer, or the error names its line."""

import ast
import builtins
import re
import symtable
import sys
from pathlib import Path

import pytest

from bngrader.authoring.notebooks import read_solution
from bngrader.check import mistakes
from bngrader.check.mistakes import Every, Mistake, known, source
from bngrader.check.mistakes.edits import apply
from bngrader.course.folders import assignments
from tests.conftest import REPOSITORY

FUNCTIONS = [
    cell.id
    for slug in assignments(REPOSITORY)
    for cell in read_solution(REPOSITORY / "solutions" / f"{slug}.py").cells
    if cell.cell_type == "code" and cell.metadata.nbgrader.solution
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_mistake_can_be_made(function):
    about = known(function)
    right = ast.dump(ast.parse(source(about.right)))
    for variant in about.variants:
        assert ast.dump(ast.parse(about.source_of(variant))) != right, variant.name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_wrong_answer_uses_only_names_that_it_has(function):
    about = known(function)
    for variant in about.variants:
        if not callable(variant.wrong):
            made = about.function_of(variant)
            there = made.__globals__ if hasattr(made, "__globals__") else vars(sys.modules[made.__module__])
            used = globals_used(symtable.symtable(about.source_of(variant), function, "exec"))
            assert {name for name in used if name not in there and not hasattr(builtins, name)} == set(), variant.name


def globals_used(table):
    """Return the global names that code uses, in all its functions."""
    own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    return own.union(*map(globals_used, table.get_children()))


def test_rewording_an_answer_names_the_mistake_and_its_line(monkeypatch):
    monkeypatch.setattr(
        mistakes, "source", lambda function: source(function).replace("x.std(axis=0)", "np.std(x, axis=0)")
    )
    about = known("standardize")
    variant = next(variant for variant in about.variants if variant.name == "divides by N - 1")
    with pytest.raises(ValueError, match="has no") as raised:
        about.source_of(variant)
    file, line, rest = re.fullmatch(r"(.*\.py):(\d+): (.*)", str(raised.value)).groups()
    assert Path(file) == REPOSITORY / "bngrader/check/mistakes/scaling/standardize.py"
    assert '"divides by N - 1"' in "".join(Path(file).read_text().splitlines()[int(line) - 1 : int(line) + 1])
    assert rest == (
        "standardize, 'divides by N - 1': the right answer has no 'x.std(axis=0)'. "
        "Its closest line is 'std = np.where(constant, 0, np.std(x, axis=0))'."
    )


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ({"x[0]": "x[1]"}, "the right answer has 'x[0]' 2 times. Use Every('x[0]') if all are meant."),
        ({"x.mean(": "0", "mean(axis=0))": "0)"}, "'x.mean(' and 'mean(axis=0))' overlap in the right answer."),
    ],
)
def test_an_edit_has_to_match_as_often_as_intended(edits, message):
    with pytest.raises(ValueError, match=re.escape(f"standardize, 'odd': {message}")):
        known("standardize").source_of(Mistake("odd", edits, "..."))


def test_edits_apply_at_once_and_everywhere_if_asked():
    assert apply({Every("a"): "b", "b": "a"}, "abac") == "babc"
