"""Tests of bnref.batches and bnref.core.streaming against NumPy, scikit-learn and plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from bnref.batches import count_iterations, iterate_minibatches, merge_statistics, train_linear
from bnref.core.streaming import RunningMoments, moving_average
from tests.bnref.refusals import refuses, refuses_bad_counts, refuses_bad_tables

sizes = st.integers(1, 200)


def rng():
    return np.random.default_rng(0)


def test_worked_example_takes_80_iterations():
    assert count_iterations(2000, 500, 20) == 80


@given(sizes, sizes, st.integers(1, 5), st.booleans())
def test_count_equals_number_of_drawn_batches(samples, size, epochs, drop_last):
    drawn = sum(len(list(iterate_minibatches(samples, size, rng(), drop_last))) for _ in range(epochs))
    assert count_iterations(samples, size, epochs, drop_last) == drawn
    assert isinstance(count_iterations(np.int64(samples), size, epochs), int)


@given(sizes, sizes)
def test_epoch_slices_one_permutation(samples, size):
    batches = list(iterate_minibatches(samples, size, rng()))
    np.testing.assert_array_equal(np.concatenate(batches), rng().permutation(samples))
    assert {len(batch) for batch in batches[:-1]} <= {size}
    assert 1 <= len(batches[-1]) <= size
    whole = [batch for batch in batches if len(batch) == size]
    dropped = list(iterate_minibatches(samples, size, rng(), drop_last=True))
    assert [b.tolist() for b in dropped] == [b.tolist() for b in whole]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.sampled_from([np.float32, np.float64]))
def test_merged_statistics_equal_those_of_all_rows(lengths, dtype):
    batches = [rng().normal(i, 1 + i, size=(m, 3)).astype(dtype) for i, m in enumerate(lengths)]
    mean, var = merge_statistics(iter(batches))
    rows = np.concatenate(batches).astype(float)
    assert mean.dtype == var.dtype == np.float64
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(var, rows.var(axis=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("length", [1, 7, 1000])
def test_mean_of_a_million_costs_no_accuracy(dtype, length):
    rows = (1e6 + rng().normal(size=(5000, 2))).astype(dtype)
    mean, var = merge_statistics(rows[i : i + length] for i in range(0, 5000, length))
    np.testing.assert_allclose(mean, rows.mean(axis=0, dtype=np.longdouble).astype(float), rtol=1e-12)
    np.testing.assert_allclose(var, rows.astype(np.longdouble).var(axis=0).astype(float), rtol=1e-6)


def test_constant_column_is_exact_and_batches_unchanged():
    batches = [np.full((m, 2), 0.1) for m in (1, 3, 10)]
    mean, var = merge_statistics(batches)
    np.testing.assert_array_equal([mean, var], [[0.1, 0.1], [0, 0]])
    one = np.ones((1, 2))
    assert not any(np.may_share_memory(a, one) for a in merge_statistics([one]))


def test_batches_are_read_once_and_not_kept():
    import weakref

    alive = []

    def stream():
        for _ in range(5):
            batch = rng().normal(size=(4, 2))
            alive.append(weakref.ref(batch))
            yield batch
            del batch
            assert sum(r() is not None for r in alive) <= 1

    merge_statistics(stream())


def test_merged_streams_agree_with_scikit_learn():
    rows = rng().normal(3, 2, size=(90, 4))
    left, right, scaler = RunningMoments(), RunningMoments(), StandardScaler()
    for i in range(0, 90, 10):
        (left if i < 40 else right).update(rows[i : i + 10])
        scaler.partial_fit(rows[i : i + 10])
    left.merge(right)
    left.merge(RunningMoments())
    assert left.count == 90
    np.testing.assert_allclose([left.mean, left.variance()], [scaler.mean_, scaler.var_], rtol=1e-12)
    np.testing.assert_allclose(left.variance(ddof=1), rows.var(axis=0, ddof=1))


def test_moving_average_keeps_decay_share_of_old_value():
    assert moving_average([10.0, 20.0], 0.9) == pytest.approx(0.9 * 1.0 + 0.1 * 20)
    np.testing.assert_allclose(moving_average([[1.0, 2.0]], 0.0, start=[5.0, 5.0]), [1, 2])
    assert moving_average([], 0.5, start=3.0) == 3


def plain_descent(x, y, lr, size, epochs, generator):
    w, losses = np.zeros(x.shape[1]), []
    for _ in range(epochs):
        order = generator.permutation(len(x))
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            error = x[rows] @ w - y[rows]
            losses.append(np.mean(error**2))
            w = w - lr * 2 / len(rows) * x[rows].T @ error
    return w, losses


@pytest.mark.parametrize("size", [1, 7, 30, 100])
def test_training_is_mini_batch_descent_from_zero(size):
    x, y = rng().normal(size=(30, 3)), rng().normal(size=30)
    w, losses = train_linear(x, y, 0.05, size, 4, rng())
    want, want_losses = plain_descent(x, y, 0.05, size, 4, rng())
    np.testing.assert_allclose(w, want)
    np.testing.assert_allclose(losses, want_losses)
    assert len(losses) == count_iterations(30, size, 4)
    assert all(type(loss) is float for loss in losses)


def test_training_finds_least_squares_solution_in_same_dtype():
    x = rng().normal(size=(64, 3)).astype(np.float32)
    y = (x @ np.array([1, -2, 3], np.float32)).astype(np.float32)
    w, losses = train_linear(x, y, 0.1, 16, 60, rng())
    assert w.dtype == np.float32
    np.testing.assert_allclose(w, [1, -2, 3], atol=1e-3)
    assert losses[0] > 1 > 1e-6 > losses[-1]


def test_too_high_learning_rate_diverges_without_warning(recwarn):
    x, y = rng().normal(size=(20, 2)), rng().normal(size=20)
    assert not math.isfinite(train_linear(x, y, 50.0, 5, 100, rng())[1][-1])
    assert len(recwarn) == 0


def test_invalid_arguments_are_named_in_errors():
    for i, name in enumerate(["n_samples", "batch_size", "epochs"]):
        refuses_bad_counts(name, lambda n, i=i: count_iterations(*[n if j == i else 3 for j in range(3)]))
    refuses_bad_counts("n_samples", lambda n: iterate_minibatches(n, 3, rng()))
    refuses_bad_counts("batch_size", lambda n: iterate_minibatches(3, n, rng()))
    refuses_bad_tables("a batch", lambda x: merge_statistics([x]))
    refuses("at least one batch", merge_statistics, [])
    refuses("earlier ones have 2 and this one has 3", merge_statistics, [np.zeros((1, 2)), np.zeros((1, 3))])
    refuses("more than 1 rows, but got 0", RunningMoments().variance, 1)
    refuses("decay must be between 0 and 1", moving_average, [1.0], 1.1)
    x, y = np.zeros((4, 2)), np.zeros(4)
    refuses_bad_tables("x", lambda x: train_linear(x, y, 0.1, 2, 1, rng()))
    refuses(r"y must have shape \(4,\), but its shape is \(3,\)", train_linear, x, y[:3], 0.1, 2, 1, rng())
    refuses("lr must be a finite number", train_linear, x, y, np.nan, 2, 1, rng())
    refuses_bad_counts("epochs", lambda n: train_linear(x, y, 0.1, 2, n, rng()))
