"""Tests of the interactive figure in the chapter on scaling: keyboard, mouse, touch, and bnref's numbers."""

import re

import numpy as np

from bnref.experiments.scaling import patients
from bnref.scaling import min_max_scale, standardize

NUMBERS = (
    r"Mean (\S+), standard deviation (\S+), lowest (\S+), highest (\S+)\. Standardized, the moved value is (\S+) "
    r"and the others span (\S+)\. Min-max scaled, the others span (\S+) of 1\."
)


def expected(value):
    column = np.append(patients().column("bmi")[:11], value)[:, None]
    z, mean, std = standardize(column)
    scaled, low, high = min_max_scale(column)
    return [mean[0], std[0], low[0], high[0], z[-1, 0], np.ptp(z[:-1]), np.ptp(scaled[:-1])]


def state(figure):
    value = float(figure.locator("input").input_value())
    shown = [float(number) for number in re.fullmatch(NUMBERS, figure.locator("output").inner_text()).groups()]
    places = [d.get_attribute("transform") for d in figure.locator("path.moved").all()]
    return value, shown, places


def test_the_keyboard_moves_the_outlier_with_bnrefs_numbers(figure):
    page, figure = figure
    figure.locator("input").focus()
    seen = []
    for key in ("ArrowRight", "ArrowRight", "PageUp", "End", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        value, shown, places = state(figure)
        np.testing.assert_allclose(shown, expected(value), atol=0.051)
        np.testing.assert_allclose(shown[4:], expected(value)[4:], atol=0.00051)
        assert f"{value:.1f}" == figure.locator(".value").inner_text()
        seen.append((value, *places))
    assert len(set(seen)) == len(seen), "each key moves the value and the diamond in the three lines"
    assert max(seen)[0] == 150


def test_tab_reaches_the_slider(figure):
    page, figure = figure
    figure.locator("svg").click(position={"x": 5, "y": 5})
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "range"


def test_the_mouse_drags_the_outlier(figure):
    page, figure = figure
    before = state(figure)
    box = figure.locator("path.moved").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 10, steps=5)
    page.mouse.up()
    after = state(figure)
    assert after[0] > before[0] + 20
    np.testing.assert_allclose(after[1][4:], expected(after[0])[4:], atol=0.00051)
    page.mouse.move(box["x"], box["y"])
    assert state(figure) == after, "after the button is released, the diamond stays"


def test_a_finger_drags_the_outlier(opened):
    page = opened("book/scaling.html", formulas=False, width=375, has_touch=True)
    figure = page.locator(".course-widget-scaling")
    figure.scroll_into_view_if_needed()
    before = state(figure)
    box = figure.locator("path.moved").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    client = page.context.new_cdp_session(page)
    client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for way in (20, 60, 100):
        client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x + way, "y": y}]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert state(figure)[0] > before[0] + 20


def test_the_label_describes_the_figure(figure):
    _, figure = figure
    label = figure.locator("svg").get_attribute("aria-label")
    assert label.startswith("Three number lines")
    assert figure.locator("output").inner_text() in label


def test_text_replaces_the_figure_without_scripts(fallback):
    assert "the other eleven crowd together" in fallback
