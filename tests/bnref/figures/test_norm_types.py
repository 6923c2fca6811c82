"""Tests that the figures of the chapter on normalization types show their results."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex

from bnref.experiments.norm_types import NORMS, batch, shared_with
from bnref.experiments.norm_types_batch_size import Errors
from bnref.experiments.norm_types_dropout import Shift
from bnref.experiments.norm_types_whitening import Neighbours
from bnref.figures import norm_types as figures
from bnref.figures.style import BLUE, RED

PANELS = 4  # read by the fixture `axes`


def test_lit_entries_share_statistics_and_do_not_overlap(axes):
    figures.draw_normalization(axes)
    for ax, norm, count in zip(axes, NORMS, (16, 24, 4, 12), strict=True):
        assert ax.get_title() == f"{norm}\n{count} of 96 share"
        (cells,) = ax.collections
        colours = np.array([to_hex(colour) for colour in cells.get_facecolor()]).reshape(4, 6, 4)
        shares = shared_with(norm, (4, 6, 4), (1, 3, 1))
        np.testing.assert_array_equal(np.isin(colours, (BLUE, RED)), shares)
        assert colours[1, 3, 1] == RED
    corners = [path.vertices for path in axes[0].collections[0].get_paths()]
    assert len({tuple(corner[0].round(6)) for corner in corners}) == 96
    walls = np.array_split(np.array(corners)[..., 0], 4)
    assert all(before.max() < after.min() for before, after in itertools.pairwise(walls))


def test_scatter_plots_show_every_digit_and_moments(axes):
    result = batch()
    figures.draw_standardization(axes[:2], result)
    figures.draw_whitening(axes[2:], result)
    shown = [result.before, result.standardized, result.standardized, result.whitened]
    for ax, values in zip(axes, shown, strict=True):
        points = np.concatenate([line.get_xydata() for line in ax.lines[:3]])
        np.testing.assert_array_equal(np.sort(points, axis=0), np.sort(values, axis=0))
    labels = [ax.get_xlabel().splitlines() for ax in axes]
    assert labels[0] == ["means 0.44, -0.65", "stds 0.38, 0.34", "correlation -0.78"]
    assert labels[1] == labels[2] == ["means 0.00, 0.00", "stds 1.00, 1.00", "correlation -0.78"]
    assert labels[3] == ["means 0.00, 0.00", "stds 1.00, 1.00", "correlation 0.00"]


def test_errors_are_means_with_a_band(axes):
    errors = Errors("batch norm", (32, 2), ((2.0, 4.0), (50.0, 60.0)))
    figures.draw_errors(axes[:1], [[errors]], ["dense"])
    np.testing.assert_array_equal(axes[0].lines[0].get_xydata(), [[32, 3], [2, 55]])
    band = axes[0].collections[0].get_paths()[0].vertices
    assert {tuple(corner) for corner in band} >= {(32, 2), (32, 4), (2, 50), (2, 60)}


def test_measured_variance_shift_lies_on_its_curve(axes):
    figures.draw_shift(axes[0], [Shift(0.5, 1.0, 1 / 3, (0.33, 0.34))])
    curve, dots = axes[0].lines
    assert np.interp(0.5, *curve.get_xydata().T) == pytest.approx(1 / 3)
    assert dots.get_xydata().tolist() == [[0.5, 0.33], [0.5, 0.34]]


def test_neighbours_are_means_over_seeds(axes):
    results = [Neighbours(n, (0.9, 0.8), (0.3, 0.1), (0.5, 0.6)) for n in (10, 20)]
    figures.draw_neighbours(axes[0], results, features=15)
    drawn = {line.get_label(): line.get_ydata() for line in axes[0].lines[:3]}
    np.testing.assert_allclose(drawn["standardized"], 0.85)
    np.testing.assert_allclose(drawn["whitened"], 0.2)
    np.testing.assert_allclose(drawn["partly whitened"], 0.55)
    assert axes[0].lines[3].get_xdata() == [15, 15]
