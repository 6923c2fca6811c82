"""Tests that what real students do to notebooks costs no point, and makes nobody a suspect."""

import json

import pytest

from bngrader.authoring.notebooks import gradable, read_solution, released
from bngrader.course.folders import Course
from bngrader.similarity.hidden_code import hidden_code
from bngrader.similarity.texts import Corpus
from tests.grading import innocent
from tests.grading.commands import bngrader
from tests.grading.test_mistakes import make_course
from tests.solutions.runner import SLUGS

ROUNDS = [pytest.param(slug, marks=[] if slug == "scaling" else pytest.mark.slow) for slug in SLUGS]


@pytest.fixture(scope="module", params=ROUNDS)
def round_of(request, tmp_path_factory):
    """Grade the innocent notebooks of one assignment; return the slug, the class, and the records by habit."""
    slug = request.param
    repository = make_course(slug, tmp_path_factory.mktemp("course"))
    handed_out = released(gradable(read_solution(repository / "solutions" / f"{slug}.py")))
    folder = repository / "class"
    for habit in innocent.habits_of(slug):
        path = folder / "submitted" / habit / slug / f"{slug}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(innocent.notebook(handed_out, slug, habit), newline="")
    ran = bngrader("grade", slug, "--course", folder, "--json", folder / "scores.json", cwd=repository)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return slug, folder, {record["student"]: record for record in json.loads((folder / "scores.json").read_text())}


def test_there_are_forty_habits():
    assert sorted(habit for slug in SLUGS for habit in innocent.habits_of(slug)) == sorted(innocent.HABITS)
    assert len(innocent.HABITS) >= 40


def test_an_innocent_notebook_gets_all_points(round_of):
    _, _, records = round_of
    lost = {
        habit: [record["error"], *(cell["hints"] for cell in record["cells"].values() if cell["hints"])]
        for habit, record in records.items()
        if (record["status"], record["score"]) != ("needs_manual", 15)
    }
    assert lost == {}


def test_an_innocent_notebook_gets_a_readable_page(round_of):
    slug, folder, records = round_of
    for habit in records:
        text = (folder / "feedback" / habit / slug / f"{slug}.html").read_text()
        assert "Score: 15 of 20 points." in text, habit
        assert "what to fix" not in text, habit
        assert "\x1b" not in text, habit
        assert text.rstrip().endswith("</html>"), habit


def test_an_innocent_notebook_hides_no_code(round_of):
    slug, folder, _ = round_of
    texts = list(Corpus(Course(folder.parent, folder), slug).submissions())
    assert [found for text in texts if (found := hidden_code(text))] == []
