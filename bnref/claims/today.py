"""Claims of the closing chapter: gradients in deep BN networks, residual networks, and dynamic tanh."""

from collections.abc import Sequence

import numpy as np

from bnref.claims.claim import Claim, Finding, spread
from bnref.claims.effect import Effect, factor, points
from bnref.claims.rule import decide, decide_not_worse
from bnref.experiments.today import Explosion, Residual, Tokens, explosions, residuals, transformers

RATES = (0.1, 0.01)  # learning rates of the residual networks
LITTLE = 5.0  # percentage points that count as no loss
FAILS = 20.0  # percentage points by which a network that fails is behind


def _judge_explosion(results: list[Explosion]) -> Finding:
    settings = [r for r in results if r.network in ("ReLU, BN", "linear, BN")]
    effects = [
        factor(
            "growth of the gradient per layer", f"{r.network}, batches of {r.batch_size}", r.rate, np.ones(len(r.rate))
        )
        for r in settings
    ]
    rates = {(r.network, r.batch_size): r.rate for r in results}
    measured = (
        f"growth of the gradient per layer in batches of 128: {spread(rates['ReLU, BN', 128])} for ReLU with BN, "
        f"{spread(rates['linear, BN', 128])} for linear layers with BN, {spread(rates['ReLU', 128])} for ReLU without"
    )
    return Finding(measured, decide(effects), tuple(effects))


def by_rate() -> dict[float, dict[str, Residual]]:
    """Return the residual networks by learning rate and kind."""
    return {rate: {r.kind: r for r in residuals(lr=rate)} for rate in RATES}


def _judge_branches(results: list[Residual]) -> Finding:
    found = {r.kind: r.variance for r in results}
    share = {kind: found[kind][:, -1] / found[kind][:, -2] - 1 for kind in ("BN", "none")}
    measured = (
        f"variance of the branch over the variance of the skip connection, at the last of 25 blocks: "
        f"{spread(share['BN'])} with BN (1/25 = 0.040), {spread(share['none'], 2)} without"
    )
    effect = factor(
        "the branch's share of the variance, no norm over BN", "last of 25 blocks", share["none"], share["BN"]
    )
    return Finding(measured, decide([effect]), (effect,))


def _accuracies(kinds: Sequence[str], found: dict[float, dict[str, Residual]]) -> str:
    """List the accuracies of some kinds of network at each learning rate."""
    names = {"none": "usual start without norm"}
    return "; ".join(
        f"rate {rate:g}: " + ", ".join(f"{names.get(kind, kind)} {spread(by_kind[kind].accuracy)}" for kind in kinds)
        for rate, by_kind in found.items()
    )


def _gaps(better: str, worse: str, found: dict[float, dict[str, Residual]]) -> list[Effect]:
    return [
        points(
            f"test accuracy, {better} minus {'the usual start without norm' if worse == 'none' else worse}",
            f"50 layers, learning rate {rate:g}",
            by_kind[better].accuracy,
            by_kind[worse].accuracy,
        )
        for rate, by_kind in found.items()
    ]


def _judge_skipinit(found: dict[float, dict[str, Residual]]) -> Finding:
    effects = _gaps("SkipInit", "none", found)
    return Finding(_accuracies(("SkipInit", "none"), found), decide(effects, margin=FAILS), tuple(effects))


def _judge_fixup(found: dict[float, dict[str, Residual]]) -> Finding:
    effects = _gaps("Fixup", "BN", found)
    control = _gaps("BN", "none", found)[0]
    verdict = decide_not_worse(effects, margin=LITTLE, control=control)
    return Finding(_accuracies(("Fixup", "BN", "none"), found), verdict, tuple(effects))


def _judge_dynamic_tanh(results: list[Tokens]) -> Finding:
    found = {r.norm: r.accuracy for r in results}
    measured = (
        f"test accuracy {spread(found['DyT'])} with DyT as published (alpha 0.5), {spread(found['DyT, alpha 2'])} from "
        f"alpha 2, {spread(found['LN'])} with LN, {spread(found['none'])} without any norm"
    )
    effects = [
        points("test accuracy, DyT minus LN", f"2 blocks, 6 epochs, alpha from {alpha}", found[name], found["LN"])
        for name, alpha in (("DyT", "0.5"), ("DyT, alpha 2", "2"))
    ]
    control = points("test accuracy, LN minus no norm", "2 blocks, 6 epochs", found["LN"], found["none"])
    return Finding(measured, decide_not_worse(effects, margin=LITTLE, control=control), tuple(effects))


CLAIMS = [
    Claim(
        name="gradient-explosion",
        says="In deep networks without skip connections, batch normalization itself makes gradients explode.",
        source="yang2019",
        where="abstract",
        published="",
        chapter="today",
        experiment=explosions,
        judge=_judge_explosion,
        limits="Random networks before training: it does not say what happens to the gradient after the first steps.",
    ),
    Claim(
        name="residual-branches",
        says="BN makes the branches of a deep residual network small compared with its skip connections.",
        source="desmith2020",
        where="abstract",
        published="by the order of the square root of the depth",
        chapter="today",
        experiment=residuals,
        judge=_judge_branches,
        limits="One width and depth, before training.",
    ),
    Claim(
        name="skipinit",
        says="A residual network whose branches start at 0 trains without normalization.",
        source="desmith2020",
        where="abstract",
        published="",
        chapter="today",
        experiment=by_rate,
        judge=_judge_skipinit,
        limits="Fifty dense layers on 8 by 8 digits and 150 steps: large networks may differ.",
    ),
    Claim(
        name="fixup",
        says="With Fixup's initial weights, training is as stable as with normalization (here: at least as accurate).",
        source="zhangdauphin2019",
        where="abstract",
        published="trained with 10,000 layers",
        chapter="today",
        experiment=by_rate,
        judge=_judge_fixup,
        limits="Two learning rates and 150 steps, so it compares how fast the networks learn.",
    ),
    Claim(
        name="dynamic-tanh",
        says="Dynamic tanh (DyT) in place of normalization does as well in transformers, mostly without tuning.",
        source="zhu2025",
        where="abstract and table 1",
        published="ViT-B on ImageNet: 82.5% with DyT, 82.3% with LN",
        chapter="today",
        experiment=transformers,
        judge=_judge_dynamic_tanh,
        limits="The small transformer nearly works without any norm, so it cannot show what replaces one.",
    ),
]
