"""Claims of the index page: vanishing and exploding gradients, sigmoids, and the size of initial weights."""

import numpy as np

from bnref.claims.claim import Claim, Finding, Verdict, spread
from bnref.experiments.introduction import Gradients, Rectifiers, Trained, gradients, thirty_rectifiers, trained


def _judge_gradients(results: list[Gradients]) -> Finding:
    plain = np.concatenate([r.ratio for r in results if not r.norm])
    normalized = np.concatenate([r.ratio for r in results if r.norm])
    measured = (
        f"gradient at the first of 20 layers over that at the last, for sigmoid, tanh and ReLU with small, usual and "
        f"large weights: {plain.min():.0e} to {plain.max():.0e} without BN, {normalized.min():.1f} to "
        f"{normalized.max():.0f} with it"
    )
    tamed = np.ptp(np.log10(normalized)) < np.ptp(np.log10(plain)) / 5
    return Finding(measured, Verdict.SHOWN if tamed else Verdict.NOT_SHOWN)


def _judge_sigmoids(results: list[Trained]) -> Finding:
    found = {r.norm: r.accuracy for r in results if r.activation == "sigmoid" and r.start == "usual"}
    measured = (
        f"20 layers on digits, 150 steps: test accuracy {spread(found[True])} with BN, {spread(found[False])} without"
    )
    apart = found[True].min() > 0.5 and found[False].max() < 0.2
    return Finding(measured, Verdict.SHOWN if apart else Verdict.NOT_SHOWN)


def _judge_rectifiers(result: Rectifiers) -> Finding:
    measured = (
        f"30 dense layers on digits, 500 steps: test accuracy {spread(result.he)} from weights of variance 2/n, "
        f"{spread(result.glorot)} from 1/n"
    )
    apart = result.he.min() > result.glorot.max()
    return Finding(measured, Verdict.SHOWN if apart else Verdict.NOT_SHOWN)


CLAIMS = [
    Claim(
        name="vanishing-gradients",
        says="Batch normalization helps against gradients that explode or vanish.",
        source="ioffe2015",
        where="section 3.3",
        published="",
        chapter="index",
        experiment=gradients,
        judge=_judge_gradients,
    ),
    Claim(
        name="deep-sigmoids",
        says="With batch normalization a deep network of sigmoids can be trained, without it cannot.",
        source="ioffe2015",
        where="section 4.2.2",
        published="Inception with sigmoids on ImageNet: 69.8% with BN, never better than 1/1000 without",
        chapter="index",
        experiment=trained,
        judge=_judge_sigmoids,
    ),
    Claim(
        name="initial-weights",
        says="Thirty layers of ReLU learn from initial weights of variance 2/n, and stall from Glorot and Bengio's.",
        source="he2015",
        where="section 2.2, figure 3",
        published="",
        chapter="index",
        experiment=thirty_rectifiers,
        judge=_judge_rectifiers,
    ),
]
