"""Claims about inference with batch normalization."""

import numpy as np

from bnref.claims.claim import Claim, Finding, Kind, Verdict, spread
from bnref.claims.effect import Effect, points
from bnref.claims.rule import decide, decide_not_worse
from bnref.experiments.batch_renorm import Renormalized, tiny_batches
from bnref.experiments.inference import Affine, Folding, Modes, affine, folding, modes
from bnref.experiments.inference_averages import (
    EveryVariance,
    Follower,
    Precise,
    every_variance,
    followers,
    precise,
)

ROUNDING = 1e-10
LITTLE = 1.0  # percentage points of accuracy that count as no loss

# How the test images are batched when a network normalizes by the batch.
BATCHES = {
    "mixed_64": "random batches of 64",
    "mixed_8": "random batches of 8",
    "pairs": "random batches of 2",
    "sorted_32": "batches of 32 sorted by digit",
    "with_a_copy": "each image with a copy of itself",
}


def _exact(measured: str, exact: bool) -> Finding:
    return Finding(measured, Verdict.SHOWN if exact else Verdict.CONTRADICTED)


def judge_evaluation_mode(result: Modes) -> Finding:
    """Test whether stored statistics do as well as the batch's, for every way to batch the test images."""
    effects = [
        points("test accuracy, stored minus batch statistics", text, result.evaluation, getattr(result, name))
        for name, text in BATCHES.items()
    ]
    measured = (
        f"accuracy on digits: {spread(result.evaluation)} with stored statistics; with batch statistics, "
        f"{spread(result.mixed_64)} in random batches of 64, {spread(result.mixed_8)} in random batches of 8, and "
        f"{spread(result.sorted_32)} in batches of 32 sorted by digit"
    )
    sorted_by_digit = effects[list(BATCHES).index("sorted_32")]
    return Finding(measured, decide_not_worse(effects, LITTLE, control=sorted_by_digit), tuple(effects))


def judge_affine(result: Affine) -> Finding:
    """Check that a layer in evaluation mode is a x + b for each sample, and in training mode is not."""
    exact = result.bent.max() < ROUNDING and result.company.max() == 0
    return _exact(
        f"a layer in evaluation mode differs from a x + b by {result.bent.max():.0e} at most, and a sample's output by "
        f"{result.company.max():.0f} between two batches; in training mode, by {spread(result.company_in_training, 1)}",
        bool(exact and result.company_in_training.min() > 0.1),
    )


def judge_folding(result: Folding) -> Finding:
    """Check that folded networks compute the same in float32."""
    exact = result.difference.max() < 1e-5 and not result.changed.any()
    return _exact(
        f"the float32 scores of {len(result.changed)} folded networks differ by at most {result.difference.max():.0e} "
        f"of the largest score, and {result.changed.sum()} answers change",
        bool(exact),
    )


def judge_unbiased(result: EveryVariance) -> Finding:
    """Check the average variance over all batches against the variance of all samples."""
    off = float(np.abs(result.unbiased - 1).max())
    biased = ", ".join(f"{share:.3f}" for share in result.biased)
    return _exact(
        f"over all batches of 2, 3 and 4 of six digits, the average variance is {biased} of the true one; with the "
        f"factor m / (m - 1), it is off by {off:.0e} at most",
        off < ROUNDING and bool(result.biased.max() < 0.9),  # otherwise the factor would not matter
    )


def judge_lag(result: list[Follower]) -> Finding:
    """Check the lag and the noise of moving averages against their formulas."""
    off = max(
        max(abs(f.lag / f.lag_by_formula - 1) for f in result),
        max(abs(f.noise / f.noise_by_formula - 1) for f in result),
    )
    numbers = "; ".join(f"{f.lag:.0f} batches and {f.noise:.3f} for decay {f.decay}" for f in result)
    return _exact(
        f"lag, and noise as a share of a batch's noise: {numbers}; the formulas are off by {off:.0e} of them at most",
        off < ROUNDING,
    )


