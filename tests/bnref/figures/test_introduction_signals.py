"""Tests that the pictures of the introduction show their results."""

import numpy as np
import pytest

from bnref.experiments.introduction_signals import SHOWN, Signals, TanhInputs, layer
from bnref.figures import introduction_signals as figures

PANELS = 4  # read by the fixture `axes`


def test_layer_shows_every_number_of_both_paths(axes):
    figures.draw_layer(axes[0], layer())
    texts = [text.get_text() for text in axes[0].texts]
    for shown in (
        "31",
        "5",
        "0.5",
        "-1.5",
        "3",
        "-5",
        "mean 4\nstd 2",
        "mean 0\nstd 1",
        "mean 1\nstd 4",
        "8",
        "2",
        "9",
    ):
        assert shown in texts
    assert "stored mean 3\nstored std 2.5" in texts


def test_tanh_panels_state_the_share_in_the_tails(axes):
    figures.draw_tanh_inputs(axes[:2], TanhInputs(np.array([3.0, 0.0]), np.array([0.0, 1.0])))
    assert axes[0].get_title() == "without batch norm: 50% in the flat tails"
    assert axes[1].get_title() == "with batch norm: 0% in the flat tails"


def test_signals_have_the_first_layer_on_top(axes):
    rows = [np.full(10, number / 30) for number in SHOWN]
    results = [Signals(norm, rows, [10 ** (-10 * row) for row in rows]) for norm in (False, True)]
    grid = np.reshape(axes, (2, 2))
    figures.draw_signals(grid, results)
    assert [ax.get_title() for ax in grid[0]] == ["without batch norm", "with batch norm"]
    labels = [text.get_text() for text in grid[0, 0].get_yticklabels()]
    assert labels == [str(number) for number in reversed(SHOWN)]
    top = grid[0, 0].patches[-1].get_data()
    assert top.edges[np.argmax(top.values)] == pytest.approx(1 / 30, abs=0.04)
