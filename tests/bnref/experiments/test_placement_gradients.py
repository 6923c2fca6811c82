"""Tests of what the chapter on placement says about gradients."""

import numpy as np
import pytest
import torch

from bnref.core.numeric_gradient import gradient_error, numeric_gradient
from bnref.experiments import placement_gradients as experiments
from bnref.placement import batch_norm_backward, batch_norm_forward


@pytest.fixture(scope="module")
def held():
    return {(h.mean, h.var): h for h in experiments.held_constant()}


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(2, 6, 3))
    return x, *rng.normal(size=(2, 3)), dy


def test_graph_agrees_with_bnref(batch):
    x, gamma, beta, dy = batch
    y, cache = batch_norm_forward(x, gamma, beta)
    nodes = experiments.graph(*batch)
    np.testing.assert_allclose(nodes["y"].value, y)
    for name, gradient in zip(("x", "gamma", "beta"), batch_norm_backward(dy, cache), strict=True):
        np.testing.assert_allclose(nodes[name].gradient, gradient, atol=1e-12)


def test_gradients_of_statistics_agree_with_numeric_ones(batch):
    x, gamma, beta, dy = batch
    nodes = experiments.graph(*batch)
    mean, var = nodes["mean"].value, nodes["var"].value
    by_var = numeric_gradient(lambda v: np.sum(dy * (gamma * (x - mean) / np.sqrt(v + 1e-5) + beta)), var)
    np.testing.assert_allclose(nodes["var"].gradient, by_var, rtol=1e-6)

    def loss(m):
        c = x - m
        return np.sum(dy * gamma * c / np.sqrt((c**2).mean(axis=0) + 1e-5))

    np.testing.assert_allclose(nodes["mean"].gradient, numeric_gradient(loss, mean), rtol=1e-5, atol=1e-8)


def test_torchs_gradients_agree_with_bnrefs(batch):
    x, gamma, beta, dy = batch
    own = batch_norm_backward(dy, batch_norm_forward(x, gamma, beta)[1])
    for a, b in zip(experiments.torch_gradients(*batch), own, strict=True):
        assert gradient_error(a, b) < 1e-12


def test_gradient_path_through_mean_matters_most(held):
    true = held[False, False]
    assert held[True, False].accuracy.max() < true.accuracy.min() - 0.1
    assert held[True, True].accuracy.max() < true.accuracy.min() - 0.1
    assert abs(held[False, True].accuracy.mean() - true.accuracy.mean()) < 0.015


def test_bias_grows_only_if_mean_is_held_constant(held):
    for (mean, _), h in held.items():
        if mean:
            assert h.bias_growth.min() > 2
        else:
            np.testing.assert_allclose(h.bias_growth, 1, atol=1e-6)


def test_gradient_equals_torchs_only_with_both_paths():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        x, dy = torch.randn(2, 8, 4, dtype=torch.float64)
    x.requires_grad_()
    usual = torch.autograd.grad(torch.nn.functional.batch_norm(x, None, None, training=True), x, dy)[0]
    for mean, var, same in ((False, False, True), (True, False, False), (False, True, False)):
        found = torch.autograd.grad(experiments.HeldConstant(4, mean, var).double()(x), x, dy)[0]
        assert torch.allclose(found, usual) == same


def test_scaled_weights_change_only_their_gradients_size():
    exact, usual = experiments.scaled_weights(eps=1e-30), experiments.scaled_weights()
    for found in (exact.output, exact.input_gradient, exact.weight_gradient, exact.radial):
        assert found.max() < 1e-14
    assert 1e-3 < usual.output[0] < 1e-2, "eps shows when the weights get small"
    assert usual.output[2:].max() < 1e-6


def test_bias_before_norm_has_no_effect():
    result = experiments.bias_before_norm()
    assert result.output.max() < 1e-13
    assert result.gradient.max() < 1e-13


def test_weight_decay_equals_growing_learning_rate():
    result = experiments.weight_decay()
    assert result.same.max() < 1e-12
    assert result.other.min() > 1
    assert result.rate_growth == pytest.approx((1 - 0.1 * 0.05) ** -398)
    np.testing.assert_allclose(result.shrunk, (1 - 0.1 * 0.05) ** 200)
