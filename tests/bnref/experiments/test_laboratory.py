"""Tests of the laboratory's network against torch, and of what the page says about it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from bnref.experiments import laboratory
from bnref.experiments.laboratory import ACTIVATIONS, NORMS, Setting, observe, random_numbers, similarity

MODULES = {"sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "relu": nn.ReLU(), "linear": nn.Identity()}


def norm_module(norm, width):
    return {
        "none": nn.Identity(),
        "batch": nn.BatchNorm1d(width, affine=False),
        "layer": nn.LayerNorm(width, elementwise_affine=False),
        "rms": nn.RMSNorm(width, eps=1e-5, elementwise_affine=False),
        "group": nn.GroupNorm(4, width, affine=False),
    }[norm].double()


def torch_outputs(setting, weights):
    """Return each hidden layer's output and weights, with gradients."""
    x, y = (torch.tensor(part[: setting.batch]) for part in load_digits(return_X_y=True))
    h, outputs = x / 16, []
    weights = [torch.tensor(w, requires_grad=True) for w in weights]
    for w in weights[:-1]:
        norm, activation = norm_module(setting.norm, setting.width), MODULES[setting.activation]
        parts = (norm, activation) if setting.placement == "before" else (activation, norm)
        h = nn.Sequential(*parts)(h @ w)
        h.retain_grad()
        outputs.append(h)
    nn.functional.cross_entropy(h @ weights[-1], y).backward()
    return outputs, weights


@pytest.mark.parametrize("placement", ["before", "after"])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_layer_agrees_with_torch(activation, norm, placement):
    setting = Setting(4, 16, activation, 1.5, norm, placement, 32)
    observed = observe(setting)
    outputs, weights = torch_outputs(setting, laboratory._weights(setting))
    for layer, (output, w) in enumerate(zip(outputs, weights, strict=False)):
        np.testing.assert_allclose(observed.activations[layer], output.detach(), rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(observed.gradients[layer], output.grad, rtol=1e-6, atol=1e-12)
        update = 0.1 * w.grad.norm() / w.detach().norm()
        np.testing.assert_allclose(observed.update[layer], update, rtol=1e-6)


def test_random_numbers_are_spread_evenly():
    numbers = random_numbers(100_000)
    assert numbers[:3].round(6).tolist() == [0.627074, 0.002736, 0.527447]  # mulberry32 with seed 1
    counts, _ = np.histogram(numbers, bins=10, range=(0, 1))
    assert counts.min() > 9_700
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.01


def test_weights_have_the_standard_deviation_of_the_gain():
    first, *middle, last = laboratory._weights(Setting(depth=3, width=128, gain=2))
    assert first.std() * 8 == pytest.approx(2, rel=0.02)
    assert middle[0].std() * np.sqrt(128) == pytest.approx(2, rel=0.02)
    assert last.std() * np.sqrt(128) == pytest.approx(1, rel=0.05)


def test_similarity_compares_every_pair_of_rows():
    assert similarity(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])) == pytest.approx(1 / 3)
    assert similarity(np.array([[1.0, 0.0], [0.0, 0.0]])) == 0


def test_saturated_activations_have_flat_slopes():
    observed = observe(Setting(activation="tanh", gain=3))
    flat = 1 - observed.activations[0] ** 2 < 0.1
    assert observed.saturated[0] == flat.mean() > 0.1
    assert observe(Setting(activation="linear")).saturated.max() == 0


def test_digits_collapse_unless_the_gradient_explodes():
    growth = {name: layers.lengths[0] / layers.lengths[-1] for name, layers in laboratory.compared().items()}
    alike = {name: layers.similarity[-1] for name, layers in laboratory.compared().items()}
    for name in ("no norm", "layer norm, before"):
        assert alike[name] > 0.99
        assert 0.1 < growth[name] < 10
    for name in ("batch norm, before", "batch norm, after", "layer norm, after"):
        assert alike[name] < 0.4
        assert growth[name] > 5000


def test_the_gain_changes_only_the_steps_under_bn():
    one, other = observe(Setting(norm="batch", gain=1)), observe(Setting(norm="batch", gain=2))
    np.testing.assert_allclose(one.lengths, other.lengths, rtol=0.01)
    np.testing.assert_allclose(one.similarity, other.similarity, atol=0.01)
    np.testing.assert_allclose(one.update / other.update, 4, rtol=0.01)


def test_linear_gradients_grow_faster_in_small_batches():
    setting = Setting(activation="linear", norm="batch")
    lengths = [observe(replace(setting, batch=batch)).lengths for batch in (4, 8, 128)]
    growth = [length[0] / length[-1] for length in lengths]
    assert growth[0] > 10 * growth[1] > 10 * growth[2]


def test_gradients_nearly_vanish_in_a_batch_of_two():
    observed = observe(Setting(norm="batch", batch=2))
    assert observed.lengths[0] < 1e-4 * observed.lengths[-1]
    values = np.arctanh(observed.activations[-1])
    assert (np.abs(np.abs(values) - 1) < 0.05).mean() > 0.9
