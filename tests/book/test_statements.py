"""Tests that the book teaches each statement of the lecture notes at the listed place, and draws their figures."""

import re

import pytest
import yaml
from bs4 import BeautifulSoup, NavigableString, Tag

from tests.conftest import REPOSITORY, lacking
from tests.test_house import SECTIONS

PAGES = REPOSITORY / "_build" / "html" / "book"
HERE = REPOSITORY / "tests" / "book"
FIGURES = yaml.safe_load((HERE / "figures.yaml").read_text())
LISTED = ["introduction", *SECTIONS]
HEADING = re.compile(r"h[1-6]")


def statements(slug):
    path = HERE / "statements" / f"{slug}.yaml"
    return yaml.safe_load(path.read_text()) or [] if path.is_file() else []


CASES = [
    pytest.param(slug, statement, id=f"{slug}-{number}")
    for slug in LISTED
    for number, statement in enumerate(statements(slug), 1)
]


@pytest.fixture(scope="module")
def article():
    """Return a function that returns the main part of a built page, parsed only once."""
    parsed = {}

    def parse(slug):
        path = PAGES / f"{slug}.html"
        if not path.is_file():
            lacking(f"the page {slug}", "run make book first")
        if slug not in parsed:
            parsed[slug] = BeautifulSoup(path.read_text(), "html.parser").find("article")
        return parsed[slug]

    return parse


@pytest.fixture(scope="module")
def section_texts(article):
    """Return the text of every second-level section of the listed pages."""
    return [text_after(heading.parent) for slug in LISTED for heading in article(slug).find_all("h2")]


def level(heading):
    return int(heading.name[1])


def text_after(anchor):
    """Return the page's text from an anchor to the next heading of the same or a higher level.

    The level is that of the anchor's own heading, inside the anchor or right after it, or else that of the last heading
    before it.
    """
    following = [anchor, *anchor.next_elements] if anchor.name == "section" else list(anchor.next_elements)
    own = _own_heading(following) or anchor.find_previous(HEADING)
    words = []
    for element in following:
        if isinstance(element, Tag) and HEADING.fullmatch(element.name) and element is not own:
            if level(element) <= level(own):
                break
        elif isinstance(element, NavigableString) and element.parent.name not in ("script", "style"):
            words.append(element)
    return plain("".join(words))


def _own_heading(following):
    for element in following:
        if isinstance(element, Tag) and HEADING.fullmatch(element.name):
            return element
        if isinstance(element, NavigableString) and element.strip():
            return None
    return None


def plain(text):
    """Normalize text: plain quotes and dashes, single spaces, lower case."""
    for typed, set_ in (("'", "\u2018\u2019"), ('"', "\u201c\u201d"), ("-", "\u2010\u2011\u2013\u2014")):
        text = re.sub(f"[{set_}]", typed, text)
    return re.sub(r"\s+", " ", text).strip().casefold()


def without(terms, text):
    """Return the terms that a normalized text lacks.

    A term begins where a word or a number does. A word may go on ("batch" is in "batches"), but a number may not
    ("mean 0" is not in "mean 0.15").
    """
    return [term for term in terms if not re.search(rf"(?<![\w.]){re.escape(plain(term))}(?!\.?\d)", text)]


@pytest.mark.parametrize("slug", LISTED)
def test_every_section_lists_its_statements(slug):
    listed = statements(slug)
    assert listed, f"tests/book/statements/{slug}.yaml is missing or empty"
    for statement in listed:
        assert set(statement) == {"says", "anchor", "terms"}
        assert len(statement["says"].split()) >= 4, statement
        terms = statement["terms"]
        assert 1 <= len(terms) == len(set(terms)) <= 4, statement
        assert all(isinstance(term, str) and 1 <= len(term.split()) <= 4 for term in terms), statement


def test_a_removed_section_leaves_no_list():
    assert {path.stem for path in (HERE / "statements").glob("*.yaml")} == set(LISTED)


@pytest.mark.parametrize(("slug", "statement"), CASES)
def test_a_statement_is_taught_where_the_list_says(article, slug, statement):
    anchor = article(slug).find(id=statement["anchor"])
    assert anchor is not None, f"the page {slug} has no #{statement['anchor']}"
    missing = without(statement["terms"], text_after(anchor))
    assert missing == [], f"teach it after #{anchor['id']}, or list the terms that say it there: {statement['says']}"


@pytest.mark.parametrize(("slug", "statement"), CASES)
def test_few_sections_have_all_terms_of_a_statement(section_texts, slug, statement):
    total = len(section_texts)
    count = sum(not without(statement["terms"], text) for text in section_texts)
    assert count <= total / 20, "choose terms that fewer sections have together: these do not show what one teaches"


def test_the_thirteen_figures_are_listed():
    assert len(FIGURES) == 13
    assert {figure["chapter"] for figure in FIGURES.values()} <= set(SECTIONS)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_the_lecture_notes_is_drawn_in_its_chapter(article, name):
    where = FIGURES[name]
    figure = article(where["chapter"]).find(id=where["anchor"])
    assert figure is not None, f"the page {where['chapter']} has no #{where['anchor']}"
    assert figure.name == "figure"
    assert len(figure.find("img")["alt"].split()) >= 12
    assert figure.find("figcaption").get_text(strip=True)


PAGE = """<article>
<section id="one"><span id="label"></span><h2>One</h2><p>first \u2018words\u2019</p>
<section id="part"><h3>Part</h3><p>inner <b>text</b>, here</p><span id="here"></span><p>late</p></section></section>
<section id="two"><h2>Two</h2><p>second</p></section></article>"""


@pytest.mark.parametrize(
    ("anchor", "has", "lacks"),
    [
        ("one", ["first 'words'", "inner text, here", "late"], "second"),
        ("label", ["first 'words'", "late"], "second"),
        ("part", ["inner text, here", "late"], "first"),
        ("here", ["late"], "inner"),
        ("two", ["second"], "late"),
    ],
)
def test_text_after_an_anchor_ends_with_its_section(anchor, has, lacks):
    text = text_after(BeautifulSoup(PAGE, "html.parser").find(id=anchor))
    assert all(words in text for words in has)
    assert lacks not in text


@pytest.mark.parametrize(
    ("term", "has", "lacks"),
    [
        ("Mini-batch", "of mini\u2011batches", "of minibatches"),
        ("mean 0", "to mean 0, or\nmean 0.", "mean 0.15 and mean 05"),
        ("0.9", "0.9, 0.99", "10.9, 0.99"),
        ("scale", "one  scale", "rescale"),
        (r"(1 - \alpha)", r"+ (1 - \alpha) x", r"1 - \alpha"),
    ],
)
def test_a_term_is_a_whole_number_or_begins_a_word(term, has, lacks):
    assert without([term], plain(has)) == []
    assert without([term], plain(lacks)) == [term]
