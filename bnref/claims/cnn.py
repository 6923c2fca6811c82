"""Claims of the section on CNNs."""

import numpy as np

from bnref.claims.claim import Claim, Finding, Verdict, spread
from bnref.experiments.cnn import Translation, UselessBias, translation, useless_bias
from bnref.experiments.cnn_training import Depth, Folding, Speed, depth, folding, speed

TARGET = 0.9  # accuracy to reach in `judge_steps`


def judge_bias(results: list[UselessBias]) -> Finding:
    """Require training to differ only by rounding, below 1e-10.

    In evaluation mode, the effect of the biases fades as the running means catch up.
    """
    training, moved = max(r.training for r in results), max(r.moved for r in results)
    first, last = (spread([r.evaluation[i] for r in results], 2) for i in (0, -1))
    measured = (
        f"logits in training differ by {training:.0e} at most, and no bias moved by more than {moved:.0e}; in "
        f"evaluation the logits differ by {first} after 1 step and by {last} after {results[0].steps[-1]}, until the "
        "running means have caught up"
    )
    return Finding(measured, Verdict.SHOWN if training < 1e-10 and moved < 1e-10 else Verdict.CONTRADICTED)


def judge_translation(results: list[Translation]) -> Finding:
    """Require the same accuracy on moved digits per channel, and a lower one per neuron."""
    channel, neuron = (np.array([getattr(r, name) for r in results]) for name in ("per_channel", "per_neuron"))
    measured = (
        f"accuracy on digits as trained and moved by two pixels: per channel {spread(channel[:, 0], 2)} and "
        f"{spread(channel[:, -1], 2)}, per neuron {spread(neuron[:, 0], 2)} and {spread(neuron[:, -1], 2)}"
    )
    shown = np.ptp(channel, axis=1).max() < 0.01 and (neuron[:, -1] < neuron[:, 0] - 0.1).all()
    return Finding(measured, Verdict.SHOWN if shown else Verdict.NOT_SHOWN)


def judge_steps(result: Speed) -> Finding:
    """Require the slowest seed with BN to be faster than the fastest seed without."""
    with_norm, without = (result.steps_to(name, TARGET) for name in ("batch_norm", "none"))
    measured = (
        f"steps to {TARGET:.0%} accuracy, each at its best rate: {spread(with_norm, 0)} with BN and "
        f"{spread(without, 0)} without, {np.mean(without) / np.mean(with_norm):.1f} times fewer"
    )
    return Finding(measured, Verdict.SHOWN if with_norm.max() < without.min() else Verdict.NOT_SHOWN)


def judge_rates(result: Speed) -> Finding:
    """Require a higher best rate with BN, and clearly better accuracy at the highest rate."""
    with_norm, without = result.batch_norm[:, -1, -1], result.none[:, -1, -1]
    measured = (
        f"best rate {result.best_rate('batch_norm'):g} with BN, {result.best_rate('none'):g} without; accuracy after "
        f"{result.steps[-1]} steps at rate {result.rates[-1]:g}: {spread(with_norm, 2)} and {spread(without, 2)}"
    )
    shown = result.best_rate("batch_norm") > result.best_rate("none") and with_norm.min() > without.max() + 0.2
    return Finding(measured, Verdict.SHOWN if shown else Verdict.NOT_SHOWN)


def judge_depth(result: Depth) -> Finding:
    """Require the worst seed with BN to be far above the best seed without BN at the largest depth."""
    with_norm, without = (result.best(name)[:, -1] for name in ("batch_norm", "none"))
    measured = (
        f"accuracy with {result.depths[-1]} convolutions: {spread(with_norm, 2)} with BN, {spread(without, 2)} without"
    )
    return Finding(measured, Verdict.SHOWN if with_norm.min() > without.max() + 0.2 else Verdict.NOT_SHOWN)


def judge_folding(results: list[Folding]) -> Finding:
    """Require differences at the level of rounding in float32 and float64, and unchanged predictions."""
    single, double = (max(getattr(r, name) for r in results) for name in ("float32", "float64"))
    changed = sum(r.changed for r in results)
    measured = (
        f"logits differ by {single:.0e} at most in float32, {double:.0e} in float64; {changed} predictions change"
    )
    return Finding(
        measured, Verdict.SHOWN if single < 1e-4 and double < 1e-12 and not changed else Verdict.CONTRADICTED
    )


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
    ),
    Claim(
        name="cnn-translation",
        says="BN by channel normalizes all places of a feature map in the same way, as the convolution treats them.",
        source="ioffe2015",
        where="section 3.2",
        published="",
        chapter="cnn",
        experiment=translation,
        judge=judge_translation,
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
    ),
]
