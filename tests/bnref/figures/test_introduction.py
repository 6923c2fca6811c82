"""Tests that the figures of the index page show their results."""

import matplotlib.pyplot as plt
import numpy as np

from bnref.experiments.introduction import ACTIVATIONS, STARTS, Gradients, Trained, kidney_stones
from bnref.figures.introduction import accuracy_table, draw_gradients, stones_table


def test_gradients_are_drawn_relative_to_last_layer():
    settings = [(a, s, norm) for a in ACTIVATIONS for s in STARTS for norm in (False, True)]
    results = [Gradients(*setting, np.array([[1.0, 4.0], [3.0, 4.0]]) * (i + 1)) for i, setting in enumerate(settings)]
    fig, axes = plt.subplots(3, 1)
    draw_gradients(axes, results)
    for ax, activation in zip(axes, ACTIVATIONS, strict=True):
        assert ax.get_title() == activation
        assert len(ax.lines) == 4
        for line in ax.lines:
            assert list(line.get_xdata()) == [1, 2]
            np.testing.assert_allclose(line.get_ydata(), [0.5, 1])
    labels = [text.get_text() for text in fig.legends[0].get_texts()]
    assert labels == ["small weights", "usual weights", "large weights", "batch norm, any weights"]
    plt.close(fig)


def test_table_has_means_in_a_row_for_each_start():
    results = [
        Trained(a, s, norm, np.array([0.2, 0.4]) + 0.5 * norm) for a in ACTIVATIONS for s in STARTS for norm in (0, 1)
    ]
    lines = accuracy_table(results).splitlines()
    assert len(lines) == 10
    assert lines[1].split() == ["sigmoid", "small", "0.30", "0.80"]
    assert len(set(map(len, lines))) == 1


def test_stones_table_has_a_row_for_each_treatment():
    header, *rows = stones_table(kidney_stones()).splitlines()
    assert header.split() == ["small", "large", "all", "adjusted"]
    assert [row.split()[-4:] for row in rows] == [["93%", "73%", "78%", "83%"], ["87%", "69%", "83%", "78%"]]
