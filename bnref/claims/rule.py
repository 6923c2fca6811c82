"""The rule for verdicts, which the page `claims` states in words.

A verdict compares paired differences over at least five seeds, and uses their 95% intervals. It covers every setting
that was run: one chosen setting never decides. The best value of a grid must lie inside the grid. Where a paper says
that a norm helps, a model without the norm must fail the task; otherwise the experiment is no test of the claim.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from bnref.claims.claim import Verdict
from bnref.claims.effect import Effect


def decide(effects: Sequence[Effect], margin: float = 0.0, control: Effect | None = None) -> Verdict:
    """Decide a claim that one side is better than the other, from one effect per setting.

    `margin` is the smallest effect that counts, in the unit of the effects. `control` compares a model that must work
    with one that must fail: unless its interval lies above the margin, there is no test.
    """
    _need(effects)
    if control is not None and control.interval[0] <= margin:
        return Verdict.NO_TEST
    above = [effect.interval[0] > margin for effect in effects]
    below = [effect.interval[1] < -margin for effect in effects]
    return _verdict(above, below)


def decide_alike(effects: Sequence[Effect], margin: float, control: Effect | None = None) -> Verdict:
    """Decide a claim that two sides do equally well, where differences below `margin` do not matter.

    The interval must lie within the margin: two noisy results that merely overlap do not show that they are equal.
    """
    _need(effects)
    if control is not None and control.interval[0] <= margin:
        return Verdict.NO_TEST
    alike = [-margin < effect.interval[0] and effect.interval[1] < margin for effect in effects]
    apart = [effect.interval[0] > margin or effect.interval[1] < -margin for effect in effects]
    return _verdict(alike, apart)


def decide_not_worse(effects: Sequence[Effect], margin: float, control: Effect | None = None) -> Verdict:
    """Decide a claim that one side does at least as well as the other, where a loss below `margin` does not matter."""
    _need(effects)
    if control is not None and control.interval[0] <= margin:
        return Verdict.NO_TEST
    return _verdict([e.interval[0] > -margin for e in effects], [e.interval[1] < -margin for e in effects])


def _need(effects: Sequence[Effect]) -> None:
    if not effects:
        raise ValueError("a verdict needs at least one effect")


def _verdict(agree: Sequence[bool], disagree: Sequence[bool]) -> Verdict:
    if all(agree):
        return Verdict.SHOWN
    if all(disagree):
        return Verdict.CONTRADICTED
    return Verdict.MIXED if any(agree) or any(disagree) else Verdict.NOT_SHOWN


def best_inside(values: Sequence[float], scores: ArrayLike) -> int:
    """Return the index of the value with the highest mean score.

    `scores` is (seeds, values). Raises ValueError if the best value is the first or the last, since a better one may
    then lie outside the grid.
    """
    best = int(np.asarray(scores, dtype=float).mean(axis=0).argmax())
    if best in (0, len(values) - 1):
        raise ValueError(f"the best value, {values[best]:g}, lies at the edge of the grid: extend the grid")
    return best
