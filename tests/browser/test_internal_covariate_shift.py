"""Tests of the interactive figure in the chapter on internal covariate shift: keyboard, mouse and touch."""

import re

from bnref.experiments.internal_covariate_shift import histogram_table

WORDS = re.compile(r"Step (\d+) (without|with) batch norm: test accuracy (\S+)\. ")
LAYER = re.compile(r"Layer (\d): mean (\S+), std (\S+)\.(?= |$)")
PAGE, FIGURE = "book/internal_covariate_shift.html", ".course-widget-internal_covariate_shift"


def bars(figure):
    return [float(bar.get_attribute("height")) for bar in figure.locator("rect.other").all()]


def check(figure):
    """Compare the figure with the experiment; return the step and whether batch norm is on."""
    text = figure.locator("output").inner_text()
    step, name, accuracy = WORDS.match(text).groups()
    table = histogram_table()
    row = table[name][table["steps"].index(int(step))]
    assert abs(100 * float(accuracy) - row[0]) < 5.5
    layers = LAYER.findall(text)
    assert [int(layer) for layer, _, _ in layers] == [1, 2, 3]
    for (_, mean, std), true_mean, true_std in zip(layers, row[1], row[2], strict=True):
        assert abs(100 * float(mean) - true_mean) < 5.5
        assert abs(100 * float(std) - true_std) < 5.5
    heights = bars(figure)
    for layer in range(3):
        counts = [int(row[3 + layer][i : i + 2], 36) for i in range(0, 50, 2)]
        drawn = heights[25 * layer : 25 * layer + 25]
        assert max(abs(h / max(drawn) - c / max(counts)) for h, c in zip(drawn, counts, strict=True)) < 0.05
    return int(step), name


def test_the_keyboard_moves_the_step_with_bnrefs_numbers(figure):
    page, figure = figure
    figure.locator("input[type=range]").focus()
    seen = [check(figure)]
    for key in ("ArrowRight", "ArrowRight", "End", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        seen.append(check(figure))
        assert figure.locator(".value").inner_text() == str(seen[-1][0])
    assert [step for step, _ in seen] == [0, 10, 30, 3000, 2500, 0]


def test_the_keyboard_turns_batch_norm_on(figure):
    page, figure = figure
    before = bars(figure)
    figure.locator("input[type=radio]").first.focus()
    page.keyboard.press("ArrowRight")
    assert check(figure) == (0, "with")
    assert bars(figure) != before


def test_the_mouse_chooses_and_drags(figure):
    page, figure = figure
    figure.get_by_label("with", exact=True).click()
    box = figure.locator("input[type=range]").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 5, box["y"] + box["height"] / 2)
    assert check(figure) == (3000, "with")


def test_a_finger_moves_the_slider_on_a_phone(opened):
    page = opened(PAGE, width=375, has_touch=True)
    figure = page.locator(FIGURE)
    figure.scroll_into_view_if_needed()
    figure.get_by_label("with", exact=True).tap()
    slider = figure.locator("input[type=range]")
    box = slider.bounding_box()
    slider.tap(position={"x": box["width"] - 5, "y": box["height"] / 2})
    assert check(figure) == (3000, "with")


def test_the_label_describes_the_figure(figure):
    _, figure = figure
    label = figure.locator("svg").get_attribute("aria-label")
    assert label.startswith("Histograms of the inputs")
    assert figure.locator("output").inner_text() in label


def test_text_replaces_the_figure_without_scripts(fallback):
    assert "all three stay wide and centered" in fallback
