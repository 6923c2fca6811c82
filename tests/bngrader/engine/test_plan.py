"""The plan of an assignment: the packages of its processes, and the data that a zygote sees."""

import json

import pytest
from nbformat.v4 import new_notebook

from bngrader.engine.plan import PACKAGES, make_plan
from bngrader.engine.settings import Engine
from tests.bngrader.engine.running import code_cell

TEST = ("test", "import sklearn.datasets")


def plan(*cells, forbidden=(), **settings):
    made = [code_cell(f"cell_{number}", *cell) for number, cell in enumerate(cells)]
    return make_plan(new_notebook(cells=made, metadata={"forbidden": list(forbidden)}), Engine(**settings))


def test_answers_and_judges_never_share_a_zygote():
    assert plan(TEST).zygotes == [("answers", PACKAGES), ("judges", PACKAGES)]


@pytest.mark.parametrize("kind", ["test", "locked"])
def test_tests_may_use_a_forbidden_package(kind):
    made = plan((kind, "import sklearn.datasets"), forbidden=["sklearn", "numpy.linalg"])
    assert made.judge_packages == PACKAGES
    assert made.student_packages == tuple(name for name in PACKAGES if not name.startswith("sklearn"))


@pytest.mark.parametrize("cell", [("answer", "import sklearn.datasets"), ("test", "import numpy")])
def test_a_package_that_no_test_uses_is_not_imported(cell):
    made = plan(cell, forbidden=["sklearn"])
    assert made.student_packages == made.judge_packages
    assert not any(name.startswith("sklearn") for name in made.judge_packages)


def test_a_zygote_sees_limits_and_names_and_not_the_seed():
    options = plan(TEST, forbidden=["sklearn"], hidden_seed=4711, memory_mb=512).process_options
    assert options["forbidden"] == ["sklearn"]
    assert options["memory_mb"] == 512
    assert "4711" not in json.dumps(options)
