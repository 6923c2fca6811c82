"""Tests that the figures of the chapter on internal covariate shift show their results."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bnref.experiments.internal_covariate_shift import History, Standardized
from bnref.experiments.landscape import Course, Rates
from bnref.figures import internal_covariate_shift as figures


@pytest.fixture
def axes():
    plt.switch_backend("agg")
    fig, axes = plt.subplots(1, 3, layout="constrained")
    yield axes
    plt.close(fig)


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    steps, shares = np.array([0, 10, 20]), np.zeros((3, 3, 25), int)
    return [
        History(
            norm, steps, rng.random(3), rng.random((3, 3, 3, 5)), *rng.random((2, 3, 3)), shares, rng.random((3, 3, 40))
        )
        for norm in (False, True)
    ]


def band(collection):
    vertices = collection.get_paths()[0].vertices
    return vertices[:, 1].min(), vertices[:, 1].max()


def test_accuracy_is_mean_over_seeds_within_their_range(axes, pair):
    low, high = pair[0], History(**{**vars(pair[0]), "accuracy": pair[0].accuracy + 0.1})
    figures.draw_accuracy(axes[0], [[low, high]])
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), low.accuracy + 0.05)
    assert band(axes[0].collections[0]) == pytest.approx((low.accuracy.min(), high.accuracy.max()))


def test_ridges_show_the_units_inputs_at_the_chosen_steps(axes, pair):
    figures.draw_ridges(axes, pair[0], (0, 20))
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["step 0", "step 20"]
    for layer, ax in enumerate(axes):
        assert ax.get_title() == f"layer {layer + 1}"
        medians = [line.get_xdata()[0] for line in ax.lines]
        np.testing.assert_allclose(medians, np.median(pair[0].unit[[0, 2], layer], axis=1))
        tops = [ridge.get_data().values.max() - ridge.get_data().baseline for ridge in ax.patches]
        np.testing.assert_allclose(tops, figures.RIDGE)


def test_percentiles_show_last_layer_with_and_without_bn(axes, pair):
    figures.draw_percentiles(axes[:2], pair, unit=1)
    for ax, history, title in zip(axes, pair, ("without BN", "with BN"), strict=False):
        assert ax.get_title() == title
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), history.percentiles[:, -1, 1, 1])


def test_dots_and_bars_are_moments_of_each_unit():
    plt.switch_backend("agg")
    fig, axes = plt.subplots(3, 2)
    before = np.random.default_rng(0).normal(size=(50, 4)) * 0.5 + 1
    after = (before - before.mean(axis=0)) / before.std(axis=0)
    figures.draw_standardized(axes, Standardized((before,) * 3, (after,) * 3), units=3)
    for ax, values in zip(axes[1], (before, after), strict=True):
        np.testing.assert_allclose(ax.lines[0].get_ydata(), values[:, :3].mean(axis=0))
        low, high = np.array([bar[:, 1] for bar in ax.collections[0].get_segments()]).T
        np.testing.assert_allclose(high - low, 2 * values[:, :3].std(axis=0))
    plt.close(fig)


def test_every_run_at_every_learning_rate_is_a_dot(axes):
    without, with_norm = np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([[0.9, 0.8], [0.9, 0.9]])
    figures.draw_rates(axes[0], Rates((0.1, 1), without, with_norm))
    drawn = [line.get_ydata().tolist() for line in axes[0].lines]
    assert drawn[:3] == [without.mean(axis=0).tolist(), *without.tolist()]
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["0.1", "1"]


def test_gradient_shifts_and_losses_are_drawn_as_measured(axes):
    rng = np.random.default_rng(0)
    steps = np.array([20, 40])
    courses = [Course(norm, steps, rng.random((3, 2, 4, 3)), rng.random((3, 2, 3, 8)), np.ones(3)) for norm in (0, 1)]
    figures.draw_gradient_shift(axes[:1], [courses], ["a network"])
    np.testing.assert_allclose(axes[0].lines[1].get_ydata(), courses[1].shifts[..., 1].mean(axis=(0, 2)))
    figures.draw_landscape(axes[2], courses, seed=1)
    np.testing.assert_array_equal(axes[2].lines[0].get_ydata(), courses[0].along[1, :, 0].min(axis=1))
    assert band(axes[2].collections[0]) == pytest.approx(
        (courses[0].along[1, :, 0].min(), courses[0].along[1, :, 0].max())
    )
