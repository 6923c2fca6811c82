"""Tests that every page, wide, narrow and some in the dark, has no errors, barriers or foreign requests."""

from urllib.parse import unquote, urldefrag, urljoin, urlparse

import pytest
from bs4 import BeautifulSoup

from tests.barriers import assert_accessible, images_without_description
from tests.browser.conftest import HTML

ALL = (str(path.relative_to(HTML)) for path in HTML.rglob("*.html"))
PAGES = sorted(path for path in ALL if not path.startswith("_static/"))  # where the theme keeps templates
# Code listings are all alike, so only the longest are tested, and only in dark.
LISTINGS = sorted(
    (path for path in PAGES if path.startswith("_modules/b")), key=lambda path: (HTML / path).stat().st_size
)
OWN = [path for path in PAGES if path not in LISTINGS]
# The colors of the dark theme are those of a stylesheet for all pages: a chapter, a table and a listing stand for all.
DARK = ["book/scaling.html", "book/claims.html", *LISTINGS[-1:]]
CASES = [(path, "light") for path in OWN] + [(path, "dark") for path in DARK]
CASES += [pytest.param(path, "dark", marks=pytest.mark.slow) for path in [*OWN, *LISTINGS[-5:]] if path not in DARK]


def test_the_book_was_built():
    assert {"book/index.html", "book/scaling.html", "search.html"} <= set(PAGES), "run make book first"


@pytest.mark.parametrize(("path", "theme"), CASES)
def test_a_page_is_sound_when_narrow_and_when_wide(opened, path, theme):
    page = opened(path, width=375, theme=theme)
    page.wait_for_function("!window.MathJax || !MathJax.startup || MathJax.startup.promise.then(() => true)")
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert raw_math(page) == []
    assert images_without_description(page) == []
    assert_accessible(page)


def raw_math(page):
    return page.evaluate("""() => {
        const raw = [...document.querySelectorAll('.math')].filter(
            (e) => !e.querySelector('mjx-container') || e.querySelector('mjx-merror'));
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const left = [];
        while (walker.nextNode()) {
            const node = walker.currentNode;
            const code = node.parentElement.closest('pre, code, script, style, mjx-container, .sig');
            if (!code && /\\\\[(\\[]|\\$\\$|\\\\frac/.test(node.data)) left.push(node.data.trim());
        }
        return [...raw.map((e) => e.textContent), ...left];
    }""")


def test_every_link_within_the_book_leads_somewhere():
    targets, ids = set(), {}
    for path in PAGES:
        page = BeautifulSoup((HTML / path).read_bytes(), "html.parser")
        ids[path] = {tag["id"] for tag in page.find_all(id=True)}
        targets |= {(path, urljoin(path, link["href"])) for link in page.find_all("a", href=True)}
    broken = []
    for origin, target in sorted(targets):
        address, fragment = urldefrag(target)
        if urlparse(address).scheme:
            continue
        there = (HTML / unquote(address)).is_file()
        if not there or (fragment and address in ids and unquote(fragment) not in ids[address]):
            broken.append((origin, target))
    assert len(targets) > 1000
    assert broken == []
