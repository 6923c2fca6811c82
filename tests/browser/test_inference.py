"""Tests of the interactive figure in the chapter on inference: keyboard, mouse, touch, and bnref's numbers."""

import re

import numpy as np

from bnref.experiments.inference_averages import drifting_means, running
from bnref.inference import steps_to_forget

NUMBERS = (
    r"Decay (\S+): after (\d+) updates the initial value's share is at most 1%\. Late in the rise the average lags "
    r"(\S+) behind the true mean\. Over the last 40 updates it is off by (\S+), a batch mean by (\S+)\."
)


def expected(decay):
    true, batch = drifting_means()
    average = running(batch, decay, 0.0)[1:]
    lag = (true - average)[120:160].mean()
    off = [np.sqrt(np.square((values - true)[-40:]).mean()) for values in (average, batch)]
    return [decay, steps_to_forget(decay, 0.01), lag, *off]


def shown(figure):
    return [float(number) for number in re.fullmatch(NUMBERS, figure.locator("output").inner_text()).groups()]


def line(figure):
    return figure.locator("polyline").nth(1).get_attribute("points")


def test_its_numbers_are_those_of_the_experiment(figure):
    page, _ = figure
    means, true = page.evaluate("import('/widgets/inference.mjs').then((m) => [m.BATCH_MEANS, m.TRUE_MEANS])")
    np.testing.assert_allclose(true, drifting_means()[0])
    np.testing.assert_allclose(means, drifting_means()[1])


def test_the_keyboard_changes_the_decay_with_bnrefs_numbers(figure):
    page, figure = figure
    figure.locator("input").focus()
    seen = set()
    for key in ("ArrowRight", "ArrowRight", "End", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        numbers = shown(figure)
        np.testing.assert_allclose(numbers, expected(numbers[0]), atol=0.00501)
        assert figure.locator(".value").inner_text() == figure.locator("input").get_attribute("aria-valuetext")
        assert float(figure.locator(".value").inner_text()) == numbers[0]
        seen.add((numbers[0], line(figure)))
    assert {decay for decay, _ in seen} == {0.95, 0.97, 0.999, 0.998, 0.5}
    assert len(seen) == 5


def test_a_larger_decay_lags_more_and_is_less_noisy(figure):
    _, figure = figure
    figure.locator("input").press("Home")
    noisy = shown(figure)
    for _ in range(4):
        figure.locator("input").press("ArrowRight")
    assert shown(figure)[3] < noisy[3]
    figure.locator("input").press("End")
    assert shown(figure)[2] > noisy[2] + 1


def test_tab_reaches_the_slider(figure):
    page, figure = figure
    figure.locator("svg").click(position={"x": 5, "y": 5})
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "range"


def test_the_mouse_and_a_finger_move_the_slider(opened):
    page = opened("book/inference.html", formulas=False, width=375, has_touch=True)
    figure = page.locator(".course-widget-inference")
    figure.scroll_into_view_if_needed()
    box = figure.locator("input").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + box["width"] - 3, y)
    by_mouse = shown(figure)
    page.touchscreen.tap(box["x"] + 3, y)
    assert shown(figure)[0] < 0.6 < 0.99 < by_mouse[0]


def test_the_drawing_fits_a_phone(opened):
    page = opened("book/inference.html", formulas=False, width=375)
    figure = page.locator(".course-widget-inference")
    figure.scroll_into_view_if_needed()
    box, inside = figure.bounding_box(), figure.locator("svg").bounding_box()
    assert box["x"] <= inside["x"]
    assert inside["x"] + inside["width"] <= box["x"] + box["width"]


def test_the_label_describes_the_figure(figure):
    _, figure = figure
    label = figure.locator("svg").get_attribute("aria-label")
    assert label.startswith("The means of 240 batches")
    assert figure.locator("output").inner_text() in label


def test_text_replaces_the_figure_without_scripts(fallback):
    assert "lags behind" in fallback
