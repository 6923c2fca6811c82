"""The plan of an assignment: its processes, their packages, and the data that a zygote sees."""

import json

import pytest
from nbformat.v4 import new_notebook

from bngrader.engine.plan import EVERYWHERE, make_plan
from bngrader.engine.settings import Engine
from tests.bngrader.engine.running import code_cell

TEST = ("test", "import sklearn.datasets")


def plan(*cells, allowed=None, **settings):
    made = [code_cell(f"cell_{number}", *cell) for number, cell in enumerate(cells)]
    return make_plan(new_notebook(cells=made, metadata={"allowed": allowed or {}}), Engine(**settings))


def packages_of(names):
    """Return the packages whose modules are in a list."""
    return {name.split(".")[0] for name in names} - {name.split(".")[0] for name in EVERYWHERE}


def test_answers_may_use_numpy_alone_unless_told_otherwise():
    made = plan(TEST)
    assert made.allowed == (("numpy",),)
    assert made.student_packages == [EVERYWHERE]


def test_functions_with_other_packages_get_their_own_process():
    made = plan(TEST, allowed={"f": ["numpy"], "g": ["numpy", "torch"], "h": ["numpy"]})
    assert made.allowed == (("numpy", "torch"), ("numpy",))
    assert made.functions == {"f": 1, "g": 0, "h": 1}
    assert [packages_of(names) for names in made.student_packages] == [{"torch", "sympy"}, set()]
    assert [made.student_options(number)["allowed"] for number in (0, 1)] == [["numpy", "torch"], ["numpy"]]
    tests = {name: made.classify(code_cell(name, "test", "")).process for name in ("test_f", "test_g_edges", "test_h")}
    assert tests == {"test_f": 1, "test_g_edges": 0, "test_h": 1}


@pytest.mark.parametrize("kind", ["test", "locked"])
def test_the_judge_gets_the_packages_of_trusted_cells(kind):
    made = plan((kind, "import sklearn.datasets"))
    assert packages_of(made.judge_packages) == {"sklearn"}


def test_answers_and_judges_never_share_a_zygote():
    assert plan(TEST).zygotes[0] == ("answers", EVERYWHERE)
    assert [kind for kind, _ in plan(allowed={"f": ["numpy"], "g": ["torch"]}).zygotes] == ["answers"] * 2 + ["judges"]


@pytest.mark.parametrize("cell", [("answer", "import sklearn.datasets"), ("test", "import numpy")])
def test_a_package_that_no_trusted_cell_uses_is_not_imported(cell):
    assert plan(cell).judge_packages == EVERYWHERE


def test_the_judge_has_every_package_that_answers_may_use():
    assert "torch" in packages_of(plan(allowed={"f": ["numpy", "torch"]}).judge_packages)


def test_a_zygote_sees_limits_and_packages_and_not_the_seed():
    options = plan(TEST, hidden_seed=4711, memory_mb=512).student_options(0)
    assert options["packages"] == list(EVERYWHERE)
    assert options["memory_mb"] == 512
    assert "4711" not in json.dumps(options)
