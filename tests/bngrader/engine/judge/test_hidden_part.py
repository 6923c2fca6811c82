"""Tests that nothing of a hidden test reaches the notebook: neither inputs nor what the answer does with them."""

import textwrap

import pytest

from bngrader.engine.judge import hidden_part
from tests.bngrader.engine.running import error, printed, run

pytestmark = pytest.mark.real
TEST = """from bngrader.check import call, close, holds, leaves_arguments_alone, raises
x = np.array([1.0, 2.0])
call(f, x)
### BEGIN HIDDEN TESTS
x = np.array([7000 + 316.548912, 7001.0])
{}
### END HIDDEN TESTS
"""
CALLED = 'close(call(f, x, y=(2,)), [3, 4], "y is x", x=x)'


def shown(answer, test=CALLED, **settings):
    """Run an answer and a test with this hidden part; return the test's cell, which must not hold the secret."""
    cells = run(
        ("locked", "import numpy as np"),
        ("answer", textwrap.dedent(answer), "f"),
        ("test", TEST.format(test), "test_f"),
        ("answer", "1 + 1"),
        **settings,
    )
    for cell in cells:
        told = [digits for digits in ("7316", "7.316", "7,316") if digits in str(cell.outputs)]
        assert told == [], cell.outputs
    return cells[2]


PRINTS = """
import os, sys, warnings
def f(x):
    print(x)
    print(x, file=sys.stderr)
    os.write(1, str(x).encode())
    warnings.warn(str(x))
    display(str(x))
    return x
"""
SAYS = {
    "prints": PRINTS,
    "raises": "def f(x):\n    if x[0] > 1:\n        raise ValueError(x)\n    return x",
    "a-class-by-name": "def f(x):\n    if x[0] > 1:\n        raise type(f'E{x[0]}', (ValueError,), {})()\n    return x",
    "returns": "def f(x):\n    return {'x': x, 'y': str(x)} if x[0] > 1 else x",
    "a-number": "def f(x):\n    return float(x[0])",
    "a-function-by-name": """
        def f(x):
            f.__name__ = f.__qualname__ = f"f{x[0]}"
            return str(x)
    """,
    "a-frame-by-name": """
        def f(x):
            if x[0] == 1:
                return x
            name = "secret_" + str(x[0]).replace(".", "_")
            scope = {}
            exec(compile(f"def {name}(): 1 / 0", f.__code__.co_filename, "exec"), scope)
            scope[name]()
    """,
    "a-parameter-by-name": """
        import inspect
        def f(x):
            name = "x" + str(x[0]).replace(".", "_")
            parameter = inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            f.__signature__ = inspect.Signature([parameter])
            x[0] = 0
            return x
    """,
}
HIDDEN_TESTS = {
    "close": CALLED,
    "last-result": "call(f, x)",
    "prints": "print(x, f(x))\nholds(False, 'never')",
    "leaves-alone": "leaves_arguments_alone(f, x)\nleaves_arguments_alone(f, x)",
    "raises": "raises(KeyError, f, x)",
    "a-test-that-fails-itself": "f(x) + {}",
    "a-claim": "holds(False, f'y is {f(x)}, not {x[0]:,.3f}', x=x)",
}


@pytest.mark.parametrize("test", HIDDEN_TESTS)
@pytest.mark.parametrize("answer", SAYS)
def test_nothing_said_in_a_hidden_test_is_shown(answer, test):
    shown(SAYS[answer], HIDDEN_TESTS[test])


def test_the_visible_part_shows_what_it_always_did():
    cells = run(
        ("locked", "import numpy as np"),
        ("answer", PRINTS, "f"),
        ("test", TEST.format("pass").replace("call(f, x)", 'print("one")\nf(x)\nclose(f(x), x + 1, "y is more", x=x)')),
    )
    assert "one\n" in printed(cells[2])
    assert "[1. 2.]" in printed(cells[2])
    assert "x =         [1. 2.]" in error(cells[2])
    assert "got:        [1. 2.]" in error(cells[2])


def test_a_visible_part_after_the_hidden_one_is_shown():
    test = TEST.format(CALLED.replace("[3, 4]", "x")) + 'print("after")\nassert False, "here"\n'
    cells = run(("locked", "import numpy as np"), ("answer", "def f(x):\n    return x", "f"), ("test", test))
    assert printed(cells[2]) == "after\n"
    assert error(cells[2]) == "AssertionError: here"


def test_a_hidden_failure_keeps_its_claim_and_its_line():
    cell = shown(SAYS["raises"])
    assert error(cell) == (
        "CheckFailed: Failed: f raised an error.\n"
        "  input:      not shown, because this part of the test is hidden\n"
        "  raised:     ValueError"
    )
    own = cell.outputs[-1].traceback[-1]
    assert own.startswith("Traceback of the submitted code:\nFile")
    assert own.endswith("line 3\n    raise ValueError(x)")
    assert error(shown("def f(x):\n    return x")).startswith("CheckFailed: Failed: y is x.\n  input: ")


def test_a_hidden_failure_names_a_limit_and_a_missing_answer():
    slow = shown("def f(x):\n    while x[0] > 1:\n        pass", call_seconds=1)
    assert "LimitReached: it took longer than the 1 seconds that a call may take" in error(slow)
    cells = run(("answer", "1 / 0", "f"), ("test", "### BEGIN HIDDEN TESTS\nf(1)\n### END HIDDEN TESTS"))
    assert error(cells[1]).startswith("CheckFailed: Failed: f is not defined.\n  its cell    ended with ZeroDivision")


def test_a_hidden_result_still_counts_as_the_score():
    cell = shown("def f(x):\n    return x", "0.5")
    assert [output.data["text/plain"] for output in cell.outputs] == ["0.5"]


def test_a_claim_keeps_the_numbers_of_the_test():
    source = "close(1, 2, f'a share of {decay}')  # 0.9375"
    for claim, reduced in {
        "adding 1,000,000 to every value of the 3 rows": "adding 1,000,000 to every value of the 3 rows",
        "a share of 0.9375 stays": "a share of 0.9375 stays",
        "the shape is (2, 73165489), not 7_316.5": "the shape is (2, ...), not ...",
        "f must not change its argument x7316": "f must not change its arguments",
    }.items():
        text = f"Failed: {claim}."
        output = {"output_type": "error", "ename": "CheckFailed", "evalue": text, "traceback": []}
        failed = hidden_part.reduced(output, source, hidden_part.CheckFailed(text), None)
        assert failed["evalue"].splitlines()[0] == f"Failed: {reduced}."
