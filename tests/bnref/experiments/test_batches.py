"""Tests of what the chapter on batches says about its experiments."""

import numpy as np
import pytest
import torch

from bnref.batches import train_linear
from bnref.claims import Verdict
from bnref.claims.batches import CLAIMS
from bnref.experiments import batches as experiments
from bnref.experiments import batches_training as trainings
from bnref.variants import ghost_batch_norm


@pytest.fixture(scope="module")
def noise():
    return experiments.noise()


def test_epoch_uses_each_sample_once_in_new_order():
    found = experiments.schedule(20, 5, epochs=2)
    assert found.used.shape == (8, 20)
    assert (found.used.sum(axis=1) == 5).all()
    assert (found.used[:4].sum(axis=0) == 1).all()
    assert (found.used[4:].sum(axis=0) == 1).all()
    assert (found.used[:4] != found.used[4:]).any()
    assert experiments.schedule(20, 20, epochs=3).used.all()


def test_activation_memory_grows_with_batch_size():
    small, middle, large = experiments.memory_by_batch_size()
    assert small.parameters == middle.parameters == large.parameters
    per_sample = (middle.kept - small.kept) / (middle.size - small.size)
    assert (large.kept - middle.kept) / (large.size - middle.size) == per_sample
    # Four bytes for each pixel and for each unit of three layers, before its norm and after its ReLU.
    assert per_sample == 4 * (64 + 3 * 2 * 100)
    assert large.kept < 4e6
    assert experiments.image_memory().kept > 4 * 112 * 112 * 64 * 2


def test_paths_equal_those_of_train_linear():
    bowl = experiments.bowl()
    for size in (442, 34, 1):
        path = experiments.descend(bowl, size, epochs=2)
        w, _ = train_linear(bowl.x, bowl.y, 0.05, size, 2, np.random.default_rng(0))
        np.testing.assert_array_equal(w, path.weights[-1])


def test_mini_batches_get_closest_in_three_epochs():
    bowl = experiments.bowl()
    paths = [experiments.descend(bowl, size, epochs=3) for size in (442, 34, 1)]
    assert [len(path.weights) - 1 for path in paths] == [3, 39, 1326]
    full, mini, single = (bowl.loss(path.weights[-1]) - bowl.loss(bowl.best()) for path in paths)
    assert mini < single / 10 < full / 10
    way = np.linalg.norm(paths[0].weights[-1]) / np.linalg.norm(bowl.best())
    assert 0.25 < way < 0.42  # "about a third of the way"


