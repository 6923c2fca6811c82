"""Tests of what the chapter on scaling says about its experiments."""

import numpy as np
import pytest

from bnref.claims import Verdict
from bnref.claims.scaling import CLAIMS
from bnref.experiments import scaling as experiments
from bnref.experiments.scaling_halves import HALVES, Steps, least_advantage, steps_on_halves

RANDOM, HIGHEST = "a random quarter", "highest body mass index"


@pytest.fixture(scope="module")
def descents():
    return {descent.scaling: descent for descent in experiments.descents()}


def test_predicted_number_of_steps_equals_loops(descents):
    arrived = {name for name, descent in descents.items() if descent.gaps[-1] <= 1e-3}
    assert arrived == {"centered only", "min-max scaled", "standardized"}
    for name, descent in descents.items():
        if name in arrived:
            assert descent.steps == np.argmax(descent.gaps <= 1e-3)
        else:
            assert descent.steps >= len(descent.gaps)


def test_prediction_agrees_with_loop_for_unscaled_columns(descents):
    data = experiments.patients()
    bowl = experiments.bowl(data.x, data.y)
    for step in (1, 1000, 150_000):
        assert bowl.predicted_gap(step) == pytest.approx(descents["as measured"].gaps[step], rel=1e-4)


def test_descent_goes_from_mean_to_least_squares_solution():
    data = experiments.patients()
    x = experiments.standardize(data.x)[0]
    bowl = experiments.bowl(x, data.y)
    residual = data.y - data.y.mean()
    best = np.linalg.lstsq(np.column_stack([np.ones(len(x)), x]), data.y, rcond=None)
    at_start, at_best = residual @ residual / len(x), best[1][0] / len(x)
    assert bowl.distance @ bowl.hessian @ bowl.distance / 2 == pytest.approx(at_start - at_best)


def test_number_of_steps_follows_condition_number(descents):
    for descent in descents.values():
        assert 0.9 < descent.steps / descent.condition_number < 2.5 < np.log(1000) / 2


def test_centering_and_scaling_each_help_and_help_most_together(descents):
    condition = {name: descent.condition_number for name, descent in descents.items()}
    assert condition["as measured"] > 100 * condition["scaled only"]
    assert condition["scaled only"] > condition["centered only"]
    assert condition["centered only"] > 100 * condition["standardized"]
    assert descents["min-max scaled"].steps > 20 * descents["standardized"].steps


def test_outlier_nears_bound_and_squeezes_other_values():
    values = experiments.patients().column("bmi")[:20]
    result = experiments.outlier(values, np.array([10.0, 1e2, 1e3, 1e4]))
    z = result.standardized[:, -1]
    assert (z < np.sqrt(19)).all()
    assert z[-1] == pytest.approx(np.sqrt(19), rel=1e-4)
    assert (result.min_max[:, -1] == 1).all()
    share = [
        np.ptp(scaled[:, :-1], axis=1) / np.ptp(scaled, axis=1) for scaled in (result.standardized, result.min_max)
    ]
    np.testing.assert_allclose(share[0], share[1])
    room = np.ptp(result.min_max[:, :-1], axis=1)
    np.testing.assert_allclose(room[1:-1] / room[2:], 10, rtol=0.1)


def test_own_statistics_ruin_score_on_shifted_group():
    scores = {(s.model, s.split): s for s in experiments.scores_by_statistics()}
    shifted, random = scores["least squares", HIGHEST], scores["least squares", RANDOM]
    assert shifted.training - shifted.own > 0.5
    assert abs(random.training - random.own) < 0.05
    assert abs(random.training - random.everything) < 1e-6
    assert random.raw == pytest.approx(random.training)
    neighbors = scores["nearest neighbors", RANDOM]
    assert neighbors.training > neighbors.raw + 0.05
    assert abs(neighbors.training - neighbors.everything) < 0.005
    assert scores["nearest neighbors", HIGHEST].everything < scores["nearest neighbors", HIGHEST].training


def test_round_bowl_takes_fewer_steps_than_elongated_one():
    data = experiments.patients()
    two = data.columns("bmi", "bp")
    distance = [
        np.linalg.norm(path.weights[8] - path.best) / np.linalg.norm(path.best)
        for path in (experiments.two_weight_path(t, data.y, 8) for t in (two, experiments.standardize(two)[0]))
    ]
    assert distance[1] < 0.01 < distance[0]


def test_correlation_sets_condition_number_of_two_columns():
    data = experiments.patients()
    pair = data.columns("tc", "ldl")
    centered, scaled = (
        experiments.two_weight_path(t, data.y, 1).hessian for t in (pair, experiments.standardize(pair)[0])
    )
    r = np.corrcoef(pair.T)[0, 1]
    assert np.linalg.cond(scaled) == pytest.approx((1 + r) / (1 - r))
    assert np.linalg.cond(scaled) > 0.9 * np.linalg.cond(centered)


def test_batch_norm_standardizes_activations():
    result = experiments.activations()
    np.testing.assert_allclose(result.batch_norm, result.standardized, atol=1e-5)
    assert np.abs(result.batch_norm - result.before).max() > 1
    usual = experiments.activations(eps=1e-5)
    assert 1e-3 < np.abs(usual.batch_norm - usual.standardized).max() < 1e-2


def test_batch_range_grows_with_size_but_std_settles():
    small, large = experiments.spread_by_batch_size(sizes=(16, 256))
    assert large.span > 1.3 * small.span
    assert large.std < 1.1 * small.std


def test_standardized_columns_need_fewest_steps_on_every_half():
    found = {(r.table, r.scaling): r.steps for r in steps_on_halves()}
    for table in ("442 patients", "178 wines"):
        for other in ("as measured", "scaled only", "centered only", "min-max scaled"):
            assert len(found[table, other]) == HALVES
            assert (found[table, other] >= least_advantage() * found[table, "standardized"]).all()
    assert least_advantage() > 5


def test_claims_are_shown():
    assert {claim.name: claim.find().verdict for claim in CLAIMS} == {
        "scaled-inputs": Verdict.SHOWN,
        "outlier-bound": Verdict.SHOWN,
    }


def test_verdicts_can_fail():
    descents, bound = (claim.judge for claim in CLAIMS)
    other = [Steps(r.table, r.scaling, np.arange(1, 11)) for r in steps_on_halves()]
    assert descents(other).verdict is Verdict.NOT_SHOWN
    wrong = experiments.Outlier(np.array([1.0]), np.full((1, 10), 3.01), np.ones((1, 10)))
    assert bound(wrong).verdict is Verdict.CONTRADICTED
