"""Tests of what the index page says about its experiments."""

import numpy as np
import pytest

from bnref.claims import Verdict
from bnref.claims.introduction import CLAIMS
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
        assert ((ratios[activation, "usual", False] > 0.2) & (ratios[activation, "usual", False] < 1)).all()


def test_relu_growth_per_layer_is_gain_over_root_two(ratios):
    for start, gain in (("small", 0.5), ("large", 3)):
        growth = (1 / ratios["ReLU", start, False]) ** (1 / 19)
        np.testing.assert_allclose(1 / growth, gain / np.sqrt(2), rtol=0.05)


def test_with_bn_the_size_of_weights_does_not_matter(ratios):
    for activation in experiments.ACTIVATIONS:
        usual = ratios[activation, "usual", True]
        for start in experiments.STARTS:
            np.testing.assert_allclose(ratios[activation, start, True], usual, rtol=0.02)
        assert 1.5 < usual.min() <= usual.max() < 45
    assert ratios["ReLU", "usual", True].min() > 3 * ratios["tanh", "usual", True].max()
    assert ratios["ReLU", "usual", True].mean() ** (1 / 19) == pytest.approx(1.22, abs=0.01)


def test_without_bn_only_balanced_networks_learn():
    for t in experiments.trained():
        balanced = t.activation != "sigmoid" and t.start == "usual"
        if t.norm:
            assert t.accuracy.min() > 0.5, t
        else:
            assert t.accuracy.min() > 0.15 if balanced else t.accuracy.max() < 0.12, t
    found = {(t.activation, t.start, t.norm): t.accuracy for t in experiments.trained()}
    for activation in experiments.ACTIVATIONS:
        assert found[activation, "usual", True].min() > found[activation, "usual", False].max() + 0.02


def test_deep_relu_network_learns_only_from_he_weights():
    result = experiments.thirty_rectifiers()
    assert result.he.min() > result.glorot.max() + 0.1


def test_kidney_stone_result_reverses_within_sizes():
    stones = experiments.kidney_stones()
    assert stones.treated.sum(axis=1).tolist() == [350, 350]
    np.testing.assert_allclose(stones.overall, [0.78, 0.83], atol=0.005)
    assert stones.overall[0] < stones.overall[1]
    assert (stones.by_size[0] > stones.by_size[1]).all()
    assert stones.adjusted[0] > stones.adjusted[1]


def test_claims_have_verdicts_stated_on_page():
    assert {claim.name: claim.find().verdict for claim in CLAIMS} == {
        "vanishing-gradients": Verdict.SHOWN,
        "deep-sigmoids": Verdict.SHOWN,
        "initial-weights": Verdict.SHOWN,
    }
