"""Tests that the figures of the chapter on covariate shift show their results."""

import numpy as np
import pytest

from bnref.experiments.covariate_shift import BySize
from bnref.experiments.covariate_shift_statistics import ByBatch
from bnref.experiments.covariate_shift_weights import ByDistance, curve, fitted_polynomial, sample
from bnref.figures import covariate_shift as figures

PANELS = 2  # read by the fixture `axes`


def test_shift_shows_all_points_of_both_sets_and_one_curve(axes):
    drawn = sample(test_centre=-0.25, seed=0)
    figures.draw_shift(axes, drawn)
    heights = [sum(bar.get_height() for bar in bars) for bars in axes[0].containers]
    assert heights == [len(drawn.x), len(drawn.x_test)]
    train, test, rule = axes[1].lines
    np.testing.assert_array_equal(train.get_xydata(), np.column_stack([drawn.x, drawn.y]))
    np.testing.assert_array_equal(test.get_xydata(), np.column_stack([drawn.x_test, drawn.y_test]))
    np.testing.assert_allclose(rule.get_ydata(), curve(rule.get_xdata()))
    assert axes[0].get_legend().get_texts()[0].get_text() == f"training set: mean {drawn.x.mean():.2f}"


def test_images_are_drawn_in_named_rows(axes):
    rows = {name: np.random.default_rng(i).uniform(size=(3, 8, 8)) for i, name in enumerate(("day", "night"))}
    figures.draw_images(axes[0], rows)
    sheet = axes[0].images[0].get_array()
    np.testing.assert_array_equal(sheet[:8, 9:17], rows["day"][1])
    np.testing.assert_array_equal(sheet[9:17, 18:26], rows["night"][2])
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["day", "night"]


def test_sizes_are_drawn_as_bands_and_the_cure_as_a_star(axes):
    scores = np.array([[0.5, 0.7], [0.7, 0.9]])
    figures.draw_by_size(axes[0], BySize((30, 100), scores, scores + 0.05, scores - 0.4), BySize((100,), *[scores] * 3))
    day, night, train, star = axes[0].lines
    np.testing.assert_allclose(day.get_ydata(), [0.65, 0.85])
    np.testing.assert_allclose(night.get_ydata(), [0.2, 0.4])
    np.testing.assert_allclose(train.get_ydata(), [0.6, 0.8])
    assert star.get_ydata() == [scores.mean()]


def test_point_size_shows_weight_and_lines_show_fits(axes):
    drawn = sample(test_centre=0.0, seed=0)
    figures.draw_weights(axes[0], drawn)
    np.testing.assert_allclose(axes[0].collections[0].get_sizes(), 12 * drawn.weights)
    for line, weighted in zip(axes[0].lines[-2:], (False, True), strict=True):
        slope = np.polyfit(*line.get_xydata().T, 1)[0]
        assert slope == pytest.approx(fitted_polynomial(drawn, 1, weighted)[0])


def test_overlap_shows_both_errors_and_the_effective_number(axes):
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    figures.draw_overlap(axes, ByDistance((0.5, 0.0), values, values / 10, values, 10 * values))
    equal, weighted = axes[0].lines
    np.testing.assert_allclose(equal.get_ydata(), [2, 3])
    np.testing.assert_allclose(weighted.get_ydata(), [0.2, 0.3])
    np.testing.assert_allclose(axes[1].lines[0].get_ydata(), [20, 30])
    left, right = axes[1].get_xlim()
    assert left > right


def test_batch_sizes_are_three_lines_above_stored_statistics(axes):
    values = np.array([[0.2, 0.8]])
    result = ByBatch((1, 10), values, values / 2, values / 4, np.array([0.3]), np.array([0.4]))
    figures.draw_by_batch(axes[0], result)
    heights = [line.get_ydata()[-1] for line in axes[0].lines]
    np.testing.assert_allclose(heights, [0.8, 0.4, 0.2, 0.3])
    assert [tick.get_text() for tick in axes[0].get_xticklabels()] == ["1", "10"]
