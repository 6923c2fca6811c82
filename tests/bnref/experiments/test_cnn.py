"""What the chapter on CNNs says of its experiments holds for their results."""

import copy

import numpy as np
import pytest
import torch

from bnref.claims import Verdict
from bnref.claims.cnn import CLAIMS
from bnref.experiments import cnn as experiments
from bnref.experiments import cnn_training as training
from bnref.experiments.training import digits


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_each_claim_is_shown(claim):
    assert claim.find().verdict is Verdict.SHOWN


def test_a_bias_does_nothing_in_training_and_wears_off_in_evaluation():
    for r in experiments.useless_bias():
        assert r.training < 1e-11
        assert r.moved < 1e-12 < 1e-2 < r.beta_moved
        assert r.evaluation[0] > 1
        assert r.evaluation[-1] < 0.2 * r.evaluation[0]


def test_per_channel_an_image_may_move_and_per_neuron_it_may_not():
    for r in experiments.translation():
        assert np.ptp(r.per_channel) < 0.005
        assert min(r.per_channel) > 0.6
        assert r.per_neuron[0] > 0.5
        assert r.per_neuron[1] < 0.3
        assert r.per_neuron[2] < 0.2
    means = np.mean([[r.per_channel, r.per_neuron] for r in experiments.translation()], axis=0)
    np.testing.assert_allclose(means, [[0.72, 0.72, 0.72], [0.63, 0.21, 0.14]], atol=0.02)


def test_the_first_channels_have_the_statistics_that_the_figures_name():
    before = experiments.feature_maps().before[:, :3]
    np.testing.assert_allclose(before.mean(axis=(0, 2, 3)), [-0.49, 0.14, -0.36], atol=0.01)
    np.testing.assert_allclose(before.std(axis=(0, 2, 3)), [0.52, 0.55, 0.60], atol=0.01)


def test_batch_norm_per_channel_and_moving_change_places():
    channel, neuron = experiments.equivariance_errors()
    assert channel < 1e-6 < 1 < neuron


def test_images_that_all_move_alike_do_not_break_batch_norm_per_neuron():
    x = experiments.feature_maps().before.astype(float)
    moved = experiments.by_neuron(np.roll(x, 2, axis=-1))
    np.testing.assert_allclose(moved, np.roll(experiments.by_neuron(x), 2, axis=-1), atol=1e-9)


def test_a_place_that_was_always_black_is_multiplied_by_more_than_100():
    assert 1 / np.sqrt(0.9**100 + 1e-5) > 100


def test_values_are_worth_more_than_their_places_in_the_first_layer_and_less_in_the_last():
    first, second, third = experiments.effective_values()
    assert (first.places, second.places, third.places) == (64, 64, 16)
    assert np.median(first.mean) > 2 * 64
    assert np.median(second.mean) > 1.3 * 64
    assert np.median(third.mean) < 0.7 * 16
    assert 2000 < first.mean.max() < 4000
    assert 0.8 < np.median(first.variance) / 64 < 1.25
    for last in (second, third):
        assert np.median(last.variance) < 0.7 * last.places
    for e in (first, second, third):
        np.testing.assert_allclose(e.drawn, e.mean, rtol=0.15)


def test_the_network_of_the_assignment_reaches_what_it_should():
    assert training.trained(0).accuracy >= 0.97
    assert min(training.trained(seed).accuracy for seed in (1, 2)) > 0.94


def test_with_batch_norm_fewer_steps_are_needed_and_higher_rates_possible():
    speed = training.speed()
    assert speed.best_rate("batch_norm") == 1
    assert speed.best_rate("none") == 0.3
    assert speed.steps_to("batch_norm", 0.9).max() <= 40
    assert speed.steps_to("none", 0.9).min() >= 60
    assert speed.batch_norm[:, 3, -1].min() > 0.5
    assert speed.none[:, 3, -1].max() < 0.15
    assert speed.none[:, 2].mean(axis=0).max() < 0.35
    by_40 = speed.batch_norm[:, :3, : speed.steps.index(40) + 1].mean(axis=0).max(axis=1)
    assert by_40.min() > 0.89
    np.testing.assert_allclose(
        [speed.batch_norm[:, 3, -1].mean(), speed.none[:, 1, -1].mean()], [0.68, 0.94], atol=0.01
    )


def test_a_deep_network_learns_only_with_batch_norm_and_less_than_a_shallow_one():
    depth = training.depth()
    with_norm, without = depth.best("batch_norm"), depth.best("none")
    assert with_norm[:, 2].min() > 0.7
    assert without[:, 2].max() < 0.3
    assert (with_norm[:, 0] > with_norm[:, 2] + 0.05).all()
    np.testing.assert_allclose(with_norm.mean(axis=0), [0.94, 0.92, 0.83], atol=0.01)
    np.testing.assert_allclose(without.mean(axis=0), [0.81, 0.68, 0.18], atol=0.01)


def test_a_folded_network_has_no_batch_norm_and_says_the_same():
    network = training.trained(0).network
    kept = copy.deepcopy(network.state_dict())
    folded = training.fold(network)
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in folded)
    x = digits(images=True).x_test
    with torch.no_grad():
        torch.testing.assert_close(folded(x), network(x), atol=1e-4, rtol=0)
    assert all(torch.equal(kept[name], value) for name, value in network.state_dict().items())
    for r in training.folding():
        assert r.in_training > 0.1 > 1e-4 > r.float32 > r.float64


def test_zeros_for_the_padding_are_wrong_at_the_border_alone():
    trap = training.border_trap()
    assert trap.border > 1
    assert max(trap.inside, trap.repaired) < 1e-12


def test_the_volume_to_play_with_is_normalized_both_ways():
    v = experiments.volume()
    assert v.before.shape == (4, 3, 4, 4)
    assert (v.before == v.before.astype(int)).all()
    np.testing.assert_allclose(v.per_channel.std(axis=(0, 2, 3)), 1, atol=1e-6)
    np.testing.assert_allclose(v.per_neuron.std(axis=0), 1, atol=1e-5)
