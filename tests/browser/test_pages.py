"""Every page, wide and narrow, light and dark: nothing from elsewhere, no error, no barrier, no sideways scroll."""

from urllib.parse import urldefrag, urljoin, urlparse

import pytest

from tests.barriers import images_without_words, violations
from tests.browser.conftest import HTML

MODES = [(width, theme) for width in (1280, 375) for theme in ("light", "dark")]
ALL = (str(path.relative_to(HTML)) for path in HTML.rglob("*.html"))
PAGES = sorted(path for path in ALL if not path.startswith("_static/"))  # the theme keeps templates there


# The listings of the code are alike: each is looked at where it is narrow and dark.
CASES = [
    (path, width, theme)
    for path in PAGES
    for width, theme in MODES
    if not path.startswith("_modules/b") or (width, theme) == (375, "dark")
]


def test_the_book_was_built():
    assert {"book/index.html", "book/scaling.html", "search.html"} <= set(PAGES), "run make book first"


@pytest.mark.parametrize(("path", "width", "theme"), CASES)
def test_a_page_is_sound(opened, path, width, theme):
    page = opened(path, width=width, theme=theme)
    page.wait_for_function("!window.MathJax || !MathJax.startup || MathJax.startup.promise.then(() => true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert raw_math(page) == []
    assert images_without_words(page) == []
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


def test_every_link_within_the_book_leads_somewhere(opened, site):
    targets, ids = set(), {}
    page = opened("book/index.html")
    for path in PAGES:
        page.goto(f"{site}/{path}", wait_until="networkidle")
        base = page.url
        ids[urldefrag(base)[0]] = set(page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)"))
        links = page.evaluate("[...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'))")
        targets |= {(base, urljoin(base, link)) for link in links if not link.startswith("javascript:")}
    broken = []
    for origin, target in sorted(targets):
        address, fragment = urldefrag(target)
        if urlparse(address).netloc != urlparse(site).netloc:
            continue
        if address in ids:
            if fragment and fragment not in ids[address]:
                broken.append((origin, target))
        elif not page.request.get(address).ok:
            broken.append((origin, target))
    assert broken == []
