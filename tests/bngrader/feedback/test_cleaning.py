"""Tests that students' HTML keeps only harmless tags, attributes and addresses."""

import base64
import io
import re
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_markdown_cell
from PIL import Image

from bngrader.feedback import formulas
from bngrader.feedback.cleaning import MAX_TEXT_CHARACTERS, TAGS
from bngrader.feedback.links import is_allowed
from bngrader.feedback.markdown_html import quoted
from bngrader.feedback.pictures import MAX_PICTURE_CHARACTERS
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
INSIDE = [
    "/logout",
    "x.html",
    "http:x",
    "https:///x",
    "#a",
    "http://localhost:8888/logout",
    "http://127.0.0.1/",
    "http://h.test@own.example/",
]
CODE = ["javascript:x()", "java\tscript:x()", "vbscript:x", "data:text/html,x", "data:image/svg+xml;base64,aGk="]
URLS = st.sampled_from([*OUTSIDE, *INSIDE, *CODE, DOT, "attachment:x"])
KNOWN = ["href", "src", "class", "id", "onclick", "style", "srcset", "name", "xlink:href", "action", "title"]
GIVEN = st.sampled_from(KNOWN)
ATTRIBUTE = st.builds(
    lambda name, mark, url: f" {name}={mark}{url}{mark}", GIVEN, st.sampled_from(['"', "'", ""]), URLS
)
OPEN = st.builds(lambda name, given: f"<{name}{''.join(given)}>", NAMES, st.lists(ATTRIBUTE, max_size=3))
MARKS = ["<!--", "-->", "<![CDATA[", "]]>", "&lt;", "&#60;", "\\", "`", "\n\n", "# ", "> ", "$$", r"\class{a}", "\x00"]
MARKDOWN = [
    "[a]({})",
    "![a]({})",
    "[r]: {}\n\n[r]\n",
    r"$\href{{{}}}{{x}}$",
    "<{}>",
    r"$\text{{<a href={}>}}$",
    "![$a$]({})",
]
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


def formgrader(text, own_hosts=(), **attachments):
    return safe_markdown({"cell": {"attachments": attachments}, "resources": {"own_hosts": own_hosts}}, text)


def harmless(tag, name, value):
    if name == "href":
        return tag == "a" and value.casefold().startswith(("https://h.test", "http://h.test", "mailto:", "#"))
    if name == "src":
        return re.fullmatch(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*", value) is not None
    if tag in formulas.TAGS:
        return name in {"tabindex", *formulas.ATTRIBUTES.get(tag, ())}
    return name in ATTRIBUTES.get(tag, ()) and (name != "class" or value == "heading")


@pytest.mark.real
@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(st.lists(PARTS, min_size=10, max_size=60).map("".join))
def test_a_browser_finds_nothing_that_can_run(page, text):
    shown = formgrader(text)
    for tag, attributes in page.evaluate(FIND, [shown, quoted(new_markdown_cell(text))]):
        assert tag in TAGS | formulas.TAGS
        assert [attribute for attribute in attributes if not harmless(tag, *attribute)] == []


def test_an_outside_link_sends_no_referrer():
    link = '<a href="https://h.example/" rel="noopener noreferrer nofollow" target="_blank">a</a>'
    assert link in formgrader("[a](https://h.example/)")
    assert "target" not in formgrader("[a](#b)")


@pytest.mark.parametrize(
    "address",
    [
        "https://h.example",
        "HTTP://H.example:80/a?b#c",
        "https://xn--bcher-kva.example/",
        "http://h.example./",
        "mailto:a@h.example",
        "#a",
    ],
)
def test_a_link_to_another_site_stays(address):
    assert is_allowed(address, ["own.example"])


# Also names that a browser turns into one of its own machine.
OWN = [
    "localhost:8888",
    "a.localhost",
    "127.0.0.1:8888",
    "127.1",
    "2130706433",
    "0x7f.1",
    "[::1]",
    "own.example",
    "OWN.example.:8000",
    "hub.own.example",
    "example",
    "h.example@own.example",
    "h.example\\@own.example",
    "own%2eexample",
    "\uff4fwn.example",
]


@pytest.mark.parametrize("host", OWN)
def test_a_link_to_the_readers_own_server_is_removed(host):
    assert not is_allowed(f"http://{host}/logout", ["own.example"])


@pytest.mark.parametrize(
    "address",
    [
        "http:\\own.example/",
        "//own.example/",
        "/logout",
        "javascript:x",
        "data:text/html,x",
        " http://h.example",
        "ht\ntp://h.example/",
    ],
)
def test_a_link_that_is_no_full_address_is_removed(address):
    assert not is_allowed(address)


def test_formgrader_removes_links_to_its_own_hosts():
    text = "[a](https://own.example/logout) [b](https://h.example/)"
    assert re.findall('href="([^"]*)"', formgrader(text, ["own.example"])) == ["https://h.example/"]
    assert "own.example" in formgrader(text)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("attachment:gone.png", "its file is missing"),
        ("attachment:x.svg", "left out because it is not a PNG, JPEG, GIF or WebP picture"),
        ("/logout", "left out because the page would have to load it from somewhere else"),
        (f"data:image/png;base64,{'A' * MAX_PICTURE_CHARACTERS}", "left out because it is too large"),
    ],
)
def test_a_picture_that_is_left_out_says_why(source, reason):
    html = formgrader(f"![a plot]({source})", **{"x.svg": {"image/svg+xml": "aGk="}})
    assert html == f"<p>[a plot ({reason})]</p>\n"


