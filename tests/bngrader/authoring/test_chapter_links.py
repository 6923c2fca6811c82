"""Tests that feedback links to headings that exist."""

import re

import pytest
from docutils.nodes import make_id
from traitlets.config import Config

from bngrader.authoring.chapter_links import HEADINGS, anchor, book_address, reading
from bngrader.authoring.notebooks import read_solution
from bngrader.course.folders import CourseError, assignments
from bngrader.feedback.questions import ideas_in
from tests.conftest import REPOSITORY

SLUGS = assignments(REPOSITORY)


@pytest.mark.parametrize("slug", SLUGS)
def test_headings_are_unique_and_have_the_ids_sphinx_gives(slug):
    text = (REPOSITORY / "book" / f"{slug}.md").read_text()
    headings = re.findall(r"^##+ (.+)$", text, re.MULTILINE)
    for heading in HEADINGS[slug].values():
        assert headings.count(heading) == 1, heading
        assert anchor(heading) == make_id(heading)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_idea_has_a_heading_in_the_chapter(slug):
    ideas = ideas_in(read_solution(REPOSITORY / "solutions" / f"{slug}.py").cells)
    assert {idea.name for idea in ideas} <= set(HEADINGS[slug])
    tests = {cell.metadata.nbgrader.grade_id for idea in ideas for cell in idea.graded}
    assert set(HEADINGS[slug]) <= {idea.name for idea in ideas} | tests


def test_every_graded_cell_belongs_to_one_idea():
    for slug in SLUGS:
        cells = read_solution(REPOSITORY / "solutions" / f"{slug}.py").cells
        scored = [cell.id for cell in cells if cell.metadata.nbgrader.grade]
        assert sorted(cell.id for idea in ideas_in(cells) for cell in idea.graded) == sorted(scored)


def test_a_test_with_its_own_topic_has_its_own_heading():
    book = "https://example.org/bn/"
    plain = reading("scaling", "standardize", "test_standardize", book)
    constant = reading("scaling", "standardize", "test_standardize_constant", book)
    assert plain.address == "https://example.org/bn/book/scaling.html#two-ways-to-bring-columns-to-one-scale"
    assert constant.address == "https://example.org/bn/book/scaling.html#a-column-that-does-not-vary-has-no-scale"
    assert reading("scaling", "standardize", "test_standardize", "").address == ""
    assert reading("another", "f", "test_f", book) is None


def test_an_address_that_browsers_cannot_open_is_refused():
    with pytest.raises(CourseError, match=r"c\.Book\.address is 'javascript:alert\(1\)'"):
        book_address(Config(Book={"address": "javascript:alert(1)"}))
