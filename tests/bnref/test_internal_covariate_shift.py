"""Tests of bnref.internal_covariate_shift against NumPy and torch, on models of several kinds."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from bnref.internal_covariate_shift import (
    activation_percentiles,
    gradient_shift,
    record_activations,
    standardize_activations,
)
from tests.bnref.refusals import refuses, refuses_bad_eps, refuses_bad_tables


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_percentiles_agree_with_numpy_in_order_of_q(dtype):
    h = np.random.default_rng(0).normal(size=(101, 5)).astype(dtype)
    got = activation_percentiles(h, q=(85, 15, 50))
    assert got.dtype == dtype
    np.testing.assert_allclose(got, np.percentile(h.astype(float), [85, 15, 50], axis=0), rtol=1e-6)
    np.testing.assert_array_equal(activation_percentiles(h), got[[1, 2, 0]])


def test_percentiles_between_two_values_are_interpolated():
    np.testing.assert_allclose(activation_percentiles(np.array([[0.0], [10.0]]), q=[15, 50]), [[1.5], [5]])


class Skipping(nn.Module):
    """A model whose leaves run in another order, with an unused leaf, a replaced buffer and a nested block."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(3, 2)
        self.idle = nn.Linear(3, 3)
        self.block = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.ReLU(inplace=True))
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls = self.calls + 1
        return self.last(self.block(x))


def state(model):
    return {name: (id(t), t.clone()) for name, t in [*model.named_parameters(), *model.named_buffers()]}


@pytest.mark.parametrize("training", [True, False])
def test_leaves_are_recorded_in_order_and_model_is_unchanged(training):
    torch.manual_seed(0)
    model, x = Skipping().train(training), torch.randn(6, 4)
    before, hooks, given_x = state(model), [len(m._forward_hooks) for m in model.modules()], x.clone()
    found = record_activations(model, x)
    assert list(found) == ["block.0", "block.1", "block.2", "last"]
    linear = model.block[0](x)
    assert found["block.0"] == pytest.approx((linear.mean().item(), linear.std(correction=0).item()), rel=1e-5)
    for name, (place, value) in state(model).items():
        assert place == before[name][0]
        assert torch.equal(value, before[name][1])
    assert [len(m._forward_hooks) for m in model.modules()] == hooks
    assert model.training is training
    assert torch.equal(x, given_x)
    assert all(p.grad is None for p in model.parameters())
    assert torch.is_grad_enabled()


def test_batch_norm_records_standardized_activations():
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    mean, std = record_activations(model, 5 + torch.randn(64, 4))["1"]
    assert (mean, std) == pytest.approx((0, 1), abs=1e-3)


def test_single_leaf_and_in_place_models_are_recorded():
    x = torch.tensor([[-1.0, 1.0]])
    assert record_activations(nn.ReLU(inplace=True), x) == {"": (0.5, 0.5)}
    assert torch.equal(x, torch.tensor([[-1.0, 1.0]]))


def test_model_that_raises_is_left_unchanged():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(7, 2))
    with pytest.raises(RuntimeError):
        record_activations(model, torch.randn(5, 3))
    assert model[0].num_batches_tracked == 0
    assert torch.equal(model[0].running_mean, torch.zeros(3))
    assert not model[0]._forward_hooks


def test_gradient_shift_is_distance_and_cosine():
    assert gradient_shift([[3.0], [0.0]], [[0.0], [4.0]]) == (5.0, 0.0)
    assert gradient_shift(np.ones((2, 3)), -2 * np.ones((2, 3))) == pytest.approx((3 * np.sqrt(6), -1.0))
    assert gradient_shift(np.zeros(3), np.ones(3)) == (pytest.approx(np.sqrt(3)), 0.0)
    assert gradient_shift(np.zeros(3), np.zeros(3)) == (0.0, 0.0)


@given(st.floats(1e-200, 1e200), st.integers(1, 50))
def test_cosine_does_not_depend_on_gradient_size(scale, n):
    rng = np.random.default_rng(n)
    g, after = rng.normal(size=(2, n, 2))
    l2, cosine = gradient_shift(scale * g, scale * after)
    assert cosine == pytest.approx(gradient_shift(g, after)[1], rel=1e-9)
    assert l2 == pytest.approx(scale * gradient_shift(g, after)[0], rel=1e-9)
    assert isinstance(l2, float)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_standardized_activations_equal_bn_without_affine(dtype):
    h = np.random.default_rng(0).normal(3, 2, size=(50, 4)).astype(dtype)
    layer = nn.BatchNorm1d(4, affine=False, dtype=torch.from_numpy(h).dtype)
    got = standardize_activations(h)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, layer(torch.from_numpy(h)).numpy(), rtol=1e-5, atol=1e-5)


def test_invalid_arguments_are_named_in_errors():
    refuses_bad_tables("h", activation_percentiles)
    refuses_bad_tables("h", standardize_activations)
    refuses_bad_eps(lambda eps: standardize_activations(np.zeros((2, 2)), eps))
    refuses("q must contain percentages from 0 to 100", activation_percentiles, np.zeros((2, 2)), [101])
    refuses("q must have shape", activation_percentiles, np.zeros((2, 2)), 50)
    refuses("g and g_after must have the same shape", gradient_shift, np.zeros(3), np.zeros(4))
    refuses("g_after must contain real numbers", gradient_shift, np.zeros(1), np.zeros(1, complex))
