"""Tests that the figures of the introduction show their results."""

import matplotlib.pyplot as plt
import numpy as np

from bnref.experiments.introduction import ACTIVATIONS, STARTS, Gradients, Rectifiers, Trained, kidney_stones
from bnref.figures.introduction import accuracy_table, draw_gradients, rectifier_table, stones_table, weight_table


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.data.splitlines()]


def test_gradients_are_drawn_relative_to_last_layer():
    settings = [(a, s, norm) for a in ACTIVATIONS for s in STARTS for norm in (False, True)]
    norms = np.array([[1.0, 4.0], [3.0, 4.0]])
    results = [Gradients(*setting, *[norms * (i + 1)] * 3) for i, setting in enumerate(settings)]
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
    header, _, *rows = cells(accuracy_table(results))
    assert header == ["Activation", "Initial weights", "Without batch norm", "With batch norm"]
    assert len(rows) == 9
    assert rows[0] == ["sigmoid", "small", "0.30 (0.20 to 0.40)", "0.80 (0.70 to 0.90)"]


def test_weight_table_divides_gradient_by_weights():
    ones = np.ones((5, 10))
    results = [Gradients("tanh", start, True, ones, 2 * ones, 8 * ones) for start in STARTS]
    assert cells(weight_table(results))[2:] == [
        ["small", "0.5", "1.000", "2.00", "0.2500"],
        ["usual", "1", "1.000", "2.00", "0.2500"],
        ["large", "3", "1.000", "2.00", "0.2500"],
    ]


def test_rectifier_table_has_a_row_for_each_rate():
    result = Rectifiers(0.005, np.array([0.1, 0.1]), np.array([0.4, 0.6]))
    assert cells(rectifier_table([result]))[2] == ["0.005", "0.10 (0.10 to 0.10)", "0.50 (0.40 to 0.60)"]


def test_stones_table_has_a_row_for_each_treatment():
    header, _, *rows = cells(stones_table(kidney_stones()))
    assert header == ["Treatment", "Small stones", "Large stones", "All patients", "Adjusted"]
    assert [row[1:] for row in rows] == [["93%", "73%", "78%", "83%"], ["87%", "69%", "83%", "78%"]]
