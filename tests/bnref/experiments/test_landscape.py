"""Tests of what the chapter on internal covariate shift says about gradients, loss and learning rates."""

import numpy as np
import pytest
import torch
from torch import nn

from bnref.experiments import landscape
from bnref.experiments.internal_covariate_shift import network


@pytest.fixture(scope="module")
def relus():
    return landscape.courses()


@pytest.fixture(scope="module")
def sigmoids():
    return landscape.courses(sigmoid=True)


@pytest.fixture
def batch():
    rng = torch.Generator().manual_seed(0)
    return torch.rand(30, 64, generator=rng), torch.randint(10, (30,), generator=rng)


def test_measuring_does_not_change_the_model(batch):
    model = network(nn.BatchNorm1d)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    landscape.layer_shifts(model, *batch, lr=1.0)
    landscape.along_gradient(model, *batch, lr=1.0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_gradients_do_not_shift_without_a_step(batch):
    shifts = landscape.layer_shifts(network(nn.BatchNorm1d), *batch, lr=0.0)
    np.testing.assert_allclose(shifts[:, :2], 0, atol=1e-6)
    np.testing.assert_allclose(shifts[:, 2], 1, atol=1e-6)


def test_layer_shift_follows_steps_of_earlier_layers(batch):
    model = network(None, nn.ReLU)
    measured = landscape.layer_shifts(model, *batch, lr=0.5)
    before = landscape.gradient(model, *batch)[1]
    optimizer = torch.optim.SGD([*model[0].parameters(), *model[2].parameters()], lr=0.5)
    nn.functional.cross_entropy(model(batch[0]), batch[1]).backward()
    optimizer.step()
    after = landscape.gradient(model, *batch)[1]
    assert measured[1, 0] == pytest.approx((before[4] - after[4]).norm().item(), rel=1e-4)


def test_losses_along_gradient_equal_those_after_plain_steps(batch):
    model = network(None, nn.ReLU)
    losses, distances, per_length = landscape.along_gradient(model, *batch, lr=0.5)
    before = torch.cat([g.flatten() for g in landscape.gradient(model, *batch)[1]])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5 * landscape.STEP_SIZES[-1])
    nn.functional.cross_entropy(model(batch[0]), batch[1]).backward()
    optimizer.step()
    loss, after = landscape.gradient(model, *batch)
    assert losses[-1] == pytest.approx(loss, rel=1e-5)
    moved = (torch.cat([g.flatten() for g in after]) - before).norm().item()
    assert distances[-1] == pytest.approx(moved, rel=1e-4)
    walked = 0.5 * landscape.STEP_SIZES[-1] * before.norm().item()
    assert per_length[-1] == pytest.approx(moved / walked, rel=1e-4)


def test_bn_lowers_gradient_shift_of_relu_not_of_sigmoid(relus, sigmoids):
    (relu, relu_norm), (sigmoid, sigmoid_norm) = ([course.shift() for course in pair] for pair in (relus, sigmoids))
    assert (relu_norm[:, :2].max(axis=0) < 0.5 * relu[:, :2].min(axis=0)).all()
    assert relu_norm[:, 2].min() > 0.95 > 0.7 > relu[:, 2].max()
    assert (sigmoid_norm[:, 0] > 2 * sigmoid[:, 0]).all()
    assert (sigmoid_norm[:, 1] > 5 * sigmoid[:, 1]).all()
    assert sigmoid_norm[:, 1].mean() / sigmoid[:, 1].mean() == pytest.approx(8.4, abs=2)
    assert sigmoids[1].accuracy.min() > 0.9 > 0.2 > sigmoids[0].accuracy.max()


def test_lines_of_gradient_shift_are_far_apart(relus, sigmoids):
    (relu, relu_norm), (sigmoid, sigmoid_norm) = (
        [course.shifts[..., 1].mean(axis=2) for course in pair] for pair in (relus, sigmoids)
    )
    assert (relu_norm.mean(axis=0) < 0.5 * relu.mean(axis=0)).all()
    assert relu_norm.mean(axis=0).max() < 0.3
    assert (sigmoid_norm.min(axis=0) > sigmoid.max(axis=0)).all()


def test_loss_varies_less_with_bn_only_for_relu(relus, sigmoids):
    assert relus[0].ranges().mean() > 30 * relus[1].ranges().mean()
    assert relus[0].ranges().min() > 5 * relus[1].ranges().max()
    small = landscape.courses(lr=0.01)
    assert small[0].ranges().mean() == pytest.approx(small[1].ranges().mean(), rel=0.3)
    assert sigmoids[0].ranges().mean() < 1.2 * sigmoids[1].ranges().mean()


def test_loss_band_matches_description_next_to_figure(relus):
    without, with_norm = (course.along[0, :, 0] for course in relus)
    assert without[:3].max() == pytest.approx(10, rel=0.3)
    assert without[:5].max(axis=1).min() > 2
    assert (without.max(axis=1) / without.min(axis=1)).max() == pytest.approx(100, rel=0.2)
    assert with_norm[0].mean() == pytest.approx(0.5, abs=0.1)
    assert with_norm[-1].max() < 0.01
    assert (with_norm.max(axis=1) < 2 * with_norm.min(axis=1)).all()


def test_bn_reduces_shift_at_a_tenth_of_the_rate_too():
    without, with_norm = (course.shift()[:, 1] for course in landscape.courses(lr=0.01))
    assert (with_norm < without).all()
    assert without.mean() == pytest.approx(0.17, abs=0.03)
    assert with_norm.mean() == pytest.approx(0.07, abs=0.01)


def test_larger_learning_rates_work_with_batch_norm():
    rates = landscape.learning_rates()
    assert max(rates.works(rates.without, 0.8)) == 0.1
    assert max(rates.works(rates.with_norm, 0.8)) == 3
    at_03 = rates.without[:, rates.rates.index(0.3)]
    assert (at_03 < 0.8).sum() == 1


def test_highest_rate_lies_inside_the_grid():
    right = np.array([[0.9, 0.8, 0.1], [0.5, 0.5, 0.1]])
    rates = landscape.Rates((0.1, 1, 10), right, right)
    assert rates.highest(right, 0.7).tolist() == [1, 0]
    with pytest.raises(ValueError, match="extend the grid"):
        rates.highest(right, 0.05)


def test_best_rates_lie_inside_the_grid():
    rates = landscape.learning_rates()
    without, with_norm = (right.mean(axis=0) for right in (rates.without, rates.with_norm))
    assert rates.rates[without.argmax()] == 0.1
    assert rates.rates[with_norm.argmax()] in (0.3, 1)
    assert [without.max(), with_norm.max()] == pytest.approx([0.94, 0.98], abs=0.01)
    assert rates.without[:, rates.rates.index(1) :].max() < 0.3
