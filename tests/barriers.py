"""What on a page keeps somebody from reading it: faults that axe-core finds, and pictures that say nothing."""

from contextlib import contextmanager

from tests.conftest import REPOSITORY, lacking

AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"


def need_axe():
    """End a test that axe-core is missing for."""
    if not AXE.is_file():
        lacking("axe-core", "run make book first")


def violations(page):
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [(v["id"], node["html"][:200]) for v in found for node in v["nodes"]]


def images_without_words(page):
    alts = page.evaluate("[...document.querySelectorAll('img')].map((e) => [e.getAttribute('src'), e.alt])")
    return [src for src, alt in alts if len(alt.split()) < 8 or "/" in alt.split()[0]]


@contextmanager
def opened_file(chromium, path, theme):
    """A page of a file, which notes in `asked` what it loads."""
    need_axe()
    context = chromium.new_context(color_scheme=theme, bypass_csp=True)
    page = context.new_page()
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()


def assert_accessible(page):
    """The page has no barrier and does not scroll sideways, neither on a phone nor on a screen."""
    for width in (375, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
        assert violations(page) == []
