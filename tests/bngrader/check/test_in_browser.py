"""Tests of the checks in the book's pages, run in this Python."""

from dataclasses import asdict
from itertools import islice

import pytest

from bngrader.authoring.browser_exercises import read_exercises
from bngrader.check.in_browser import MAX_OUTPUT_CHARACTERS, check
from bngrader.course.folders import assignments
from tests.conftest import REPOSITORY
from tests.solutions.runner import RIGHT, answers

ITEMS = {
    (slug, item.name): (found, item)
    for slug in assignments(REPOSITORY)
    for found in [read_exercises(REPOSITORY / "exercises" / slug / f"{slug}.ipynb")]
    for item in found.exercises
    if not item.missing
}


def checked(slug, function, sources, **options):
    found, item = ITEMS[slug, function]
    tests = [asdict(test) for test in item.tests]
    return check(sources, tests, setup=found.setup, **options)


def standardize(source, **options):
    return checked("scaling", "standardize", {"standardize": source}, **options)


@pytest.mark.parametrize(("slug", "function"), ITEMS)
def test_right_answers_pass_and_a_known_mistake_gets_its_hint(slug, function):
    mine = [answer for answer in answers(slug, every_way=False) if answer.function == function]
    right = next(answer for answer in mine if answer.kind == RIGHT)
    assert all(verdict["passed"] for verdict in checked(slug, function, right.sources))
    stub = checked(slug, function, {**right.sources, function: ITEMS[slug, function][1].stub})
    assert not any(verdict["passed"] for verdict in stub)
    assert all("not written yet" in verdict["message"] for verdict in stub)
    wrong = (answer for answer in mine if answer.kind != RIGHT)
    named = (answer for answer in wrong if hints_for(slug, function, answer) == {answer.hint})
    assert len(list(islice(named, 3))) == 3, "the visible tests must name at least three mistakes"


def hints_for(slug, function, answer):
    """Return the hints for a wrong answer."""
    return {hint for verdict in checked(slug, function, answer.sources) for hint in verdict["hints"]}


def test_an_error_shows_only_the_answers_own_lines():
    verdict = standardize("def helper(x):\n    return x.middle\n\ndef standardize(x):\n    return helper(x)\n")[0]
    assert verdict["message"] == "standardize raised an error."
    lines = [line.strip() for line in verdict["traceback"].splitlines()]
    places = [line for line in lines if line.startswith("File")]
    assert places == [
        'File "standardize.py", line 5, in standardize',
        'File "standardize.py", line 2, in helper',
    ]
    assert "return x.middle" in lines
    assert lines[-1].startswith("AttributeError")


def test_an_answer_with_a_syntax_error_is_not_tested():
    (verdict,) = standardize("def standardize(x):\n    return (x\n")
    assert not verdict["passed"]
    assert verdict["name"] == "standardize"
    assert verdict["message"].startswith("SyntaxError")
    assert 'File "standardize.py", line 2' in verdict["traceback"]


def test_printed_output_goes_with_its_test_and_is_limited():
    source = "print('once')\ndef standardize(x):\n    print('called' * 10_000)\n    return x, x[0], x[0]\n"
    first, second, *_ = standardize(source)
    assert (first["name"], first["output"]) == ("standardize", "once\n")
    assert second["output"].startswith("calledcalled")
    assert MAX_OUTPUT_CHARACTERS < len(second["output"]) < MAX_OUTPUT_CHARACTERS + 100
    assert "only the first 20,000 characters" in second["output"]


@pytest.mark.parametrize(
    "statement", ["import bnref.scaling", "from bnref import scaling", "import scipy.stats", "import sklearn as s"]
)
def test_packages_that_answers_may_not_use_cannot_be_imported(statement):
    (verdict,) = standardize(statement)
    assert verdict["message"].endswith("is not available: an answer may use only NumPy and the standard library")
    assert not verdict["passed"]


def test_answers_may_import_numpy_python_and_the_checks():
    imports = "import math, itertools\nimport numpy.linalg as la\nfrom bngrader.check import close\n"
    stub = "def standardize(x):\n    raise NotImplementedError"
    assert "not written yet" in standardize(imports + stub)[0]["message"]


@pytest.mark.parametrize("end", ["raise SystemExit(0)", "import sys; sys.exit(1)", "raise KeyboardInterrupt"])
def test_an_answer_cannot_end_the_pages_python(end):
    assert not standardize(end)[0]["passed"]
    assert not any(verdict["passed"] for verdict in standardize(f"def standardize(x):\n    {end}\n"))


def test_verdicts_arrive_one_by_one_and_checks_are_independent():
    told = []
    returned = standardize("def standardize(x):\n    return left_over\n", tell=told.append)
    assert told == returned
    assert len(told) == 3
    standardize("left_over = 1\ndef standardize(x):\n    raise ValueError\n")
    again = standardize("def standardize(x):\n    return left_over\n")
    assert [verdict["message"] for verdict in again] == [verdict["message"] for verdict in told]
