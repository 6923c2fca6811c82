"""Tests that each rule for test cells finds the cells that break it, and that all assignments keep the rules."""

import pytest

from bngrader.authoring.cell_rules import broken_rules, faults
from bngrader.authoring.notebooks import read_solution
from tests.conftest import REPOSITORY
from tests.solutions.runner import SLUGS

BROKEN = {
    "an expected value from the answer": (
        "y = call(f, x)\nz = call(f, 2 * x)\nclose(z, 2 * y, 'it is linear')",
        "line 3: close expects something that comes from the answer",
    ),
    "an expected value from an attribute of the answer's object": (
        "layer = call(f, 3)\nlayer.gamma = numbers\nwant = np.array(layer.gamma)\nclose(call(layer, x), want, 'right')",
        "line 4: close expects something that comes from the answer",
    ),
    "an expected value from a network beside the answer": (
        "network = beside(f, build)\nstate = network.state()\nrecord = call(f, network)\nclose(record, state, 'right')",
        "line 4: close expects something that comes from the answer",
    ),
    "an expected value that is computed too late": (
        "y = call(f, x)\nclose(y, x.mean(axis=0), 'the mean')",
        "line 2: close expects something computed after the answer was given x",
    ),
    "an expected value in the same line as the call": (
        "close(call(f, x), x.mean(axis=0), 'the mean')",
        "line 1: close expects something computed after the answer was given x",
    ),
    "an expected value of a view, a list or a generator": (
        "args = (x for x in [table[::2]])\ny = call(f, args)\nclose(y, table.mean(axis=0), 'the mean')",
        "line 3: close expects something computed after the answer was given table",
    ),
    "an expected value from what was passed uncopied": (
        "y = call(f, rng, uncopied=[rng])\nclose(y, rng.integers(9), 'the next number')",
        "line 2: close expects something that comes from the answer",
    ),
    "an expected value from an earlier round of a loop": (
        "for k in (1, 2):\n    want = None\n    close(None, x, 'right')\n    call(f, x)",
        "line 3: close expects something computed after the answer was given x",
    ),
    "a case for fitting from the answer": (
        "y = call(f, x)\nclose(call(g, x), fitting(y, (want, y)), 'right')",
        "line 2: close expects something that comes from the answer",
    ),
    "a check that waits for another function": (
        "y = call(f, x)\nif np.allclose(y, want):\n    close(call(g, y), other, 'right')",
        "line 2: the answer's result decides whether the checks here run",
    ),
    "a loop over what the answer returned": (
        "for name, value in call(f, x).items():\n    close(value, 1, 'right')",
        "line 1: the answer's result decides whether the checks here run",
    ),
    "a loop that the answer can end": (
        "for k in range(3):\n    y = call(f, k)\n    if y > 1:\n        break",
        "line 3: the answer's result decides whether the checks here run",
    ),
    "a zip without strict": (
        "for a, b in zip(call(f, x), wants):\n    close(a, b, 'right')",
        "line 1: the answer's result decides whether the checks here run",
    ),
    "a check in a try": (
        "try:\n    close(y, 1, 'one')\nexcept AssertionError:\n    pass",
        "line 1: a check inside try may fail without a message",
    ),
    "holds compares two answers": (
        "first, again = call(f, x), call(f, x)\nholds(first == again, 'the same')",
        "line 2: holds compares the answer with itself",
    ),
    "an answer that is not run by a check": (
        "y = f(x)\nclose(y, 1, 'one')",
        "line 1: f is not run by a check, so its arguments are not copied",
    ),
    "an object of the answer's that is not run by a check": (
        "block = call(f, 3)\ny = block(x)",
        "line 2: block is not run by a check, so its arguments are not copied",
    ),
    "grows without a reference": (
        "grows(f, small, large, 500, 'n log n')",
        "line 1: grows needs the test's own reference, to compare the results with",
    ),
    "grows with the answer as its reference": (
        "grows(f, small, large, 500, 'n log n', reference=f)",
        "line 1: grows needs the test's own reference, to compare the results with",
    ),
    "a large hidden input that everybody knows": (
        "### BEGIN HIDDEN TESTS\nscores = np.arange(20000)\ncall(f, scores)\n### END HIDDEN TESTS",
        "line 3: a large input of a hidden test is not drawn from hidden_rng",
    ),
    "a large hidden input in the call itself": (
        "### BEGIN HIDDEN TESTS\ncall(f, np.ones((5000, 2)))\n### END HIDDEN TESTS",
        "line 2: a large input of a hidden test is not drawn from hidden_rng",
    ),
}
KEPT = {
    "an expected value that is computed before": "want = x.mean(axis=0)\nclose(call(f, x), want, 'the mean')",
    "literals": "y = call(f, x)\nclose(y, [[1, 2]], 'right', x=x)\nclose(y.mean(axis=0), np.zeros(2), 'right')",
    "the form of an input": "y = call(f, x)\nclose(y, np.zeros(x.shape), 'right')\nclose(len(y), len(x), 'as many')",
    "something new": "y = call(f, x.copy(), 2 * x)\nclose(y, x, 'right')",
    "pairs that the test counts": "for a, b in zip(call(f, x), wants, strict=True):\n    close(a, b, 'right')",
    "a choice among the test's own": "y = call(f, x)\nclose(call(g, x), fitting(y, (one, two), *cases), 'right')",
    "another part of a case": "for x, want in cases:\n    close(call(f, x), want, 'right')",
    "a condition of the test's own": "for k in (1, 2):\n    if k > 1:\n        close(call(f, x), 1, 'right')",
    "a reference of the test's own": "def right(x):\n    return x\n\n\ngrows(f, a, b, 500, 'n log n', reference=right)",
    "a large hidden input that is drawn": (
        "### BEGIN HIDDEN TESTS\nrng = hidden_rng('f')\nx = rng.normal(size=9000)\ncall(f, x, np.arange(9000) * x)\n"
        "### END HIDDEN TESTS"
    ),
    "a large visible input": "call(f, np.arange(20000))\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS",
}


@pytest.mark.parametrize(("cell", "fault"), BROKEN.values(), ids=BROKEN)
def test_a_cell_that_breaks_a_rule_is_found(cell, fault):
    assert faults(cell, {"f", "g"}) == [fault]


@pytest.mark.parametrize("cell", KEPT.values(), ids=KEPT)
def test_a_cell_that_keeps_the_rules_is_accepted(cell):
    assert faults(cell, {"f", "g"}) == []


@pytest.mark.parametrize("slug", SLUGS)
def test_all_test_cells_of_an_assignment_keep_the_rules(slug):
    assert list(broken_rules(read_solution(REPOSITORY / "solutions" / f"{slug}.py"))) == []
