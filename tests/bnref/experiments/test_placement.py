"""Tests of what the chapter on placement says about its experiments."""

import itertools

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from bnref.claims import Verdict
from bnref.claims.placement import CLAIMS, placed
from bnref.experiments import placement as experiments
from bnref.experiments.training import accuracy, digits, one_thread, train
from bnref.placement import tanh_linearity


@pytest.fixture(scope="module")
def placements():
    return experiments.placements()


@pytest.fixture(scope="module")
def spirals():
    return {(s.gamma, s.learned): s for s in experiments.spirals_by_gamma()}


@pytest.fixture(scope="module")
def trained():
    return {t.what: t for t in experiments.trained_alone()}


def test_claims_have_verdicts_stated_in_chapter():
    verdicts = {claim.name: claim.find().verdict for claim in CLAIMS}
    assert {name: verdict for name, verdict in verdicts.items() if verdict is not Verdict.SHOWN} == {
        "placement-before": Verdict.MIXED,
        "placement-after": Verdict.NOT_SHOWN,
        "disabled-features": Verdict.NOT_SHOWN,
    }


def settings(before, after):
    """Make a result in every setting of the placements: scores (seeds,) before and after each activation."""
    scores = {"none": np.full(5, 0.1), "pre": np.asarray(before), "post": np.asarray(after)}
    choices = itertools.product(experiments.ACTIVATIONS, experiments.SCALES, scores)
    return [experiments.Placed(a, scale, where, scores[where], scores[where]) for a, scale, where in choices]


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (0.1, Verdict.SHOWN, Verdict.CONTRADICTED),
        (-0.1, Verdict.CONTRADICTED, Verdict.SHOWN),
        (0.0, Verdict.NOT_SHOWN, Verdict.NOT_SHOWN),
    ],
)
def test_verdicts_on_order_follow_the_paired_differences(change, before, after):
    scores = np.linspace(0.4, 0.6, 5)
    judges = {claim.name: claim.judge for claim in CLAIMS}
    results = settings(scores + change, scores)
    assert judges["placement-before"](results).verdict is before
    assert judges["placement-after"](results).verdict is after


def test_share_of_disabled_features_must_exceed_a_fifth():
    judge = next(claim.judge for claim in CLAIMS if claim.name == "disabled-features")
    for share, verdict in ((0.33, Verdict.SHOWN), (0.1, Verdict.NOT_SHOWN)):
        small = np.linspace(share - 0.01, share + 0.01, 5)
        assert judge([experiments.Trained("gamma and beta", 1, 2, small, small)]).verdict is verdict


def test_bn_before_tanh_is_better_with_large_weights(placements):
    before, after, without = (placed(placements, "tanh", 5.0, where) for where in ("pre", "post", "none"))
    assert before.min() > after.max() + 0.03
    assert before.min() > without.max() + 0.01
    assert abs(after.mean() - without.mean()) < 0.01


def test_both_placements_help_equally_with_usual_weights(placements):
    for activation in ("tanh", "relu"):
        before, after, without = (placed(placements, activation, 1.0, where) for where in ("pre", "post", "none"))
        assert abs(before.mean() - after.mean()) < 0.01
        assert min(before.min(), after.min()) > without.max()
        assert np.unique(np.sign(after - before)).size > 1, "neither order is better in all runs"


def test_better_order_at_relu_depends_on_seed_with_large_weights(placements):
    before, after, without = (placed(placements, "relu", 5.0, where) for where in ("pre", "post", "none"))
    assert (after > before).any()
    assert (after < before).any()
    assert without.max() < 0.12


def test_large_weights_saturate_tanh_without_normalization(placements):
    flat = {p.placement: p.flat for p in placements if p.activation == "tanh" and p.scale == 5}
    assert min(flat["none"].min(), flat["post"].min()) > 0.6
    assert flat["pre"].max() < 0.05


def test_one_seed_gives_all_placements_the_same_weights():
    weights = []
    for where in ("none", "pre", "post"):
        with one_thread(3):
            model = experiments.placed_network(where, "tanh", 1.0)
        weights.append([p for part in model if isinstance(part, nn.Linear) for p in part.parameters()])
    assert all(torch.equal(a, b) and torch.equal(a, c) for a, b, c in zip(*weights, strict=True))


