"""Tests that the figures of the closing chapter show their results."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bnref.experiments.today import EXPLOSION, Explosion, Residual, Tokens
from bnref.figures.today import accuracy_table, draw_explosions, draw_variances, growth_table, token_table


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_explosions_show_measured_and_expected_growth(ax):
    norms = 2.0 ** np.arange(19, -1, -1)[None] * np.array([[1.0], [3.0]])
    draw_explosions(ax, [Explosion("net", 128, norms), Explosion("other", 32, norms)])
    measured, expected = ax.lines
    np.testing.assert_allclose(measured.get_ydata(), norms[0])
    np.testing.assert_allclose(expected.get_ydata()[[0, -1]], [EXPLOSION**19, 1])
    labels = [text.get_text() for text in ax.figure.legends[0].get_texts()]
    assert labels == ["net: 2.00 per layer", "expected: 1.21 per layer"]


def test_variances_are_drawn_by_block(ax):
    kinds = ["none", "BN", "SkipInit", "Fixup"]
    draw_variances(
        ax, [Residual(kind, np.array([[1.0, 2.0], [3.0, 4.0]]) + i, np.zeros(2)) for i, kind in enumerate(kinds)]
    )
    assert [line.get_ydata().tolist() for line in ax.lines] == [[2, 3], [3, 4], [5, 6]]


def test_tables_have_a_row_per_network():
    grown = growth_table([Explosion("linear, BN", 8, 2.0 ** np.arange(19, -1, -1)[None])]).data.splitlines()
    assert grown[-1] == "| linear, BN | 8 | 2.000 (2.000 to 2.000) | 1.095 |"
    trained = [Residual("none", np.zeros((1, 2)), np.array([0.1])), Residual("BN", np.zeros((1, 2)), np.array([0.9]))]
    rows = accuracy_table({0.1: trained, 0.01: trained[::-1]}).data.splitlines()
    assert rows[2].startswith("| He's weights, no norm | 0.100 (0.100 to 0.100) | 0.900")
    tokens = token_table([Tokens("DyT", np.array([0.5, 0.7])), Tokens("none", np.array([0.8]))]).data.splitlines()
    assert tokens[2:] == [
        "| DyT, $\\alpha$ from 0.5 | 0.600 (0.500 to 0.700) |",
        "| no norm | 0.800 (0.800 to 0.800) |",
    ]
