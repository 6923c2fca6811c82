"""Tests that the page gets every function for which NumPy is enough, complete and without secrets."""

import json

import pytest

from bngrader.authoring.browser_exercises import read_exercises
from bngrader.course.folders import assignments
from tests.conftest import REPOSITORY
from tests.solutions.runner import cells, functions, points

SLUGS = assignments(REPOSITORY)
IN_THE_NOTEBOOK_ALONE = {"make_network", "record_activations", "make_block"}


def items(slug):
    return read_exercises(REPOSITORY / "exercises" / slug / f"{slug}.ipynb")


@pytest.mark.parametrize("slug", SLUGS)
def test_every_function_has_stub_text_tests_and_points(slug):
    found = items(slug)
    assert [item.name for item in found.exercises] == functions(slug)
    for item in found.exercises:
        assert "raise NotImplementedError()" in item.stub
        assert len(item.about.split()) > 20
        assert not item.about.startswith("#")
        assert all(test.name.startswith(f"test_{item.name}") for test in item.tests)
    tests = {test.name: test.points for item in found.exercises for test in item.tests}
    assert tests == {name: worth for name, worth in points(slug).items() if name.startswith("test_")}
    assert sum(item.points for item in found.exercises) == 15
    assert len(found.common.split()) > 20
    assert "Validate" not in found.common


@pytest.mark.parametrize("slug", SLUGS)
def test_exercises_with_torch_are_not_sent_to_the_page(slug):
    found = items(slug)
    left_out = {item.name for item in found.exercises if item.missing}
    assert left_out == set(functions(slug)) & IN_THE_NOTEBOOK_ALONE
    assert all("torch" in item.missing for item in found.exercises if item.missing)
    assert [item["name"] for item in found.for_page()["items"]] == [
        name for name in functions(slug) if name not in IN_THE_NOTEBOOK_ALONE
    ]


@pytest.mark.parametrize("slug", SLUGS)
def test_the_page_gets_no_secrets(slug):
    text = json.dumps(items(slug).for_page())
    assert "hidden" not in text
    assert "SOLUTION" not in text
    for name in functions(slug):
        body = cells(slug)[name].source.partition("### BEGIN SOLUTION")[2].partition("### END")[0]
        long = [line.strip() for line in body.splitlines() if len(line.strip()) > 30]
        assert long
        assert [line for line in long if json.dumps(line)[1:-1] in text] == []


def test_a_gradient_needs_the_forward_pass_of_its_reader():
    assert {item.name: item.needs for item in items("placement").exercises if item.needs} == {
        "batch_norm_backward": ("batch_norm_forward",)
    }


def test_imports_that_work_in_the_page_are_kept():
    setup = items("cnn").setup
    namespace = {}
    exec(setup, namespace)
    assert "torch" not in setup
    assert {"np", "copy", "slopes"} <= set(namespace)
    assert "fit" not in namespace
