"""Tests of the laboratory: bnref's numbers in every setting, the address, the tours, the table and the keyboard."""

import re
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.datasets import load_digits

from bnref.experiments.laboratory import ACTIVATIONS, NORMS, Setting, observe
from tests.conftest import REPOSITORY

WIDGETS = REPOSITORY / "book" / "_extra" / "widgets"
SETTINGS = [Setting(activation=a, norm=n, placement=p) for a in ACTIVATIONS for n in NORMS for p in ("before", "after")]
SETTINGS += [
    Setting(depth=50, width=128, norm="batch", activation="relu", gain=2**0.5),
    Setting(depth=2, width=16, norm="group", gain=4),
    Setting(norm="batch", batch=2),
    Setting(gain=0.25),
]
# Everything that the module observes, with each layer's activations and gradients as their lengths.
OBSERVE = """async (settings) => {
    const { observe, length } = await import(new URL("../widgets/network.mjs", location).href);
    return settings.map((setting) => observe(setting).map((layer) => [
        length(layer.activations), length(layer.gradients), layer.saturated, layer.similarity, layer.update]));
}"""
TOLERANCE = 1e-6


def shown(figure):
    """Return the table's numbers, (layers, columns)."""
    cells = figure.locator("tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((c) => c.textContent))"
    )
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return np.array(
        [
            [float(re.sub(" \u00d7 10(.+)", r"e\1", cell).translate(raised).replace(",", "")) for cell in row]
            for row in cells
        ]
    )


def query(page):
    """Return the setting in the page's address."""
    return page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")


def test_digits_are_scikit_learns():
    x, y = load_digits(return_X_y=True)
    text = (WIDGETS / "digits.mjs").read_text()
    pixels = re.search(r"PIXELS = `([^`]*)`", text)[1].replace("\n", "")
    assert [ord(letter) - ord("a") for letter in pixels] == x[:128].ravel().tolist()
    assert re.search(r'"(\d{128})"', text)[1] == "".join(map(str, y[:128]))


def test_every_layer_of_every_setting_agrees_with_bnref(figure):
    page, _ = figure
    observed = page.evaluate(OBSERVE, [asdict(setting) for setting in SETTINGS])
    for setting, layers in zip(SETTINGS, observed, strict=True):
        expected = observe(setting)
        lengths = np.linalg.norm(expected.activations, axis=(1, 2))
        columns = [lengths, expected.lengths, expected.saturated, expected.similarity, expected.update]
        close = np.isclose(layers, np.stack(columns, axis=1), rtol=TOLERANCE, atol=1e-300)
        # A mean cosine near 0 is a difference of larger numbers.
        close[:, 3] |= np.isclose(np.array(layers)[:, 3], expected.similarity, atol=TOLERANCE)
        assert close.all(), setting


def test_the_address_sets_the_controls_and_follows_them(opened):
    page = opened("book/laboratory.html?depth=7&activation=relu&norm=layer&gain=2&width=oops&norm2=x", formulas=False)
    figure = page.locator(".course-widget-laboratory")
    assert figure.locator("tbody tr").count() == 7
    expected = observe(Setting(depth=7, activation="relu", norm="layer", gain=2))
    np.testing.assert_allclose(shown(figure)[:, 5], expected.lengths, rtol=0.06)
    figure.get_by_label("batch", exact=True).check()
    assert query(page)["norm"] == "batch"
    assert query(page)["depth"] == "7"
    page.reload()
    assert figure.get_by_label("batch", exact=True).is_checked()
    assert figure.locator("tbody tr").count() == 7


def test_values_that_no_control_has_change_nothing(opened):
    page = opened("book/laboratory.html?depth=900&activation=cubic&gain=minus&batch=0", formulas=False)
    figure = page.locator(".course-widget-laboratory")
    assert figure.locator("tbody tr").count() == 20
    assert figure.get_by_label("tanh").is_checked()


@pytest.mark.parametrize("tour", ["Vanishing sigmoids", "Exploding ReLUs", "Collapse under layer norm"])
def test_each_stop_of_a_tour_sets_up_the_laboratory(figure, tour):
    page, figure = figure
    figure.get_by_role("button", name=tour).click()
    seen = set()
    for stop in (1, 2, 3):
        assert f"{tour}, {stop} of 3." in figure.locator(".told").inner_text()
        values = query(page)
        setting = Setting(
            int(values["depth"]),
            int(values["width"]),
            values["activation"],
            float(values["gain"]),
            values["norm"],
            values["placement"],
            int(values["batch"]),
        )
        np.testing.assert_allclose(shown(figure)[:, 5], observe(setting).lengths, rtol=0.06)
        seen.add(setting)
        if stop < 3:
            figure.get_by_role("button", name="Next").click()
    assert len(seen) == 3
    figure.get_by_role("button", name="Reset").click()
    assert not figure.locator(".told").is_visible()
    assert query(page)["activation"] == "tanh"


def test_the_keyboard_walks_a_tour_and_moves_a_slider(figure):
    page, figure = figure
    figure.get_by_role("button", name="Exploding ReLUs").focus()
    page.keyboard.press("Enter")
    assert query(page)["norm"] == "none"
    figure.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    assert query(page)["norm"] == "batch"
    figure.get_by_label("Layers:").focus()
    page.keyboard.press("ArrowRight")
    assert query(page)["depth"] == "21"
    assert figure.locator("tbody tr").count() == 21


def test_the_label_describes_the_figure(figure):
    _, figure = figure
    label = figure.locator("svg").get_attribute("aria-label")
    assert label.startswith("Histograms of activations")
    assert figure.locator("output").inner_text() in label


def test_text_replaces_the_figure_without_scripts(fallback):
    assert "The laboratory needs JavaScript" in fallback
