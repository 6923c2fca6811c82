"""Claims about covariate shift: recomputed BN statistics, importance weights, and rendered images."""

import functools

from bnref.claims.claim import Claim, Finding, Kind, Verdict, spread
from bnref.claims.effect import factor, points
from bnref.claims.rule import decide
from bnref.experiments import covariate_shift_rendered as rendered
from bnref.experiments import covariate_shift_statistics as statistics
from bnref.experiments import covariate_shift_weights as weights

LEAST = 1.0  # percentage points, the smallest difference in accuracy that counts as an effect


def judge_recomputed(result: statistics.ByShift, alone: bool = False) -> Finding:
    """Compare stored statistics with recomputed ones, or with those of one image, under each shift."""
    new = result.alone if alone else result.recomputed
    shifts = [k for k, shift in enumerate(result.shifts) if shift != "none"]
    compares = f"test accuracy, {'one image and stored' if alone else 'recomputed'} minus stored statistics"
    effects = tuple(points(compares, result.shifts[k], new[:, k], result.stored[:, k]) for k in shifts)
    helped = [e.setting for e in effects if e.interval[0] > LEAST]
    words = ", ".join(f"{e.setting} {e.mean:+.1f}" for e in effects)
    measured = f"change of accuracy in points: {words}; it rises by more than 1 in {len(helped)} of 6 shifts"
    return Finding(measured, decide(effects, LEAST), effects)


def judge_natural(result: rendered.Gains) -> Finding:
    """Compare the gain on handwriting with the gain under each shift made by arithmetic."""
    compares = "gain in accuracy by recomputed statistics, shift by arithmetic minus step to handwriting"
    effects = tuple(
        points(compares, f"{shift}, {kind} drawings", result.made[:, k], result.natural[:, j])
        for j, kind in enumerate(("plain", "varied"))
        for k, shift in enumerate(statistics.REPAIRED)
    )
    plain, varied = (spread(result.natural[:, j]) for j in (0, 1))
    made = result.made.mean(axis=0)
    measured = (
        f"accuracy gained on handwriting: {plain} (plain drawings), {varied} (varied drawings); "
        f"under four shifts by arithmetic, means from {made.min():.3f} to {made.max():.3f}"
    )
    return Finding(measured, decide(effects, LEAST), effects)


def judge_batch_size(result: statistics.ByBatch) -> Finding:
    """Compare all 450 images with single images, in both networks."""
    compares = "accuracy at night, statistics of 450 images minus of 1 image"
    effects = tuple(
        points(compares, f"{name} network", right[:, -1], right[:, 0])
        for name, right in (("convolutional", result.mixed), ("dense", result.dense))
    )
    words = [f"{e.setting}: {e.mean:.1f} points lower with 1 image than with 450" for e in effects]
    return Finding("; ".join(words), decide(effects, LEAST), effects)


def judge_sorted(result: statistics.ByBatch) -> Finding:
    """Compare mixed batches with batches sorted by label, at each size where the two can differ."""
    compares = "accuracy at night, mixed minus sorted batches"
    sizes = [k for k, size in enumerate(result.sizes) if 1 < size < 450]
    effects = tuple(
        points(compares, f"{result.sizes[k]} images", result.mixed[:, k], result.sorted[:, k]) for k in sizes
    )
    words = ", ".join(f"{e.setting} {e.mean:.1f}" for e in effects)
    return Finding(f"points lost by sorting, by batch: {words}", decide(effects, LEAST), effects)


def judge_weights(result: weights.ByDistance, weights_win: bool) -> Finding:
    """Compare the errors with equal weights and with importance weights, for each place of the test set."""
    sides = (result.equal, result.weighted) if weights_win else (result.weighted, result.equal)
    names = ("equal", "importance") if weights_win else ("importance", "equal")
    compares = f"test error, {names[0]} over {names[1]} weights"
    effects = tuple(
        factor(compares, f"test set around {centre:g}", sides[0][:, k], sides[1][:, k])
        for k, centre in enumerate(result.centres)
    )
    words = ", ".join(f"{centre:g}: {10**e.mean:.2f}" for centre, e in zip(result.centres, effects, strict=True))
    return Finding(
        f"ratio of the errors, {names[0]} to {names[1]} weights, by center: {words}", decide(effects), effects
    )


