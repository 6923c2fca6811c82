"""Tests of the interactive figure in the chapter on CNNs: keyboard, mouse, touch, and bnref's numbers."""

import re

import numpy as np

from bnref.experiments.cnn import FILTERS, volume

SENTENCE = (
    r"Channel (.+), per (channel|neuron): (\d+) values share mean (\S+) and standard deviation (\S+)\. "
    r"At row (\d), column (\d) the images hold (.+) before and (.+) after\."
)
NAMES = list(FILTERS)


def state(figure):
    """Parse the sentence: channel, statistics, place, and all its numbers."""
    name, statistics, count, mean, std, row, column, before, after = re.fullmatch(
        SENTENCE, figure.locator("output").inner_text()
    ).groups()
    numbers = [int(count), float(mean), float(std), *map(float, before.split(", ")), *map(float, after.split(", "))]
    return (NAMES.index(name), statistics, int(row) - 1, int(column) - 1), numbers


def expected(channel, statistics, row, column):
    v = volume()
    shared = v.before[:, channel] if statistics == "channel" else v.before[:, channel, row, column]
    after = v.per_channel if statistics == "channel" else v.per_neuron
    at = (slice(None), channel, row, column)
    return [shared.size, shared.mean(), shared.std(), *v.before[at], *after[at]]


def test_every_number_matches_bnref(figure):
    _, figure = figure
    slider = figure.locator("input[type=range]")
    for name in NAMES:
        figure.get_by_role("radio", name=name).check()
        for statistics in ("per channel", "per neuron"):
            figure.get_by_role("radio", name=statistics).check()
            for place in range(16):
                slider.fill(str(place + 1))
                where, shown = state(figure)
                assert where == (NAMES.index(name), statistics.split()[1], place // 4, place % 4)
                np.testing.assert_allclose(shown, expected(*where), atol=0.00501)


def test_frames_surround_the_entries_that_share_a_mean(figure):
    _, figure = figure
    frames = figure.locator("rect.chosen")
    sizes = {"per channel": 4, "per neuron": 1}
    cell = float(frames.last.get_attribute("width"))
    for statistics, cells in sizes.items():
        figure.get_by_role("radio", name=statistics).check()
        assert float(frames.first.get_attribute("width")) == cells * cell


def test_the_keyboard_reaches_all_controls(figure):
    page, figure = figure
    figure.locator("input").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    where, shown = state(figure)
    assert where == (1, "neuron", 3, 3)
    np.testing.assert_allclose(shown, expected(*where), atol=0.00501)
    assert figure.locator(".value").inner_text() == "16"


def test_a_click_selects_an_entry(figure):
    _, figure = figure
    last = figure.locator("rect:not(.chosen)").nth(4 * 3 * 16 - 1)
    last.click()
    assert state(figure)[0] == (2, "channel", 3, 3)


def test_a_finger_selects_an_entry(opened):
    page = opened("book/cnn.html", formulas=False, width=375, has_touch=True)
    figure = page.locator(".course-widget-cnn")
    figure.scroll_into_view_if_needed()
    figure.locator("rect:not(.chosen)").nth(16 + 1).tap()
    assert state(figure)[0] == (1, "channel", 0, 1)


def test_the_label_describes_the_figure(figure):
    _, figure = figure
    label = figure.locator("svg").get_attribute("aria-label")
    assert label.startswith("Maps of four images in three channels")
    assert figure.locator("output").inner_text() in label


def test_text_replaces_the_figure_without_scripts(fallback):
    assert "only the four entries at the same place" in fallback
