"""Claims about covariate shift: recomputed BN statistics, importance weights, and rendered images."""

import functools

import numpy as np
from numpy.typing import NDArray

from bnref.claims.claim import Claim, Finding, Verdict, spread
from bnref.experiments import covariate_shift_rendered as rendered
from bnref.experiments import covariate_shift_statistics as statistics
from bnref.experiments import covariate_shift_weights as weights

Array = NDArray[np.floating]
RISE = 0.01  # smallest difference in accuracy that counts as an effect


def _compared(
    before: Array, after: Array, names: tuple[str, str], what: str, least: float = RISE, up: bool = True
) -> Finding:
    """Judge whether `after` differs from `before` by more than `least`, in the claimed direction, for every seed."""
    rise = (after - before) * (1 if up else -1)
    measured = f"{what}: {names[0]} {spread(before)}, {names[1]} {spread(after)}"
    if (rise > least).all():
        return Finding(measured, Verdict.SHOWN)
    return Finding(measured, Verdict.CONTRADICTED if (rise < -least).all() else Verdict.NOT_SHOWN)


def _recomputed(result: statistics.ByShift) -> Finding:
    some = result.of(*statistics.REPAIRED)
    stored, recomputed = some.stored.mean(axis=1), some.recomputed.mean(axis=1)
    return _compared(stored, recomputed, ("stored", "recomputed"), "accuracy, mean of four shifts of digits")


def _alone(result: statistics.ByShift) -> Finding:
    some = result.of(*statistics.REPAIRED)
    stored, alone = some.stored.mean(axis=1), some.alone.mean(axis=1)
    return _compared(stored, alone, ("stored", "one image with 16 stored"), "accuracy, mean of four shifts of digits")


def _natural(result: rendered.Gains) -> Finding:
    names = ("four shifts by arithmetic", "from drawn digits to written ones")
    return _compared(result.made, result.natural, names, "accuracy gained", up=False)


def _batch_size(result: statistics.ByBatch) -> Finding:
    large, small = result.mixed[:, -1], result.mixed[:, 0]
    finding = _compared(large, small, ("450 images", "1 image"), "accuracy at night", up=False)
    return Finding(f"{finding.measured}; in a dense network 1 image {spread(result.dense[:, 0])}", finding.verdict)


def _sorted(result: statistics.ByBatch) -> Finding:
    at = result.sizes.index(10)
    names = ("mixed", "sorted by label")
    return _compared(result.mixed[:, at], result.sorted[:, at], names, "accuracy at night, batches of 10", up=False)


def _weights(result: weights.ByDistance, centre: float, up: bool) -> Finding:
    at = result.centres.index(centre)
    equal, weighted = result.equal[:, at], result.weighted[:, at]
    measured = f"error over 20 draws: equal weights {spread(equal)}, weighted {spread(weighted)}"
    share = float(((weighted > equal) == up).mean())
    verdict = Verdict.SHOWN if share >= 0.9 else Verdict.CONTRADICTED if share <= 0.1 else Verdict.NOT_SHOWN
    return Finding(f"{measured}, {'higher' if up else 'lower'} in {share:.0%} of them", verdict)


def _added(result: rendered.FewWritten) -> Finding:
    names = ("20 written digits", "with 1347 drawn ones")
    return _compared(result.few, result.few_and_drawn, names, "accuracy on written digits")


def _instead(result: rendered.FewWritten) -> Finding:
    names = ("60 written digits", "20 with 1347 drawn ones")
    return _compared(result.three_times, result.few_and_drawn, names, "accuracy on written digits")


CLAIMS = [
    Claim(
        name="recomputed-statistics",
        says="Replacing the stored BN statistics by those of the corrupted images makes a network more robust.",
        source="schneider2020",
        where="abstract",
        published="ResNet-50 on ImageNet-C: mean corruption error 76.7% with stored, 62.2% with recomputed statistics",
        chapter="covariate_shift",
        experiment=statistics.by_shift,
        judge=_recomputed,
    ),
    Claim(
        name="single-sample",
        says="Even adapting the BN statistics to a single sample improves robustness.",
        source="schneider2020",
        where="abstract",
        published="",
        chapter="covariate_shift",
        experiment=statistics.by_shift,
        judge=_alone,
    ),
    Claim(
        name="natural-shift",
        says="Normalizing by the prediction batch does not do as well under more natural shifts.",
        source="nado2020",
        where="abstract",
        published="",
        chapter="covariate_shift",
        experiment=rendered.gains,
        judge=_natural,
    ),
    Claim(
        name="prediction-batch-size",
        says="Statistics of the test batch need a batch that is large enough.",
        source="lim2023",
        where="abstract",
        published="",
        chapter="covariate_shift",
        experiment=statistics.by_batch_size,
        judge=_batch_size,
    ),
    Claim(
        name="label-sorted-batches",
        says="Statistics of the test batch need a batch that is drawn independently; otherwise accuracy drops.",
        source="lim2023",
        where="abstract",
        published="",
        chapter="covariate_shift",
        experiment=statistics.by_batch_size,
        judge=_sorted,
    ),
    Claim(
        name="importance-weights",
        says="Where the model is misspecified, the best weight is the ratio of the two densities of the covariate.",
        source="shimodaira2000",
        where="abstract",
        published="",
        chapter="covariate_shift",
        experiment=weights.by_distance,
        judge=functools.partial(_weights, centre=0.0, up=False),
    ),
    Claim(
        name="importance-weights-right-model",
        says="Where the model is specified correctly, equal weights are best.",
        source="shimodaira2000",
        where="abstract",
        published="",
        chapter="covariate_shift",
        experiment=functools.partial(weights.by_distance, degree=3),
        judge=functools.partial(_weights, centre=-0.5, up=True),
    ),
    Claim(
        name="rendered-data-added",
        says="Adding images from a game to real ones increases the accuracy on real images.",
        source="richter2016",
        where="abstract",
        published="",
        chapter="covariate_shift",
        experiment=rendered.few_written,
        judge=_added,
    ),
    Claim(
        name="rendered-data-instead",
        says="Images from a game and a third of the real training set outperform the whole real training set.",
        source="richter2016",
        where="abstract",
        published="",
        chapter="covariate_shift",
        experiment=rendered.few_written,
        judge=_instead,
    ),
]
