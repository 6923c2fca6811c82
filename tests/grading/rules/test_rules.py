"""Tests of the rules on packages, as the grader enforces them: no cheat earns a point, and no allowed import costs one.

All answers to one assignment run in one notebook: each copy of a function has a name of its own, and so do its tests.
"""

import os
import re
import traceback
from functools import cache

import pytest
from nbformat.v4 import new_notebook

from bngrader.authoring.notebooks import read_solution
from bngrader.engine.execute import execute
from bngrader.engine.settings import Engine
from tests.bngrader.engine.running import code_cell, error
from tests.conftest import REPOSITORY
from tests.grading.rules.cheats import CHEATS, WAYS
from tests.grading.rules.innocent import INNOCENT, WITH_CHECKS
from tests.solutions import runner

EVERY_CHEAT = [(slug, function, way) for slug, of in CHEATS.items() for function in of for way in of[function]]
EVERY_INNOCENT = [(slug, function, way) for slug, of in INNOCENT.items() for function in of for way in of[function]]
CHECKS = "imports-the-checks"
EVERY_INNOCENT += [(slug, function, CHECKS) for slug in runner.SLUGS for function in runner.functions(slug)]
LAST = ("without-hooks",)
# Ways that do not ask Python's import, which explains the rule.
WITHOUT_IMPORT = ("search", "another-python", "spawn", "ctypes", "garbage", "path-finder", *LAST)


def renamed(source, function, copy):
    return re.sub(rf"\b{function}\b", copy, source)


def source_of(slug, function, way):
    if way in CHEATS.get(slug, {}).get(function, {}):
        return CHEATS[slug][function][way]
    pattern = WITH_CHECKS if way == CHECKS else INNOCENT[slug][function][way]
    return pattern.replace("{right}", runner.cells(slug)[function].source)


@cache
def graded(slug):
    """Grade all cheats and all innocent answers to one assignment; returns (answer, tests) by function and way."""
    solution = read_solution(REPOSITORY / "solutions" / f"{slug}.py")
    notebook = new_notebook(metadata={"allowed": dict(solution.metadata.allowed)})
    first = next(number for number, cell in enumerate(solution.cells) if cell.metadata.nbgrader.solution)
    notebook.cells = [cell for cell in solution.cells[:first] if cell.cell_type == "code"]
    notebook.cells += [cell for cell in solution.cells[first:] if cell.id in runner.functions(slug)]
    cells = {}
    # The cheat that removes the import hooks does so for all that come after it, so it comes last.
    answers = sorted(
        (one[1:] for one in EVERY_INNOCENT + EVERY_CHEAT if one[0] == slug), key=lambda one: one[1] in LAST
    )
    for number, (function, way) in enumerate(answers):
        copy = f"{function}_{number}"
        notebook.metadata.allowed[copy] = solution.metadata.allowed[function]
        answer = code_cell(copy, "answer", renamed(source_of(slug, function, way), function, copy))
        tests = [
            code_cell(f"test_{copy}_{name}", "test", renamed(runner.cells(slug)[name].source, function, copy))
            for name in runner.tests_of(slug, function)
        ]
        notebook.cells += [answer, *tests]
        cells[function, way] = answer, tests
    execute(notebook, Engine(notebook_seconds=900))
    return cells


@pytest.mark.parametrize(("slug", "function", "way"), EVERY_CHEAT)
def test_a_package_that_is_not_allowed_earns_nothing(slug, function, way):
    _, tests = graded(slug)[function, way]
    assert all(error(test) for test in tests)
    if way not in WITHOUT_IMPORT:
        assert any("may use only NumPy and the standard library" in error(test) for test in tests)


# Two that read every module or start another Python take as long as all others together.
SLOW_CHEATS = ("another-python", "search")
WORKING_CHEATS = [
    pytest.param(*one, marks=[pytest.mark.slow] * (one[2] in SLOW_CHEATS))
    for one in EVERY_CHEAT
    if one[2] not in ("spawn", "garbage")
]


@pytest.mark.parametrize(("slug", "function", "way"), WORKING_CHEATS)
def test_each_cheat_earns_points_where_all_packages_are(slug, function, way):
    answer = runner.Answer(function, way, {**needed(slug), function: source_of(slug, function, way)})
    assert is_true_in_a_fork(lambda: len(runner.failures(slug, answer)) < len(runner.tests_of(slug, function)))


def is_true_in_a_fork(fact):
    """Return whether something is true in a fork of this process, since cheats change how Python imports."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(not fact())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def needed(slug):
    """Return the right answers to all functions: tests of one may call another."""
    return {name: cell.source for name, cell in runner.cells(slug).items() if name in runner.functions(slug)}


@pytest.mark.parametrize(("slug", "function", "way"), EVERY_INNOCENT)
def test_what_the_rules_allow_costs_nothing(slug, function, way):
    _, tests = graded(slug)[function, way]
    assert [error(test) for test in tests] == [None] * len(tests)


def test_a_comparison_in_a_students_cell_says_what_is_missing():
    answer, _ = graded("scaling")["standardize", "compares-below"]
    assert "sklearn.preprocessing.StandardScaler().fit_transform() is not available" in error(answer)


def test_there_are_cheats_for_every_assignment():
    assert set(CHEATS) == set(runner.SLUGS)
    assert len(EVERY_CHEAT) >= 25
    assert len(WAYS) >= 12


@pytest.mark.parametrize("slug", runner.SLUGS)
def test_the_text_says_which_functions_may_use_more(slug):
    cells = runner.cells(slug)
    rules = re.search(r"\*\*Rules:\*\* (.*?)\n\n", cells["intro"].source, re.DOTALL)[1].replace("\n", " ")
    assert rules.startswith("Use only NumPy and the standard library")
    assert "fails its tests" in rules
    with_torch = [name for name, names in allowed(slug).items() if "torch" in names]
    assert ("you may also use PyTorch" in rules) == bool(with_torch)


def allowed(slug):
    return read_solution(REPOSITORY / "solutions" / f"{slug}.py").metadata.allowed
