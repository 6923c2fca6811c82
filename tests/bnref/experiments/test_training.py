"""Tests of the shared parts of experiments: digits, small networks, and repeatable training."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from bnref.experiments.training import accuracy, digits, minibatches, one_thread, perceptron, train


def test_digits_are_stratified_and_scaled():
    data = digits()
    assert (len(data.x), len(data.x_test)) == (1347, 450)
    assert data.x.min() == 0
    assert data.x.max() == 1
    shares = torch.bincount(data.y) / len(data.y) - torch.bincount(data.y_test) / len(data.y_test)
    assert shares.abs().max() < 0.002
    assert torch.equal(digits(images=True).x.flatten(1), data.x)
    assert not torch.equal(digits(seed=1).x, data.x)


def test_perceptron_has_norm_or_bias_before_each_activation():
    kinds = [type(module) for module in perceptron([64, 8, 8, 10])]
    assert kinds == [nn.Linear, nn.BatchNorm1d, nn.ReLU] * 2 + [nn.Linear]
    model = perceptron([64, 8, 10], norm=None, activation=nn.Tanh)
    assert [type(module) for module in model] == [nn.Linear, nn.Tanh, nn.Linear]
    assert model[0].bias is not None
    assert perceptron([64, 8, 10])[0].bias is None


def test_weights_start_with_he_variance():
    with one_thread(0):
        weight = perceptron([400, 500, 10])[0].weight
    assert weight.std().item() == pytest.approx((2 / 400) ** 0.5, rel=0.01)


def test_epoch_uses_samples_at_most_once_in_whole_batches():
    batches = list(minibatches(10, 4))
    assert [len(batch) for batch in batches] == [4, 4]
    assert len(set(torch.cat(batches).tolist())) == 8


def test_seed_repeats_training_and_restores_torch():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    threads, found = torch.get_num_threads(), []
    for _ in range(2):
        with one_thread(3):
            assert torch.get_num_threads() == 1
            assert not torch.backends.mkldnn.enabled
            model = train(perceptron([64, 16, 10]), digits(), steps=5, lr=0.1)
            found.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(*found)
    assert torch.get_num_threads() == threads
    assert torch.backends.mkldnn.enabled
    assert torch.equal(torch.rand(1), expected)


A_TRAINING = """
import hashlib
from torch import nn
from bnref.experiments.training import Tanh, digits, one_thread, perceptron, train
total = hashlib.sha256()
with one_thread(3):
    tail = perceptron([256, 32, 10], activation=Tanh)
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), tail)
    for p in train(network, digits(images=True), steps=40, lr=0.3).parameters():
        total.update(p.detach().numpy().tobytes())
print(total.hexdigest())
"""


@pytest.mark.slow  # trains in two processes
def test_seed_gives_same_numbers_on_any_processor():
    older = {"ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "OPENBLAS_CORETYPE": "Nehalem"}
    command = [sys.executable, "-c", A_TRAINING]
    found = [subprocess.check_output(command, env=os.environ | settings) for settings in ({}, older)]
    assert found[0] == found[1]


def test_training_runs_exact_steps_and_reports_each_loss():
    seen = []
    with one_thread(0):
        train(perceptron([64, 16, 10]), digits(), steps=25, lr=0.5, after_step=lambda *s: seen.append(s))
    assert [step for step, _ in seen] == list(range(1, 26))
    assert seen[-1][1] < seen[0][1] / 2


def test_accuracy_uses_evaluation_mode_and_restores_mode():
    data = digits()
    with one_thread(0):
        model = train(perceptron([64, 16, 10]), data, steps=60, lr=0.3)
    assert model.training
    measured = accuracy(model, data.x_test, data.y_test)
    assert model.training
    # A single sample can be normalized only in evaluation mode.
    one_by_one = [accuracy(model, x[None], y[None]) for x, y in zip(data.x_test, data.y_test, strict=True)]
    assert measured == pytest.approx(sum(one_by_one) / len(one_by_one))
    assert measured > 0.8
