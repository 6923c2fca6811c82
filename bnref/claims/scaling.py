"""Claims of the section on scaling: faster gradient descent on scaled inputs, and a bound for outliers."""

import numpy as np

from bnref.claims.claim import Claim, Finding, Verdict
from bnref.experiments.scaling import Descent, Outlier, descents, outlier, patients


def _judge_descents(results: list[Descent]) -> Finding:
    steps = {r.scaling: r.steps for r in results}
    measured = (
        f"linear model of 442 patients, steps to 0.1% of the error that can be removed: {steps['as measured']:,} as "
        f"measured, {steps['centred only']:,} centred, {steps['standardized']:,} centred and scaled"
    )
    faster = steps["standardized"] < steps["centred only"] < steps["as measured"]
    return Finding(measured, Verdict.SHOWN if faster else Verdict.CONTRADICTED)


def _farthest() -> Outlier:
    return outlier(patients().column("bmi")[:20], np.geomspace(1, 1e6, 50))


def _judge_outlier(result: Outlier) -> Finding:
    farthest, bound = np.abs(result.standardized).max(), np.sqrt(result.standardized.shape[1] - 1)
    measured = f"twenty patients, one of them a million deviations off: z-score {farthest:.3f}, bound {bound:.3f}"
    return Finding(measured, Verdict.SHOWN if farthest <= bound else Verdict.CONTRADICTED)


CLAIMS = [
    Claim(
        name="scaled-inputs",
        says="Training converges faster if each input has mean 0 and all have about the same variance.",
        source="lecun1998",
        where="section 4.3",
        published="",
        chapter="scaling",
        experiment=descents,
        judge=_judge_descents,
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
    ),
]
