"""Tests of what the introduction says about its experiments."""

import dataclasses

import numpy as np
import pytest

from bnref.claims import Verdict
from bnref.claims.introduction import CLAIMS, sigmoids
from bnref.experiments import introduction as experiments


@pytest.fixture(scope="module")
def ratios():
    return {(g.activation, g.start, g.norm): g.ratio for g in experiments.gradients()}


def test_sigmoid_gradients_vanish_without_bn_from_any_start(ratios):
    for start, highest in (("small", 1e-16), ("usual", 1e-11), ("large", 1e-4)):
        assert ratios["sigmoid", start, False].max() < highest


def test_weights_decide_tanh_and_relu_gradients_without_bn(ratios):
    for activation in ("tanh", "ReLU"):
        assert ratios[activation, "small", False].max() < 1e-5
        assert ratios[activation, "large", False].min() > 100
        usual = ratios[activation, "usual", False]
        assert 0.2 < usual.min() <= usual.max() < 1.6
        assert usual.mean() < 1


def test_relu_growth_per_layer_is_gain_over_root_two(ratios):
    for start, gain in (("small", 0.5), ("large", 3)):
        growth = (1 / ratios["ReLU", start, False]) ** (1 / 19)
        np.testing.assert_allclose(1 / growth, gain / np.sqrt(2), rtol=0.06)


def test_with_bn_size_of_weights_does_not_matter_to_outputs(ratios):
    for activation in experiments.ACTIVATIONS:
        usual = ratios[activation, "usual", True]
        for start in experiments.STARTS:
            np.testing.assert_allclose(ratios[activation, start, True], usual, rtol=0.02)
        assert 1.5 < usual.min() <= usual.max() < 52
    assert ratios["ReLU", "usual", True].min() > 3 * ratios["tanh", "usual", True].max()
    assert ratios["ReLU", "usual", True].mean() ** (1 / 19) == pytest.approx(1.22, abs=0.01)


def test_with_bn_gradient_by_weights_falls_with_their_size():
    found = {(g.activation, g.start): g for g in experiments.gradients() if g.norm}
    for activation in experiments.ACTIVATIONS:
        usual = found[activation, "usual"]
        for start in experiments.STARTS:
            scale = experiments.gain(activation, start) / experiments.gain(activation, "usual")
            result = found[activation, start]
            np.testing.assert_allclose(result.by_weights * scale, usual.by_weights, rtol=0.05)
            np.testing.assert_allclose(result.weights / scale, usual.weights, rtol=0.01)
    small, large = (found["tanh", start] for start in ("small", "large"))
    relative = (small.by_weights / small.weights / (large.by_weights / large.weights))[:, 9]
    np.testing.assert_allclose(relative, 36, rtol=0.01)


def test_without_bn_only_balanced_networks_learn():
    for t in experiments.trained():
        balanced = t.activation != "sigmoid" and t.start == "usual"
        if t.norm:
            assert t.accuracy.min() > 0.3, t
        else:
            assert t.accuracy.mean() > 0.15 if balanced else t.accuracy.max() < 0.12, t
    found = {(t.activation, t.start, t.norm): t.accuracy for t in experiments.trained()}
    for activation in experiments.ACTIVATIONS:
        assert found[activation, "usual", True].min() > found[activation, "usual", False].mean() + 0.02


def test_sigmoids_need_bn_at_a_large_rate_too():
    without, with_norm = (result.accuracy for result in experiments.fast_sigmoids())
    assert without.max() < 0.12 < with_norm.min()


def test_matched_learning_rate_makes_up_for_large_weights():
    found = {t.start: t.accuracy for t in experiments.trained() if t.activation == "ReLU" and t.norm}
    matched = experiments.matched_rate().accuracy
    assert found["usual"].min() > found["large"].max() + 0.1
    assert abs(matched.mean() - found["usual"].mean()) < 0.05


def test_deep_relu_network_learns_only_from_he_weights():
    for result in experiments.thirty_rectifiers():
        assert result.glorot.max() < 0.12
        assert result.he.min() > 0.2


def test_kidney_stone_result_reverses_within_sizes():
    stones = experiments.kidney_stones()
    assert stones.treated.sum(axis=1).tolist() == [350, 350]
    np.testing.assert_allclose(stones.overall, [0.78, 0.83], atol=0.005)
    assert stones.overall[0] < stones.overall[1]
    assert (stones.by_size[0] > stones.by_size[1]).all()
    assert stones.adjusted[0] > stones.adjusted[1]


def test_claims_have_verdicts_stated_on_page():
    assert {claim.name: claim.find().verdict for claim in CLAIMS} == {
        "vanishing-gradients": Verdict.MIXED,
        "deep-sigmoids": Verdict.SHOWN,
        "initial-weights": Verdict.SHOWN,
    }


def test_gradient_verdict_needs_a_difference():
    judge = CLAIMS[0].judge
    results = experiments.gradients()
    swapped = [dataclasses.replace(r, norm=not r.norm) for r in results]
    assert judge(swapped).verdict is Verdict.MIXED
    same = [r for r in results if not r.norm]
    assert (
        judge([dataclasses.replace(r, norm=norm) for r in same for norm in (False, True)]).verdict is Verdict.NOT_SHOWN
    )


def test_sigmoid_verdict_needs_every_setting():
    found = sigmoids()
    assert len(found) == 4
    judge = CLAIMS[1].judge
    one_fails = {**found, next(iter(found)): dict.fromkeys((False, True), next(iter(found.values()))[False])}
    assert judge(one_fails).verdict is Verdict.MIXED
