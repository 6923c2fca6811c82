"""Claims of the closing chapter: gradients in deep BN networks, residual networks, and dynamic tanh."""

import numpy as np

from bnref.claims.claim import Claim, Finding, Verdict, spread
from bnref.experiments.today import Explosion, Residual, Tokens, explosions, residuals, transformers


def _judge_explosion(results: list[Explosion]) -> Finding:
    rates = {r.network: r.rate for r in results if r.batch_size == 128}
    measured = (
        f"growth of the gradient a layer, ReLU: {spread(rates['ReLU, BN'])} with BN, {spread(rates['ReLU'])} without"
    )
    apart = rates["ReLU, BN"].min() > rates["ReLU"].max()
    return Finding(measured, Verdict.SHOWN if apart else Verdict.NOT_SHOWN)


def _by_kind(results: list[Residual]) -> dict[str, Residual]:
    return {r.kind: r for r in results}


def _judge_branches(results: list[Residual]) -> Finding:
    found = _by_kind(results)
    before_last = {kind: r.variance[:, -2] for kind, r in found.items()}
    added = {kind: r.variance[:, -1] - r.variance[:, -2] for kind, r in found.items()}
    share = {kind: added[kind] / before_last[kind] for kind in ("BN", "none")}
    measured = (
        f"variance of the branch over that of the skip connection, at the last of 25 blocks: {spread(share['BN'])} "
        f"with BN (1/25 = 0.040), {spread(share['none'], 2)} without"
    )
    apart = share["BN"].max() < share["none"].min() / 5
    return Finding(measured, Verdict.SHOWN if apart else Verdict.NOT_SHOWN)


def _judge_without_norm(kind: str, results: list[Residual]) -> Finding:
    found = _by_kind(results)
    measured = (
        f"residual network of 50 layers on digits, 200 steps: test accuracy {spread(found[kind].accuracy)}; "
        f"{spread(found['BN'].accuracy)} with BN, {spread(found['none'].accuracy)} from the usual weights without norm"
    )
    trains = found[kind].accuracy.min() > 0.8 and found["none"].accuracy.max() < 0.2
    return Finding(measured, Verdict.SHOWN if trains else Verdict.NOT_SHOWN)


def _judge_dynamic_tanh(results: list[Tokens]) -> Finding:
    found = {r.norm: r.accuracy for r in results}
    measured = (
        f"transformer of 2 blocks on digits, 6 epochs: test accuracy {spread(found['DyT'])} with DyT as it comes "
        f"(alpha 0.5), {spread(found['DyT, alpha 2'])} from alpha 2, {spread(found['LN'])} with LN, "
        f"{spread(found['none'])} with neither"
    )
    if found["DyT"].max() < found["LN"].min():
        return Finding(measured, Verdict.CONTRADICTED)
    matched = np.mean(found["DyT"]) >= found["LN"].min() and found["none"].max() < found["LN"].min()
    return Finding(measured, Verdict.SHOWN if matched else Verdict.NOT_SHOWN)


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
    ),
    Claim(
        name="residual-branches",
        says="Batch normalization makes the branches of a deep residual network small against its skip connections.",
        source="desmith2020",
        where="abstract",
        published="by the order of the square root of the depth",
        chapter="today",
        experiment=residuals,
        judge=_judge_branches,
    ),
    Claim(
        name="skipinit",
        says="A residual network whose branches start at 0 trains without normalization.",
        source="desmith2020",
        where="abstract",
        published="",
        chapter="today",
        experiment=residuals,
        judge=lambda results: _judge_without_norm("SkipInit", results),
    ),
    Claim(
        name="fixup",
        says="With Fixup's initial weights, training is as stable as with normalization.",
        source="zhangdauphin2019",
        where="abstract",
        published="trained with 10,000 layers",
        chapter="today",
        experiment=residuals,
        judge=lambda results: _judge_without_norm("Fixup", results),
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
    ),
]
