"""Tests of effects, their intervals, and the rule for verdicts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bnref.claims.claim import Verdict
from bnref.claims.effect import factor, points
from bnref.claims.rule import best_inside, decide, decide_alike, decide_not_worse

NOISE = np.array([-0.01, 0.0, 0.01, 0.005, -0.005])


def effect(gain, noise=NOISE):
    return points("test accuracy, BN minus none", "rate 0.1", 0.5 + gain + noise, np.full(len(noise), 0.5))


WELL, EVEN, ILL = effect(0.1), effect(0.0), effect(-0.1)


def test_interval_equals_a_paired_t_test():
    a, b = np.array([0.9, 0.8, 0.85, 0.95, 0.7]), np.array([0.6, 0.7, 0.5, 0.65, 0.66])
    expected = stats.ttest_rel(100 * a, 100 * b).confidence_interval(0.95)
    assert points("x", "", a, b).interval == pytest.approx(tuple(expected))


def test_effects_are_written_with_their_interval():
    assert str(WELL) == "test accuracy, BN minus none; rate 0.1: +10.0 points (+9.0 to +11.0)"
    ten = factor("steps, none over BN", "", [9, 10, 11, 10, 10], [1, 1, 1, 1, 1])
    assert str(ten) == "steps, none over BN: a factor of 9.98 (9.14 to 10.9)"


@pytest.mark.parametrize("compare", [points, factor])
def test_fewer_than_five_seeds_are_refused(compare):
    with pytest.raises(ValueError, match="needs at least 5 seeds, not 4: run the experiment with more"):
        compare("x", "", [1] * 4, [1] * 4)


def test_unpaired_values_are_refused():
    with pytest.raises(ValueError, match=r"shapes \(6,\) and \(5,\)"):
        points("x", "", [1] * 6, [1] * 5)


def test_factors_of_zero_are_refused():
    with pytest.raises(ValueError, match="a factor needs positive numbers"):
        factor("x", "", [0, 1, 1, 1, 1], [1] * 5)


@pytest.mark.parametrize(
    ("effects", "verdict"),
    [
        ([WELL, WELL], Verdict.SHOWN),
        ([ILL, ILL], Verdict.CONTRADICTED),
        ([EVEN, EVEN], Verdict.NOT_SHOWN),
        ([WELL, EVEN], Verdict.MIXED),
        ([WELL, ILL], Verdict.MIXED),
        ([EVEN, ILL], Verdict.MIXED),
    ],
)
def test_every_setting_counts_for_the_verdict(effects, verdict):
    assert decide(effects) is verdict


def test_an_effect_within_the_margin_does_not_count():
    assert decide([WELL], margin=8) is Verdict.SHOWN
    assert decide([WELL], margin=9.5) is Verdict.NOT_SHOWN


def test_a_control_that_works_makes_it_no_test():
    assert decide([WELL], control=EVEN) is Verdict.NO_TEST
    assert decide([WELL], control=WELL) is Verdict.SHOWN
    assert decide_alike([EVEN], margin=3, control=EVEN) is Verdict.NO_TEST


def test_alike_needs_an_interval_within_the_margin():
    assert decide_alike([EVEN], margin=3) is Verdict.SHOWN
    assert decide_alike([effect(0.0, 10 * NOISE)], margin=3) is Verdict.NOT_SHOWN
    assert decide_alike([WELL], margin=3) is Verdict.CONTRADICTED
    assert decide_alike([EVEN, WELL], margin=3) is Verdict.MIXED


def test_not_worse_allows_a_small_loss_and_any_gain():
    assert decide_not_worse([WELL, EVEN], margin=3) is Verdict.SHOWN
    assert decide_not_worse([ILL], margin=3) is Verdict.CONTRADICTED
    assert decide_not_worse([effect(0.0, 10 * NOISE)], margin=3) is Verdict.NOT_SHOWN
    assert decide_not_worse([ILL, WELL], margin=3) is Verdict.MIXED
    assert decide_not_worse([WELL], margin=3, control=EVEN) is Verdict.NO_TEST


def test_no_effect_is_no_verdict():
    for rule in (lambda: decide([]), lambda: decide_alike([], margin=1), lambda: decide_not_worse([], margin=1)):
        with pytest.raises(ValueError, match="at least one effect"):
            rule()


@given(st.lists(st.floats(-1, 1), min_size=5, max_size=20))
def test_swapping_the_sides_turns_the_verdict_round(differences):
    a, b = np.array(differences), np.zeros(len(differences))
    turned = {Verdict.SHOWN: Verdict.CONTRADICTED, Verdict.CONTRADICTED: Verdict.SHOWN}
    verdict = decide([points("x", "", a, b)])
    assert decide([points("x", "", b, a)]) is turned.get(verdict, verdict)


def test_best_value_must_lie_inside_its_grid():
    assert best_inside([0.1, 0.3, 1.0], [[0.5, 0.9, 0.6], [0.6, 0.8, 0.7]]) == 1
    with pytest.raises(ValueError, match=r"the best value, 1, lies at the edge of the grid: extend the grid"):
        best_inside([0.1, 0.3, 1.0], [[0.5, 0.6, 0.9]])
