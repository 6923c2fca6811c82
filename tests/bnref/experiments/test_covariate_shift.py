"""Tests of what the chapter on covariate shift says about its experiments."""

import numpy as np
import pytest
import torch

from bnref.claims import Verdict
from bnref.claims.covariate_shift import CLAIMS, judge_recomputed
from bnref.experiments import covariate_shift as experiments
from bnref.experiments import covariate_shift_rendered as rendered
from bnref.experiments import covariate_shift_statistics as statistics
from bnref.experiments import covariate_shift_weights as weights
from bnref.experiments.training import accuracy, digits
from tests.conftest import REPOSITORY

VERDICTS = {
    "recomputed-statistics": Verdict.MIXED,
    "single-sample": Verdict.MIXED,
    "natural-shift": Verdict.MIXED,
    "prediction-batch-size": Verdict.SHOWN,
    "label-sorted-batches": Verdict.SHOWN,
    "importance-weights": Verdict.MIXED,
    "importance-weights-right-model": Verdict.SHOWN,
    "rendered-data-added": Verdict.NOT_SHOWN,
    "rendered-data-instead": Verdict.NO_TEST,
}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_claim_has_verdict_stated_in_chapter(claim):
    finding = claim.find()
    assert finding.verdict is VERDICTS[claim.name], finding.measured
    assert f"(claim-{claim.name})=" in (REPOSITORY / "book" / f"{claim.chapter}.md").read_text()


def test_every_claim_has_a_verdict_in_the_chapter():
    assert {claim.name for claim in CLAIMS} == set(VERDICTS)


def effects(name):
    (claim,) = (claim for claim in CLAIMS if claim.name == name)
    return {effect.setting: effect for effect in claim.find().effects}


def test_statistics_help_under_the_four_shifts_of_the_chapter():
    helped = [shift for shift, effect in effects("recomputed-statistics").items() if effect.interval[0] > 1]
    assert helped == list(statistics.REPAIRED)
    one = effects("single-sample")
    assert one["night"].mean > one["shade"].mean > 2 > max(one["fog"].mean, one["noise"].mean)


def test_handwriting_gains_less_than_all_shifts_but_noise():
    for setting, effect in effects("natural-shift").items():
        assert (effect.interval[0] > 5) == (not setting.startswith("noise")), setting


def test_drawn_digits_help_twenty_written_ones_unevenly():
    added = effects("rendered-data-added")
    assert sum(difference > 2 for difference in added["20 written digits"].differences) == 4
    assert added["20 written digits"].interval[0] < 0
    assert added["60 written digits"].mean < 0


def test_judge_of_statistics_finds_no_help_where_nothing_changes():
    result = statistics.by_shift()
    unchanged = statistics.ByShift(result.shifts, result.stored, result.stored, result.stored)
    assert judge_recomputed(unchanged).verdict is Verdict.NOT_SHOWN
    assert (
        judge_recomputed(statistics.ByShift(result.shifts, result.stored, result.stored - 0.1, result.stored)).verdict
        is Verdict.CONTRADICTED
    )


def test_more_day_digits_cure_overfitting_but_not_shift():
    size, both = experiments.by_training_size(), experiments.trained_on_both()
    assert (size.train > 0.99).all()
    assert (size.day[:, 0] < 0.8).all()
    assert (size.day[:, -1] > 0.97).all()
    assert (size.night < 0.6).all()
    assert (size.night.mean(axis=0) < 0.4).all()
    assert (both.night > 0.95).all()
    assert (both.day > 0.95).all()


def test_domain_classifier_detects_night_but_misses_noise():
    found = {d.shift: d for d in experiments.detections()}
    assert abs(found["none"].auc - 0.5) < 0.05
    assert found["night"].auc > 0.99
    assert abs(found["noise"].auc - 0.5) < 0.05
    assert found["noise"].auc_squares > 0.99
    assert found["none"].accuracy - found["noise"].accuracy > 0.2
    assert found["barely"].auc > 0.75
    assert abs(found["barely"].accuracy - found["none"].accuracy) < 0.005


def test_mean_shift_does_not_predict_accuracy_loss():
    found = {d.shift: d for d in experiments.detections()}
    assert found["night"].moved == pytest.approx(found["fog"].moved, rel=0.05)
    assert found["night"].accuracy > found["fog"].accuracy + 0.1


def test_new_statistics_repair_moments_but_not_inversion():
    result = statistics.by_shift()
    for shift, least in {"night": 0.97, "shade": 0.95, "fog": 0.85, "noise": 0.75}.items():
        assert (result.of(shift).recomputed > least).all()
    day, inverted = result.of("none"), result.of("inverted")
    assert (np.abs(day.recomputed - day.stored) < 0.01).all()
    assert (inverted.recomputed < inverted.stored).all()


def test_all_batches_at_once_give_the_same_as_one_after_another():
    data, model = digits(images=True), experiments.network(0).eval()
    x = data.x_test[:30]
    for size in (1, 10):
        one_by_one = torch.cat([statistics.predict(model, batch, prior=2) for batch in x.split(size)])
        torch.testing.assert_close(statistics.predict(model, x, 2, size), one_by_one, rtol=1e-4, atol=1e-4)


