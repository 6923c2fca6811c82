"""Tests of bnref.covariate_shift against scikit-learn and SciPy, and of its properties and edge cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from bnref.covariate_shift import domain_auc, importance_weights, mean_shift, realign
from tests.bnref.refusals import refuses, refuses_bad_eps, refuses_bad_tables

scores = st.lists(st.integers(-3, 3), min_size=1, max_size=30).map(lambda values: np.array(values, float))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mean_shift_is_in_training_standard_deviations(dtype):
    rng = np.random.default_rng(0)
    train, test = rng.normal(5, 2, (300, 4)).astype(dtype), rng.normal(6, 1, (70, 4)).astype(dtype)
    shift = mean_shift(train, test)
    assert shift.dtype == dtype
    want = np.abs(test.mean(axis=0, dtype=float) - train.mean(axis=0, dtype=float)) / train.std(axis=0, dtype=float)
    np.testing.assert_allclose(shift, want, rtol=1e-6)


def test_constant_training_data_give_zero_or_infinite_shift():
    train, test = np.full((7, 2), 0.1), np.column_stack([np.full(3, 0.1), [0.1, 0.1, 0.2]])
    np.testing.assert_array_equal(mean_shift(train, test), [0, np.inf])


@given(st.integers(2, 30), st.floats(0.01, 100), st.floats(-50, 50))
def test_mean_shift_does_not_depend_on_units(n, scale, offset):
    rng = np.random.default_rng(n)
    train, test = rng.normal(size=(n, 3)), rng.normal(1, 2, size=(n + 1, 3))
    moved = mean_shift(scale * train + offset, scale * test + offset)
    np.testing.assert_allclose(moved, mean_shift(train, test), rtol=1e-6, atol=1e-9)


@given(scores, scores)
def test_auc_agrees_with_scikit_learn_and_mann_whitney(train, test):
    labels = np.r_[np.zeros(train.size), np.ones(test.size)]
    auc = domain_auc(train, test)
    assert auc == pytest.approx(roc_auc_score(labels, np.r_[train, test]))
    assert auc == pytest.approx(mannwhitneyu(test, train).statistic / (train.size * test.size))
    assert auc == pytest.approx(1 - domain_auc(test, train))


def test_auc_handles_a_million_scores_on_each_side():
    rng = np.random.default_rng(0)
    assert domain_auc(rng.normal(size=10**6), rng.normal(1, 1, size=10**6)) == pytest.approx(0.7602, abs=1e-3)


def test_auc_with_nan_scores_is_nan():
    assert np.isnan(domain_auc([0.1, np.nan], [0.2]))
    assert domain_auc([0.1, np.inf], [0.2, -np.inf]) == 0.25


def test_importance_weights_are_odds_scaled_to_mean_one():
    weights = importance_weights(np.array([0.5, 0.75, 0.9]))
    np.testing.assert_allclose(weights, np.array([1, 3, 9]) / (13 / 3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_0_and_1_are_clipped_in_float64(dtype):
    weights = importance_weights(np.array([0, 1, 0.5], dtype))
    odds = np.array([1e-6 / (1 - 1e-6), (1 - 1e-6) / 1e-6, 1])
    assert weights.dtype == dtype
    np.testing.assert_allclose(weights, odds / odds.mean(), rtol=1e-6)


def test_weighting_moves_training_mean_to_test_mean():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200_000)
    likelihood_ratio = np.exp(x / 2 - 1 / 8)  # density of N(1/2, 1) over that of N(0, 1)
    weights = importance_weights(likelihood_ratio / (1 + likelihood_ratio))
    assert np.mean(weights * x) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_realigned_batch_has_training_statistics(dtype):
    rng = np.random.default_rng(0)
    test = (1e4 + rng.normal(size=(500, 3))).astype(dtype)
    mean, std = np.array([1, 2, 3], dtype), np.array([0.5, 1, 2], dtype)
    x = realign(test, mean, std)
    assert x.dtype == dtype
    np.testing.assert_allclose(x.mean(axis=0, dtype=float), mean, atol=1e-3)
    np.testing.assert_allclose(x.std(axis=0, dtype=float), std, rtol=1e-3)


def test_eps_is_added_to_variance_inside_square_root():
    x = realign(np.array([[0.0], [2.0]]), np.array([10.0]), np.array([3.0]), eps=3.0)
    np.testing.assert_allclose(x, [[10 - 1.5], [10 + 1.5]])


def test_invalid_arguments_are_named_in_errors():
    table = np.zeros((2, 2))
    refuses_bad_tables("train", lambda x: mean_shift(x, table))
    refuses_bad_tables("test", lambda x: mean_shift(table, x))
    refuses_bad_tables("test", lambda x: realign(x, [0.0], [1.0]))
    refuses_bad_eps(lambda eps: realign(table, [0.0, 0.0], [1.0, 1.0], eps))
    refuses("the same number of columns, but have 2 and 3", mean_shift, table, np.zeros((2, 3)))
    refuses(r"train_mean must have one entry for each of the 2 columns", realign, table, [0.0], [1.0, 1.0])
    refuses(r"train_scores must have shape \(n,\) with n at least 1, but its shape is \(0,\)", domain_auc, [], [1.0])
    refuses(r"test_scores must have shape", domain_auc, [1.0], [[1.0]])
    refuses("p_test must contain real numbers", importance_weights, ["a"])
