"""Claims about deep networks before training: rank collapse, isometry under layer norm, and bounded gradients."""

import numpy as np

from bnref.claims.claim import Claim, Finding, spread
from bnref.claims.effect import factor
from bnref.claims.rule import decide, decide_alike
from bnref.experiments.depth import DEPTH, LONG, Collapse, Growth, collapses, growths

BOUNDED = np.log10(1.01) * (LONG // 2)  # less than 1% of growth per layer counts as bounded, as a power of ten


def _by_network(results: list[Collapse]) -> dict[tuple[str, str], Collapse]:
    return {(r.activation, r.kind): r for r in results}


def _judge_rank(results: list[Collapse]) -> Finding:
    found = _by_network(results)
    activations = ("linear", "ReLU", "tanh")
    effects = [
        factor(
            "effective rank, BN over no norm",
            f"{activation}, layer {DEPTH}",
            found[activation, "BN"].rank[:, -1],
            found[activation, "no norm"].rank[:, -1],
        )
        for activation in activations
    ]
    without = found["ReLU", "no norm"].rank
    control = factor("effective rank, layer 1 over layer 50, no norm", "ReLU", without[:, 0], without[:, -1])
    measured = f"effective rank in layer {DEPTH}, out of 64: " + "; ".join(
        f"{a} {spread(found[a, 'BN'].rank[:, -1], 1)} with BN, {spread(found[a, 'no norm'].rank[:, -1], 1)} without"
        for a in activations
    )
    return Finding(measured, decide(effects, control=control), tuple(effects))


def _judge_isometry(results: list[Collapse]) -> Finding:
    found = _by_network(results)
    settings = [(activation, kind) for activation in ("ReLU", "tanh") for kind in ("LN before", "LN after")]
    effects = [
        factor(
            "effective rank, LN over no norm",
            f"{kind} {activation}, layer {DEPTH}",
            found[activation, kind].rank[:, -1],
            found[activation, "no norm"].rank[:, -1],
        )
        for activation, kind in settings
    ]
    measured = f"mean cosine between two digits in layer {DEPTH}: " + "; ".join(
        f"{kind} {activation} {spread(found[activation, kind].similarity[:, -1], 2)}" for activation, kind in settings
    )
    return Finding(measured, decide(effects), tuple(effects))


def _judge_bounded(results: list[Growth]) -> Finding:
    effects = [
        factor(
            f"gradient at layer 1 over layer {LONG // 2 + 1}, orthogonal weights",
            f"{r.batch} {'digits' if r.inputs == 'digits' else 'random samples'}",
            r.far,
            np.ones(len(r.far)),
        )
        for r in results
        if r.weights == "orthogonal"
    ]
    exploding = next(r for r in results if (r.weights, r.batch) == ("independent", 8))
    control = factor("the same, independent weights", "8 random samples", exploding.far, np.ones(len(exploding.far)))
    measured = f"growth of the gradient over the first {LONG // 2} of {LONG} layers: " + "; ".join(
        f"{e.setting} {10**e.mean:.3g}-fold" for e in effects
    )
    return Finding(measured, decide_alike(effects, margin=BOUNDED, control=control), tuple(effects))


CLAIMS = [
    Claim(
        name="rank-collapse",
        says="In deep random networks the rank of the activations collapses, and batch normalization prevents it.",
        source="daneshmand2020",
        where="abstract",
        published="",
        chapter="depth",
        experiment=collapses,
        judge=_judge_rank,
        limits="One width and one batch size, before training. The effective rank stands for the rank.",
    ),
    Claim(
        name="layer-norm-isometry",
        says="Layer normalization together with an activation function drives different inputs apart as depth grows.",
        source="joudaki2023",
        where="abstract",
        published="",
        chapter="depth",
        experiment=collapses,
        judge=_judge_isometry,
        limits="The gains are the usual ones for networks without a norm, and only fifty layers are looked at.",
    ),
    Claim(
        name="orthogonal-weights",
        says="Linear networks with batch normalization and orthogonal weights have bounded gradients at any depth.",
        source="meterez2024",
        where="abstract",
        published="for linearly independent samples",
        chapter="depth",
        experiment=growths,
        judge=_judge_bounded,
        limits="The paper's proof is for an expected value and for batches as large as the width; two hundred layers "
        "are not any depth.",
    ),
]
