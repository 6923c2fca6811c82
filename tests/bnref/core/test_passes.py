"""Tests of bnref's passes for all norms against torch, numeric gradients, long double and properties of norms."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnref.core import forward, moments
from bnref.core.blocks import sums, transform
from bnref.core.numeric_gradient import gradient_error, numeric_gradient
from bnref.placement import batch_norm_backward, batch_norm_forward
from tests.bnref.norms import NORMS, oracle

DTYPES = [np.float32, np.float64]
SHAPES = [(2, 3, 4, 5), (4, 6, 3, 7), (8, 4, 1, 1), (2, 2, 1, 3), (3, 6, 30, 20), (64, 2, 5, 5)]


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def drawn(shape, dtype=np.float64, seed=0, mean=5, std=3):
    rng = np.random.default_rng(seed)
    x = (mean + std * rng.normal(size=shape)).astype(dtype)
    gamma, beta, dy = (rng.normal(size=s).astype(dtype) for s in (shape[1], shape[1], shape))
    return x, gamma, beta, dy


def bnref_results(norm, x, gamma, beta, dy):
    y, cache = norm.forward(x, gamma, beta)
    return [y, *norm.backward(dy, cache)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NORMS)
def test_forward_and_backward_equal_torch_in_float64(name, shape):
    for got, want in zip(bnref_results(NORMS[name], *drawn(shape)), oracle(NORMS[name], *drawn(shape)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", NORMS)
def test_float32_results_are_close_to_torch_in_float64(name):
    drawn32 = drawn((8, 6, 9, 11), np.float32)
    exact = oracle(NORMS[name], *(a.astype(np.float64) for a in drawn32))
    for got, want in zip(bnref_results(NORMS[name], *drawn32), exact, strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_equal_numeric_gradients(name, dtype):
    norm = NORMS[name]
    x, gamma, beta, dy = drawn((3, 4, 2, 3), dtype)
    wide = [a.astype(np.float64) for a in (x, gamma, beta, dy)]

    def loss(which, value):
        arguments = [value if i == which else a for i, a in enumerate(wide[:3])]
        return float((norm.forward(*arguments)[0] * wide[3]).sum())

    for which, gradient in enumerate(norm.backward(dy, norm.forward(x, gamma, beta)[1])):
        numeric = numeric_gradient(lambda value, which=which: loss(which, value), wide[which])
        assert gradient_error(gradient, numeric) < (1e-8 if dtype == np.float64 else 1e-4)


@given(data=st.data())
@settings(max_examples=60)
def test_any_shape_and_memory_layout_agrees_with_torch(data):
    name = data.draw(st.sampled_from(sorted(NORMS)))
    shape = tuple(data.draw(st.lists(st.integers(2, 7), min_size=4, max_size=4)))
    x, gamma, beta, dy = drawn(shape, seed=data.draw(st.integers(0, 99)))
    layouts = {
        "as it is": lambda a: a,
        "every other of a larger array": lambda a: np.repeat(a, 2, axis=3)[..., ::2],
        "transposed in memory": lambda a: np.ascontiguousarray(a.transpose(3, 1, 0, 2)).transpose(2, 1, 3, 0),
        "backwards in memory": lambda a: a[::-1].copy()[::-1],
        "in Fortran's order": np.asfortranarray,
    }
    x, dy = (layouts[data.draw(st.sampled_from(sorted(layouts)))](a) for a in (x, dy))
    for array in (x, gamma, beta, dy):
        array.flags.writeable = False
    for got, want in zip(
        bnref_results(NORMS[name], x, gamma, beta, dy), oracle(NORMS[name], x, gamma, beta, dy), strict=True
    ):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


@given(st.integers(2, 40), st.integers(1, 6), st.floats(0.1, 100), st.floats(-100, 100))
def test_batch_norm_ignores_scale_and_shift_of_input(n, d, scale, shift):
    rng = np.random.default_rng(n)
    x, gamma, beta = rng.normal(size=(n, d)), rng.normal(size=d), rng.normal(size=d)
    y, moved = (batch_norm_forward(a, gamma, beta, eps=1e-300)[0] for a in (x, scale * x + shift))
    np.testing.assert_allclose(moved, y, rtol=1e-7, atol=1e-7)


def test_batch_norm_ignores_scale_of_preceding_weights():
    rng = np.random.default_rng(0)
    u, weight, one = rng.normal(size=(30, 5)), rng.normal(size=(5, 4)), np.ones(4)
    for scale in (1e-3, 0.5, 7.0, 1e5):
        y = batch_norm_forward(u @ (scale * weight), one, 0 * one, eps=1e-300)[0]
        np.testing.assert_allclose(
            y, batch_norm_forward(u @ weight, one, 0 * one, eps=1e-300)[0], rtol=1e-10, atol=1e-12
        )


@given(st.integers(2, 60), st.integers(1, 5))
def test_input_gradient_sums_to_zero_and_is_orthogonal(n, d):
    rng = np.random.default_rng(n + 100 * d)
    x, gamma, dy = rng.normal(size=(n, d)), rng.normal(size=d), rng.normal(size=(n, d))
    y, cache = batch_norm_forward(x, gamma, np.zeros(d), eps=1e-300)
    dx = batch_norm_backward(dy, cache)[0]
    size = np.abs(gamma * dy).sum(axis=0) / x.std(axis=0)  # the size of dx without the paths through mean and variance
    assert (np.abs(dx.sum(axis=0)) <= 1e-10 * size).all()
    assert (np.abs((dx * y).sum(axis=0)) <= 1e-10 * size * np.abs(gamma)).all()


def exact(x, eps=1e-5):
    wide = x.astype(np.longdouble)
    return (wide - wide.mean(axis=0)) / np.sqrt(wide.var(axis=0) + eps)


NASTY = {
    "usual": lambda rng: rng.normal(size=(1000, 8)),
    "mean 1e4, std 1e-2": lambda rng: 1e4 + 1e-2 * rng.normal(size=(1000, 8)),
    "mean 1e4, std 1": lambda rng: 1e4 + rng.normal(size=(1000, 8)),
    "constant": lambda rng: np.full((1000, 4), 3.3),
    "values of 1e30": lambda rng: 1e30 * rng.normal(size=(1000, 4)),
    "values of 1e-30": lambda rng: 1e-30 * rng.normal(size=(1000, 4)),
    "first value an outlier": lambda rng: np.concatenate([np.full((1, 4), 1e6), rng.normal(size=(999, 4))]),
    "far, and first an outlier": lambda rng: np.concatenate([np.full((1, 4), 1e6), 1e4 + rng.normal(size=(999, 4))]),
    "sorted": lambda rng: np.sort(1e3 + rng.normal(size=(5000, 4)), axis=0),
    "many rows": lambda rng: 100 + rng.normal(size=(200_000, 3)),
    "one far column beside a near one": lambda rng: np.array([1e4, 0.0]) + rng.normal(size=(1000, 2)),
    "columns of very different size": lambda rng: 10.0 ** np.arange(-20, 21, 8) * rng.normal(size=(1000, 6)),
}


@pytest.mark.parametrize("name", NASTY)
def test_float32_error_against_long_double_is_below_1e_5(name):
    x = NASTY[name](np.random.default_rng(0)).astype(np.float32)
    one = np.ones(x.shape[1], np.float32)
    assert np.abs(batch_norm_forward(x, one, 0 * one)[0] - exact(x)).max() < 1e-5


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e3, 1e6])
def test_float64_keeps_ten_digits_with_mean_of_million_stds(offset):
    x = offset + np.random.default_rng(0).normal(size=(1000, 4))
    assert np.abs(batch_norm_forward(x, np.ones(4), np.zeros(4))[0] - exact(x)).max() < 1e-9


@pytest.mark.parametrize("size", [1e-150, 1.0, 1e200])
def test_gradients_are_right_for_tiny_and_huge_inputs(size):
    x, gamma, beta, dy = drawn((6, 3), mean=1, std=1)
    dx, dgamma, dbeta = batch_norm_backward(dy, batch_norm_forward(size * x, gamma, beta, eps=1e-320)[1])
    want = batch_norm_backward(dy, batch_norm_forward(x, gamma, beta, eps=1e-320)[1])
    np.testing.assert_allclose([dgamma, dbeta], want[1:], rtol=1e-9)
    np.testing.assert_allclose(dx * size, want[0], rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_floating_dtype_is_kept(dtype):
    x, gamma, beta, dy = drawn((8, 3), dtype)
    y, cache = batch_norm_forward(x, gamma, beta)
    assert {a.dtype for a in (y, *batch_norm_backward(dy, cache))} == {np.dtype(dtype)}
    assert np.abs(y - (exact(x) * gamma + beta)).max() < 40 * np.finfo(dtype).eps


@pytest.mark.parametrize("name", NORMS)
def test_nan_and_infinity_spread_only_by_shared_statistics(name):
    x, gamma, beta, dy = drawn((4, 4, 3, 2))
    for bad in (np.nan, np.inf, -np.inf):
        spoilt = x.copy()
        spoilt[1, 2, 0, 0] = bad
        reached = np.isnan(oracle(NORMS[name], spoilt, gamma, beta, dy)[0])
        got = bnref_results(NORMS[name], spoilt, gamma, beta, dy)[0]
        if name != "rms":  # dividing by an infinite root mean square gives 0, not NaN
            np.testing.assert_array_equal(np.isnan(got), reached)
        np.testing.assert_allclose(got[~reached], oracle(NORMS[name], spoilt, gamma, beta, dy)[0][~reached])


@pytest.mark.parametrize("name", NORMS)
def test_arguments_are_unchanged_and_share_no_memory(name):
    arrays = drawn((3, 4, 5, 2))
    before = [a.copy() for a in arrays]
    results = bnref_results(NORMS[name], *arrays)
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)
        assert not any(np.may_share_memory(array, r) for r in results)


@given(st.integers(1, 300), st.integers(1, 40), st.sampled_from([1, 2, 9, 600]))
@settings(max_examples=40)
def test_blockwise_sums_and_maps_equal_those_of_whole_array(n, c, length):
    rng = np.random.default_rng(n)
    v, w = rng.normal(size=(2, n, c, length))
    a, b, d, g = rng.normal(size=(4, c))
    column = lambda p: p[:, None]  # noqa: E731
    want = (w.sum(axis=(0, 2)), (w * (v - column(d))).sum(axis=(0, 2)))
    np.testing.assert_allclose(sums(v, d, w), want, rtol=1e-9, atol=1e-9)
    got = transform(v, a, b, d, add=w, last=g)
    np.testing.assert_allclose(got, ((v - column(d)) * column(a) + w + column(b)) * column(g), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(transform(v, a, divide=True), v / column(a))


def test_moments_without_centring_are_root_mean_squares():
    v = np.random.default_rng(0).normal(3, 1, size=(5, 2, 4))
    found = moments(v, center=False)
    np.testing.assert_allclose(found.std, np.sqrt((v**2).mean(axis=(0, 2))))
    np.testing.assert_array_equal(found.mean, 0)


def test_pass_needs_memory_for_output_and_one_temporary():
    import tracemalloc

    x = np.random.default_rng(0).normal(size=(64, 64, 40, 40)).astype(np.float32)
    one = np.ones(64)
    forward(x, (64, 64, 1600), one, one, 1e-5)
    tracemalloc.start()
    forward(x, (64, 64, 1600), one, one, 1e-5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * x.nbytes
