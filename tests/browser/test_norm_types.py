"""Tests of the interactive figure in the chapter on normalization types: controls, and bnref's numbers."""

import re

import numpy as np

from bnref.experiments.norm_types import normalize, shared_with

WORDS = (
    r"(.+): the entry (\S+) at sample (\d), channel (\d), position (\d) shares mean (\S+) "
    r"and standard deviation (\S+) with (\d+) others\. It becomes (\S+)\."
)
NAMES = {
    "Batch norm": "batch norm",
    "Layer norm": "layer norm",
    "Instance norm": "instance norm",
    "Group norm (2 groups)": "group norm",
}


def numbers(figure):
    """Read the numbers in the cells as an array (N, C, L)."""
    return np.array([float(text) for text in figure.locator(".entry text").all_text_contents()]).reshape(3, 4, 3)


def check(figure):
    """Compare the words and the highlighted cells with bnref; return the norm and the place."""
    words = re.fullmatch(WORDS, figure.locator("output").inner_text()).groups()
    norm, place = NAMES[words[0]], tuple(map(int, words[2:5]))
    x = numbers(figure)
    shares = shared_with(norm, x.shape, place)
    classes = [cell.get_attribute("class").split() for cell in figure.locator(".entry").all()]
    np.testing.assert_array_equal(np.array(["lit" in names for names in classes]), shares.ravel())
    assert ["picked" in names for names in classes].index(True) == np.ravel_multi_index(place, x.shape)
    assert int(words[7]) == shares.sum() - 1
    shown = [float(words[i]) for i in (1, 5, 6, 8)]
    expected = [x[place], x[shares].mean(), x[shares].std(), normalize(norm, x)[place]]
    np.testing.assert_allclose(shown, expected, atol=0.00051)
    return norm, place


def test_arrow_keys_move_over_the_array_with_bnrefs_numbers(figure):
    page, figure = figure
    figure.locator("svg").focus()
    assert check(figure) == ("batch norm", (1, 2, 1))
    for key, place in {"ArrowUp": (1, 1, 1), "ArrowRight": (1, 1, 2), "ArrowLeft": (1, 1, 1)}.items():
        page.keyboard.press(key)
        assert check(figure)[1] == place
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    assert check(figure)[1] == (0, 1, 2), "from the first position to the sample before"
    figure.locator("input").first.focus()
    seen = []
    for _ in range(4):
        seen.append(check(figure)[0])
        page.keyboard.press("ArrowRight")
    assert seen == list(NAMES.values())


def test_the_selection_stops_at_the_ends_of_the_array(figure):
    page, figure = figure
    figure.locator("svg").focus()
    for _ in range(9):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
    assert check(figure)[1] == (2, 3, 2)
    for _ in range(9):
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowUp")
    assert check(figure)[1] == (0, 0, 0)


def test_tab_reaches_the_array_and_the_norms(figure):
    page, figure = figure
    figure.locator("svg").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "radio"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.tagName") == "svg"


def test_the_mouse_picks_an_entry_and_a_norm(figure):
    _, figure = figure
    figure.locator(".entry").nth(5).click()
    figure.get_by_label("Instance norm").check()
    assert check(figure) == ("instance norm", (0, 1, 2))


def test_an_entry_picked_by_finger_survives_rotation(opened):
    page = opened("book/norm_types.html", formulas=False, width=375, has_touch=True)
    figure = page.locator(".course-widget-norm_types")
    figure.scroll_into_view_if_needed()
    box = figure.locator(".entry").nth(30).bounding_box()
    assert min(box["width"], box["height"]) >= 20
    figure.locator(".entry").nth(30).tap()
    figure.get_by_text("Layer norm").tap()
    assert check(figure) == ("layer norm", (2, 2, 0))
    page.set_viewport_size({"width": 800, "height": 375})
    page.wait_for_function(
        "width => document.querySelector('.entry rect').getBoundingClientRect().width > width", arg=30
    )
    assert check(figure) == ("layer norm", (2, 2, 0))


def test_the_label_describes_the_figure(figure):
    _, figure = figure
    label = figure.locator("svg").get_attribute("aria-label")
    assert label.startswith("Numbers of three samples")
    assert figure.locator("output").inner_text() in label