def judge_precise(result: Precise) -> Finding:
    """Compare precise statistics with each moving average at each step of the training."""
    effects = [
        points(
            "test accuracy, precise statistics minus moving average",
            f"decay {decay}, step {step}",
            result.precise[:, at],
            result.moving[:, at, i],
        )
        for i, decay in enumerate(result.decays)
        for at, step in enumerate(result.steps)
    ]
    early, last = result.steps.index(20), len(result.steps) - 1
    numbers = "; ".join(
        f"at step {result.steps[at]}, {spread(result.precise[:, at])} and {spread(result.moving[:, at, 0])}"
        for at in (early, last)
    )
    return Finding(
        f"accuracy with precise statistics and with a moving average of decay 0.9: {numbers}",
        decide(effects),
        tuple(effects),
    )


def judge_renorm(result: Renormalized) -> Finding:
    """Compare batch renormalization with batch norm of both decays; the control is random batches of 64."""
    effects = [
        points(f"test accuracy, batch renorm minus batch norm {name}", kind.batches, kind.batch_renorm, other)
        for kind in result.kinds
        for name, other in (("(decay 0.9)", kind.batch_norm), ("(decay 0.99)", kind.slower_average))
    ]
    numbers = "; ".join(f"{k.batches}: {spread(k.batch_renorm)} and {spread(k.batch_norm)}" for k in result.kinds)
    return Finding(
        f"accuracy with batch renorm and with batch norm (decay 0.9), by batch: {numbers}",
        decide(effects, control=_needs_help(result)),
        tuple(effects),
    )


def _needs_help(result: Renormalized) -> Effect:
    compares = "test accuracy of batch norm, batches of 64 minus batches of 4"
    return points(compares, "random images", result.batch_norm_64, result.kinds[0].batch_norm)


CLAIMS = [
    Claim(
        name="evaluation-mode",
        says="In inference, normalization by the mini-batch is neither necessary nor desirable: the output should "
        "depend on the input alone.",
        source="ioffe2015",
        where="section 3.1",
        published="",
        chapter="inference",
        experiment=modes,
        judge=judge_evaluation_mode,
        limits="The test images look like the training images; where they do not, batch statistics can help.",
    ),
    Claim(
        name="evaluation-affine",
        says="With its means and variances fixed, BN is a linear transform of each activation.",
        source="ioffe2015",
        where="section 3.1",
        published="",
        chapter="inference",
        experiment=affine,
        judge=judge_affine,
        kind=Kind.IDENTITY,
        limits="Algebra: it does not say whether the fixed means and variances are good ones.",
    ),
    Claim(
        name="unbiased-variance",
        says="Inference takes m / (m - 1) times the average of the batches' variances, an unbiased estimate.",
        source="ioffe2015",
        where="section 3.1, and algorithm 2, line 10",
        published="",
        chapter="inference",
        experiment=every_variance,
        judge=judge_unbiased,
        kind=Kind.IDENTITY,
        limits="Algebra for draws with replacement: it does not say how much accuracy the factor is worth.",
    ),
    Claim(
        name="average-lag",
        says="A moving average comes from an outdated network if its decay is large, and from few batches if small.",
        source="wujohnson2021",
        where="section 3",
        published="",
        chapter="inference",
        experiment=followers,
        judge=judge_lag,
        kind=Kind.IDENTITY,
        limits="Algebra for a steady drift and independent batches: a real training has neither.",
    ),
    Claim(
        name="precise-statistics",
        says="Statistics that are recomputed with fixed weights evaluate a network better than moving averages do.",
        source="wujohnson2021",
        where="section 3",
        published="",
        chapter="inference",
        experiment=precise,
        judge=judge_precise,
        limits="One small network at one high learning rate; the paper evaluates networks on ImageNet during training.",
    ),
    Claim(
        name="batch-renorm",
        says="With small or dependent mini-batches, models trained with batch renormalization do better than models "
        "trained with batch normalization.",
        source="ioffe2017",
        where="abstract",
        published="",
        chapter="inference",
        experiment=tiny_batches,
        judge=judge_renorm,
        limits="Four epochs on digits, with learning rates in proportion to the batch size; we tried no other rates.",
    ),
    Claim(
        name="folding",
        says="For inference, BN is folded into the weights and the bias of the layer before it.",
        source="jacob2018",
        where="section 3.2",
        published="",
        chapter="inference",
        experiment=folding,
        judge=judge_folding,
        kind=Kind.IDENTITY,
        limits="Algebra: it does not measure how much time a folded network saves.",
    ),
]
