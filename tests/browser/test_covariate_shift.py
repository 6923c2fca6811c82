"""Tests of the interactive figure in the chapter on covariate shift: controls, and bnref's numbers."""

import re

import numpy as np
import pytest

from bnref.experiments.covariate_shift_statistics import at_level, by_strength
from bnref.experiments.training import digits

NUMBERS = r"Accuracy (\S+) with stored statistics, (\S+) lost; (\S+) with recomputed ones\."
LABELS = {"fading": "Fading ink", "shading": "Shade", "inverting": "Inverting", "noisier": "Noise"}
SHOWN = (0, 1, 2, 4)  # indices of the test digits in the figure


def expected(kind, level):
    result = by_strength()
    i = result.kinds.index(kind)
    stored, recomputed = result.stored[i], result.recomputed[i]
    return [stored[level], stored[0] - stored[level], recomputed[level]]


def state(figure):
    kind = figure.locator("input:checked").input_value()
    level = int(figure.locator("input[type=range]").input_value())
    shown = [float(number) for number in re.search(NUMBERS, figure.locator("output").inner_text()).groups()]
    marks = [mark.get_attribute("transform") for mark in figure.locator("path.point").all()]
    return kind, level, shown, marks


def pixels(figure):
    fills = figure.locator("rect.pixel").evaluate_all("rects => rects.map((r) => r.getAttribute('fill'))")
    return np.array([int(re.match(r"rgb\((\d+) ", fill)[1]) for fill in fills]).reshape(4, 8, 8)


@pytest.mark.parametrize("kind", LABELS)
def test_the_keyboard_moves_the_shift_with_measured_numbers(figure, kind):
    page, figure = figure
    figure.get_by_label(LABELS[kind], exact=True).check()
    figure.locator("input[type=range]").focus()
    page.keyboard.press("Home")
    seen = []
    for _ in range(11):
        chosen, level, shown, marks = state(figure)
        assert chosen == kind
        np.testing.assert_allclose(shown, expected(kind, level), atol=0.0011)
        assert figure.locator(".value").inner_text() == f"{level} of 10"
        seen.append((level, *marks))
        page.keyboard.press("ArrowRight")
    assert [level for level, *_ in seen] == list(range(11))
    assert len(set(seen)) == 11


def test_arrow_keys_choose_the_shift(figure):
    page, figure = figure
    figure.get_by_label("Fading ink", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert state(figure)[0] == "shading"


@pytest.mark.parametrize("kind", ["fading", "shading", "inverting"])
def test_the_digits_are_the_test_digits_under_the_shift(figure, kind):
    _, figure = figure
    figure.get_by_label(LABELS[kind], exact=True).check()
    level = state(figure)[1]
    x = digits(images=True).x_test[list(SHOWN)]
    ink = at_level(x, x, kind, level).clamp(0, 1)[:, 0].numpy()
    np.testing.assert_allclose(pixels(figure), 255 * (1 - ink), atol=1.01)


def test_noise_differs_from_pixel_to_pixel(figure):
    _, figure = figure
    before = pixels(figure)
    figure.get_by_label("Noise", exact=True).check()
    assert len(np.unique(pixels(figure) - before)) > 30


def test_the_mouse_drags_in_the_chart(figure):
    page, figure = figure
    before = state(figure)
    box = figure.locator("svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 15, box["y"] + 80, steps=4)
    page.mouse.up()
    after = state(figure)
    assert after[1] == 10 > before[1]
    np.testing.assert_allclose(after[2], expected(after[0], 10), atol=0.0011)


def test_a_finger_drags_in_the_chart(opened):
    page = opened("book/covariate_shift.html", formulas=False, width=375, has_touch=True)
    figure = page.locator(".course-widget-covariate_shift")
    figure.scroll_into_view_if_needed()
    box = figure.locator("svg").bounding_box()
    y = box["y"] + 80
    client = page.context.new_cdp_session(page)
    start = {"x": box["x"] + 200, "y": y}
    client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [start]})
    for x in (150, 100, 45):
        client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": box["x"] + x, "y": y}]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert state(figure)[1] == 0


def test_no_text_is_cut_off_on_a_phone(opened):
    page = opened("book/covariate_shift.html", formulas=False, width=375)
    figure = page.locator(".course-widget-covariate_shift")
    right = figure.locator("svg").evaluate(
        "svg => Math.max(...[...svg.querySelectorAll('text')].map((t) => t.getBBox().x + t.getBBox().width))"
        " - svg.viewBox.baseVal.width"
    )
    assert right <= 0


def test_the_label_describes_the_figure(figure):
    _, figure = figure
    label = figure.locator("svg").get_attribute("aria-label")
    assert label.startswith("Accuracy on shifted digits")
    assert figure.locator("output").inner_text() in label


def test_text_replaces_the_figure_without_scripts(fallback):
    assert "fading costs nothing" in fallback
