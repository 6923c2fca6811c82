"""Tests of what the chapter on CNNs says about its experiments."""

import copy

import numpy as np
import pytest
import torch

from bnref.claims import Verdict
from bnref.claims.cnn import CLAIMS, judge_depth, judge_rates, judge_steps, judge_translation
from bnref.experiments import cnn as experiments
from bnref.experiments import cnn_training as training
from bnref.experiments.training import digits

SCORES = (0.48, 0.49, 0.5, 0.51, 0.52)


def test_claims_have_verdicts_stated_in_chapter():
    verdicts = {claim.name: claim.find().verdict for claim in CLAIMS}
    assert [name for name, verdict in verdicts.items() if verdict is not Verdict.SHOWN] == ["cnn-learning-rate"]
    assert verdicts["cnn-learning-rate"] is Verdict.MIXED


def test_verdict_on_translation_compares_seed_by_seed():
    moved = [experiments.Translation((0, 1), (a, a), (0.9, b)) for a, b in zip(SCORES, reversed(SCORES), strict=True)]
    assert judge_translation(moved).verdict is Verdict.NOT_SHOWN
    worse = [experiments.Translation((0, 1), (a, a), (0.9, a - 0.1)) for a in SCORES]
    assert judge_translation(worse).verdict is Verdict.SHOWN


def curves(with_norm, without):
    """Make curves (5 seeds, 3 rates, 2 times), from the accuracies at the end of training at each rate."""
    seeds = np.array(SCORES)[:, None, None] - 0.5
    times = np.array([0.5, 1])
    both = (np.array(rates)[None, :, None] * times + seeds for rates in (with_norm, without))
    return training.Curves((0.1, 0.3, 1.0), (5, 10), *both)


def test_verdicts_on_training_fail_where_bn_does_not_help():
    alike = curves([0.6, 0.95, 0.6], [0.6, 0.95, 0.6])
    for judge in (judge_steps, judge_rates, judge_depth):
        assert judge(alike).verdict is Verdict.NOT_SHOWN
    assert judge_rates(curves([0.6, 0.95, 0.5], [0.6, 0.95, 0.6])).verdict is Verdict.CONTRADICTED
    assert judge_depth(curves([0.6, 0.8, 0.6], [0.6, 0.95, 0.6])).verdict is Verdict.CONTRADICTED


def test_steps_are_compared_only_if_all_runs_reach_target():
    with pytest.raises(ValueError, match="more steps"):
        judge_steps(curves([0.6, 0.95, 0.6], [0.6, 0.7, 0.6]))


def test_best_rate_at_edge_of_grid_is_refused():
    edge = curves([0.6, 0.95, 0.6], [0.6, 0.7, 0.95])
    for judge in (judge_steps, judge_rates, judge_depth):
        with pytest.raises(ValueError, match="edge"):
            judge(edge)


def test_bias_has_no_effect_in_training_and_fades_later():
    for r in experiments.useless_bias():
        assert r.training < 1e-11
        assert r.moved < 1e-12 < 1e-2 < r.beta_moved
        assert r.evaluation[0] > 1
        assert r.evaluation[-1] < 0.2 * r.evaluation[0]


def test_only_per_channel_bn_tolerates_moved_images():
    for r in experiments.translation():
        assert np.ptp(r.per_channel) < 0.005
        assert min(r.per_channel) > 0.6
        assert max(r.per_neuron[1:]) < 0.25
    means = np.mean([[r.per_channel, r.per_neuron] for r in experiments.translation()], axis=0)
    np.testing.assert_allclose(means, [[0.71, 0.71, 0.71], [0.51, 0.18, 0.13]], atol=0.01)


def test_first_channels_match_statistics_in_figures():
    before = experiments.feature_maps().before[:, :3]
    np.testing.assert_allclose(before.mean(axis=(0, 2, 3)), [-0.49, 0.14, -0.36], atol=0.01)
    np.testing.assert_allclose(before.std(axis=(0, 2, 3)), [0.52, 0.55, 0.60], atol=0.01)


def test_per_channel_batch_norm_commutes_with_moving():
    channel, neuron = experiments.equivariance_errors()
    assert channel < 1e-6 < 1 < neuron


def test_common_moves_do_not_break_per_neuron_batch_norm():
    x = experiments.feature_maps().before.astype(float)
    moved = experiments.by_neuron(np.roll(x, 2, axis=-1))
    np.testing.assert_allclose(moved, np.roll(experiments.by_neuron(x), 2, axis=-1), atol=1e-9)


def test_always_black_pixels_are_amplified_over_100_times():
    assert 1 / np.sqrt(0.9**100 + 1e-5) > 100


def test_effective_values_exceed_places_only_in_early_layers():
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


def test_assignment_network_reaches_required_accuracy():
    assert training.trained(0).accuracy >= 0.97


def test_batch_norm_needs_fewer_steps_and_allows_higher_rates():
    speed = training.speed()
    assert speed.best_rate("batch_norm") == speed.best_rate("none") == 0.3
    assert speed.steps_to("batch_norm", 0.9).max() <= 40
    assert speed.steps_to("none", 0.9).min() >= 80
    at_1, at_3 = (speed.batch_norm[:, i, -1] for i in (2, 3))
    assert at_1.min() > 0.95
    assert at_3.min() < 0.15 < 0.8 < at_3.max(), "at the highest rate only some runs learn"
    assert speed.none[:, 3, -1].max() < 0.15


def test_curves_match_alt_text():
    speed = training.speed()
    with_norm, without = (curves.mean(axis=0) for curves in (speed.batch_norm, speed.none))
    assert with_norm[:3, : speed.steps.index(60) + 1].max(axis=1).min() > 0.9
    assert without[2].max() < 0.4
    np.testing.assert_allclose([with_norm[3, -1], *without[:2, -1]], [0.51, 0.82, 0.89], atol=0.006)
    depth = training.depth()
    ends = [depth.best("batch_norm")[:, 1], depth.best("batch_norm")[:, -1], depth.best("none")[:, -1]]
    wanted = [(0.42, 0.65), (0.61, 0.83), (0.1, 0.37)]
    np.testing.assert_allclose([(end.min(), end.max()) for end in ends], wanted, atol=0.006)


def test_deep_network_starts_to_learn_sooner_with_batch_norm():
    depth = training.depth()
    with_norm, without = depth.best("batch_norm"), depth.best("none")
    assert (with_norm.min(axis=0) > without.max(axis=0)).all()
    assert (without[:, -1] > 0.3).sum() == 4, "most runs without BN start to learn as well, but later"


def test_folded_network_has_no_bn_and_same_predictions():
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


def test_zero_padding_is_wrong_only_at_the_border():
    trap = training.border_trap()
    assert trap.border > 1
    assert max(trap.inside, trap.repaired) < 1e-12


def test_interactive_volume_is_normalized_both_ways():
    v = experiments.volume()
    assert v.before.shape == (4, 3, 4, 4)
    assert (v.before == v.before.astype(int)).all()
    np.testing.assert_allclose(v.per_channel.std(axis=(0, 2, 3)), 1, atol=1e-6)
    np.testing.assert_allclose(v.per_neuron.std(axis=0), 1, atol=1e-5)
