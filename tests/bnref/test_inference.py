"""Tests of bnref.inference and bnref.variants against torch, and of their properties and edge cases."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from bnref.core.numeric_gradient import gradient_error, numeric_gradient
from bnref.inference import BatchNorm, fold_linear, population_statistics, steps_to_forget
from bnref.placement import batch_norm_backward, batch_norm_forward
from bnref.variants import batch_renorm_backward, batch_renorm_forward, ghost_batch_norm, use_precise_statistics
from tests.bnref.refusals import refuses, refuses_bad_counts, refuses_bad_eps, refuses_bad_tables

DTYPES = [np.float32, np.float64]


def rng(seed=0):
    return np.random.default_rng(seed)


def state(layer):
    return [a.copy() for a in (layer.gamma, layer.beta, layer.running_mean, layer.running_var)]


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.99, 1.0])
def test_both_modes_agree_with_torch(decay):
    layer = BatchNorm(3, decay=decay, eps=1e-3)
    torch_layer = nn.BatchNorm1d(3, momentum=1 - decay, eps=1e-3, dtype=torch.float64)
    layer.gamma, layer.beta = rng(1).normal(size=(2, 3))
    torch_layer.weight.data, torch_layer.bias.data = torch.tensor(layer.gamma), torch.tensor(layer.beta)
    for step in range(6):
        x = rng(step).normal(step, 2, size=(4 + step, 3))
        np.testing.assert_allclose(layer(x), torch_layer(torch.tensor(x)).detach().numpy(), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(layer.running_mean, torch_layer.running_mean.numpy(), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(layer.running_var, torch_layer.running_var.numpy(), rtol=1e-10, atol=1e-10)
    layer.training = False
    torch_layer.eval()
    x = rng(9).normal(size=(1, 3))
    np.testing.assert_allclose(layer(x), torch_layer(torch.tensor(x)).detach().numpy(), rtol=1e-10, atol=1e-10)


def test_new_layer_has_documented_initial_state():
    layer = BatchNorm(2)
    np.testing.assert_array_equal(state(layer), [[1, 1], [0, 0], [0, 0], [1, 1]])
    assert {a.dtype for a in state(layer)} == {np.dtype(float)}
    assert layer.training is True


@pytest.mark.parametrize("dtype", DTYPES)
def test_evaluation_ignores_batch_statistics_and_keeps_state(dtype):
    layer = BatchNorm(3)
    layer(rng().normal(1e4, 1, size=(50, 3)))
    layer.training = False
    before, x = state(layer), rng(1).normal(1e3, 5, size=(8, 3)).astype(dtype)
    y = layer(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y[2:3], layer(x[2:3]))
    np.testing.assert_array_equal(state(layer), before)
    want = (x.astype(float) - layer.running_mean) / np.sqrt(layer.running_var + layer.eps)
    np.testing.assert_allclose(y, want, rtol=1e-5 if dtype == np.float32 else 1e-12)


def test_decay_is_share_of_old_value():
    layer = BatchNorm(1, decay=0.9)
    layer(np.array([[1.0], [3.0]]))
    assert layer.running_mean[0] == pytest.approx(0.1 * 2)
    assert layer.running_var[0] == pytest.approx(0.9 + 0.1 * 2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_population_statistics_follow_algorithm_2(dtype):
    batches = [rng(i).normal(i, 2, size=(5, 3)).astype(dtype) for i in range(4)]
    mean, var = population_statistics(iter(batches))
    assert mean.dtype == var.dtype == dtype
    np.testing.assert_allclose(mean, np.mean([b.mean(axis=0, dtype=float) for b in batches], axis=0), rtol=1e-6)
    np.testing.assert_allclose(var, np.mean([b.var(axis=0, ddof=1, dtype=float) for b in batches], axis=0), rtol=1e-5)


@given(st.integers(2, 6), st.booleans(), st.sampled_from([1e-5, 1e-2, 1.0]))
def test_folded_layer_equals_both_layers(width, with_bias, eps):
    linear, norm = nn.Linear(4, width, bias=with_bias).double(), nn.BatchNorm1d(width, eps=eps).double()
    for p in (*linear.parameters(), *norm.parameters(), norm.running_mean):
        p.data = torch.tensor(rng(width).normal(size=tuple(p.shape)))
    norm.running_var.data = torch.tensor(rng(width).uniform(0.1, 4, size=width))
    x = torch.tensor(rng().normal(size=(7, 4)))
    statistics = [t.detach().numpy() for t in (norm.weight, norm.bias, norm.running_mean, norm.running_var)]
    bias = linear.bias.detach().numpy() if with_bias else None
    weight, moved = fold_linear(linear.weight.detach().numpy(), bias, *statistics, eps=eps)
    want = norm.eval()(linear(x)).detach().numpy()
    np.testing.assert_allclose(x.numpy() @ weight.T + moved, want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_folding_keeps_weight_dtype_and_arguments(dtype):
    arguments = [np.ones((2, 3), dtype), np.ones(2, dtype), *np.ones((4, 2), dtype)]
    weight, bias = fold_linear(*arguments)
    assert weight.dtype == bias.dtype == dtype
    assert not any(np.may_share_memory(a, r) for a in arguments for r in (weight, bias))
    np.testing.assert_array_equal(arguments[0], 1)


@given(st.floats(0.01, 0.9999), st.floats(1e-9, 1))
def test_steps_to_forget_is_first_step_within_tolerance(decay, tolerance):
    steps = steps_to_forget(decay, tolerance)
    assert decay**steps <= tolerance
    assert steps == 0 or decay ** (steps - 1) > tolerance


def test_steps_to_forget_counts_exact_ties():
    assert [steps_to_forget(0.5, 0.5**k) for k in range(6)] == list(range(6))
    assert steps_to_forget(0.25, 0.5**10) == 5
    assert [steps_to_forget(decay, 0.01) for decay in (0.9, 0.99, 0.999)] == [44, 459, 4603]
    assert steps_to_forget(0.9, 1) == 0


def renorm(x, gamma, beta, mean, std, r, d):
    """Compute algorithm 1 of Ioffe (2017) for given r and d."""
    return gamma * ((x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5) * r + d) + beta


def test_batch_renorm_limits_select_the_statistics():
    x, (gamma, beta, mean) = rng().normal(2, 3, size=(20, 4)), rng(1).normal(size=(3, 4))
    std = np.full(4, 2.0)
    tight = batch_renorm_forward(x, gamma, beta, mean, std, r_max=1, d_max=0)[0]
    np.testing.assert_allclose(tight, batch_norm_forward(x, gamma, beta)[0])
    wide = batch_renorm_forward(x, gamma, beta, mean, std, r_max=1e9, d_max=1e9)[0]
    np.testing.assert_allclose(wide, gamma * (x - mean) / std + beta)


@pytest.mark.parametrize(("r_max", "d_max"), [(1.2, 0.3), (3, 5)])
def test_batch_renorm_gradient_treats_corrections_as_constant(r_max, d_max):
    x, (gamma, beta, mean) = rng().normal(2, 3, size=(6, 2)), rng(1).normal(size=(3, 2))
    std, dy = np.array([1.0, 4.0]), rng(2).normal(size=(6, 2))
    y, cache = batch_renorm_forward(x, gamma, beta, mean, std, r_max, d_max)
    np.testing.assert_allclose(y, renorm(x, gamma, beta, mean, std, cache.r, cache.d))
    losses = [
        lambda v: float((dy * renorm(v, gamma, beta, mean, std, cache.r, cache.d)).sum()),
        lambda v: float((dy * renorm(x, v, beta, mean, std, cache.r, cache.d)).sum()),
        lambda v: float((dy * renorm(x, gamma, v, mean, std, cache.r, cache.d)).sum()),
    ]
    for gradient, loss, at in zip(batch_renorm_backward(dy, cache), losses, (x, gamma, beta), strict=True):
        assert gradient_error(gradient, numeric_gradient(loss, at)) < 1e-8


@given(st.sampled_from([1, 2, 3, 4, 6, 12]))
def test_ghost_batches_are_normalized_separately(size):
    x, (gamma, beta) = rng().normal(size=(12, 3)), rng(1).normal(size=(2, 3))
    parts = [batch_norm_forward(x[i : i + size], gamma, beta)[0] for i in range(0, 12, size)]
    np.testing.assert_allclose(ghost_batch_norm(x, gamma, beta, size), np.concatenate(parts))


def test_precise_statistics_cover_all_rows():
    layer, rows = BatchNorm(3), rng().normal(4, 2, size=(60, 3))
    use_precise_statistics(layer, np.split(rows, [10, 15]))
    np.testing.assert_allclose(layer.running_mean, rows.mean(axis=0))
    np.testing.assert_allclose(layer.running_var, rows.var(axis=0, ddof=1))


def test_layer_in_training_equals_batch_norm_forward():
    layer, x, dy = BatchNorm(3), *rng().normal(size=(2, 9, 3))
    y, cache = batch_norm_forward(x, layer.gamma, layer.beta, layer.eps)
    np.testing.assert_array_equal(layer(x), y)
    assert np.isfinite(batch_norm_backward(dy, cache)[0]).all()


def test_invalid_arguments_are_named_in_errors():
    layer, x = BatchNorm(2), np.zeros((3, 2))
    refuses_bad_counts("num_features", BatchNorm)
    refuses_bad_eps(lambda eps: BatchNorm(2, eps=eps))
    for decay in (-0.1, 1.1, np.nan, "0.9"):
        refuses("decay must be", BatchNorm, 2, decay=decay)
    refuses_bad_tables("x", layer)
    refuses("x must have at least 2 rows in training mode", layer, x[:1])
    refuses(r"x must have 2 columns, one per feature, but its shape is \(3, 4\)", layer, np.zeros((3, 4)))
    refuses_bad_tables("a batch", lambda batch: population_statistics([batch]))
    refuses("at least one batch", population_statistics, [])
    refuses("each batch must have at least 2 rows", population_statistics, [x[:1]])
    refuses("all batches must have the shape of the first", population_statistics, [x, x[:2]])
    arguments = [np.ones((2, 3)), None, *np.ones((4, 2))]
    refuses_bad_eps(lambda eps: fold_linear(*arguments, eps=eps))
    refuses(r"weight must have shape \(out, in\)", fold_linear, np.ones(3), *arguments[1:])
    refuses(r"var must have shape \(2,\)", fold_linear, *arguments[:5], np.ones(3))
    refuses("var must not be negative, but its lowest entry is -1", fold_linear, *arguments[:5], [-1.0, 1.0])
    refuses(r"bias must have shape \(2,\)", fold_linear, np.ones((2, 3)), np.ones(3), *arguments[2:])
    for decay, tolerance in ((0, 0.1), (1, 0.1), (0.5, 0), (0.5, 1.5), (np.nan, 0.5)):
        refuses("must be", steps_to_forget, decay, tolerance)
    one = np.ones(2)
    refuses("running_std must be greater than 0", batch_renorm_forward, x, one, one, one, 0 * one)
    refuses("r_max must be at least 1", batch_renorm_forward, x, one, one, one, one, r_max=0.5)
    refuses("dy must have the shape", batch_renorm_backward, x[:1], batch_renorm_forward(x, one, one, one, one)[1])
    refuses("ghost_size must divide the number of rows, which is 3, but it is 2", ghost_batch_norm, x, one, one, 2)
    refuses("2 columns, one per feature, but they have 5", use_precise_statistics, layer, [np.zeros((3, 5))])
    refuses("more than 1 rows, but got 1", use_precise_statistics, layer, [x[:1]])
    np.testing.assert_array_equal(state(layer), state(BatchNorm(2)))
