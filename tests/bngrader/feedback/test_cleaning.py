"""Tests that students' HTML keeps only harmless tags, attributes and addresses."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_markdown_cell

from bngrader.feedback.cleaning import MAX_PICTURE_CHARACTERS, MAX_TEXT_CHARACTERS, TAGS
from bngrader.feedback.markdown_html import quoted
from bngrader.feedback.safe_html import safe_markdown

DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
ATTRIBUTES = {"a": {"href", "rel", "target"}, "img": {"src", "alt", "width", "height"}, "p": {"class"}}
ACTIVE = [
    "script",
    "style",
    "svg",
    "math",
    "mtext",
    "iframe",
    "form",
    "input",
    "template",
    "noscript",
    "textarea",
    "title",
]
NAMES = st.sampled_from(["a", "img"]) | st.sampled_from([*sorted(TAGS), *ACTIVE])
OUTSIDE = ["https://h.test/", "HTTP://h.test", "//h.test/", "\\\\h.test\\", "mailto:a@b"]
INSIDE = ["/logout", "x.html", "http:x", "https:///x", "#a"]
CODE = ["javascript:x()", "java\tscript:x()", "vbscript:x", "data:text/html,x", "data:image/svg+xml;base64,aGk="]
URLS = st.sampled_from([*OUTSIDE, *INSIDE, *CODE, DOT, "attachment:x"])
KNOWN = ["href", "src", "class", "id", "onclick", "style", "srcset", "name", "xlink:href", "action", "title"]
GIVEN = st.sampled_from(KNOWN)
ATTRIBUTE = st.builds(
    lambda name, mark, url: f" {name}={mark}{url}{mark}", GIVEN, st.sampled_from(['"', "'", ""]), URLS
)
OPEN = st.builds(lambda name, given: f"<{name}{''.join(given)}>", NAMES, st.lists(ATTRIBUTE, max_size=3))
MARKS = ["<!--", "-->", "<![CDATA[", "]]>", "&lt;", "&#60;", "\\", "`", "\n\n", "# ", "> ", "$$", r"\class{a}", "\x00"]
MARKDOWN = ["[a]({})", "![a]({})", "[r]: {}\n\n[r]\n", r"$\href{{{}}}{{x}}$", "<{}>"]
WRITTEN = st.builds(str.format, st.sampled_from(MARKDOWN), URLS)
PARTS = st.one_of(OPEN, OPEN, OPEN, WRITTEN, NAMES.map("</{}>".format), st.sampled_from(MARKS), st.text(max_size=5))
FIND = """pages => pages.flatMap(html =>
    [...new DOMParser().parseFromString(html, "text/html").body.querySelectorAll("*")])
    .map(element => [element.localName, [...element.attributes].map(one => [one.name, one.value])])"""


@pytest.fixture(scope="module")
def page(chromium):
    page = chromium.new_page()
    yield page
    page.close()


def formgrader(text, **attachments):
    return safe_markdown({"cell": {"attachments": attachments}}, text)


def harmless(tag, name, value):
    if name == "href":
        return re.match(r"(https?://[\w\[]|mailto:|#)", value, re.IGNORECASE) is not None
    if name == "src":
        return re.fullmatch(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*", value) is not None
    return name in ATTRIBUTES.get(tag, ()) and (name != "class" or value == "heading")


@pytest.mark.real
@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(st.lists(PARTS, min_size=10, max_size=60).map("".join))
def test_a_browser_finds_nothing_that_can_run(page, text):
    shown = formgrader(text)
    for tag, attributes in page.evaluate(FIND, [shown, quoted(new_markdown_cell(text))]):
        assert tag in TAGS
        assert [attribute for attribute in attributes if not harmless(tag, *attribute)] == []
    assert not re.search(r"\\(href|class)\b", shown)


def test_an_outside_link_sends_no_referrer():
    link = '<a href="https://h.example/" rel="noreferrer noopener" target="_blank">a</a>'
    assert link in formgrader("[a](https://h.example/)")
    assert "target" not in formgrader("[a](#b)")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("attachment:gone.png", "its file is missing"),
        ("attachment:x.svg", "left out because it is not a PNG, JPEG, GIF or WebP picture"),
        ("/logout", "left out because it is from elsewhere"),
        (f"data:image/png;base64,{'A' * MAX_PICTURE_CHARACTERS}", "left out because it is too large"),
    ],
)
def test_a_picture_that_is_left_out_says_why(source, reason):
    html = formgrader(f"![a plot]({source})", **{"x.svg": {"image/svg+xml": "aGk="}})
    assert html == f"<p>[a plot ({reason})]</p>\n"


def test_an_attachment_may_have_any_name():
    attachments = {"my plot ü.png": {"image/png": "aGk=\n"}, "odd": {"image/png": 3}}
    html = formgrader(
        "![a](<attachment:my plot ü.png>) ![b](attachment:my%20plot%20%C3%BC.png) ![c](attachment:odd)", **attachments
    )
    assert html.count('src="data:image/png;base64,aGk="') == 2
    assert "[c (left out because it is not a PNG" in html


def test_a_very_long_text_is_shown_as_it_is():
    text = "<b>[" * MAX_TEXT_CHARACTERS
    assert formgrader(text) == f"<pre>{text.replace('<', '&lt;').replace('>', '&gt;')}</pre>"


def test_code_and_formulas_stay_readable():
    assert formgrader("```python\na < b\n```") == "<pre><code>a &lt; b\n</code></pre>\n"
    assert formgrader(r"$\frac{a}{b} < 1$") == "<p>$\\frac{a}{b} &lt; 1$</p>\n"
