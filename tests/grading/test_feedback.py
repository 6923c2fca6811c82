"""Tests of feedback pages: what to fix, where to read on, accessibility, and no secrets."""

import html
import re

import pytest

from tests.barriers import assert_accessible, opened_file
from tests.grading import sample_class


@pytest.fixture(scope="session")
def pages(course):
    """Return the path of a feedback page for each kind of submission."""
    students = {"right": "ada-right", "known": "dan-ddof", "raises": "jon-does-not-run"}
    students |= {"unknown": "unknown", "heavy": "heavy"}
    return {what: course / "feedback" / student / "scaling" / "scaling.html" for what, student in students.items()}


def text_of(path, idea=None):
    """Return the text of a page, or of its section about one idea."""
    text = path.read_text()
    if idea:
        text = text.partition(f'aria-labelledby="idea-{idea}"')[2].partition("</section>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]*>", " ", text)))


def test_a_page_breaks_the_score_down_by_idea(pages):
    text = text_of(pages["known"])
    assert "Score: 12 of 20 points. Not graded yet: the written question." in text
    assert "standardize 3 of 6 what to fix in standardize test_standardize 0 of 3 no points" in text
    assert "test_standardize_constant 2 of 2 all points" in text
    assert "min_max_scale 4 of 4 test_min_max_scale 2 of 2 all points" in text
    assert "The written question 0 of 5 written_new_patient 0 of 5 waits for your instructor" in text


def test_a_known_mistake_shows_hint_input_and_chapter_link(pages):
    text = text_of(pages["known"], "standardize")
    assert "Failed: std divides the squared deviations by N. Found by test_standardize." in text
    assert "Your std divides the sum of squares by N - 1. The biased standard deviation divides it by N." in text
    assert "The input and the result: x = [[ 1. 10.]" in text
    link = 'href="https://example.org/bn/book/scaling.html#two-ways-to-bring-columns-to-one-scale"'
    assert link in pages["known"].read_text()


def test_an_unknown_mistake_shows_its_smallest_input(pages):
    text = text_of(pages["unknown"], "min_max_scale")
    assert "The smallest input that we found on which your function fails: x = " in text
    assert "Found by test_min_max_scale" in text


def test_an_error_shows_the_students_own_lines_once(pages):
    text = text_of(pages["raises"], "standardize")
    assert "Found by test_standardize, test_standardize_constant and test_standardize_dtype." in text
    assert text.count("The line of your code where it happened:") == 1
    assert "in standardize return (x - mean) / std, mean, std" in text
    assert "NameError: name 'mean' is not defined Read this part of the book again:" in text


def test_a_perfect_submission_has_nothing_to_fix(pages):
    text = pages["right"].read_text()
    assert "what to fix" not in text
    assert "<section" not in text


def test_a_page_includes_the_notebook_and_its_outputs(pages):
    text = pages["right"].read_text().partition("Your notebook</h2>")[2]
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline">' in text
    assert 'src="data:image/png;base64,' in text
    assert '<span class="nf">standardize</span>' in text


def test_every_page_is_small_self_contained_and_scriptless(pages):
    for path in pages.values():
        text = path.read_text()
        assert len(path.read_bytes()) < 300_000, path
        assert re.findall(r"<script|<link|href=.javascript|<img [^>]*src=.(?!data:)|url\(", text) == []
        assert "default-src 'none'; img-src data:" in text
        assert sample_class.hidden_lines_in(text) == []
    assert "This was left out because it is too large for this page." in text_of(pages["heavy"])
    assert "characters are left out here" in text_of(pages["heavy"])


@pytest.mark.parametrize(
    ("student", "theme"),
    [
        ("raises", "light"),
        ("heavy", "dark"),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in (("raises", "dark"), ("heavy", "light"))),
        *(pytest.param("unknown", theme, marks=pytest.mark.slow) for theme in ("light", "dark")),
    ],
)
def test_a_page_is_accessible(pages, chromium, student, theme):
    with opened_file(chromium, pages[student], theme) as page:
        assert_accessible(page)


def test_a_page_loads_nothing_and_prints_on_white(pages, chromium):
    page = chromium.new_page(color_scheme="dark")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages["heavy"].as_uri())
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.close()
