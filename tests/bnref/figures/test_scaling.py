"""Tests that the figures of the chapter on scaling show their results."""

import numpy as np
import pytest

from bnref.experiments import scaling as experiments
from bnref.figures import scaling as figures
from bnref.scaling import standardize

PANELS = 3  # read by the fixture `axes`


def test_scalings_show_same_counts_on_different_axes(axes):
    figures.draw_scalings(axes, experiments.scalings(np.array([1.0, 2.0, 6.0])), "kg")
    heights = [[bar.get_height() for bar in ax.patches] for ax in axes]
    assert heights[0] == heights[1] == heights[2]
    assert axes[0].get_xlabel() == "mean 3.00, std 2.16\nfrom 1.00 to 6.00"
    assert axes[2].get_xlabel().endswith("from 0.00 to 1.00")


def test_outlier_ends_at_its_bound(axes):
    result = experiments.outlier(np.arange(10.0), np.array([1.0, 1e6]))
    figures.draw_outlier(axes[:2], result)
    line, bound = axes[0].lines
    assert line.get_ydata()[-1] == pytest.approx(3, rel=1e-3)
    assert bound.get_ydata()[0] == 3


def test_descent_legend_states_number_of_steps(axes):
    result = experiments.Descent("raw", 10.0, np.array([1.0, 0.1, 0.01]), 1234)
    figures.draw_descents(axes[0], [result], 1e-3)
    assert [text.get_text() for text in axes[0].figure.legends[0].get_texts()] == ["raw: 1,234 steps"]
    np.testing.assert_array_equal(axes[0].lines[0].get_ydata(), result.gaps)


def test_paths_start_at_0_and_state_condition_numbers(axes):
    x = np.random.default_rng(0).normal(size=(50, 2)) * [1, 5]
    paths = [experiments.two_weight_path(t, x.sum(axis=1), 5) for t in (x, standardize(x)[0])]
    figures.draw_paths(axes[:2], paths, ("a", "b"))
    for ax, path in zip(axes, paths, strict=False):
        assert ax.lines[0].get_xydata()[0].tolist() == [0, 0]
        assert f"{np.linalg.cond(path.hessian):.1f}" in ax.get_title()


def test_activations_are_drawn_for_each_unit(axes):
    before = np.random.default_rng(0).normal(size=(20, 4))
    figures.draw_activations(axes[:2], experiments.Activations(before, before, before), [0, 3])
    assert [t.get_text() for t in axes[0].get_legend().get_texts()] == ["unit 0", "unit 3"]
