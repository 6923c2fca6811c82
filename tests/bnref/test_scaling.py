"""Tests of bnref.scaling against scikit-learn, and of its properties and edge cases."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from bnref.scaling import apply_standardize, inverse_standardize, min_max_scale, standardize

DTYPES = [np.float32, np.float64]
SCALERS = [standardize, min_max_scale]
shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20)


def tables(dtype=np.float64, low=-1e3, high=1e3):
    numbers = st.floats(low, high, width=np.dtype(dtype).itemsize * 8, allow_subnormal=False)
    return hnp.arrays(dtype, shapes, elements=numbers)


def varied_tables():
    """Draw tables in which every column varies enough for a relative comparison."""
    return tables().map(lambda x: x + np.arange(len(x))[:, None] * 1e4).filter(lambda x: len(x) > 1)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_standardize_agrees_with_scikit_learn(dtype, data):
    x = data.draw(tables(dtype))
    z, mean, std = standardize(x)
    scaler = StandardScaler().fit(x.astype(np.float64))
    tolerance = 1e-5 if dtype == np.float32 else 1e-9
    varies = np.ptp(x, axis=0) > 1e-3
    np.testing.assert_allclose(mean, scaler.mean_, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(std, np.sqrt(scaler.var_), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(z[:, varies], scaler.transform(x)[:, varies], rtol=1e-3, atol=1e-3)


@given(tables())
def test_min_max_scale_agrees_with_scikit_learn(x):
    z, low, high = min_max_scale(x)
    scaler = MinMaxScaler().fit(x)
    np.testing.assert_array_equal(low, scaler.data_min_)
    np.testing.assert_array_equal(high, scaler.data_max_)
    varies = np.ptp(x, axis=0) > 1e-3
    np.testing.assert_allclose(z[:, varies], scaler.transform(x)[:, varies], atol=1e-9)


@given(varied_tables())
def test_standardized_columns_have_mean_0_and_std_1(x):
    z = standardize(x)[0]
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-9)


@given(varied_tables())
def test_min_max_scaled_columns_run_from_exactly_0_to_1(x):
    z = min_max_scale(x)[0]
    assert (z.min(axis=0) == 0).all()
    assert (z.max(axis=0) == 1).all()


@pytest.mark.parametrize("scale", SCALERS)
@given(x=varied_tables())
def test_scaling_is_idempotent(scale, x):
    once = scale(x)[0]
    np.testing.assert_allclose(scale(once)[0], once, atol=1e-9)


@given(tables())
def test_inverse_restores_data(x):
    np.testing.assert_allclose(inverse_standardize(*standardize(x)), x, rtol=1e-9, atol=1e-9)


@given(tables())
def test_applying_own_statistics_equals_standardizing(x):
    z, mean, std = standardize(x)
    np.testing.assert_array_equal(apply_standardize(x, mean, std), z)


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_constant_column_is_exact(dtype, data):
    value = data.draw(st.floats(width=np.dtype(dtype).itemsize * 8, allow_nan=False, allow_infinity=False))
    rows = data.draw(st.integers(1, 300))
    x = np.full((rows, 1), value, dtype)
    z, mean, std = standardize(x)
    assert (z == 0).all()
    assert mean[0] == x[0, 0]
    assert std[0] == 0
    z, low, high = min_max_scale(x)
    assert (z == 0).all()
    assert low[0] == high[0] == x[0, 0]


def test_constant_column_does_not_affect_its_neighbor():
    z = standardize(np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]]))[0]
    np.testing.assert_allclose(z[:, 1], [-np.sqrt(1.5), 0, np.sqrt(1.5)])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, bool])
def test_integers_become_float64(dtype):
    x = np.array([[100, 1], [0, 0], [50, 1]]).astype(dtype)
    for scale in SCALERS:
        results = scale(x)
        assert [r.dtype for r in results] == [np.float64] * 3
        for got, want in zip(results, scale(x.astype(np.float64)), strict=True):
            np.testing.assert_array_equal(got, want)


def test_integers_do_not_wrap_around():
    np.testing.assert_array_equal(min_max_scale(np.array([[100], [-100]], np.int8))[0], [[1], [0]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_floating_dtype_is_kept(dtype):
    x = np.arange(6, dtype=dtype).reshape(3, 2)
    z, mean, std = standardize(x)
    results = [z, mean, std, *min_max_scale(x), apply_standardize(x, mean, std), inverse_standardize(z, mean, std)]
    assert {r.dtype for r in results} == {np.dtype(dtype)}


@pytest.mark.parametrize(("dtype", "offset", "tolerance"), [(np.float64, 1e6, 1e-8), (np.float32, 1e4, 1e-3)])
def test_large_mean_costs_little_accuracy(dtype, offset, tolerance):
    x = (offset + np.random.default_rng(0).normal(size=(1000, 4))).astype(dtype)
    exact = x.astype(np.longdouble)
    want = (exact - exact.mean(axis=0)) / exact.std(axis=0)
    assert np.abs(standardize(x)[0] - want).max() < tolerance


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_tiny_and_huge_numbers_do_not_underflow_or_overflow(size):
    z, mean, std = standardize(size * np.array([[1.0], [3.0]]))
    np.testing.assert_allclose(z, [[-1], [1]])
    np.testing.assert_allclose([mean[0], std[0]], [2 * size, size])


def test_nan_and_infinity_pass_through_as_in_numpy():
    x = np.array([[np.nan, np.inf, -np.inf, np.inf], [1, 2, 3, np.inf], [2, 3, 4, np.inf]])
    with np.errstate(invalid="ignore"):
        plain = (x - x.mean(axis=0)) / x.std(axis=0), x.mean(axis=0), x.std(axis=0)
        ranged = (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0)), x.min(axis=0), x.max(axis=0)
    for got, want in zip([*standardize(x), *min_max_scale(x)], [*plain, *ranged], strict=True):
        np.testing.assert_array_equal(got, want)


def test_new_data_are_scaled_only_by_given_statistics():
    mean, std = np.array([3.0, 3.0]), np.array([2.0, 0.0])
    np.testing.assert_array_equal(apply_standardize(np.array([[7.0, 7.0]]), mean, std), [[2, 4]])
    np.testing.assert_array_equal(inverse_standardize(np.array([[2.0, 4.0]]), mean, std), [[7, 3]])


def test_arguments_are_unchanged_and_share_no_memory():
    for x in (np.zeros((1, 2)), np.random.default_rng(0).normal(size=(4, 2))):
        mean, std = np.zeros(2), np.ones(2)
        before = x.copy()
        results = [
            *standardize(x),
            *min_max_scale(x),
            apply_standardize(x, mean, std),
            inverse_standardize(x, mean, std),
        ]
        np.testing.assert_array_equal(x, before)
        assert not any(np.may_share_memory(r, a) for r in results for a in (x, mean, std))


def test_read_only_and_strided_tables_work():
    x = np.random.default_rng(0).normal(size=(10, 6))[::2, ::3]
    x.flags.writeable = False
    np.testing.assert_allclose(standardize(x)[0], (x - x.mean(axis=0)) / x.std(axis=0))
    np.testing.assert_array_equal(min_max_scale(x)[1], x.min(axis=0))


CALLS = [
    ("x", standardize),
    ("x", min_max_scale),
    ("x", lambda x: apply_standardize(x, [0.0], [1.0])),
    ("z", lambda z: inverse_standardize(z, [0.0], [1.0])),
]


@pytest.mark.parametrize(("name", "function"), CALLS)
@pytest.mark.parametrize("bad", [np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(3), np.zeros((2, 2, 2)), 1.0, []])
def test_empty_table_or_wrong_shape_is_rejected(name, function, bad):
    with pytest.raises(ValueError, match=rf"{name} must be a table of shape \(N, D\).*at least 1.*its shape is"):
        function(bad)


@pytest.mark.parametrize(("name", "function"), CALLS)
@pytest.mark.parametrize("bad", [[["a"]], [[1j]], [[None]]])
def test_entries_other_than_real_numbers_are_rejected(name, function, bad):
    with pytest.raises(ValueError, match=f"{name} must contain real numbers, but its dtype is"):
        function(np.array(bad))


@pytest.mark.parametrize("function", [apply_standardize, inverse_standardize])
def test_statistics_need_one_entry_per_column(function):
    with pytest.raises(ValueError, match=r"mean must have one entry for each of the 2 columns, so shape \(2,\)"):
        function(np.zeros((3, 2)), np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match=r"std must have one entry for each of the 2 columns.*its shape is \(1, 2\)"):
        function(np.zeros((3, 2)), np.zeros(2), np.zeros((1, 2)))
