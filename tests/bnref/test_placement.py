"""Tests of bnref.placement and bnref.core.numeric_gradient against torch and worked examples."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from torch import nn

from bnref.core.numeric_gradient import gradient_error, numeric_gradient
from bnref.placement import batch_norm_backward, batch_norm_forward, make_block, tanh_linearity
from tests.bnref.refusals import refuses, refuses_bad_counts, refuses_bad_eps, refuses_bad_tables


def drawn(dtype=np.float64, n=12, d=5):
    rng = np.random.default_rng(0)
    return (rng.normal(2, 3, size=s).astype(dtype) for s in ((n, d), d, d, (n, d)))


@pytest.mark.parametrize("eps", [1e-5, 1e-3])
def test_forward_and_backward_agree_with_torch(eps):
    x, gamma, beta, dy = drawn()
    layer, t = nn.BatchNorm1d(5, eps=eps, dtype=torch.float64), torch.tensor(x, requires_grad=True)
    layer.weight.data, layer.bias.data = torch.tensor(gamma), torch.tensor(beta)
    torch_y = layer(t)
    torch_y.backward(torch.tensor(dy))
    y, cache = batch_norm_forward(x, gamma, beta, eps)
    want = [torch_y.detach(), t.grad, layer.weight.grad, layer.bias.grad]
    for got, expected in zip([y, *batch_norm_backward(dy, cache)], want, strict=True):
        np.testing.assert_allclose(got, expected.numpy(), rtol=1e-10, atol=1e-10)


def test_worked_example():
    y, cache = batch_norm_forward(np.array([[0.0], [2.0]]), np.array([3.0]), np.array([1.0]), eps=3.0)
    np.testing.assert_allclose(y, [[-0.5], [2.5]])
    dx, dgamma, dbeta = batch_norm_backward(np.array([[1.0], [0.0]]), cache)
    np.testing.assert_allclose(dx, [[0.5625], [-0.5625]])
    np.testing.assert_allclose([dgamma, dbeta], [[-0.5], [1.0]])


def test_batch_of_one_gives_beta_and_zero_gradient():
    y, cache = batch_norm_forward(np.array([[7.0, -2.0]]), np.array([3.0, 3.0]), np.array([1.0, 2.0]))
    np.testing.assert_array_equal(y, [[1, 2]])
    dx, dgamma, dbeta = batch_norm_backward(np.ones((1, 2)), cache)
    np.testing.assert_array_equal([dx[0], dgamma, dbeta], [[0, 0], [0, 0], [1, 1]])


def test_integers_become_float64():
    x = np.array([[1, 2], [3, 5], [4, 4]])
    y, cache = batch_norm_forward(x, np.array([1, 2]), np.array([0, 1]))
    np.testing.assert_array_equal(y, batch_norm_forward(x.astype(float), [1.0, 2.0], [0.0, 1.0])[0])
    assert {a.dtype for a in (y, *batch_norm_backward(x, cache))} == {np.dtype(float)}


@given(st.integers(2, 60), st.floats(0.01, 30), st.floats(-3, 3))
def test_linearity_is_r2_of_fitted_line(n, scale, offset):
    x = offset + scale * np.random.default_rng(n).normal(size=(n, 2))
    fit = LinearRegression().fit(x.reshape(-1, 1), np.tanh(x).ravel())
    assert tanh_linearity(x) == pytest.approx(fit.score(x.reshape(-1, 1), np.tanh(x).ravel()), abs=1e-9)


def test_tanh_is_linear_for_small_inputs_and_a_step_for_large():
    x = np.random.default_rng(0).normal(size=(100, 10))
    values = [tanh_linearity(scale * x) for scale in (1e-150, 1e-3, 1, 10)]
    assert values[0] == pytest.approx(1)
    assert values[1] > 1 - 1e-5
    assert values[1] > values[2] > values[3] > 0.5
    assert all(type(v) is float for v in values)


@pytest.mark.parametrize("x", [[3.0], [[2, 2], [2, 2]], [50.0, 60.0, 99.0], [-1e300, -1e200]])
def test_linearity_of_constant_data_is_one(x):
    assert tanh_linearity(x) == 1.0


@pytest.mark.parametrize(
    ("placement", "kinds", "bias"),
    [("pre", [nn.Linear, nn.BatchNorm1d, nn.Tanh], False), ("post", [nn.Linear, nn.Tanh, nn.BatchNorm1d], True)],
)
def test_block_orders_layers_and_omits_useless_bias(placement, kinds, bias):
    block = make_block(4, 3, placement)
    assert type(block) is nn.Sequential
    assert [type(layer) for layer in block] == kinds
    assert (block[0].bias is not None) is bias
    assert block(torch.randn(5, 4)).shape == (5, 3)
    norm = next(layer for layer in block if isinstance(layer, nn.BatchNorm1d))
    assert (norm.eps, norm.momentum, norm.affine) == (1e-5, 0.1, True)


def test_numeric_gradient_of_polynomial_is_right():
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    gradient = numeric_gradient(lambda v: float((v**3).sum()), x)
    np.testing.assert_allclose(gradient, 3 * x**2, rtol=1e-8)
    np.testing.assert_array_equal(x, [[1, -2], [0.5, 3]])
    assert gradient_error(gradient, 3 * x**2) < 1e-8
    assert gradient_error([2.0, 0.0], [1.0, 0.0]) == 0.5
    assert gradient_error([0.0], [0.0]) == 0


def test_invalid_arguments_are_named_in_errors():
    x, gamma, beta, dy = drawn()
    refuses_bad_tables("x", lambda x: batch_norm_forward(x, gamma, beta))
    refuses_bad_eps(lambda eps: batch_norm_forward(x, gamma, beta, eps))
    refuses(r"gamma must have shape \(5,\), but its shape is \(4,\)", batch_norm_forward, x, gamma[:4], beta)
    refuses("beta must contain real numbers", batch_norm_forward, x, gamma, beta.astype(complex))
    cache = batch_norm_forward(x, gamma, beta)[1]
    refuses("dy must have the shape", batch_norm_backward, dy[:3], cache)
    refuses("dy must contain real numbers", batch_norm_backward, dy.astype(object), cache)
    refuses("x must contain at least one number", tanh_linearity, [])
    refuses('placement must be "pre" or "post", but it is \'before\'', make_block, 2, 2, "before")
    refuses_bad_counts("in_features", lambda n: make_block(n, 2, "pre"))
    refuses("step must be", numeric_gradient, float, [1.0], 0)
    refuses("the same shape", gradient_error, [1.0], [1.0, 2.0])
