"""Answers checked as the book's pages do it, but in this Python."""

from dataclasses import asdict
from itertools import islice

import pytest

from bngrader.authoring.browser_exercises import read_items
from bngrader.check.in_browser import MOST_OUTPUT, check
from bngrader.course.folders import assignments
from tests.conftest import REPOSITORY
from tests.solutions.runner import RIGHT, answers

ITEMS = {
    (slug, item.name): (found, item)
    for slug in assignments(REPOSITORY)
    for found in [read_items(REPOSITORY / "exercises" / slug / f"{slug}.ipynb")]
    for item in found.items
    if not item.missing
}


def checked(slug, function, sources, **options):
    found, item = ITEMS[slug, function]
    tests = [asdict(test) for test in item.tests]
    return check(sources, tests, setup=found.setup, forbidden=found.forbidden, **options)


def standardize(source, **options):
    return checked("scaling", "standardize", {"standardize": source}, **options)


@pytest.mark.parametrize(("slug", "function"), ITEMS)
def test_right_answers_pass_stubs_fail_and_a_known_mistake_earns_its_hint(slug, function):
    mine = [answer for answer in answers(slug, every_way=False) if answer.function == function]
    right = next(answer for answer in mine if answer.kind == RIGHT)
    assert all(verdict["passed"] for verdict in checked(slug, function, right.sources))
    stub = checked(slug, function, {**right.sources, function: ITEMS[slug, function][1].stub})
    assert not any(verdict["passed"] for verdict in stub)
    assert all("not written yet" in verdict["said"] for verdict in stub)
    wrong = (answer for answer in mine if answer.kind != RIGHT)
    named = (answer for answer in wrong if told(slug, function, answer) == {answer.hint})
    assert len(list(islice(named, 3))) == 3, "the visible tests alone tell of three mistakes"


def told(slug, function, answer):
    """The hints that a wrong answer gets."""
    return {hint for verdict in checked(slug, function, answer.sources) for hint in verdict["hints"]}


def test_an_error_is_shown_with_the_answers_own_lines():
    verdict = standardize("def helper(x):\n    return x.middle\n\ndef standardize(x):\n    return helper(x)\n")[0]
    assert verdict["said"] == "Not so: standardize raised an error."
    lines = [line.strip() for line in verdict["traceback"].splitlines()]
    places = [line for line in lines if line.startswith("File")]
    assert places == [
        'File "standardize.py", line 5, in standardize',
        'File "standardize.py", line 2, in helper',
    ]
    assert "return x.middle" in lines
    assert lines[-1].startswith("AttributeError")


def test_an_answer_that_is_no_python_is_not_tested():
    (verdict,) = standardize("def standardize(x):\n    return (x\n")
    assert not verdict["passed"]
    assert verdict["name"] == "standardize"
    assert verdict["said"].startswith("SyntaxError")
    assert 'File "standardize.py", line 2' in verdict["traceback"]


def test_what_is_printed_is_shown_with_the_test_that_called_and_not_without_end():
    source = "print('once')\ndef standardize(x):\n    print('called' * 10_000)\n    return x, x[0], x[0]\n"
    first, second, *_ = standardize(source)
    assert (first["name"], first["output"]) == ("standardize", "once\n")
    assert second["output"].startswith("calledcalled")
    assert MOST_OUTPUT < len(second["output"]) < MOST_OUTPUT + 100
    assert "only the first 20,000 characters" in second["output"]


@pytest.mark.parametrize(
    "statement", ["import bnref.scaling", "from bnref import scaling", "import sklearn.preprocessing"]
)
def test_what_the_assignment_forbids_cannot_be_imported(statement):
    (verdict,) = standardize(statement)
    assert verdict["said"].endswith("is forbidden in this assignment")
    assert not verdict["passed"]


@pytest.mark.parametrize("end", ["raise SystemExit(0)", "import sys; sys.exit(1)", "raise KeyboardInterrupt"])
def test_an_answer_cannot_end_the_pages_python(end):
    assert not standardize(end)[0]["passed"]
    assert not any(verdict["passed"] for verdict in standardize(f"def standardize(x):\n    {end}\n"))


def test_verdicts_are_told_as_they_are_reached_and_one_check_leaves_nothing_for_the_next():
    told = []
    returned = standardize("def standardize(x):\n    return left_over\n", tell=told.append)
    assert told == returned
    assert len(told) == 3
    standardize("left_over = 1\ndef standardize(x):\n    raise ValueError\n")
    again = standardize("def standardize(x):\n    return left_over\n")
    assert [verdict["said"] for verdict in again] == [verdict["said"] for verdict in told]
