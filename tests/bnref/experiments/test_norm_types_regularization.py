"""Tests of the experiments with wrong labels, and of what the chapter says about them."""

import numpy as np
import pytest
import torch

from bnref.experiments import norm_types_regularization as noise
from bnref.experiments.norm_types_stacked import SEEDS
from bnref.experiments.training import one_thread
from tests.bnref.experiments.test_norm_types import sides


@pytest.fixture(scope="module")
def results():
    return {(r.network, r.rate, r.size): r for r in noise.wrong_labels()}


def test_only_training_labels_are_wrong():
    task, wrong = noise.noisy_task()
    assert wrong.shape == task.y.shape == (noise.COUNT, SEEDS)
    assert 0.2 < wrong.float().mean() < 0.33
    assert not torch.equal(wrong[:, 0], wrong[:, 1])
    assert torch.equal(task.y_test[:, 0], task.y_test[:, 1])


@pytest.mark.parametrize(("size", "equal"), [(noise.COUNT, True), (noise.COUNT // 2, False)])
def test_control_equals_bn_if_the_batch_is_the_whole_set(size, equal):
    task, _ = noise.noisy_task()
    weights = []
    for kind in ("BN", "BN, whole set"):
        with one_thread(0):
            model = noise._network(kind)
            noise._train(model, kind, task, size, 0.1, 1)
            weights.append(model[0].weight.detach())
    difference = (weights[0] - weights[1]).abs().max()
    assert (difference < 1e-4) == equal


def test_noise_helps_in_small_batches_only():
    assert sides("batch-noise") == [1, 1, 0, 1, 0, 0]


def test_batch_norm_does_not_beat_no_norm():
    assert sides("regularizer") == [0, 0, 0, 0, -1, 0]


def test_dropout_helps_next_to_batch_norm():
    assert sides("dropout-needless") == [0, -1, -1, -1, -1, -1]


def test_memorized_shares_match_the_alt_text(results):
    stated = {"BN": (0.23, 0.56, 0.69), "BN, whole set": (0.68, 0.68, 0.68), "LN": (0.24, 0.18, 0.06)}
    stated["no norm"] = (0.07, 0.07, 0.07)
    low = min(noise.RATES)
    for network, shares in stated.items():
        found = [np.mean(results[network, low, size].memorized) for size in noise.SIZES]
        np.testing.assert_allclose(found, shares, atol=0.015)


def test_accuracies_match_the_alt_text(results):
    stated = {"BN": (0.84, 0.80, 0.77), "BN, whole set": (0.77, 0.77, 0.77)}
    stated |= {"LN": (0.82, 0.82, 0.73), "no norm": (0.81, 0.81, 0.70)}
    for network, accuracies in stated.items():
        found = [np.mean(results[network, min(noise.RATES), size].accuracy) for size in noise.SIZES]
        np.testing.assert_allclose(found, accuracies, atol=0.006)


def test_layer_norm_memorizes_less_in_larger_batches(results):
    for rate in noise.RATES:
        for size in (32, 128):
            assert max(results["LN", rate, size].memorized) < min(results["BN", rate, size].memorized)