def judge_added(result: rendered.FewWritten) -> Finding:
    """Compare few written digits with and without drawn ones."""
    compares = "accuracy on handwriting, with drawn digits minus without"
    pairs = list(zip(result.counts, result.with_drawn.T, result.alone.T, strict=True))
    effects = tuple(points(compares, f"{count} written digits", more, few) for count, more, few in pairs)
    words = [
        f"{count} written digits alone {spread(few)}, with drawn ones {spread(more)}" for count, more, few in pairs
    ]
    return Finding("; ".join(words), decide(effects, LEAST), effects)


def judge_instead(result: rendered.FewWritten) -> Finding:
    """State the accuracies that a faithful test would compare; a typeface is no photorealistic game."""
    mixed, real = spread(result.with_drawn[:, 0]), spread(result.alone[:, 1])
    return Finding(f"20 written digits with drawn ones {mixed}, 60 written digits alone {real}", Verdict.NO_TEST)


CHAPTER = "covariate_shift"
CLAIMS = [
    Claim(
        name="recomputed-statistics",
        says="A network becomes more robust if the corrupted images' statistics replace the stored BN statistics.",
        source="schneider2020",
        where="abstract",
        published="ResNet-50 on ImageNet-C: mean corruption error 76.7% with stored, 62.2% with recomputed statistics",
        chapter=CHAPTER,
        experiment=statistics.by_shift,
        judge=judge_recomputed,
        limits="The paper averages over 15 corruptions of photographs, while these are six shifts of small digits, "
        "one of which was built to defeat new statistics.",
    ),
    Claim(
        name="single-sample",
        says="Even adapting the BN statistics to a single sample improves robustness.",
        source="schneider2020",
        where="abstract",
        published="",
        chapter=CHAPTER,
        experiment=statistics.by_shift,
        judge=functools.partial(judge_recomputed, alone=True),
        limits="The stored statistics counted as 16 images, the only weight tried, and an image has only 64 pixels.",
    ),
    Claim(
        name="natural-shift",
        says="Normalizing by the prediction batch does not do as well under more natural shifts.",
        source="nado2020",
        where="abstract",
        published="",
        chapter=CHAPTER,
        experiment=rendered.gains,
        judge=judge_natural,
        limits="The step from a typeface to handwriting is a single natural shift, and not one that the paper studies; "
        "the four shifts by arithmetic were chosen because new statistics help with them.",
    ),
    Claim(
        name="prediction-batch-size",
        says="Statistics of the test batch need a batch that is large enough.",
        source="lim2023",
        where="abstract",
        published="",
        chapter=CHAPTER,
        experiment=statistics.by_batch_size,
        judge=judge_batch_size,
        limits="How large is large enough depends on the network and on the size of the images.",
    ),
    Claim(
        name="label-sorted-batches",
        says="Statistics of the test batch need a batch that is drawn independently; otherwise accuracy drops.",
        source="lim2023",
        where="abstract",
        published="",
        chapter=CHAPTER,
        experiment=statistics.by_batch_size,
        judge=judge_sorted,
        limits="Sorting by label is the strongest dependence there is; real streams of images are less ordered.",
    ),
    Claim(
        name="importance-weights",
        says="Where the model is misspecified, the best weight is the ratio of the two densities of the covariate.",
        source="shimodaira2000",
        where="abstract",
        published="",
        chapter=CHAPTER,
        experiment=weights.by_distance,
        judge=functools.partial(judge_weights, weights_win=True),
        limits="The theory is about many samples and the true ratio; here 200 points and an estimated ratio are used.",
    ),
    Claim(
        name="importance-weights-right-model",
        says="Where the model is specified correctly, equal weights are best.",
        source="shimodaira2000",
        where="abstract",
        published="",
        chapter=CHAPTER,
        experiment=functools.partial(weights.by_distance, degree=3),
        judge=functools.partial(judge_weights, weights_win=False),
        limits="Only one other choice of weights was tried, the estimated ratio of the densities.",
    ),
    Claim(
        name="rendered-data-added",
        says="Adding images from a game to real ones increases the accuracy on real images.",
        source="richter2016",
        where="abstract",
        published="",
        chapter=CHAPTER,
        experiment=rendered.few_written,
        judge=judge_added,
        limits="Digits in one typeface look far less like handwriting than a photorealistic game looks like a street.",
    ),
    Claim(
        name="rendered-data-instead",
        says="Images from a game and a third of the real training set outperform the whole real training set.",
        source="richter2016",
        where="abstract",
        published="",
        chapter=CHAPTER,
        experiment=rendered.few_written,
        judge=judge_instead,
        kind=Kind.NOT_TESTABLE,
        limits="The claim depends on how realistic the game is, and the book has no photorealistic images.",
    ),
]
