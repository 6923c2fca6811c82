"""Claims of the section on normalization types."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bnref.claims.claim import Claim, Finding, Kind, Verdict, spread
from bnref.claims.effect import Effect, factor, points
from bnref.claims.rule import best_inside, decide, decide_alike, decide_not_worse
from bnref.experiments import norm_types as units
from bnref.experiments import norm_types_batch_size as batch_size
from bnref.experiments import norm_types_dropout as dropout
from bnref.experiments import norm_types_regularization as noise
from bnref.experiments import norm_types_whitening as whitening

LITTLE = 1.0  # percentage points of accuracy that do not matter

Place = tuple[str, str]  # a key in references.bib, and the place in that source
Test = tuple[Callable[[], Any], Callable[[Any], Finding]]  # an experiment and its judge


def _claim(
    name: str, says: str, place: Place, test: Test, limits: str, kind: Kind = Kind.TESTED, published: str = ""
) -> Claim:
    return Claim(name, says, *place, published, "norm_types", *test, kind, limits)


def _invariant(norms: tuple[str, ...], change: str, results: list[units.Invariance]) -> Finding:
    """Judge whether a change leaves the results of these norms unchanged but changes that of batch norm."""
    largest = {r.norm: max(r.difference) for r in results if r.change == change}
    worst, moved = max(largest[norm] for norm in norms), largest["batch norm"]
    shown = worst < 1e-12 and moved > 0.1
    return Finding(
        f"the result moves by at most {worst:.0e} with {', '.join(norms)}, and by {moved:.1f} with batch norm",
        Verdict.SHOWN if shown else Verdict.CONTRADICTED,
    )


def _small_batches(results: list[batch_size.Errors]) -> Finding:
    bn, other = results
    largest, *small = bn.sizes
    grown = {
        size: [batch_size.errors_at(e, size) - batch_size.errors_at(e, largest) for e in results] for size in small
    }
    effects = [
        points(f"growth of the test error, BN minus {other.norm}", f"from batches of {largest} to {size}", *both)
        for size, both in grown.items()
    ]
    measured = [
        f"test error {spread(e.percent[0], 1)}% in batches of {largest} and {spread(e.percent[-1], 1)}% in batches of "
        f"{small[-1]} with {e.norm}"
        for e in results
    ]
    return Finding("; ".join(measured), decide(effects), tuple(effects))


def _rms(results: dict[float, batch_size.Accuracies]) -> Finding:
    effects = [
        points("test accuracy, RMS norm minus layer norm", f"learning rate {rate:g}", a["RMS norm"], a["layer norm"])
        for rate, a in results.items()
    ]
    rates = list(results)
    scores = {norm: np.transpose([a[norm] for a in results.values()]) for norm in ("layer norm", "RMS norm", "no norm")}
    best = {norm: rates[best_inside(rates, score)] for norm, score in scores.items()}
    tuned = {norm: results[rate][norm] for norm, rate in best.items()}
    control = points("test accuracy, layer norm minus no norm", "best rates", tuned["layer norm"], tuned["no norm"])
    measured = ", ".join(f"{spread(a)} with {norm} (rate {best[norm]:g})" for norm, a in tuned.items())
    return Finding(
        f"test accuracy at the best learning rate: {measured}",
        decide_alike(effects, margin=LITTLE, control=control),
        tuple(effects),
    )


def _noisy(results: list[noise.Noisy], better: str, worse: str) -> list[Effect]:
    found = {(r.network, r.rate, r.size): r.accuracy for r in results}
    what, setting = f"test accuracy, {better} minus {worse}", "batches of {}, rate {:g}".format
    return [
        points(what, setting(size, rate), found[better, rate, size], found[worse, rate, size])
        for rate in noise.RATES
        for size in noise.SIZES
    ]


def _with_noise(other: str, not_worse: bool, results: list[noise.Noisy]) -> Finding:
    """Judge whether BN does better than another network when labels are wrong, or at least not worse."""
    effects = _noisy(results, "BN", other)
    lists = [
        f"{network} " + ", ".join(f"{np.mean(r.accuracy):.2f}" for r in results if r.network == network)
        for network in ("BN", other)
    ]
    settings = "batches of 8, 32 and 128 at the lower learning rate, then at the higher"
    verdict = decide_not_worse(effects, margin=LITTLE) if not_worse else decide(effects)
    return Finding(f"test accuracy ({settings}): {'; '.join(lists)}", verdict, tuple(effects))


def _variance(result: dropout.Shift) -> Finding:
    off = max(abs(r - result.formula) for r in result.measured)
    return Finding(
        f"ratio of the variances {spread(result.measured)}, by the formula {result.formula:.3f}",
        Verdict.SHOWN if off < 0.01 else Verdict.CONTRADICTED,
    )


def _place(results: list[dropout.Dropped]) -> Finding:
    bn = {(r.place, r.drop): r.accuracy for r in results if r.norm == "BN"}
    effects = [
        points(
            "test accuracy, dropout after minus before the norm",
            f"{'one dropout layer' if 'last' in after else 'four dropout layers'}, {drop:.0%} dropped",
            bn[after, drop],
            bn[before, drop],
        )
        for before, after in (dropout.PLACES[:2], dropout.PLACES[2:])
        for drop in dropout.DROPS
    ]
    errors = {place: f"{100 - 100 * np.mean(bn[place, 0.7]):.1f}%" for place in dropout.PLACES}
    measured = "test error with 70% dropped: " + ", ".join(f"{error} {place}" for place, error in errors.items())
    return Finding(measured, decide(effects), tuple(effects))


def _recomputed(results: list[dropout.Dropped]) -> Finding:
    before = [r for r in results if r.norm == "BN" and r.place.startswith("before")]
    effects = [
        points(
            "test accuracy, recomputed minus stored statistics",
            f"dropout {r.place}, {r.drop:.0%} dropped",
            r.mended,
            r.accuracy,
        )
        for r in before
    ]
    measured = "; ".join(
        f"{r.drop:.0%} dropped {r.place}: test error {100 - 100 * np.mean(r.accuracy):.1f}% with stored statistics, "
        f"{100 - 100 * np.mean(r.mended):.1f}% with recomputed ones"
        for r in before
    )
    return Finding(measured, decide(effects), tuple(effects))


def _condition(results: dict[str, whitening.Conditions]) -> Finding:
    effects = [
        factor(f"condition number, {larger} over {smaller}", f"inputs from a {activation} layer", *both)
        for activation, r in results.items()
        for larger, smaller, both in (
            ("raw", "standardized", (r.raw, r.standardized)),
            ("standardized", "whitened", (r.standardized, r.whitened)),
        )
    ]
    measured = "; ".join(
        f"inputs from a {activation} layer: {np.mean(r.raw):,.0f} raw, {np.mean(r.standardized):,.0f} standardized, "
        f"{np.mean(r.whitened):.1f} whitened"
        for activation, r in results.items()
    )
    return Finding(f"mean condition number, {measured}", decide(effects), tuple(effects))


def _decorrelated(results: list[whitening.Decorrelated]) -> Finding:
    by_norm = {norm: [r for r in results if r.norm == norm] for norm in ("batch norm", "whitening")}
    pairs = list(zip(*by_norm.values(), strict=True))
    setting = "learning rate {:g}, 100 steps".format
    effects = [factor("training loss, BN over whitening", setting(a.lr), a.loss, b.loss) for a, b in pairs]
    effects += [points("test accuracy, whitening minus BN", setting(a.lr), b.accuracy, a.accuracy) for a, b in pairs]
    measured = []
    for norm, runs in by_norm.items():
        best = runs[best_inside([r.lr for r in runs], np.transpose([r.accuracy for r in runs]))]
        measured.append(f"{spread(best.accuracy)} with {norm} (rate {best.lr:g})")
    return Finding(f"test accuracy at the best rate: {', '.join(measured)}", decide(effects), tuple(effects))


def _neighbours(results: list[whitening.Neighbours]) -> Finding:
    effects = [
        points(
            "nearest-neighbor accuracy, standardized minus whitened", f"{r.count} samples", r.standardized, r.whitened
        )
        for r in results
    ]
    r = next(r for r in results if r.count == 64)
    measured = f"accuracy with 64 samples of 64 features: {spread(r.standardized, 2)} standardized, "
    return Finding(measured + f"{spread(r.whitened, 2)} whitened", decide(effects), tuple(effects))


WITHOUT_BATCH = ("layer norm", "instance norm", "group norm", "RMS norm")
WU_HE = "GN has 10.6% lower error than BN at batch size 2 (ResNet-50, ImageNet)"
IDENTITY_LIMITS = "It is algebra: it says how a norm computes, and not whether that helps."
NOISE_LIMITS = "256 small images and 15 epochs: it does not say what happens on large data, or with right labels."
DROPOUT_LIMITS = "Seven epochs of a small dense network on an easy task, which hardly needs dropout."

CLAIMS = [
    _claim(
        "batch-independence",
        "The computation of group norm does not depend on the batch.",
        ("wuhe2018", "abstract"),
        (units.invariances, partial(_invariant, WITHOUT_BATCH, "other samples")),
        IDENTITY_LIMITS,
        Kind.IDENTITY,
    ),
    _claim(
        "sample-scaling",
        "Layer norm is invariant to the scale of a single sample; batch norm is not.",
        ("ba2016", "table 1"),
        (units.invariances, partial(_invariant, ("layer norm",), "sample x 10")),
        IDENTITY_LIMITS,
        Kind.IDENTITY,
    ),
    _claim(
        "rms-norm",
        "RMS norm does as well as layer norm.",
        ("zhangsennrich2019", "abstract"),
        (batch_size.rms_accuracies, _rms),
        "The network nearly works without any norm, so it cannot tell whether one norm can replace another.",
        published="comparable performance, running time 7% to 64% less",
    ),
    _claim(
        "small-batches",
        "Batch norm's error grows when batches get small, more than with a norm that does not use the batch.",
        ("wuhe2018", "abstract"),
        (batch_size.dense_errors, _small_batches),
        "Dense layers, whose channels have a single position: the paper is about convolutional networks.",
        published=WU_HE,
    ),
    _claim(
        "small-batches-cnn",
        "In a convolutional network, too, batch norm's error grows more when batches get small.",
        ("wuhe2018", "abstract"),
        (batch_size.convolutional_errors, _small_batches),
        "Two convolutions: whatever needs depth to add up cannot show.",
        published=WU_HE,
    ),
    _claim(
        "regularizer",
        "Batch normalization acts as a regularizer (here: with wrong labels, it generalizes better than no norm).",
        ("ioffe2015", "abstract and section 3.4"),
        (noise.wrong_labels, partial(_with_noise, "no norm", False)),
        NOISE_LIMITS,
    ),
    _claim(
        "batch-noise",
        "Batch norm is normalization by the statistics of all data, plus a regularizer that comes from the batch.",
        ("luo2019", "abstract"),
        (noise.wrong_labels, partial(_with_noise, "BN, whole set", False)),
        NOISE_LIMITS,
    ),
    _claim(
        "dropout-needless",
        "In some cases, batch norm eliminates the need for dropout (here: it does as well without as with dropout).",
        ("ioffe2015", "abstract"),
        (noise.wrong_labels, partial(_with_noise, "BN and dropout", True)),
        "One task, which rewards every regularizer: the paper says *some* cases, and this one is no such case.",
    ),
    _claim(
        "dropout-variance",
        "Dropout before batch norm changes the variance between training and test.",
        ("li2019", "abstract"),
        (partial(dropout.variance_shift, 0.5, 1.0), _variance),
        IDENTITY_LIMITS,
        Kind.IDENTITY,
    ),
    _claim(
        "dropout-before-bn",
        "A network does worse with dropout before batch norm than with as many dropout layers after it.",
        ("li2019", "figure 1 of arXiv:1801.05134v1"),
        (dropout.dropped, _place),
        DROPOUT_LIMITS,
        published="DenseNet on CIFAR-100: accuracy 77.42% without dropout, 68.55% with dropout 0.5 in each bottleneck",
    ),
    _claim(
        "dropout-mended",
        "Recomputing batch norm's statistics with dropout off repairs a part of what dropout before it does.",
        ("li2019", "the table on adjusting BN's moving mean and variance"),
        (dropout.dropped, _recomputed),
        DROPOUT_LIMITS,
    ),
    _claim(
        "layer-condition",
        "Inputs of mean 0 and variance 1 improve the condition of a linear layer's Hessian, uncorrelated ones more.",
        ("lecun1998", "section 4.3"),
        (whitening.all_conditions, _condition),
        "The Hessian of one linear layer with the squared error: it is not the Hessian of a whole network.",
    ),
    _claim(
        "decorrelated",
        "Batch norm that whitens optimizes better and generalizes better than batch norm.",
        ("huang2018", "abstract"),
        (whitening.decorrelated, _decorrelated),
        "A small dense network and 100 steps; the paper trains large convolutional networks and whitens in groups.",
    ),
    _claim(
        "whitening-information",
        "Whitening can harm or prevent generalization, where features are as many as samples.",
        ("wadia2021", "abstract"),
        (whitening.neighbours, _neighbours),
        "A nearest-neighbor classifier on pixels: the paper is about networks with a dense first layer.",
    ),
]
