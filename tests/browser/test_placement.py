"""Tests of the interactive figure in the chapter on placement: keyboard, mouse, touch, and bnref's numbers."""

import re

import numpy as np

from bnref.experiments.placement import normalized_inputs
from bnref.placement import batch_norm_forward, tanh_linearity
from tests.conftest import REPOSITORY

NUMBERS = (
    r"The inputs of the tanh have mean (\S+) and standard deviation (\S+)\. A straight line through its outputs has R² "
    r"(\S+)\. Of the outputs (\d+)% are beyond ±0\.97\."
)
WIDGET = REPOSITORY / "book" / "_extra" / "widgets" / "placement.mjs"


def inputs():
    return normalized_inputs()[:100, :1].astype(float).round(2)


def expected(gamma, beta):
    y, _ = batch_norm_forward(inputs(), np.array([gamma]), np.array([beta]))
    return [y.mean(), y.std(), tanh_linearity(y), 100 * (np.abs(np.tanh(y)) > 0.97).mean()]


def state(figure):
    values = [float(slider.input_value()) for slider in figure.locator("input").all()]
    shown = [float(number) for number in re.fullmatch(NUMBERS, figure.locator("output").inner_text()).groups()]
    places = [dot.get_attribute("cx") for dot in figure.locator("circle").all()]
    return values, shown, places


def agrees(values, shown):
    np.testing.assert_allclose(shown[:2], expected(*values)[:2], atol=0.0051)
    np.testing.assert_allclose(shown[2:], expected(*values)[2:], atol=0.00051)


def test_the_widgets_table_matches_the_experiment():
    table = re.search(r"const INPUTS = \[(.*?)\];", WIDGET.read_text(), re.DOTALL)[1]
    np.testing.assert_array_equal([float(number) for number in table.split(",") if number.strip()], inputs()[:, 0])


def test_the_keyboard_moves_gamma_and_beta_with_bnrefs_numbers(figure):
    page, figure = figure
    seen = []
    for which, keys in ((0, ("ArrowRight", "PageUp", "End", "Home")), (1, ("ArrowLeft", "End", "PageDown", "Home"))):
        slider = figure.locator("input").nth(which)
        slider.focus()
        for key in keys:
            page.keyboard.press(key)
            values, shown, places = state(figure)
            agrees(values, shown)
            assert f"{values[which]:.1f}" == figure.locator(".value").nth(which).inner_text()
            seen.append(tuple(places))
    assert len(set(seen)) == len(seen), "each key moves the dots"


def test_the_line_goes_through_the_dots_of_a_small_gamma(figure):
    page, figure = figure
    figure.locator("input").first.focus()
    page.keyboard.press("Home")
    line = figure.locator("line[stroke-dasharray]")
    (x1, y1), (x2, y2) = ([float(line.get_attribute(f"{axis}{i}")) for axis in "xy"] for i in (1, 2))
    for dot in figure.locator("circle").all()[:10]:
        x, y = float(dot.get_attribute("cx")), float(dot.get_attribute("cy"))
        assert abs(y1 + (x - x1) * (y2 - y1) / (x2 - x1) - y) < 0.5


def test_tab_reaches_both_sliders(figure):
    page, figure = figure
    figure.locator("svg").click(position={"x": 5, "y": 5})
    for label in ("Gamma:", "Beta:"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.labels[0].textContent") == label


def test_the_mouse_and_a_finger_move_a_slider(opened):
    page = opened("book/placement.html", formulas=False, width=375, has_touch=True)
    figure = page.locator(".course-widget-placement")
    figure.scroll_into_view_if_needed()
    slider = figure.locator("input").nth(1)
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    values, shown, _ = state(figure)
    assert values[1] > 2
    agrees(values, shown)
    page.touchscreen.tap(box["x"] + 0.1 * box["width"], box["y"] + box["height"] / 2)
    values, shown, _ = state(figure)
    assert values[1] < -2
    agrees(values, shown)


def test_the_label_describes_the_figure(figure):
    _, figure = figure
    label = figure.locator("svg").get_attribute("aria-label")
    assert label.startswith("A tanh with a hundred dots")
    assert figure.locator("output").inner_text() in label


def test_text_replaces_the_figure_without_scripts(fallback):
    assert "A small gamma squeezes the inputs" in fallback
