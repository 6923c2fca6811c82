"""Claims about inference with batch normalization."""

import numpy as np

from bnref.claims.claim import Claim, Finding, Verdict, spread
from bnref.experiments.batch_renorm import TinyBatches, tiny_batches
from bnref.experiments.inference import Affine, Folding, Modes, affine, folding, modes
from bnref.experiments.inference_averages import Follower, Precise, Spreads, followers, precise, spreads


def _evaluation_mode(result: Modes) -> Finding:
    shown = (result.evaluation > result.mixed_8).all() and (result.evaluation - result.sorted_32 > 0.5).all()
    return Finding(
        f"accuracy on digits: {spread(result.evaluation)} by stored statistics; by those of the batch "
        f"{spread(result.mixed_64)} in mixed batches of 64, {spread(result.mixed_8)} in 8, {spread(result.pairs)} "
        f"in pairs, {spread(result.sorted_32)} in batches of 32 sorted by digit",
        Verdict.SHOWN if shown else Verdict.NOT_SHOWN,
    )


def _affine(result: Affine) -> Finding:
    exact = result.bent.max() < 1e-12 and result.company.max() == 0
    return Finding(
        f"in float64, a x + b from the layer's state is off by {result.bent.max():.0e} at most; an output differs by "
        f"{result.company.max():.0f} in other company, and in training mode by {spread(result.company_in_training, 1)}",
        Verdict.SHOWN if exact and result.company_in_training.min() > 0.1 else Verdict.CONTRADICTED,
    )


def _folding(result: Folding) -> Finding:
    exact = result.difference.max() < 1e-5 and not result.changed.any()
    return Finding(
        f"in float32 the logits differ by {result.difference.max():.0e} of the largest at most, and "
        f"{result.changed.sum()} answers change in {len(result.changed)} networks",
        Verdict.SHOWN if exact else Verdict.CONTRADICTED,
    )


def _unbiased(result: list[Spreads]) -> Finding:
    two = result[0]
    shown = np.abs(two.unbiased - 1).max() < 0.05 and two.biased.max() < 0.75
    return Finding(
        f"batches of 2: the root of the averaged variances is {spread(two.unbiased, 2)} of the true standard "
        f"deviation with m / (m - 1), {spread(two.biased, 2)} without; averaged standard deviations give "
        f"{spread(two.stds, 2)}",
        Verdict.SHOWN if shown else Verdict.NOT_SHOWN,
    )


def _lag(result: list[Follower]) -> Finding:
    close = [abs(f.lag / f.lag_by_formula - 1) < 0.01 and abs(f.noise / f.noise_by_formula - 1) < 0.1 for f in result]
    numbers = "; ".join(f"{f.decay}: {f.lag:.0f} and {f.noise:.3f}" for f in result)
    return Finding(
        f"lag in batches of drift, and noise as a share of a batch's, by decay: {numbers}",
        Verdict.SHOWN if all(close) else Verdict.NOT_SHOWN,
    )


def _precise(result: Precise) -> Finding:
    at_20, better = result.steps.index(20), result.precise[:, :, None] - result.moving
    shown = (better[:, at_20] > 0.01).all() and (better[:, at_20, 1] > 0.1).all()
    return Finding(
        f"accuracy at step 20: {spread(result.precise[:, at_20])} by precise statistics, "
        f"{spread(result.moving[:, at_20, 0])} with decay 0.9, {spread(result.moving[:, at_20, 1])} with 0.99; at "
        f"step {result.steps[-1]}: {spread(result.precise[:, -1])}, {spread(result.moving[:, -1, 0])}, "
        f"{spread(result.moving[:, -1, 1])}",
        Verdict.SHOWN if shown else Verdict.NOT_SHOWN,
    )


def _renorm(result: TinyBatches) -> Finding:
    gained = result.batch_renorm - result.batch_norm
    error = gained.std(ddof=1) / np.sqrt(len(gained))
    return Finding(
        f"accuracy after training with batches of 4: {spread(result.batch_renorm)} with batch renorm, "
        f"{spread(result.batch_norm)} with batch norm (a gain of {gained.mean():.3f}, standard error {error:.3f}, "
        f"{len(gained)} seeds), also with recomputed statistics ({spread(result.recomputed)}); with batches of 64: "
        f"{spread(result.batch_norm_64)}",
        Verdict.SHOWN if gained.mean() > 2 * error else Verdict.NOT_SHOWN,
    )


CLAIMS = [
    Claim(
        "evaluation-mode",
        "In inference, normalization by the mini-batch is neither necessary nor desirable: the output should depend "
        "on the input alone.",
        "ioffe2015",
        "section 3.1",
        "",
        "inference",
        modes,
        _evaluation_mode,
    ),
    Claim(
        "evaluation-affine",
        "With its means and variances fixed, BN is a linear transform of each activation.",
        "ioffe2015",
        "section 3.1",
        "",
        "inference",
        affine,
        _affine,
    ),
    Claim(
        "unbiased-variance",
        "Inference takes m / (m - 1) times the average of the batches' variances, an unbiased estimate.",
        "ioffe2015",
        "section 3.1, and algorithm 2, line 10",
        "",
        "inference",
        spreads,
        _unbiased,
    ),
    Claim(
        "average-lag",
        "A moving average with a large decay comes from an outdated network, one with a small decay from few batches.",
        "wujohnson2021",
        "section 3",
        "",
        "inference",
        followers,
        _lag,
    ),
    Claim(
        "precise-statistics",
        "Statistics that are computed anew with fixed weights evaluate a training network better than moving averages.",
        "wujohnson2021",
        "section 3",
        "",
        "inference",
        precise,
        _precise,
    ),
    Claim(
        "batch-renorm",
        "With small mini-batches, models trained with batch renormalization do better than with batch normalization.",
        "ioffe2017",
        "abstract",
        "",
        "inference",
        tiny_batches,
        _renorm,
    ),
    Claim(
        "folding",
        "For inference, BN is folded into the weights and the bias of the layer before it.",
        "jacob2018",
        "section 3.2",
        "",
        "inference",
        folding,
        _folding,
    ),
]