def test_full_batch_gets_closest_in_the_long_run():
    bowl = experiments.bowl()
    full, mini, single = (bowl.loss(experiments.descend(bowl, size, 300).weights) for size in (442, 34, 1))
    lowest = bowl.loss(bowl.best())
    assert full[-1] - lowest < 1e-9
    late = [(loss[-len(loss) // 3 :] - lowest).mean() for loss in (mini, single)]
    assert 1e-5 < late[0] < late[1] / 20


def test_noise_falls_with_square_root_of_batch_size(noise):
    for measured in (noise.mean, noise.gradient):
        np.testing.assert_allclose(noise.slope(measured), -0.5, atol=0.03)
    assert (noise.slope(noise.variance) > noise.slope(noise.mean)).all()
    np.testing.assert_allclose(noise.mean, np.tile(noise.expected, (3, 1)), rtol=0.08)
    np.testing.assert_allclose(noise.mean_without, np.tile(noise.expected_without, (3, 1)), rtol=0.08)


def test_noise_figure_matches_its_alt_text(noise):
    assert noise.mean[:, [0, -1]].mean(axis=0) == pytest.approx([0.7, 0.03], abs=0.01)
    assert noise.gradient[:, [0, -1]].mean(axis=0) == pytest.approx([5.8, 0.25], rel=0.05)
    assert noise.mean_without[:, -1].mean() / noise.mean[:, -1].mean() == pytest.approx(0.5, abs=0.05)


def test_formula_without_replacement_is_exact():
    values = np.array([1.0, 2.0, 4.0, 9.0])
    pairs = [(a + b) / 2 for i, a in enumerate(values) for b in values[i + 1 :]]
    assert experiments.standard_error(values, 2, replace=False) == pytest.approx(np.std(pairs))
    ordered = [(a + b) / 2 for a in values for b in values]
    assert experiments.standard_error(values, 2, replace=True) == pytest.approx(np.std(ordered))
    assert experiments.standard_error(values, 4, replace=False) == 0


def test_digit_gradients_equal_autograds():
    data = trainings.digits()
    weights = torch.zeros(10, 64, dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy(data.x.double() @ weights.T, data.y).backward()
    np.testing.assert_allclose(experiments.digit_gradients().mean(axis=0), weights.grad.flatten().numpy(), atol=1e-12)


def test_small_batches_make_a_samples_output_noisy():
    by_size = {c.size: c for c in experiments.company()}
    spreads = [c.std for c in by_size.values()]
    assert spreads == sorted(spreads, reverse=True)
    # The mean square of outputs that are all -1 or 1 is 1.
    assert by_size[2].mean ** 2 + by_size[2].std ** 2 == pytest.approx(1)
    assert by_size[256].mean == pytest.approx(1, abs=0.02)
    assert by_size[256].std < 0.1


def test_formulas_hold_exactly_over_all_batches():
    exact = experiments.every_batch()
    np.testing.assert_allclose(exact.noise, exact.formula, rtol=1e-12)
    np.testing.assert_allclose(exact.noise_without, exact.formula_without, rtol=1e-12)
    assert (exact.noise_without[1:] < exact.noise[1:] * 0.95).all()  # so that one formula cannot pass for the other


def test_accumulated_gradients_are_exact_only_without_bn():
    result = trainings.accumulated_gradients()
    for name in ("no norm", "layer norm"):
        assert result.difference[name].max() < 1e-14
    by_batch = result.difference["batch norm"]
    assert (by_batch[:, 0] == 0).all()
    assert (np.diff(by_batch, axis=1) > 0).all()
    assert by_batch.mean(axis=0)[[1, 3]] == pytest.approx([0.31, 0.68], abs=0.03)
    assert 30 < by_batch[:, -1].mean() < 40
    assert result.from_ghosts.max() < 1e-10


def test_micro_batches_of_two_ruin_training_only_with_bn():
    accuracy = {(run.norm, run.micro_batch): run.accuracy for run in trainings.accumulated_training()}
    np.testing.assert_allclose(accuracy["no norm", 2], accuracy["no norm", 32], atol=0.01)
    whole, eights, fours, twos = (accuracy["batch norm", size] for size in (32, 8, 4, 2))
    assert whole.min() > 0.95
    assert 0.004 < (whole - eights).mean() < 0.02
    assert (eights > fours).all()
    assert twos.max() < 0.65


def test_linear_scaling_holds_at_256_and_fails_at_1280():
    rule = trainings.scaling_rule()
    assert (rule.rates, rule.factors) == ((0.05, 0.1, 0.2), (1, 4, 8, 20, 40))
    scaled, unscaled = rule.scaled.mean(axis=1), rule.unscaled.mean(axis=0)
    assert (scaled[:, :3] > scaled[:, :1] - 0.005).all()
    assert (scaled[:, :3].min(), scaled[:, 3].min()) == pytest.approx((0.962, 0.953), abs=0.003)
    assert (scaled[:, -1] < scaled[:, 0] - 0.01).all()
    np.testing.assert_allclose(scaled[:, -1], [0.95, 0.89, 0.37], atol=0.01)
    np.testing.assert_allclose(unscaled[[2, 4]], [0.91, 0.53], atol=0.01)


def test_experiments_ghost_norm_equals_bnrefs():
    x = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
    layer = trainings.GhostBatchNorm(3, 4)
    expected = ghost_batch_norm(x.numpy(), np.ones(3), np.zeros(3), 4)
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, atol=1e-5)


def test_large_batches_need_updates_more_than_ghosts():
    courses = trainings.large_batches()
    small, large = courses["small"], courses["large"]
    assert (small.after_epochs(20) - large.after_epochs(20) > 0.005).all()
    for updates in (200, 400):
        assert np.abs(small.after_updates(updates) - large.after_updates(updates)).mean() < 0.01
    gap = (small.after_epochs(20) - large.after_epochs(20)).mean()
    gained = (courses["ghosts_32"].after_epochs(20) - large.after_epochs(20)).mean()
    assert gained / gap == pytest.approx(0.4, abs=0.03)  # "about two fifths of the gap"
    errors = [100 * (1 - large.after_epochs(epochs).mean()) for epochs in (5, 40, 200)]
    assert errors == pytest.approx([18, 2.4, 2.3], abs=0.5)


EXPECTED = {
    "standard-error": Verdict.SHOWN,
    "standard-error-finite": Verdict.SHOWN,
    "accumulation": Verdict.SHOWN,
    "linear-scaling": Verdict.MIXED,
    "linear-scaling-limit": Verdict.SHOWN,
    "ghost-batch-norm": Verdict.MIXED,
    "train-longer": Verdict.SHOWN,
}


def test_each_claim_has_the_verdict_that_the_chapter_states():
    assert {claim.name: claim.find().verdict for claim in CLAIMS} == EXPECTED


def test_ghosts_help_in_one_comparison_and_hurt_in_another():
    effects = next(claim for claim in CLAIMS if claim.name == "ghost-batch-norm").find().effects
    better = [e.setting for e in effects if e.interval[0] > 0]
    worse = [e.setting for e in effects if e.interval[1] < 0]
    assert (len(effects), better, worse) == (8, ["640 in ghosts of 32, 20 epochs"], ["640 in ghosts of 8, 10 epochs"])


def test_accumulation_claim_fails_if_bn_does_not_matter():
    none = {name: np.full((5, 4), 1e-16) for name in ("no norm", "layer norm", "batch norm")}
    result = trainings.Accumulation((1, 2, 4, 8), none, np.zeros((5, 4)))
    claim = next(claim for claim in CLAIMS if claim.name == "accumulation")
    assert claim.judge(result).verdict is Verdict.CONTRADICTED


def test_scaling_claim_is_no_test_if_the_old_rate_works_as_well():
    good = np.full((3, 5, 5), 0.97) + np.linspace(0, 0.001, 5)[:, None]
    rule = trainings.ScalingRule(32, (0.05, 0.1, 0.2), 0.1, (1, 4, 8, 20, 40), good, good[0])
    claim = next(claim for claim in CLAIMS if claim.name == "linear-scaling")
    assert claim.judge(rule).verdict is Verdict.NO_TEST
