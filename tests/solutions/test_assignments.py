"""Tests of every assignment: its points, its solution, and its right and wrong answers under another hidden seed."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from bngrader.check import hints_in
from bngrader.check.assertions import HIDDEN_SEED
from bngrader.check.mistakes import known, source
from tests.conftest import REPOSITORY
from tests.solutions import runner
from tests.solutions.runner import SLUGS, Answer

FUNCTIONS = [(slug, function) for slug in SLUGS for function in runner.functions(slug)]
LONG_LISTS = {
    "batch_norm_forward",
    "batch_norm_backward",
    "BatchNorm",
    "batch_norm2d_forward",
    "fold_linear",
    "fold_conv",
}


@pytest.mark.real
@pytest.mark.parametrize("slug", [SLUGS[0], *(pytest.param(slug, marks=pytest.mark.slow) for slug in SLUGS[1:])])
def test_nbgrader_validate_passes_on_the_solved_notebook(slug, tmp_path):
    handed_out = nbformat.read(REPOSITORY / "exercises" / slug / f"{slug}.ipynb", as_version=4)
    for cell in handed_out.cells:
        if cell.metadata.nbgrader.solution:
            cell.source = runner.cells(slug)[cell.id].source
    nbformat.write(handed_out, tmp_path / f"{slug}.ipynb")
    command = [Path(sys.executable).parent / "nbgrader", "validate", f"{slug}.ipynb"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Success! Your notebook passes all the tests." in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.parametrize(("slug", "function"), FUNCTIONS)
def test_answers_get_their_verdict_under_another_seed(slug, function, monkeypatch):
    monkeypatch.setenv(HIDDEN_SEED, "20260731")
    for answer in runner.answers(slug, every_way=False):
        if answer.function == function:
            assert_gets_its_verdict(slug, answer)


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "function"), FUNCTIONS)
def test_other_ways_to_make_a_mistake_get_their_verdict(slug, function, monkeypatch):
    monkeypatch.setenv(HIDDEN_SEED, "20260731")
    first_ways = list(runner.answers(slug, every_way=False))
    for answer in runner.answers(slug):
        if answer.function == function and answer not in first_ways:
            assert_gets_its_verdict(slug, answer)


def assert_gets_its_verdict(slug, answer):
    texts = runner.failures(slug, answer)
    assert runner.complaint(answer, {name: hints_in(text) for name, text in texts.items()}) is None, answer.name
    assert all(len(text.splitlines()) <= 40 for text in texts.values())


@pytest.mark.parametrize(("slug", "function"), FUNCTIONS)
def test_the_answer_that_mistakes_are_made_from_is_right(slug, function):
    about = known(function)
    sources = {f.__name__: source(f) for f in (*about.needs, about.right)}
    assert runner.failures(slug, Answer(function, "the right answer", sources)) == {}


@pytest.mark.parametrize(("slug", "function"), FUNCTIONS)
def test_an_unwritten_function_fails_every_cell_and_says_so(slug, function):
    stub = f"def {function}(*args, **kwargs):\n    raise NotImplementedError()\n"
    needed = {f.__name__: source(f) for f in known(function).needs}
    found = runner.failures(slug, Answer(function, "stub", {**needed, function: stub}))
    assert set(found) == set(runner.tests_of(slug, function))
    assert set(found.values()) == {f"Failed: {function} is not written yet."}


@pytest.mark.parametrize(("slug", "function"), FUNCTIONS)
def test_an_answer_that_always_raises_gets_no_hint(slug, function):
    broken = f"def {function}(*args, **kwargs):\n    raise ZeroDivisionError('of its own')\n"
    needed = {f.__name__: source(f) for f in known(function).needs}
    found = runner.failures(slug, Answer(function, "broken", {**needed, function: broken}))
    assert set(found) == set(runner.tests_of(slug, function))
    assert all(len(hints_in(text)) == 1 for text in found.values())


@pytest.mark.parametrize(("slug", "function"), FUNCTIONS)
def test_there_are_enough_answers_and_distinct_hints(slug, function):
    answers = [answer for answer in runner.answers(slug) if answer.function == function]
    hints = {mistake.hint for mistake in known(function).mistakes}
    assert sum(answer.kind == runner.RIGHT for answer in answers) >= 4
    assert len(hints) >= (10 if function in LONG_LISTS else 6)
    assert len(hints) == len(known(function).mistakes)


@pytest.mark.parametrize("slug", SLUGS)
def test_points_of_functions_and_text_add_up_to_20(slug):
    points = runner.points(slug)
    by_function = {f: sum(points[name] for name in runner.tests_of(slug, f)) for f in runner.functions(slug)}
    assert all(2 <= of_one <= 6 for of_one in by_function.values())
    assert sum(by_function.values()) == 15
    assert [of_one for name, of_one in points.items() if name.startswith("written_")] == [5]
    assert sum(points.values()) == 20
