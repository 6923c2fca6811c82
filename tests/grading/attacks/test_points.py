"""Tests that no answer earns points by making a test expect, skip or forget something.

All attacks on an assignment are graded as one class, with a right answer among them.
"""

import pytest

from bngrader.authoring.notebooks import gradable, read_solution, released
from bngrader.authoring.validate import graded
from tests.grading.attacks.points import attacks
from tests.grading.test_mistakes import make_course, notebook
from tests.solutions import runner
from tests.solutions.runner import SLUGS

EVERYWHERE = [
    "empty",
    "spoils its arguments",
    "patches the libraries",
    "peeks into frames",
    "is right twice",
    "knows the visible tests",
    "lies about its signature",
]


@pytest.fixture(
    scope="module",
    params=[pytest.param(slug, marks=[pytest.mark.slow] * (slug != "scaling")) for slug in SLUGS],
)
def assignment(request, tmp_path_factory):
    """Return the slug, its attacks, and the points by cell of each and of the right answer."""
    slug = request.param
    course = make_course(slug, tmp_path_factory.mktemp("course"))
    handed_out = released(gradable(read_solution(course / "solutions" / f"{slug}.py")))
    solution = {name: runner.cells(slug)[name].source for name in runner.functions(slug)}
    texts = {
        f"attack-{number:02}": notebook(handed_out, attack.answers)
        for number, attack in enumerate(attacks(slug).values())
    }
    records = graded(course, slug, texts | {"right": notebook(handed_out, solution)})
    scores = [
        {name: cell["score"] for name, cell in records[student]["cells"].items() if name.startswith("test_")}
        for student in sorted(records)
    ]
    return slug, attacks(slug), dict(zip([*attacks(slug), "right"], scores, strict=True))


def test_no_attack_on_the_points_earns_undeserved_ones(assignment):
    _, tried, scores = assignment
    undeserved = {
        f"{name}: {cell}": score
        for name, attack in tried.items()
        for cell, score in scores[name].items()
        if score > attack.most.get(cell, 0)
    }
    assert undeserved == {}


def test_the_right_answer_among_attacks_keeps_its_points(assignment):
    assert sum(assignment[2]["right"].values()) == 15


def test_each_kind_of_attack_is_tried_on_every_assignment(assignment):
    slug, tried, _ = assignment
    assert set(EVERYWHERE) <= set(tried)
    assert set().union(*(attack.answers for attack in tried.values())) == set(runner.functions(slug))
