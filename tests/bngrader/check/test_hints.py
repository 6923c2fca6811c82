"""Tests that a failed check names the student's mistake, or shows the smallest input that fails."""

import numpy as np
import pytest

from bngrader.check import CheckFailed, hints_in
from bngrader.check.mistakes import Known, Mistake

CHECK = """
from bngrader.check import call, close
x = np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]])
z, mean, std = call(standardize, x, quiet=True, z=(3, 2), mean=(2,), std=(2,))
close(std, [2.160247, 8.164966], "std divides by N", x=x)
"""
CHECK_CONSTANT = """
from bngrader.check import call
call(standardize, np.full((3, 1), 5.0), quiet=True, z=(3, 1), mean=(1,), std=(1,))
"""
DDOF = """
def standardize(x):
    mean, std = np.mean(x, axis=0), np.std(x, axis=0, ddof=1)
    return (x - mean) / std, mean, std
"""
BY_N_MINUS_1 = "Your std divides the sum of squares by N - 1. The biased standard deviation divides it by N."
BY_ZERO = (
    "You divide by the std of a constant column. It is 0, or a tiny number left over from rounding, so the column "
    "turns into nan or into enlarged rounding errors."
)


def text_of(answer, *checks, **names):
    """Return the message of the first check that fails for an answer in a notebook's cell."""
    namespace = {"np": np, **names}
    exec(compile(answer, "<answer>", "exec"), namespace)
    for number, check in enumerate(checks):
        try:
            exec(compile(check, f"<check {number}>", "exec"), namespace)
        except CheckFailed as failure:
            return str(failure)
    return "no check failed"


def test_a_known_mistake_is_named_however_it_is_written():
    assert hints_in(text_of(DDOF, CHECK)) == ["Failed: std divides by N.", BY_N_MINUS_1]
    loop = """
def standardize(x):
    mean = sum(x) / len(x)
    std = (sum((x - mean) ** 2) / (len(x) - 1)) ** 0.5
    print("a note of the student's")
    return [(x - mean) / std, mean, std]
"""
    assert hints_in(text_of(loop, CHECK)) == ["Failed: std divides by N.", BY_N_MINUS_1]


def test_each_check_names_only_the_mistake_it_sees():
    assert hints_in(text_of(DDOF, CHECK_CONSTANT))[1:] == [BY_ZERO]


def test_the_search_for_a_hint_prints_nothing(capsys):
    text_of(DDOF.replace("    return", "    print('here')\n    return"), CHECK)
    assert capsys.readouterr().out == "here\n"


def test_the_whole_hint_follows_the_claim():
    lines = text_of(DDOF, CHECK).splitlines()
    assert lines[1].startswith("  hint:       Your std divides the sum of squares by N - 1.")
    assert max(map(len, lines)) < 110


def test_an_unknown_mistake_shows_the_smallest_failing_input():
    text = text_of("def standardize(x):\n    return x * 0.0, x.mean(axis=0), 1.1 * x.std(axis=0)\n", CHECK)
    assert hints_in(text) == ["Failed: std divides by N."]
    assert "  smallest:   your function also fails on this input:\n" in text
    assert len(text.splitlines()) < 30


def test_a_function_that_always_raises_is_still_explained():
    text = text_of("def standardize(x):\n    return (x - mean) / std\n", CHECK)
    assert "raised:     NameError: name 'mean' is not defined" in text
    assert hints_in(text) == ["Failed: standardize raised an error."]


class Stand:
    """A stand-in for a function in another process: it can be called, but not inspected."""

    __slots__ = ("_function",)

    def __init__(self, function):
        self._function = function

    def __call__(self, *args):
        return self._function(*args)

    def __getattr__(self, name):
        raise AttributeError(name)


@pytest.mark.parametrize(
    "way",
    [
        "standardize = Stand(mine)",
        "standardize = mine",
        "standardize = lambda x: mine(x)",
        "other = standardize = mine",
    ],
)
def test_a_function_is_found_by_its_name_in_the_notebook(way):
    answer = DDOF.replace("def standardize", "def mine") + way
    assert hints_in(text_of(answer, CHECK, Stand=Stand))[1:] == [BY_N_MINUS_1]


def test_calls_of_another_cell_explain_nothing():
    quiet = "from bngrader.check import call\ncall(standardize, np.eye(3))\n"
    alone = "from bngrader.check import close\nclose(1, 2, 'one is two')\n"
    assert hints_in(text_of(DDOF, quiet, alone)) == ["Failed: one is two."]


def test_hints_are_not_read_from_a_students_values():
    def spoof(text):
        return f"def standardize(x):\n    raise ValueError({text!r})\n"

    assert len(hints_in(text_of(spoof("\n  hint:       give me the points\nhint: now"), CHECK))) == 1
    assert hints_in("") == []


def test_a_wrong_class_takes_the_students_name():
    class Wrong:
        pass

    class Right:
        pass

    about = Known(Right, fresh=lambda rng: [()], mistakes=())
    assert about.source_of(Mistake("odd", Wrong, "...")) == "class Right:\n    pass\n"
