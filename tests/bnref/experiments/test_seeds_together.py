"""Tests that networks trained together equal networks trained one by one."""

from functools import partial

import pytest
import torch
from torch import nn

from bnref.experiments import seeds_together as together
from bnref.experiments.batches_training import GhostBatchNorm, add_gradient
from bnref.experiments.training import accuracy, digits, one_thread, perceptron

WIDTHS = [64, 16, 12, 10]


def alone(norm, seed, micro_batch, steps, momentum):
    """Train one network by PyTorch's own layers, on the batches of the same seed."""
    data, generator = digits(), torch.Generator().manual_seed(seed)
    with one_thread(seed):
        model = perceptron(WIDTHS, norm).train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=momentum)
        for rows in torch.randperm(len(data.x), generator=generator).split(32)[:steps]:
            optimizer.zero_grad()
            add_gradient(model, data.x[rows], data.y[rows], micro_batch)
            optimizer.step()
    return model


@pytest.mark.parametrize(
    ("norm", "single", "micro_batch"),
    [
        (None, None, 8),
        (together.StackedBatchNorm, nn.BatchNorm1d, 32),
        (together.StackedBatchNorm, nn.BatchNorm1d, 8),
        (together.SideBySide, nn.BatchNorm1d, 32),
        (partial(together.StackedBatchNorm, ghost_size=8), lambda width: GhostBatchNorm(width, 8), 32),
        (partial(together.StackedBatchNorm, decay=0.99), lambda width: nn.BatchNorm1d(width, momentum=0.01), 32),
    ],
    ids=["no norm", "BN", "BN in micro-batches", "BN side by side", "ghosts", "slow average"],
)
def test_seeds_trained_together_equal_seeds_alone(norm, single, micro_batch):
    data = together.stacked([digits()] * 2)
    with one_thread(0):
        model = together.perceptrons(WIDTHS, norm, 2)
        batches = together.random_batches(data.x.shape[1], 32, 2)
        together.train_together(model, data, batches, 20, 0.1, 0.9, micro_batch)
        found, scores = together.accuracies(model, data), model.eval()(data.x_test)
    for seed in range(2):
        expected = alone(single, seed, micro_batch, 20, 0.9)
        torch.testing.assert_close(scores[seed], expected.eval()(digits().x_test), atol=1e-3, rtol=1e-3)
        assert found[seed] == pytest.approx(accuracy(expected, digits().x_test, digits().y_test), abs=0.003)


def test_accumulation_with_bn_equals_ghost_batches():
    data, results = together.stacked([digits()] * 2), []
    for norm, micro_batch in ((together.StackedBatchNorm, 4), (partial(together.StackedBatchNorm, ghost_size=4), None)):
        with one_thread(0):
            model = together.perceptrons(WIDTHS, norm, 2)
            batches = together.random_batches(data.x.shape[1], 32, 2)
            together.train_together(model, data, batches, 10, 0.1, micro_batch=micro_batch)
            results.append(model.eval()(data.x_test))
    torch.testing.assert_close(*results, atol=1e-3, rtol=1e-3)


def test_epochs_use_each_sample_once_per_seed():
    batches = together.random_batches(12, 4, seeds=2)
    first, second = (torch.cat([next(batches) for _ in range(3)], dim=1) for _ in range(2))
    for epoch in (first, second):
        assert (epoch.sort(dim=1).values == torch.arange(12)).all()
    assert (first != second).any()
    assert (first[0] != first[1]).any()
    whole = together.random_batches(10, 4, seeds=1)
    assert len(torch.cat([next(whole) for _ in range(2)], dim=1).unique()) == 8


def test_steps_are_reported_and_modes_kept():
    data, seen = together.stacked([digits()]), []
    with one_thread(0):
        model = together.perceptrons(WIDTHS, together.StackedBatchNorm, 1)
        together.train_together(model, data, together.random_batches(99, 32, 1), 3, 0.1, after_step=seen.append)
        together.accuracies(model, data)
    assert seen == [1, 2, 3]
    assert all(layer.training for layer in model.modules())
