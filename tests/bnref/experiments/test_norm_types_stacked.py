"""Tests that networks trained side by side do not influence each other, and compute what single networks compute."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from bnref.experiments import norm_types_stacked as stacked
from bnref.experiments.norm_types_stacked import SEEDS
from bnref.experiments.training import one_thread


def single(layer, seed):
    """Build torch's layer for one of the networks in a stacked layer."""
    if isinstance(layer, stacked.Dense):
        linear = nn.Linear(*layer.weight.shape[1:])
        linear.weight.data, linear.bias.data = layer.weight.data[seed].T, layer.bias.data[seed, 0]
        return linear
    width = sum(p.numel() for p in layer.parameters()) // SEEDS
    kinds = {nn.BatchNorm1d: lambda: nn.BatchNorm1d(width // 2), nn.GroupNorm: lambda: nn.LayerNorm(width // 2)}
    kinds |= {stacked.RMSNorm: lambda: nn.RMSNorm(width, eps=1e-5), nn.ReLU: nn.ReLU}
    return kinds[type(layer)]()


@pytest.mark.parametrize("norm", [None, stacked.batch_norm, stacked.layer_norm, stacked.RMSNorm])
def test_stacked_networks_compute_what_single_networks_do(norm):
    with one_thread(0):
        model = stacked.perceptron([64, 8, 8, 10], norm)
        x = torch.randn(16, SEEDS, 64)
        scores = model(x.flatten(1)).view(16, SEEDS, 10)
        for seed in range(SEEDS):
            alone = nn.Sequential(*(single(layer, seed) for layer in model))
            torch.testing.assert_close(alone(x[:, seed]), scores[:, seed], rtol=1e-4, atol=1e-5)


def test_each_network_gets_only_its_own_gradient():
    with one_thread(0):
        model = stacked.perceptron([64, 8, 10], stacked.batch_norm)
        labels = torch.randint(10, (16, SEEDS))
        stacked.losses(model(torch.randn(16, SEEDS * 64)), labels)[2].backward()
    gradients = torch.cat([p.grad.view(SEEDS, -1) for p in model.parameters()], dim=1).abs().sum(dim=1)
    assert gradients[2] > 0
    assert gradients[[0, 1, 3, 4]].sum() == 0


def test_losses_are_mean_cross_entropies():
    scores, labels = torch.randn(6, SEEDS * 10), torch.randint(10, (6, SEEDS))
    expected = [nn.functional.cross_entropy(scores.view(6, SEEDS, 10)[:, i], labels[:, i]) for i in range(SEEDS)]
    torch.testing.assert_close(stacked.losses(scores, labels), torch.stack(expected))


def test_batches_are_epochs_in_another_order_for_each_network():
    batches = list(itertools.islice(stacked.minibatches(10, 4), 4))
    for first in (0, 2):
        epoch = torch.cat(batches[first : first + 2])
        for column in epoch.T:
            assert len(set(column.tolist())) == 8
    assert not torch.equal(batches[0][:, 0], batches[0][:, 1])
    assert not torch.equal(batches[0], batches[2])


def test_networks_take_their_own_samples():
    x = torch.arange(6 * SEEDS * 2).view(6, SEEDS * 2)
    index = torch.tensor(np.random.default_rng(0).integers(0, 6, (4, SEEDS)))
    found = stacked.batch_of(x, index)
    for row, seed in itertools.product(range(4), range(SEEDS)):
        chosen = x[index[row, seed], 2 * seed : 2 * seed + 2]
        assert torch.equal(found[row, 2 * seed : 2 * seed + 2], chosen)


def test_training_teaches_every_network():
    task = stacked.digits_for_all()
    with one_thread(0):
        model = stacked.train(stacked.perceptron([64, 32, 10], stacked.batch_norm), task, 60, 0.3)
    assert min(stacked.accuracies(model, task)) > 0.85
    assert model.training
