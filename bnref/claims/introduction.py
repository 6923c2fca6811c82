"""Claims of the introduction: vanishing and exploding gradients, sigmoids, and the size of initial weights."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bnref.claims.claim import Claim, Finding, spread
from bnref.claims.effect import factor, points
from bnref.claims.rule import decide
from bnref.experiments.introduction import (
    ACTIVATIONS,
    LAYERS,
    STARTS,
    STEPS,
    Gradients,
    Rectifiers,
    Trained,
    fast_sigmoids,
    gradients,
    thirty_rectifiers,
    trained,
)


def _off(ratio: ArrayLike) -> NDArray[np.float64]:
    """Return by what factor a ratio differs from 1, in either direction."""
    exponent = np.abs(np.log10(np.asarray(ratio, dtype=float)))
    return np.asarray(10**exponent)


def _judge_gradients(results: list[Gradients]) -> Finding:
    found = {(r.activation, r.start, r.norm): r.ratio for r in results}
    effects = [
        factor(
            "distance of the gradient's first-to-last ratio from 1, no norm over BN",
            f"{activation}, {start} weights",
            _off(found[activation, start, False]),
            _off(found[activation, start, True]),
        )
        for activation in ACTIVATIONS
        for start in STARTS
    ]
    better = sum(effect.interval[0] > 0 for effect in effects)
    normalized = np.concatenate([r.ratio for r in results if r.norm])
    plain = np.concatenate([r.ratio for r in results if not r.norm])
    measured = (
        f"gradient at the first of {LAYERS} layers over the gradient at the last: {normalized.min():.1f} to "
        f"{normalized.max():.0f} with BN, {plain.min():.0e} to {plain.max():.0e} without; closer to 1 with BN in "
        f"{better} of {len(effects)} combinations of activation and initial weights"
    )
    return Finding(measured, decide(effects), tuple(effects))


def sigmoids() -> dict[str, dict[bool, Trained]]:
    """Return the trained sigmoid networks by setting and norm."""
    settings = [("learning rate 1, usual weights", r) for r in fast_sigmoids()]
    settings += [(f"learning rate 0.1, {r.start} weights", r) for r in trained() if r.activation == "sigmoid"]
    found: dict[str, dict[bool, Trained]] = {}
    for setting, result in settings:
        found.setdefault(setting, {})[result.norm] = result
    return found


def _judge_sigmoids(found: dict[str, dict[bool, Trained]]) -> Finding:
    effects = [
        points("test accuracy, BN minus no norm", setting, by_norm[True].accuracy, by_norm[False].accuracy)
        for setting, by_norm in found.items()
    ]
    usual = found["learning rate 0.1, usual weights"]
    measured = (
        f"{LAYERS} layers, {STEPS} steps, usual weights: test accuracy {spread(usual[True].accuracy)} with BN, "
        f"{spread(usual[False].accuracy)} without"
    )
    return Finding(measured, decide(effects), tuple(effects))


def _judge_rectifiers(results: list[Rectifiers]) -> Finding:
    measured = "; ".join(
        f"learning rate {r.lr:g}: test accuracy {spread(r.he, 2)} from variance 2/n, {spread(r.glorot, 2)} from 1/n"
        for r in results
    )
    effects = [
        points("test accuracy, variance 2/n minus 1/n", f"learning rate {r.lr:g}", r.he, r.glorot) for r in results
    ]
    return Finding(measured, decide(effects), tuple(effects))


CLAIMS = [
    Claim(
        name="vanishing-gradients",
        says="Batch normalization helps against gradients that explode or vanish.",
        source="ioffe2015",
        where="section 3.3",
        published="",
        chapter="introduction",
        experiment=gradients,
        judge=_judge_gradients,
        limits="Before training, and only for output gradients: weight gradients still depend on the weights' scale.",
    ),
    Claim(
        name="deep-sigmoids",
        says="With batch normalization a deep network of sigmoids can be trained, without it cannot.",
        source="ioffe2015",
        where="section 4.2.2",
        published="Inception with sigmoids on ImageNet: 69.8% with BN, never better than 1/1000 without",
        chapter="introduction",
        experiment=sigmoids,
        judge=_judge_sigmoids,
        limits=f"Two learning rates and {STEPS} steps: it cannot rule out that the plain network learns much later.",
    ),
    Claim(
        name="initial-weights",
        says="Thirty layers of ReLU learn from initial weights of variance 2/n, and stall from Glorot and Bengio's.",
        source="he2015",
        where="section 2.2, figure 3",
        published="",
        chapter="introduction",
        experiment=thirty_rectifiers,
        judge=_judge_rectifiers,
        limits="Two learning rates and 200 steps: it shows which network starts to learn, not how well it ends.",
    ),
]
