"""Claims of the section on scaling: faster gradient descent on scaled inputs, and a bound for outliers."""

import numpy as np

from bnref.claims.claim import Claim, Finding, Kind, Verdict
from bnref.claims.effect import factor
from bnref.claims.rule import decide
from bnref.experiments.scaling import Outlier, outlier, patients
from bnref.experiments.scaling_halves import Steps, steps_on_halves

OTHERS = ("as measured", "scaled only", "centered only", "min-max scaled")


def _judge_descents(results: list[Steps]) -> Finding:
    found = {(r.table, r.scaling): r.steps for r in results}
    tables = list(dict.fromkeys(r.table for r in results))
    effects = [
        factor(f"steps, {other} over standardized", table, found[table, other], found[table, "standardized"])
        for table in tables
        for other in OTHERS
    ]
    measured = "; ".join(
        f"{table}: "
        + ", ".join(f"{np.median(found[table, scaling]):,.0f} steps {scaling}" for scaling in (*OTHERS, "standardized"))
        for table in tables
    )
    return Finding(
        f"linear model, median of ten random halves of the rows: {measured}", decide(effects), tuple(effects)
    )


def _farthest() -> Outlier:
    return outlier(patients().column("bmi")[:20], np.geomspace(1, 1e6, 50))


def _judge_outlier(result: Outlier) -> Finding:
    farthest, bound = np.abs(result.standardized).max(), np.sqrt(result.standardized.shape[1] - 1)
    measured = f"twenty patients, one of them a million deviations off: z-score {farthest:.3f}, bound {bound:.3f}"
    holds = farthest <= bound * (1 + 1e-12)
    return Finding(measured, Verdict.SHOWN if holds else Verdict.CONTRADICTED)


CLAIMS = [
    Claim(
        name="scaled-inputs",
        says="Training converges faster if each input has mean 0 and all have about the same variance.",
        source="lecun1998",
        where="section 4.3",
        published="",
        chapter="scaling",
        experiment=steps_on_halves,
        judge=_judge_descents,
        limits="Linear models on two small tables, at one safe learning rate each: networks may behave differently.",
    ),
    Claim(
        name="outlier-bound",
        says="None of N values lies more than sqrt(N - 1) standard deviations from their mean.",
        source="samuelson1968",
        where="the whole note",
        published="",
        chapter="scaling",
        experiment=_farthest,
        judge=_judge_outlier,
        kind=Kind.IDENTITY,
        limits="Algebra, checked on one column whose last value moves away.",
    ),
]
