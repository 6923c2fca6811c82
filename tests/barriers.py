"""What on a page keeps somebody from reading it: faults that axe-core finds, and pictures that say nothing."""

from tests.conftest import REPOSITORY, lacking

AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"


def need_axe():
    """End a test that axe-core is missing for."""
    if not AXE.is_file():
        lacking("axe-core", "run make book first")


def violations(page):
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [(v["id"], node["html"][:200]) for v in found for node in v["nodes"]]


def images_without_words(page):
    alts = page.evaluate("[...document.querySelectorAll('img')].map((e) => [e.getAttribute('src'), e.alt])")
    return [src for src, alt in alts if len(alt.split()) < 8 or "/" in alt.split()[0]]
