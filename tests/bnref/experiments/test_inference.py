"""Tests of what the chapter on inference says about its experiments."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from bnref.claims import Verdict
from bnref.claims.inference import CLAIMS
from bnref.experiments import batch_renorm, inference
from bnref.experiments import inference_averages as averages
from bnref.variants import batch_renorm_backward, batch_renorm_forward


@pytest.fixture(scope="module")
def modes():
    return inference.modes()


def test_sorted_batch_statistics_fail_where_stored_work(modes):
    assert modes.evaluation.min() > 0.95
    assert modes.sorted_32.max() < 0.35
    assert np.abs(modes.evaluation - modes.mixed_64).max() < 0.03
    assert (modes.mixed_64 - modes.mixed_8 > 0.02).all()
    assert (modes.mixed_8 - modes.pairs > 0.2).all()


def test_image_with_its_copy_gives_one_answer_for_all(modes):
    # The most frequent digit accounts for 46 of the 450 test images.
    assert modes.with_a_copy.max() < 0.11


def test_lost_buffers_and_frozen_training_cost_accuracy(modes):
    assert (modes.evaluation - modes.without_buffers > 0.15).all()
    assert (modes.evaluation - modes.frozen > 0.3).all()


def test_experiments_leave_trained_network_unchanged():
    model = inference.reader(0)
    before = copy.deepcopy(model.state_dict())
    inference.modes.__wrapped__(1)
    assert not any(layer.training for layer in model.modules())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_layer_state_equals_state_dict():
    layers = inference.layer_states()
    assert [len(layer.moving_mean) for layer in layers] == [24, 24]
    state = inference.reader(0).state_dict()
    np.testing.assert_array_equal(layers[0].moving_mean, state["2.running_mean"].numpy())
    np.testing.assert_allclose(layers[1].moving_std ** 2, state["5.running_var"].numpy(), rtol=1e-6)


def test_evaluation_is_affine_but_training_is_not():
    result = inference.affine()
    assert result.bent.max() < 1e-12
    assert result.company.max() == 0
    assert result.company_in_training.min() > 0.5


@pytest.mark.parametrize("placement", ["pre", "post"])
def test_folded_network_gives_same_answers(placement):
    result = inference.folding(placement)
    assert 0 < result.difference.max() < 1e-5
    assert result.changed.sum() == 0


def test_folding_removes_norms_and_keeps_linear_layers():
    folded = inference.fold(inference.reader(0))
    assert [type(layer) for layer in folded] == [nn.Linear, nn.Tanh, nn.Linear, nn.Tanh, nn.Linear]


def test_slowest_average_never_reaches_rising_mean():
    trace = averages.trace()
    assert trace.means[-100:].mean() > trace.means[:10].mean() + 0.4
    ends = {decay: averages.running(trace.means, decay, 0.0)[-1] for decay in averages.DECAYS}
    end = trace.means[-100:].mean()
    assert abs(ends[0.9] - end) < 0.03
    assert abs(ends[0.99] - end) < 0.05
    assert end - ends[0.999] > 0.15
    stds = averages.running(trace.stds, 0.999, 1.0)
    assert stds[-1] > 2.5 * trace.stds[-100:].mean()


def test_lag_and_noise_follow_their_formulas():
    for follower in averages.followers():
        assert follower.lag == pytest.approx(follower.lag_by_formula, rel=1e-12)
        assert follower.noise == pytest.approx(follower.noise_by_formula, rel=1e-12)


def test_variance_over_all_batches_is_exact_after_correction():
    exact = averages.every_variance()
    sizes = np.array(exact.sizes)
    np.testing.assert_allclose(exact.biased, (sizes - 1) / sizes, rtol=1e-12)
    np.testing.assert_allclose(exact.unbiased, 1, rtol=1e-12)


def test_only_unbiased_variances_average_correctly():
    for spread in averages.spreads():
        assert (spread.stds < spread.biased).all()
        assert np.abs(spread.unbiased - 1).max() < 0.05
        assert spread.biased.mean() == pytest.approx(np.sqrt(1 - 1 / spread.size), rel=0.01)
    two, *_, large = averages.spreads()
    assert two.stds.mean() < 0.6
    assert large.stds.mean() > 0.98


def test_only_remembering_memory_grows_with_batches():
    few, _, many = averages.memory()
    assert many.remembering > 20 * few.remembering
    assert many.running_sums < 1.2 * few.running_sums
    assert many.merging < 1.2 * few.merging
    assert many.difference < 1e-12


def test_precise_statistics_are_better_only_early():
    result = averages.precise()
    early, at_20 = result.steps.index(5), result.steps.index(20)
    assert (result.precise[:, early] - result.moving[:, early, 0] > 0.1).all()
    assert (result.precise[:, at_20] - result.moving[:, at_20, 1] > 0.1).all()
    assert np.abs(result.precise[:, -1] - result.moving[:, -1, 0]).max() < 0.01
    assert np.abs(result.precise[:, -1] - result.moving[:, -1, 1]).max() < 0.02
    assert (result.precise[:, -1] - result.moving[:, -1, 2] > 0.1).all()


def test_batch_renorm_repairs_tiny_batches():
    result = batch_renorm.tiny_batches()
    fours = result.kinds[0]
    gap = (result.batch_norm_64 - fours.batch_norm).mean()
    assert 0.7 < (fours.batch_renorm - fours.batch_norm).mean() / gap < 0.95  # "most of the way"
    assert np.abs(fours.recomputed - fours.batch_norm).mean() < 0.01
    for kind in result.kinds:
        assert kind.batch_renorm.mean() > kind.batch_norm.mean() > kind.slower_average.mean()
    assert np.ptp(result.kinds[-1].batch_renorm) > 0.2  # "varies a lot between seeds"


def test_batches_by_class_have_the_same_number_of_each():
    labels = torch.arange(10).repeat(20)
    batches = batch_renorm.by_class(labels, classes=2, size=8, seeds=3)
    for rows in (next(batches), next(batches)):
        assert rows.shape == (3, 8)
        for of_seed in rows:
            assert len(set(of_seed.tolist())) == 8
            assert labels[of_seed].unique(return_counts=True)[1].tolist() == [4, 4]


def test_batch_renorm_moves_from_batch_to_its_averages():
    renorm, batch_norm = batch_renorm.BatchRenorm(2, 3, warm_up=1, ramp=1), nn.BatchNorm1d(3)
    x = torch.randn(2, 8, 3, generator=torch.Generator().manual_seed(0))
    for _ in range(2):
        torch.testing.assert_close(renorm(x), torch.stack([batch_norm(part) for part in x]))
    mean, std = x.mean(dim=1, keepdim=True), (x.var(dim=1, correction=0, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(renorm(x + 0.1), (x + 0.1 - mean) / std)


def test_batch_renorm_equals_bnrefs_forward_and_backward():
    x = torch.randn(1, 8, 3, generator=torch.Generator().manual_seed(0))
    renorm = batch_renorm.BatchRenorm(1, 3, warm_up=0, ramp=1)
    renorm(x)
    mean, std = renorm.mean[0, 0].numpy().copy(), renorm.std[0, 0].numpy().copy()
    again = (1.5 * x + 1).requires_grad_()
    y = renorm(again)
    expected, cache = batch_renorm_forward(again.detach().numpy()[0], np.ones(3), np.zeros(3), mean, std, 3, 5)
    np.testing.assert_allclose(y.detach().numpy()[0], expected, atol=1e-5)
    dy = torch.randn(1, 8, 3, generator=torch.Generator().manual_seed(1))
    y.backward(dy)
    dx, dgamma, dbeta = batch_renorm_backward(dy.numpy()[0], cache)
    found = again.grad[0], renorm.weight.grad[0, 0], renorm.bias.grad[0, 0]
    for gradient, right in zip(found, (dx, dgamma, dbeta), strict=True):
        np.testing.assert_allclose(gradient.numpy(), right, atol=1e-5)


def test_figures_match_their_alt_texts():
    one, two = inference.layer_states()
    assert np.abs(one.beta).max() < 0.06
    ends = [one.moving_mean.min(), one.moving_mean.max(), one.moving_std.max(), two.gamma.max(), two.moving_std.max()]
    np.testing.assert_allclose(ends, [-0.77, 0.53, 0.24, 1.52, 0.67], atol=0.006)
    trace = averages.trace()
    means, stds = (
        {a: averages.running(v, a, s) for a in averages.DECAYS} for v, s in ((trace.means, 0), (trace.stds, 1))
    )
    np.testing.assert_allclose([means[0.999][-1], stds[0.999][-1]], [0.51, 0.32], atol=0.02)
    assert stds[0.9][30] < 0.25 < stds[0.99][200]
    precise = averages.precise()
    np.testing.assert_allclose(precise.precise.mean(axis=0), [0.62, 0.91, 0.97, 0.98], atol=0.01)
    by_decay = precise.moving.mean(axis=0).T
    np.testing.assert_allclose(by_decay[0], [0.33, 0.82, 0.95, 0.98], atol=0.01)
    assert by_decay[1][1] == pytest.approx(0.55, abs=0.01)
    assert by_decay[2][:3].max() < 0.5
    assert by_decay[2][3] == pytest.approx(0.71, abs=0.01)


MIXED = {"precise-statistics", "batch-renorm"}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_each_claim_has_verdict_stated_in_chapter(claim):
    assert claim.chapter == "inference"
    assert claim.find().verdict is (Verdict.MIXED if claim.name in MIXED else Verdict.SHOWN)


def test_chapter_names_the_settings_without_a_clear_effect():
    found = {claim.name: claim.find().effects for claim in CLAIMS if claim.name in MIXED}
    unclear = {name: [e.setting for e in effects if e.interval[0] <= 0] for name, effects in found.items()}
    assert unclear["precise-statistics"] == [
        "decay 0.9, step 20",
        "decay 0.9, step 80",
        "decay 0.9, step 320",
        "decay 0.99, step 320",
    ]
    assert unclear["batch-renorm"] == ["8 random images", "32 images of 2 digits"]
    assert all(e.interval[1] > 0 for effects in found.values() for e in effects)


def test_claim_about_evaluation_needs_a_batch_that_fails(modes):
    claim = next(claim for claim in CLAIMS if claim.name == "evaluation-mode")
    harmless = dataclasses.replace(modes, sorted_32=modes.evaluation)
    assert claim.judge(harmless).verdict is Verdict.NO_TEST
    better = dataclasses.replace(modes, mixed_64=modes.evaluation + 0.03)
    assert claim.judge(better).verdict is Verdict.MIXED
