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


def test_accumulated_gradients_are_exact_only_without_bn():
    result = trainings.accumulated_gradients()
    for name in ("no norm", "layer norm"):
        assert result.difference[name].max() < 1e-14
    by_batch = result.difference["batch norm"]
    assert (by_batch[:, 0] == 0).all()
    assert (np.diff(by_batch, axis=1) > 0).all()
    assert by_batch[:, 1].mean() == pytest.approx(0.3, abs=0.05)
    assert by_batch[:, -1].min() > 7


def test_micro_batches_of_two_ruin_training_only_with_bn():
    none, layer, batch = trainings.accumulated_training()
    np.testing.assert_allclose(none.accumulated, none.whole, atol=0.01)
    np.testing.assert_allclose(layer.accumulated, layer.whole, atol=0.01)
    assert batch.whole.min() > 0.9
    assert batch.accumulated.max() < 0.7
    eights = trainings.accumulated_training(micro_batch=8)[-1].accumulated
    assert eights.min() > batch.accumulated.max() + 0.2


def test_linear_scaling_holds_at_256_and_fails_at_1280():
    rule = trainings.scaling_rule()
    assert rule.factors == (1, 2, 4, 8, 20, 40)
    scaled, unscaled = rule.scaled.mean(axis=0), rule.unscaled.mean(axis=0)
    assert (scaled[:4] > scaled[0] - 0.01).all()
    assert (rule.scaled[:, 1:] > rule.unscaled[:, 1:] + 0.002).all()
    assert scaled[3] > unscaled[3] + 0.03
    assert rule.scaled[:, -1].max() < rule.scaled[:, 0].min() - 0.05
    np.testing.assert_allclose(scaled[3:], [0.976, 0.970, 0.874], atol=0.02)
    np.testing.assert_allclose(unscaled[[3, 5]], [0.924, 0.656], atol=0.03)


def test_experiments_ghost_norm_equals_bnrefs():
    x = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
    layer = trainings.GhostBatchNorm(3, 4)
    expected = ghost_batch_norm(x.numpy(), np.ones(3), np.zeros(3), 4)
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, atol=1e-5)


def test_ghosts_recover_part_of_large_batch_loss():
    small, large, ghost, tiny = (result.accuracy for result in trainings.ghosts())
    assert (small - large).mean() > 0.005
    for gain in (ghost - large, tiny - large):
        assert gain.mean() > 0.002
        assert (gain > 0).sum() > len(gain) / 2
        assert gain.mean() < (small - large).mean()


def test_every_claim_of_the_chapter_is_shown():
    assert {claim.name: claim.find().verdict for claim in CLAIMS} == {claim.name: Verdict.SHOWN for claim in CLAIMS}
