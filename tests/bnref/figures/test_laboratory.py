"""Tests that the figure of the laboratory's page shows its results."""

import numpy as np

from bnref.experiments.laboratory import Layers
from bnref.figures import laboratory as figures

PANELS = 2  # read by the fixture `axes`


def layers(scale):
    gradients = scale ** np.arange(3)[:, None, None] * np.ones((3, 2, 4))
    return Layers(gradients, gradients, np.zeros(3), np.array([0.1, 0.2, 0.3]), np.zeros(3))


def test_compared_shows_similarity_and_relative_gradients(axes):
    figures.draw_compared(axes, {"no norm": layers(1.0), "batch norm, after": layers(2.0)})
    top, bottom = axes
    assert [line.get_ydata().tolist() for line in top.lines] == [[0.1, 0.2, 0.3]] * 2
    assert [line.get_ydata().tolist() for line in bottom.lines] == [[1, 1, 1], [0.25, 0.5, 1]]
    assert [line.get_linestyle() for line in bottom.lines] == ["-", "--"]
    assert [text.get_text() for text in bottom.get_legend().get_texts()] == ["no norm", "batch norm, after"]
    assert bottom.get_yscale() == "log"
