"""Tests that the figures of the page on depth show their results."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bnref.experiments.depth import SHOWN, Collapse, Growth, Projection
from bnref.figures import depth as figures

PANELS = 6  # read by the fixture `axes`


def test_projections_show_each_digit_in_its_class_style(axes):
    planes = np.arange(16.0).reshape(4, 2, 2) / 16
    fig, grid = plt.subplots(1, len(SHOWN), squeeze=False)
    figures.draw_projections(grid, [Projection("BN", planes, np.array([0, 2]))])
    zeros, ones, twos = grid[0, 0].collections
    np.testing.assert_allclose(zeros.get_offsets(), planes[0, :1])
    assert len(ones.get_offsets()) == 0
    np.testing.assert_allclose(twos.get_offsets(), planes[0, 1:])
    assert [ax.get_title() for ax in grid[0]] == ["layer 1", "layer 5", "layer 15", "layer 50"]
    assert len({ax.get_xlim() for ax in grid[0]}) == 1
    plt.close(fig)


def test_collapses_show_the_mean_and_the_range(axes):
    grid = np.array(axes).reshape(2, 3)
    values = np.array([[0.0, 0.5], [1.0, 0.5]])
    found = [Collapse(a, "BN", values, 10 * values) for a in ("linear", "ReLU", "tanh")]
    figures.draw_collapses(grid, found)
    for column, name in zip(grid.T, ("linear", "ReLU", "tanh"), strict=True):
        assert column[0].get_title() == name
        assert column[0].lines[0].get_ydata().tolist() == [0.5, 0.5]
        assert column[1].lines[0].get_ydata().tolist() == [5, 5]
        low, high = column[0].collections[0].get_paths()[0].get_extents().intervaly
        assert (low, high) == pytest.approx((0, 1))


def test_growths_are_relative_to_the_last_layer(axes):
    lengths = np.array([[8.0, 2.0], [2.0, 2.0]])
    figures.draw_growths(axes[0], [Growth("orthogonal", "digits", 64, lengths)])
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), [2, 1])
    assert axes[0].get_legend().get_texts()[0].get_text() == "64 digits, orthogonal"