def test_prior_interpolates_batch_and_stored_statistics():
    data, model = digits(images=True), experiments.network(0)
    x = data.x_test[:50]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        stored = model.eval()(x)
        torch.testing.assert_close(statistics.predict(model, x, prior=1e12), stored, rtol=1e-4, atol=1e-4)
        predicted = statistics.predict(model, x)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    with torch.no_grad():
        expected = model.train()(x)
    model.load_state_dict(state)
    model.eval()
    torch.testing.assert_close(predicted, expected, rtol=1e-4, atol=1e-4)


def test_new_statistics_undo_fading_but_not_grey_images():
    result = statistics.by_strength()
    fading, inverting = (result.kinds.index(kind) for kind in ("fading", "inverting"))
    assert (result.recomputed[fading] > 0.99).all()
    assert result.stored[fading, 3] > 0.97
    assert result.stored[fading, 10] < 0.2
    assert result.recomputed[inverting, 5] < 0.15
    assert result.recomputed[inverting, 10] < 0.2


def test_strongest_levels_equal_shifts_of_chapter():
    data = digits(images=True)
    x, z = data.x_test, experiments.noise_like(data.x_test)
    torch.testing.assert_close(statistics.at_level(x, z, "inverting", 10), experiments.shifted(x, "inverted"))
    torch.testing.assert_close(statistics.at_level(x, z, "shading", 5), experiments.shifted(x, "shade"))
    torch.testing.assert_close(statistics.at_level(x, z, "noisier", 6), experiments.shifted(x, "noise"))


def test_small_batches_hurt_dense_more_than_convolutional():
    result = statistics.by_batch_size()
    assert (result.dense[:, 0] < 0.12).all()
    assert (result.dense[:, -1] > 0.95).all()
    assert (result.mixed[:, 0] > 0.85).all()
    at = result.sizes.index(5)
    assert (result.sorted[:, at] < 0.88).all()
    assert (result.sorted[:, -1] == result.mixed[:, -1]).all()
    assert (result.stored < 0.5).all()


def test_weights_help_line_fit_until_overlap_is_small():
    result = weights.by_distance()
    equal, weighted, effective = (v.mean(axis=0) for v in (result.equal, result.weighted, result.effective))
    near = np.array(result.centres) >= -0.75
    assert (weighted[near] < equal[near]).all()
    assert (weighted[~near] > equal[~near]).all()
    assert (np.diff(effective) < 0).all()
    assert effective[0] > 140
    assert effective[-1] < 3
    assert result.auc[:, result.centres.index(-1.0)].min() > 0.99


def test_weights_approximate_density_ratio():
    drawn = weights.sample(test_centre=0.0, seed=0)
    inner = np.abs(drawn.x) < 0.5
    away, moved = drawn.x / weights.TEST_SPREAD, (drawn.x - weights.CENTRE) / weights.SPREAD
    ratio = np.exp((moved**2 - away**2) / 2)
    np.testing.assert_allclose(drawn.weights[inner], (ratio / ratio.mean())[inner], rtol=0.35)


def test_varied_rendered_digits_help_in_three_seeds():
    plain, varied = rendered.from_rendered(False), rendered.from_rendered(True)
    assert (plain.drawn > 0.99).all()
    assert (varied.drawn > 0.97).all()
    rise = varied.written - plain.written
    assert (rise > 0.02).sum() == 3
    assert 0 < rise.mean() < 0.1
    assert (varied.written < 0.65).all()


def test_rendered_digits_look_like_digits():
    x, y = rendered.rendered(20, True, 0)
    assert x.shape == (20, 1, 8, 8)
    assert y.tolist() == [*range(10)] * 2
    assert 0 <= x.min() < x.max() <= 1
    assert (x.amax(dim=(1, 2, 3)) > 0.5).all()


def test_opening_network_reads_by_day_but_not_at_night():
    data = digits(images=True)
    model = experiments.network(0)
    assert accuracy(model, data.x_test, data.y_test) > 0.98
    assert accuracy(model, experiments.shifted(data.x_test, "night"), data.y_test) < 0.5
    assert sum(b.numel() for name, b in model.named_buffers() if "running" in name) == 224


def test_figures_match_numbers_in_their_alt_texts():
    drawn, size = weights.sample(test_centre=-0.25, seed=0), experiments.by_training_size()
    batch, effective = statistics.by_batch_size(), weights.by_distance().effective.mean(axis=0)
    mixed, by_class, dense = (v.mean(axis=0) for v in (batch.mixed, batch.sorted, batch.dense))
    named = {
        "fig-covariate-shift": ([drawn.x.mean(), drawn.x_test.mean()], [0.51, -0.28]),
        "fig-sizes": ([*size.day.mean(axis=0)[[0, -1]], size.night[:, 0].mean()], [0.70, 0.98, 0.17]),
        "fig-batches, mixed": (mixed[[0, -1]], [0.89, 0.99]),
        "fig-batches, sorted": (by_class[[2, -1]], [0.82, 0.99]),
        "fig-batches, dense": ([*dense[[0, -1]], batch.stored.mean()], [0.10, 0.98, 0.31]),
    }
    for figure, (found, stated) in named.items():
        np.testing.assert_allclose(found, stated, atol=0.02, err_msg=figure)
    np.testing.assert_allclose(effective[[0, -1]], [154, 2], atol=0.5)
