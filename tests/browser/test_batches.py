"""Tests of the interactive figure in the chapter on batches: keyboard, mouse, touch, and bnref's numbers."""

import re

import numpy as np
import pytest

from bnref.batches import merge_statistics
from bnref.experiments.batches import standard_error
from bnref.experiments.scaling import patients

NUMBERS = (
    r"Batches of (\S+): their means have standard deviation (\S+) kg/m²\. The formula says (\S+)\. "
    r"Of 200 means, (\S+) lie in the band of two standard errors around (\S+)\."
)
BMI = patients().column("bmi")[:64]
MODULE = "../widgets/batches.mjs"


def state(figure):
    numbers = re.fullmatch(NUMBERS, figure.locator("output").inner_text()).groups()
    dots = [dot.get_attribute("cx") for dot in figure.locator("circle").all()[64:]]
    return [float(number) for number in numbers], dots


def expected(page, size, replace):
    """Compute the expected numbers with bnref from the batches that the page drew."""
    rows = np.array(page.evaluate(f"import('{MODULE}').then((m) => m.drawBatches({size}, {str(replace).lower()}))"))
    assert rows.shape == (200, size)
    assert replace or all(len(set(batch)) == size for batch in rows)
    means = np.array([merge_statistics([BMI[batch][:, None]])[0][0] for batch in rows])
    error = standard_error(BMI, size, replace)
    inside = np.sum(np.abs(means - BMI.mean()) <= 2 * error + 1e-9)
    return [size, means.std(), error, inside, BMI.mean()]


def test_the_values_are_those_of_the_data_set(figure):
    page, _ = figure
    assert page.evaluate(f"import('{MODULE}').then((m) => m.VALUES)") == BMI.tolist()


def test_the_keyboard_changes_the_size_with_bnrefs_numbers(figure):
    page, figure = figure
    slider = figure.locator("input[type=range]")
    slider.focus()
    seen = []
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
        shown, dots = state(figure)
        size = 2 ** int(slider.input_value())
        np.testing.assert_allclose(shown, expected(page, size, replace=False), atol=0.00501)
        assert figure.locator(".value").inner_text() == str(size)
        assert slider.get_attribute("aria-valuetext") == f"{size} patients"
        seen.append(dots)
    assert len({tuple(dots) for dots in seen}) == 7, "each size has other batches"
    assert shown[:3] == [64, 0, 0]
    assert len(set(dots)) == 1, "without replacement, all batches of 64 are the same"


def test_the_mouse_chooses_to_draw_with_replacement(figure):
    page, figure = figure
    figure.locator("input[type=range]").fill("6")
    figure.get_by_label("with replacement", exact=True).click()
    shown, dots = state(figure)
    np.testing.assert_allclose(shown, expected(page, 64, replace=True), atol=0.00501)
    assert len(set(dots)) > 1
    assert shown[1] == pytest.approx(shown[2], rel=0.15), "the dots scatter about as the formula says"


def test_a_finger_moves_the_slider(opened):
    page = opened("book/batches.html", formulas=False, width=375, has_touch=True)
    figure = page.locator(".course-widget-batches")
    figure.scroll_into_view_if_needed()
    box = figure.locator("input[type=range]").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    assert state(figure)[0][0] == 64


def test_the_label_describes_the_figure(figure):
    _, figure = figure
    label = figure.locator("svg").get_attribute("aria-label")
    assert label.startswith("Two rows of dots")
    assert figure.locator("output").inner_text() in label


def test_text_replaces_the_figure_without_scripts(fallback):
    assert "the closer the dots lie" in fallback
