"""Tests that the figures of the closing chapter show their results."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bnref.experiments.today import EXPLOSION, Explosion, Residual
from bnref.figures.today import draw_explosions, draw_variances


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
    assert labels == ["net: 2.00 a layer", "expected: 1.21 a layer"]


def test_variances_are_drawn_by_block(ax):
    kinds = ["none", "BN", "SkipInit", "Fixup"]
    draw_variances(
        ax, [Residual(kind, np.array([[1.0, 2.0], [3.0, 4.0]]) + i, np.zeros(2)) for i, kind in enumerate(kinds)]
    )
    assert [line.get_ydata().tolist() for line in ax.lines] == [[2, 3], [3, 4], [5, 6]]
