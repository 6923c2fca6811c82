"""Claims of the section on CNNs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from bnref.claims.claim import Claim, Finding, Kind, Verdict, spread
from bnref.claims.effect import factor, points
from bnref.claims.rule import best_inside, decide
from bnref.experiments.cnn import Translation, UselessBias, translation, useless_bias
from bnref.experiments.cnn_training import Curves, Folding, depth, folding, speed

TARGET = 0.9  # accuracy to reach in `judge_steps`


def judge_bias(results: list[UselessBias]) -> Finding:
    """Require training to differ only by rounding, below 1e-10.

    In evaluation mode, the effect of the biases fades as the running means catch up.
    """
    training, moved = max(r.training for r in results), max(r.moved for r in results)
    measured = (
        f"largest difference between the logits in training: {training:.0e}; largest change of a bias by training: "
        f"{moved:.0e}"
    )
    return Finding(measured, Verdict.SHOWN if training < 1e-10 and moved < 1e-10 else Verdict.CONTRADICTED)


def judge_translation(results: list[Translation]) -> Finding:
    """Compare the accuracy on moved digits per channel and per neuron, for each distance."""
    channel, neuron = (np.array([getattr(r, name) for r in results]) for name in ("per_channel", "per_neuron"))
    moves = {shift: i for i, shift in enumerate(results[0].shifts) if shift}
    effects = [
        points(
            "test accuracy, BN per channel minus per neuron",
            f"digits moved by {shift} {'pixel' if shift == 1 else 'pixels'}",
            channel[:, i],
            neuron[:, i],
        )
        for shift, i in moves.items()
    ]
    measured = "test accuracy on digits moved by " + "; ".join(
        f"{shift}: {spread(channel[:, i], 2)} per channel, {spread(neuron[:, i], 2)} per neuron"
        for shift, i in {0: 0, **moves}.items()
    )
    return Finding(f"{measured} (pixels)", decide(effects), tuple(effects))


def judge_steps(result: Curves) -> Finding:
    """Compare the steps to `TARGET`, each network at its best rate, which must lie inside the grid."""
    for curves in (result.batch_norm, result.none):
        best_inside(result.rates, curves.mean(axis=2))
    with_norm, without = (result.steps_to(name, TARGET) for name in ("batch_norm", "none"))
    if not np.isfinite([with_norm, without]).all():
        raise ValueError(f"a network does not reach {TARGET:.0%} accuracy: train for more steps")
    setting = f"best rates, {result.best_rate('batch_norm'):g} with BN and {result.best_rate('none'):g} without"
    effect = factor(f"steps to {TARGET:.0%} accuracy, no norm over BN", setting, without, with_norm)
    measured = f"steps to {TARGET:.0%} accuracy: {spread(with_norm, 0)} with BN, {spread(without, 0)} without"
    return Finding(measured, decide([effect]), (effect,))


def judge_rates(result: Curves) -> Finding:
    """Compare the accuracies at every rate above the best one of the network without BN."""
    best = best_inside(result.rates, result.none.mean(axis=2))
    higher = range(best + 1, len(result.rates))
    last = result.steps[-1]
    effects = [
        points(
            f"test accuracy after {last} steps, BN minus no norm",
            f"learning rate {result.rates[i]:g}",
            result.batch_norm[:, i, -1],
            result.none[:, i, -1],
        )
        for i in higher
    ]
    measured = f"best rate without BN {result.rates[best]:g}; test accuracy after {last} steps at " + "; ".join(
        f"rate {result.rates[i]:g}: {_both(result.batch_norm[:, i, -1], result.none[:, i, -1])}" for i in higher
    )
    return Finding(measured, decide(effects), tuple(effects))


def judge_depth(result: Curves) -> Finding:
    """Compare the accuracies whenever they were measured, each network at its best rate inside the grid."""
    for curves in (result.batch_norm, result.none):
        best_inside(result.rates, curves.mean(axis=2))
    with_norm, without = (result.best(name) for name in ("batch_norm", "none"))
    compares = "test accuracy of 16 convolutions, BN minus no norm"
    effects = [
        points(compares, f"after {step} steps, best rates", with_norm[:, i], without[:, i])
        for i, step in enumerate(result.steps)
    ]
    measured = "test accuracy of 16 convolutions after " + "; ".join(
        f"{step} steps: {_both(with_norm[:, i], without[:, i])}" for i, step in enumerate(result.steps)
    )
    return Finding(measured, decide(effects), tuple(effects))


def _both(with_norm: ArrayLike, without: ArrayLike) -> str:
    return f"{spread(with_norm, 2)} with BN, {spread(without, 2)} without"


def judge_folding(results: Sequence[Folding]) -> Finding:
    """Require differences at the level of rounding in float32 and float64, and unchanged predictions."""
    single, double = (max(getattr(r, name) for r in results) for name in ("float32", "float64"))
    changed = sum(r.changed for r in results)
    measured = (
        f"logits differ by {single:.0e} at most in float32, {double:.0e} in float64; {changed} predictions change"
    )
    exact = single < 1e-4 and double < 1e-12 and not changed
    return Finding(measured, Verdict.SHOWN if exact else Verdict.CONTRADICTED)


CLAIMS = [
    Claim(
        name="cnn-bias",
        says="A bias before BN can be left out: the mean takes it away, and beta does its work.",
        source="ioffe2015",
        where="section 3.2",
        published="",
        chapter="cnn",
        experiment=useless_bias,
        judge=judge_bias,
        kind=Kind.IDENTITY,
        limits="It holds in training; in evaluation, the running mean must first catch up with the bias.",
    ),
    Claim(
        name="cnn-translation",
        says=(
            "BN per channel normalizes all places of a feature map in the same way, as convolutions need (here: it "
            "reads moved digits better than BN per neuron)."
        ),
        source="ioffe2015",
        where="section 3.2",
        published="",
        chapter="cnn",
        experiment=translation,
        judge=judge_translation,
        limits="A network that is built not to see positions, and test digits that move while training digits do not.",
    ),
    Claim(
        name="cnn-steps",
        says="With BN a convolutional network reaches the same accuracy in fewer steps.",
        source="ioffe2015",
        where="abstract",
        published="14 times fewer training steps (Inception on ImageNet)",
        chapter="cnn",
        experiment=speed,
        judge=judge_steps,
        limits="Three convolutions on 8 by 8 digits, four learning rates, and plain gradient descent.",
    ),
    Claim(
        name="cnn-learning-rate",
        says="BN allows much higher learning rates.",
        source="ioffe2015",
        where="abstract",
        published="",
        chapter="cnn",
        experiment=speed,
        judge=judge_rates,
        limits="Two rates above the best one without BN, 3 and 10 times as high, and only 120 steps.",
    ),
    Claim(
        name="cnn-depth",
        says="Normalized initialization and normalization layers let networks of tens of layers start to converge.",
        source="he2016",
        where="section 1",
        published="",
        chapter="cnn",
        experiment=depth,
        judge=judge_depth,
        limits="It shows that BN makes learning start sooner; some runs without BN, from He's weights, start later.",
    ),
    Claim(
        name="cnn-folding",
        says="In evaluation, BN can be folded into the convolution before it.",
        source="jacob2018",
        where="section 3.2",
        published="",
        chapter="cnn",
        experiment=folding,
        judge=judge_folding,
        kind=Kind.IDENTITY,
        limits="It does not measure how much time folding saves.",
    ),
]
