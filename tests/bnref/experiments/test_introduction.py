"""What the index page says of its experiments holds for their results."""

import numpy as np
import pytest

from bnref.claims import Verdict
from bnref.claims.introduction import CLAIMS
from bnref.experiments import introduction as experiments


@pytest.fixture(scope="module")
def ratios():
    return {(g.activation, g.start, g.norm): g.ratio for g in experiments.gradients()}


def test_without_bn_sigmoids_vanish_from_every_start(ratios):
    for start, highest in (("small", 1e-16), ("usual", 1e-11), ("large", 1e-4)):
        assert ratios["sigmoid", start, False].max() < highest


def test_without_bn_tanh_and_relu_vanish_explode_or_balance_by_their_weights(ratios):
    for activation in ("tanh", "ReLU"):
        assert ratios[activation, "small", False].max() < 1e-5
        assert ratios[activation, "large", False].min() > 100
        assert ((ratios[activation, "usual", False] > 0.2) & (ratios[activation, "usual", False] < 1)).all()


def test_the_growth_a_layer_of_rectifiers_is_the_gain_over_the_root_of_two(ratios):
    for start, gain in (("small", 0.5), ("large", 3)):
        growth = (1 / ratios["ReLU", start, False]) ** (1 / 19)
        np.testing.assert_allclose(1 / growth, gain / np.sqrt(2), rtol=0.05)


def test_with_bn_the_size_of_the_weights_does_not_matter(ratios):
    for activation in experiments.ACTIVATIONS:
        usual = ratios[activation, "usual", True]
        for start in experiments.STARTS:
            np.testing.assert_allclose(ratios[activation, start, True], usual, rtol=0.02)
        assert 1.5 < usual.min() <= usual.max() < 45
    assert ratios["ReLU", "usual", True].min() > 3 * ratios["tanh", "usual", True].max()
    assert ratios["ReLU", "usual", True].mean() ** (1 / 19) == pytest.approx(1.22, abs=0.01)


def test_every_network_with_bn_learns_and_without_it_only_balanced_ones_do():
    for t in experiments.trained():
        balanced = t.activation != "sigmoid" and t.start == "usual"
        if t.norm:
            assert t.accuracy.min() > 0.5, t
        else:
            assert t.accuracy.min() > 0.15 if balanced else t.accuracy.max() < 0.12, t
    found = {(t.activation, t.start, t.norm): t.accuracy for t in experiments.trained()}
    for activation in experiments.ACTIVATIONS:
        assert found[activation, "usual", True].min() > found[activation, "usual", False].max() + 0.02


def test_deep_rectifiers_learn_from_hes_weights_alone():
    result = experiments.thirty_rectifiers()
    assert result.he.min() > result.glorot.max() + 0.1


def test_the_stones_turn_round_when_their_size_is_known():
    stones = experiments.kidney_stones()
    assert stones.treated.sum(axis=1).tolist() == [350, 350]
    np.testing.assert_allclose(stones.overall, [0.78, 0.83], atol=0.005)
    assert stones.overall[0] < stones.overall[1]
    assert (stones.by_size[0] > stones.by_size[1]).all()
    assert stones.adjusted[0] > stones.adjusted[1]


def test_the_claims_come_out_as_the_page_says():
    assert {claim.name: claim.find().verdict for claim in CLAIMS} == {
        "vanishing-gradients": Verdict.SHOWN,
        "deep-sigmoids": Verdict.SHOWN,
        "initial-weights": Verdict.SHOWN,
    }