def test_an_attachment_may_have_any_name():
    attachments = {"my plot ü.png": {"image/png": "aGk=\n"}, "ö.png": {"image/png": "aG8="}, "odd": {"image/png": 3}}
    html = formgrader(
        "![a](<attachment:my plot ü.png>) ![b](attachment:%C3%B6.png) ![c](attachment:odd)", **attachments
    )
    assert 'src="data:image/png;base64,aGk="' in html
    assert 'src="data:image/png;base64,aG8="' in html
    assert "[c (left out because it is not a PNG" in html


def test_a_picture_is_shown_once():
    large = {"a.png": {"image/png": "aGkh" * 1000}}
    html = formgrader("![a](attachment:a.png)\n" * 800, **large)
    assert len(html) < 100_000
    assert html.count("<img") == 1
    assert html.count("[a (shown above)]") == 799


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize(("side", "shown"), [(100, True), (12_000, False)])
def test_a_picture_with_too_many_pixels_is_left_out(format, side, shown):
    file = io.BytesIO()
    Image.new("1" if format in ("PNG", "GIF") else "RGB", (side, side)).save(file, format)
    packed = base64.b64encode(file.getvalue()).decode()
    html = formgrader("![a](attachment:a)", a={f"image/{format.lower()}": packed})
    assert ("<img" in html) is shown
    assert ("left out because it is too large" in html) is not shown


def test_a_very_long_text_is_shown_as_it_is():
    text = "<b>[" * MAX_TEXT_CHARACTERS
    assert formgrader(text) == f"<pre>{text.replace('<', '&lt;').replace('>', '&gt;')}</pre>"


def test_code_and_formulas_stay_readable():
    assert formgrader("```python\na < b\n```") == "<pre><code>a &lt; b\n</code></pre>\n"
    assert "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac><mo>&lt;</mo>" in formgrader(
        r"$\frac{a}{b} < 1$"
    )
    assert "<mtable" in formgrader("\\begin{align} a &= b \\\\ c &= d \\end{align}")
    assert formgrader(r"$\left($") == "<p>$\\left($</p>\n"


@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:x}{y}",
        r"\class{full-credit}{y}",
        r"\style{position: fixed}{y}",
        r"\text{<img src=x onerror=y>}",
        r"\raise 100em {y}",
        r"\rule{1000em}{1000em}",
        r"\hspace{1000em} \kern 1000em y",
        r"\textcolor{red}{y}",
    ],
)
def test_a_formula_has_no_attribute_that_acts(tex):
    html = formgrader(f"${tex}$")
    assert html.startswith("<p><math")
    assert not re.search(r"(href|class|style|width|height|offset|color|onerror|src)=", html)


@pytest.mark.parametrize(
    "tex",
    [
        # Twelve commands of which each repeats the one before ten times.
        "".join(rf"\def\{one}{{{10 * (chr(92) + other)}}}" for other, one in pairwise("xabcdefghijkl")) + r"\l",
        r"\newcommand{\a}{b}\a",
        r"\newenvironment{a}{b}{c}",
        r"\DeclareMathOperator{\a}{b}",
    ],
)
def test_a_formula_that_defines_commands_stays_tex(tex):
    assert "<math" not in formgrader(f"${tex}$")


def test_a_formula_in_a_pictures_description_stays_tex():
    html = formgrader(f"![$a<b$]({DOT})")
    assert 'alt="a&lt;b"' in html
    assert "<math" not in html
