"""Tests of every interactive figure in light, in dark and on paper: its colors, its controls, and its look."""

import re

import pytest
from PIL import Image

from tests.browser.drawings import MEDIA, SHARE, Drawing, changed, difference, reference, theme_classes, widgets
from tests.conftest import REPOSITORY

WIDGETS = widgets()
FOLDER = REPOSITORY / "book" / "_extra" / "widgets"
TEXT, PART = 4.5, 3  # contrasts required by WCAG 2.2, level AA
# Parts that need no contrast, each with its reason.
OTHERWISE = {
    "grid": "lines that lead from the numbers into the chart",
    "shade": "a value's shade: the nearer to 0, the nearer to the background",
    "pixel": "a pixel of a picture",
    "edge": "lets the frame on it stand out",
    "handle": "catches the mouse, and is not drawn",
}


@pytest.fixture(scope="module", params=WIDGETS)
def drawing(chromium, site, request):
    """Open a figure on a page for all of its tests."""
    drawing = Drawing(chromium, site, request.param)
    yield drawing
    drawing.page.close()
    assert drawing.watch.faults == []


@pytest.fixture(params=MEDIA)
def shown(drawing, request):
    """Show the figure in one medium, with its controls reset."""
    return drawing.show(request.param)


@pytest.fixture
def medium(request):
    """Return the medium of `shown`."""
    return request.node.callspec.params["shown"]


def test_each_figures_module_is_on_a_page():
    modules = {path.stem for path in FOLDER.glob("*.mjs") if re.search(r"^mount\(", path.read_text(), re.MULTILINE)}
    assert modules == set(WIDGETS)


def test_texts_and_parts_contrast_with_their_background(shown):
    parts, around = shown.ask("parts"), shown.ask("words")
    drawn = [part for part in parts if part["tag"] != "text" and not names(part) & set(OTHERWISE)]
    texts = [part for part in parts if part["tag"] == "text"]
    assert len(texts) > 3
    assert len(drawn) > 10
    assert around["texts"]
    assert [text for text in texts + around["texts"] if text["contrast"] < TEXT] == []
    assert [part for part in drawn + around["sliders"] if part["contrast"] < PART] == []


def names(part):
    """Return the classes of a part."""
    return set(part["name"].split())


def test_each_setting_of_a_control_changes_the_drawing(shown):
    settings = shown.ask("settings")
    drawn, picture = shown.ask("drawn"), shown.picture(texts=False)
    assert settings
    for index, value in settings:
        shown.ask("reset")
        assert shown.ask("drawn") == drawn
        shown.ask("set", index, value)
        assert shown.ask("drawn") != drawn, (index, value)
        assert changed(shown.picture(texts=False), picture) > 30, (index, value)


def test_a_click_on_a_target_changes_the_drawing(drawing):
    drawing.show("light")
    drawing.figure.scroll_into_view_if_needed()
    for place in drawing.ask("targets"):
        picture = drawing.picture(texts=False)
        drawing.page.mouse.click(*place)
        assert changed(drawing.picture(texts=False), picture) > 30, place


def test_the_drawing_matches_the_committed_picture(shown, medium):
    picture, expected = shown.picture(), reference(shown.name, medium)
    share = difference(picture, Image.open(expected))
    assert share <= SHARE, (
        f"{share:.1%} of the cells of {shown.name} differ from {expected}. If they should, look at what "
        "`python -m tests.browser.drawings` makes, and commit it."
    )


def test_a_black_picture_fails_the_comparison(drawing):
    expected = Image.open(reference(drawing.name, "light"))
    assert difference(Image.new("RGB", expected.size), expected) > 0.5


@pytest.mark.parametrize("drawing", ["norm_types", "cnn"], indirect=True)
def test_styles_that_lack_a_brace_fail_the_comparison(drawing):
    drawing.show("light")
    with drawing.styled(with_widgets_on_paper_alone()):
        share = difference(drawing.picture(), Image.open(reference(drawing.name, "light")))
    assert share > 3 * SHARE


def with_widgets_on_paper_alone():
    """Return the styles with widget rules caught inside the rules for paper, as if a brace were missing."""
    css = (REPOSITORY / "book" / "_static" / "course.css").read_text()
    start, paper = css.index(".course-widget .entry {"), css.index("/* On paper")
    return css[:start] + css[paper:].rstrip().removesuffix("}") + css[start:paper]


def test_no_class_name_of_a_figure_clashes_with_the_theme(drawing):
    names = drawing.figure.evaluate(
        "figure => [figure, ...figure.querySelectorAll('*')].flatMap((e) => [...e.classList])"
    )
    assert "course-widget" in names
    assert set(names) & theme_classes() == set()


def test_texts_stay_inside_the_drawing_and_do_not_overlap(drawing):
    drawing.show("light")
    assert drawing.ask("misplaced") == []
    with drawing.narrow():
        assert drawing.ask("misplaced") == []
