"""Tests that every page, wide and narrow, light and dark, has no errors, barriers, foreign requests or side scroll."""

from urllib.parse import unquote, urldefrag, urljoin, urlparse

import pytest
from bs4 import BeautifulSoup

from tests.barriers import images_without_words, violations
from tests.browser.conftest import HTML

ALL = (str(path.relative_to(HTML)) for path in HTML.rglob("*.html"))
PAGES = sorted(path for path in ALL if not path.startswith("_static/"))  # where the theme keeps templates
# Code listings are all alike, so only the longest are tested, and only in dark.
LISTINGS = sorted(
    (path for path in PAGES if path.startswith("_modules/b")), key=lambda path: (HTML / path).stat().st_size
)
CASES = [(path, theme) for path in PAGES if path not in LISTINGS for theme in ("light", "dark")]
CASES += [(path, "dark") for path in LISTINGS[-5:]]


def test_the_book_was_built():
    assert {"book/index.html", "book/scaling.html", "search.html"} <= set(PAGES), "run make book first"


@pytest.mark.parametrize(("path", "theme"), CASES)
def test_a_page_is_sound_when_it_is_narrow_and_when_it_is_made_wide(opened, path, theme):
    page = opened(path, width=375, theme=theme)
    page.wait_for_function("!window.MathJax || !MathJax.startup || MathJax.startup.promise.then(() => true)")
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert raw_math(page) == []
    assert images_without_words(page) == []
    for width in (375, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
        assert violations(page) == []


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
