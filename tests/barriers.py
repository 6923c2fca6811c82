"""Checks that a page is accessible: no violations found by axe-core, no images without a description."""

from contextlib import contextmanager

from tests.conftest import REPOSITORY, lacking

AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"


def need_axe():
    """Skip the test if axe-core is missing, or fail it in CI."""
    if not AXE.is_file():
        lacking("axe-core", "run make book first")


def violations(page):
    """Return the rule and the HTML of each violation that axe-core finds."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [(v["id"], node["html"][:200]) for v in found for node in v["nodes"]]


def images_without_description(page):
    """Return the images whose alternative text is no sentence: fewer than 8 words, or a path."""
    alts = page.evaluate("[...document.querySelectorAll('img')].map((e) => [e.getAttribute('src'), e.alt])")
    return [src for src, alt in alts if len(alt.split()) < 8 or "/" in alt.split()[0]]


@contextmanager
def opened_file(chromium, path, theme):
    """Yield a page that shows a file, and collects the addresses of its requests in `page.asked`."""
    need_axe()
    context = chromium.new_context(color_scheme=theme, bypass_csp=True)
    page = context.new_page()
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()


def assert_accessible(page):
    """Assert that a page has no violations and does not scroll sideways, on a phone and on a desktop."""
    for width in (375, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
        assert violations(page) == []
