"""Tests of what the chapter on internal covariate shift says about its experiments."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from bnref.claims import Verdict
from bnref.claims.internal_covariate_shift import CLAIMS, judge_noise, judge_sigmoids
from bnref.experiments import internal_covariate_shift as experiments
from tests.conftest import REPOSITORY

WIDGET = REPOSITORY / "book" / "_extra" / "widgets" / "internal_covariate_shift.mjs"
CHAPTER = REPOSITORY / "book" / "internal_covariate_shift.md"
NOT_AS_CLAIMED = {
    "initialization-alternative": Verdict.MIXED,
    "small-rate-alternative": Verdict.NOT_SHOWN,
    "gradient-shift": Verdict.MIXED,
    "smooth-loss": Verdict.MIXED,
    "effective-smoothness": Verdict.MIXED,
}


@pytest.fixture(scope="module")
def histories():
    return experiments.histories()


@pytest.fixture(scope="module")
def recipes():
    return {recipe.name: recipe for recipe in experiments.recipes()}


def test_sigmoids_learn_sooner_with_batch_norm(histories):
    for without, with_norm in zip(*histories, strict=True):
        assert without.at(100) < 0.15
        assert without.at(1000) < 0.3
        assert 0.7 < without.at(3000) < 0.9
        assert with_norm.at(100) > 0.92
        assert with_norm.at(3000) > 0.97


def test_inputs_move_only_once_the_network_learns(histories):
    for history in histories[0]:
        medians = history.percentiles[:, -1, 1]
        early, late = (np.median(np.ptp(medians[rows], axis=0)) for rows in (history.steps <= 1000, slice(None)))
        assert early < 0.4
        assert late > 0.6


def test_batch_norm_keeps_inputs_steadier(histories):
    for without, with_norm in zip(*histories, strict=True):
        assert with_norm.motion() < 0.5 * without.motion()
        assert with_norm.stretch() < 2 < 50 < without.stretch()
        for layer in range(3):
            assert with_norm.motion(layer) < without.motion(layer)
            assert with_norm.stretch(layer) < without.stretch(layer)


def test_longer_training_closes_most_of_the_gap(histories):
    pairs = list(zip(*histories, strict=True))
    gaps = [np.mean([bn.at(step) - none.at(step) for none, bn in pairs]) for step in (3000, 5000)]
    assert 0.15 < gaps[0] < 0.25
    assert 0.03 < gaps[1] < 0.5 * gaps[0]


def test_judge_of_sigmoids_can_fail(histories):
    without, with_norm = histories
    assert judge_sigmoids((with_norm, with_norm)).verdict is Verdict.NOT_SHOWN
    assert judge_sigmoids((with_norm, without)).verdict is Verdict.CONTRADICTED


def test_judge_of_noise_demands_a_control_that_fails():
    recipes = [
        replace(recipe, name="?" if recipe.name == "unchanged" else recipe.name) for recipe in experiments.recipes()
    ]
    norm = next(recipe for recipe in recipes if recipe.name == "BN")
    assert judge_noise((*recipes, replace(norm, name="unchanged"))).verdict is Verdict.NO_TEST


def test_ridges_and_percentiles_are_of_the_same_unit(histories):
    history = histories[0][0]
    np.testing.assert_allclose(np.median(history.unit, axis=2), history.percentiles[:, :, 1, 0], atol=1e-6)


def test_drawn_unit_moves_as_described_next_to_figures(histories):
    (without, *_), (with_norm, *_) = histories
    start, end = without.percentiles[[0, -1], -1, :, 0]
    np.testing.assert_allclose([start[1], *end], [-0.1, -2.4, -0.8, 1.5], atol=0.1)
    unit = with_norm.percentiles[:, -1, :, 0]
    assert np.abs(unit[:, 1]).max() < 0.2
    np.testing.assert_allclose(unit[[0, -1]][:, [0, 2]], [[-1.1, 1.0], [-1.5, 1.6]], atol=0.1)


def test_fresh_layers_lose_differences_between_digits():
    model = experiments.trained(batch_norm=False, steps=0)
    inputs = experiments.activation_inputs(model, experiments.digits().x[:256])
    spread = [np.median(h.std(axis=0)) for h in inputs]
    assert spread[0] > 3 * spread[1] > 10 * spread[2]


def test_recording_does_not_change_running_statistics():
    model = experiments.trained()
    before = [buffer.clone() for buffer in model.buffers()]
    experiments.activation_inputs(model, torch.ones(4, 64))
    assert all(torch.equal(now, then) for now, then in zip(model.buffers(), before, strict=True))


def test_relu_and_initialization_help_but_small_rate_does_not(recipes):
    for name in ("ReLU", "four times Glorot's weights"):
        assert recipes[name].accuracy[:, 1].min() > 0.85
    for name in ("unchanged", "Glorot's weights", "learning rate 0.01", "learning rate 0.001"):
        assert recipes[name].accuracy[:, 1].max() < 0.25


def test_less_shift_does_not_mean_better_training(recipes):
    shift = {name: recipe.shift for name, recipe in recipes.items()}
    assert shift["learning rate 0.01"].max() < 0.15 * shift["unchanged"].min()
    assert shift["ReLU"].min() > 1.2 * shift["learning rate 0.01"].max()
    assert 0.4 < shift["unchanged"].mean() < 0.7


def test_noise_after_bn_restores_shift_at_no_cost(recipes):
    norm, noisy = recipes["BN"], recipes["BN and noise"]
    assert noisy.shift.min() > 30 * norm.shift.max()
    assert noisy.shift.min() > recipes["ReLU"].shift.max()
    assert noisy.shift.max() < recipes["unchanged"].shift.min()
    assert abs(noisy.accuracy.mean() - norm.accuracy.mean()) < 0.02


def test_normalized_layers_share_one_scale():
    result = experiments.standardized()
    for after in result.after:
        np.testing.assert_allclose(after.mean(axis=0), 0, atol=1e-4)
        np.testing.assert_allclose(after.std(axis=0), 1, atol=0.01)
    spread = [before.std() for before in result.before]
    np.testing.assert_allclose(spread, [0.37, 0.55, 0.53], atol=0.03)


def table_of_the_widget():
    text = WIDGET.read_text()
    start = text.index("export const TABLE = ") + len("export const TABLE = ")
    return json.JSONDecoder().raw_decode(text[start:])[0]


def numbers(entry):
    accuracy, mean, std, *layers = entry
    digits = [int(layer[i : i + 2], 36) for layer in layers for i in range(0, len(layer), 2)]
    return np.array([accuracy, *mean, *std, *digits])


def test_interactive_figure_has_numbers_of_experiment():
    held, measured = table_of_the_widget(), experiments.histogram_table()
    assert held["steps"] == measured["steps"]
    for name in ("without", "with"):
        for shown, true in zip(held[name], measured[name], strict=True):
            # Another processor may sum in another order, which moves a few of a thousand inputs to other bins.
            np.testing.assert_allclose(numbers(shown), numbers(true), atol=5)
            assert abs(numbers(shown)[7:].sum() - 3000) < 60
    assert WIDGET.stat().st_size < 10_000


def test_every_claim_has_verdict_stated_in_chapter():
    text = CHAPTER.read_text()
    for claim in CLAIMS:
        assert f"(claim-{claim.name})=" in text
        assert claim.find().verdict is NOT_AS_CLAIMED.get(claim.name, Verdict.SHOWN), claim.name
    assert text.count("(claim-") == len(CLAIMS)
