"""Tests of the book's features for readers: search, copy, dark theme, downloads, quizzes."""

import gzip
import json
import re
import zlib

import pytest
from fontTools.ttLib import TTFont

from tests.browser.conftest import HTML


def test_search_finds_the_chapter_by_its_words(opened):
    page = opened("search.html?q=outlier")
    page.wait_for_selector("#search-results li a")
    found = page.locator("#search-results li a").evaluate_all("links => links.map((a) => a.getAttribute('href'))")
    assert any("book/scaling.html" in link for link in found)


def test_a_copy_button_copies_the_cells_code(opened):
    page = opened("book/scaling.html", permissions=["clipboard-read", "clipboard-write"])
    cell = page.locator("div.cell_input", has_text="def plain_standardize")
    cell.hover()
    cell.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("def plain_standardize(x):\n    return (x - x.mean(axis=0)) / x.std(axis=0)")


def test_the_theme_can_be_switched_and_is_remembered(opened):
    page = opened("book/scaling.html")
    theme = "document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "light"
    for _ in range(3):
        page.locator(".theme-switch-button").first.click()
        if page.evaluate(theme) == "dark":
            break
    assert page.evaluate(theme) == "dark"
    page.reload(wait_until="networkidle")
    assert page.evaluate(theme) == "dark"


def test_the_chapter_can_be_downloaded_as_a_notebook(opened, site):
    page = opened("book/scaling.html")
    page.get_by_role("button", name="Download this page").click()
    link = page.locator("a.btn-download-notebook-button")
    assert link.is_visible()
    notebook = json.loads(page.request.get(f"{site}/book/{link.get_attribute('href')}").text())
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert any("def plain_standardize" in source for source in sources)
    text = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    assert "the training takes 123,109,398 steps" in text
    assert "(efron2004)" in text
    assert "<details><summary>2/7</summary>" in text
    assert not re.search(r"\{[\w:]+\}`|^:::", text, re.MULTILINE)


def test_the_page_on_performance_shows_its_tables(opened):
    page = opened("book/performance.html")
    rows = [table.locator("tbody tr").count() for table in page.locator(".cell_output table").all()]
    assert rows == [30, 5, 4]
    assert page.locator(".cell_output table").first.locator("tr", has_text=re.compile("torch.s kernel")).count() == 6


@pytest.mark.parametrize("path", sorted((HTML / "book").glob("*.html")), ids=lambda path: path.stem)
def test_a_first_visit_loads_under_a_megabyte_plus_mathjax(opened, path):
    page = opened(f"book/{path.name}")
    loaded = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    files = [page.request.get(address).body() for address in [page.url, *loaded] if "/mathjax/" not in address]
    assert len(files) > 10
    assert 30_000 < sum(len(gzip.compress(file)) for file in files) < 1_000_000


def test_the_icon_font_has_exactly_the_icons_in_use(opened):
    page = opened("book/scaling.html")
    page.wait_for_function("document.fonts.status === 'loaded'")
    fonts = list((HTML / "_static/vendor/fontawesome").rglob("*.woff2"))
    assert sum(font.stat().st_size for font in fonts) < 20_000
    solid = TTFont(next(font for font in fonts if "solid" in font.name))
    icons = page.evaluate("""[...document.querySelectorAll('.fa-solid')].map(
        (e) => getComputedStyle(e, '::before').content.replaceAll('"', '').codePointAt(0))""")
    assert len(icons) >= 5
    assert set(icons) <= set(solid.getBestCmap())


def test_a_page_describes_itself_to_other_sites(opened):
    page = opened("book/scaling.html")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "Batch Normalization" in page.title()
    assert len(page.locator("meta[name=description]").get_attribute("content")) > 50


def test_the_keyboard_skips_the_navigation(opened):
    page = opened("book/scaling.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#main-content').contains(document.activeElement)")


def test_print_shows_every_answer_and_no_navigation(opened):
    page = opened("book/scaling.html")
    page.emulate_media(media="print")
    answer = page.locator("details", has_text="2/7").get_by_text("Right. (4 - 2) / (9 - 2) = 2/7.")
    assert answer.evaluate(
        "e => e.checkVisibility({contentVisibilityAuto: true}) && e.getBoundingClientRect().height > 0"
    )
    assert not page.locator(".bd-sidebar-primary").is_visible()


def test_a_dark_page_is_printed_with_dark_text(opened):
    page = opened("book/scaling.html", theme="dark")
    colors = re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) rg\b", content(page.pdf()))
    printed = {tuple(round(255 * float(channel)) for channel in color) for color in colors}
    assert (34, 40, 50) in printed, "the text of a light page"
    assert (206, 214, 221) not in printed, "the text of a dark page"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def content(pdf):
    """Decompress the drawing instructions of a PDF."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return b"\n".join(zlib.decompressobj().decompress(stream) for stream in streams if stream[:1] == b"x")


def test_the_assignment_can_be_downloaded_from_its_chapter(opened, site):
    page = opened("book/scaling.html")
    href = page.locator("a.download", has_text="scaling.ipynb").get_attribute("href")
    notebook = json.loads(page.request.get(f"{site}/book/{href}").text())
    assert any(cell["metadata"]["nbgrader"]["grade_id"] == "standardize" for cell in notebook["cells"])


@pytest.mark.parametrize("width", [1280, 375])
def test_a_quiz_answer_opens_by_keyboard(opened, width):
    page = opened("book/scaling.html", width=width)
    answer = page.locator("details", has_text="2/7")
    verdict = answer.get_by_text("Right. (4 - 2) / (9 - 2) = 2/7.")
    assert not verdict.is_visible()
    answer.locator("summary").focus()
    page.keyboard.press("Enter")
    assert verdict.is_visible()