def test_tanh_is_nearly_linear_on_normalized_inputs():
    result = experiments.linearity()
    at = {gamma: i for i, gamma in enumerate(result.gammas)}
    np.testing.assert_allclose(result.tanh[:, at[1]], 0.938, atol=0.003)
    np.testing.assert_allclose(result.tanh[:, at[5]], 0.744, atol=0.006)
    np.testing.assert_allclose(result.sigmoid[:, at[1]], 0.986, atol=0.002)
    np.testing.assert_allclose(result.inside, 0.67, atol=0.007)
    np.testing.assert_allclose(result.inside_tanh, 0.995, atol=0.0006)
    assert (np.diff(result.tanh) < 0).all(), "a larger gamma bends it more"
    assert experiments.linearity([10.0]).tanh.mean() == pytest.approx(0.70, abs=0.005)


def test_linearity_of_sigmoid_is_computed_from_tanh():
    x = experiments.normalized_inputs().ravel().astype(float)
    correlation = np.corrcoef(x, 1 / (1 + np.exp(-x)))[0, 1]
    assert experiments.linearity([1.0]).sigmoid[0, 0] == pytest.approx(correlation**2, rel=1e-6)


def test_small_gamma_makes_network_linear_unless_learned(spirals):
    assert spirals[0.1, False].accuracy.max() < 0.76
    assert spirals[0.1, True].accuracy.min() > 0.9
    assert spirals[1.0, False].accuracy.mean() < spirals[1.0, True].accuracy.min() - 0.05
    assert spirals[0.1, False].end.min() > 0.999
    assert (spirals[0.1, True].end < spirals[0.1, True].start - 0.05).all()


def test_network_with_small_fixed_gamma_acts_as_linear_model(spirals):
    x, y = (part.numpy() for part in experiments.spirals())
    linear = LogisticRegression(C=1e6).fit(x, y).score(*experiments.spirals(seed=1))
    assert spirals[0.1, False].accuracy == pytest.approx(linear, abs=0.02)


def test_map_titles_match_alt_text(spirals):
    shown = [round(100 * s.accuracy[0]) for s in spirals.values()]
    assert shown == [74, 97, 84, 100]


def test_gamma_and_beta_alone_beat_as_many_random_weights(trained):
    alone, weights, everything = trained["gamma and beta"], trained["weights"], trained["all"]
    assert alone.count == weights.count == 3072
    assert alone.accuracy.min() > weights.accuracy.max() + 0.03
    assert everything.accuracy.min() > alone.accuracy.max() + 0.03
    assert alone.small.max() < 0.01


def test_only_chosen_parameters_learn():
    for what in ("gamma and beta", "weights"):
        with one_thread(0):
            model = experiments.perceptron([64, 16, 16, 10])
            before = [p.detach().clone() for p in model.parameters()]
            count = experiments._choose(model, what)
            train(model, digits(), steps=3, lr=0.1)
        changed = sum((p != q).sum().item() for p, q in zip(model.parameters(), before, strict=True))
        assert count == 64
        assert 0.7 * count < changed <= count


def test_inference_without_normalizing_is_poor():
    result = experiments.inference_with_and_without()
    assert result.normalized.min() > result.raw.max() + 0.3


def test_gamma_0_stops_learning_of_all_earlier_layers():
    with one_thread(0):
        model = experiments.spiral_network(0.0, True)
        x, y = experiments.spirals()
        logits = model(x)
        nn.functional.cross_entropy(logits, y).backward()
    assert (logits == logits[0]).all()
    assert all((part.weight.grad == 0).all() for part in list(model)[:-1] if isinstance(part, nn.Linear))


@pytest.mark.parametrize(("activation", "least", "most"), [("relu", 0.2, 1.0), ("tanh", -0.01, 0.05)])
def test_swapped_order_spoils_relu_more_than_tanh(activation, least, most):
    data = digits()
    with one_thread(0):
        model = train(experiments.placed_network("pre", activation, 1.0), data, steps=105, lr=0.1)
    linears, norms, activations = ([model[3 * i + k] for i in range(5)] for k in range(3))
    blocks = zip(linears, activations, norms, strict=True)
    swapped = nn.Sequential(*(part for block in blocks for part in block), model[-1])
    assert least < accuracy(model, data.x_test, data.y_test) - accuracy(swapped, data.x_test, data.y_test) < most


def test_layers_before_fixed_gamma_still_train():
    with one_thread(0):
        model = experiments.spiral_network(1.0, False)
        x, _ = experiments.spirals()
        normalized = model[1](model[0](x)).detach().numpy()
        assert experiments.tanh_r2(model, x)[0] == pytest.approx(tanh_linearity(normalized))
