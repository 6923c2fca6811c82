"""Claims of the section on normalization types."""

from functools import partial

import numpy as np

from bnref.claims.claim import Claim, Finding, Verdict, spread
from bnref.experiments import norm_types as units
from bnref.experiments import norm_types_batch_size as batch_size
from bnref.experiments import norm_types_dropout as dropout
from bnref.experiments import norm_types_whitening as whitening

_claim = partial(Claim, chapter="norm_types")


def _invariant(norms: tuple[str, ...], change: str, results: list[units.Invariance]) -> Finding:
    """Judge whether a change leaves the results of these norms unchanged but changes that of batch norm."""
    largest = {r.norm: max(r.difference) for r in results if r.change == change}
    worst, moved = max(largest[norm] for norm in norms), largest["batch norm"]
    shown = worst < 1e-12 and moved > 0.1
    return Finding(
        f"at most {worst:.0e} with {', '.join(norms)}; {moved:.1f} with batch norm",
        Verdict.SHOWN if shown else Verdict.NOT_SHOWN,
    )


def _small_batches(results: list[batch_size.Errors]) -> Finding:
    bn, other = results
    shown = min(bn.percent[-1]) > 2 * max(bn.percent[0]) and max(other.percent[-1]) < 0.5 * min(bn.percent[-1])
    first, last = bn.sizes[0], bn.sizes[-1]
    measured = [
        f"{e.norm} {spread(e.percent[0], 1)}% at {first} and {spread(e.percent[-1], 1)}% at {last}" for e in results
    ]
    return Finding("; ".join(measured), Verdict.SHOWN if shown else Verdict.NOT_SHOWN)


def _rms(result: batch_size.RmsErrors) -> Finding:
    difference = abs(np.mean(result.rms_norm) - np.mean(result.layer_norm))
    alike = difference < max(np.ptp(result.rms_norm), np.ptp(result.layer_norm))
    return Finding(
        f"test error {spread(result.layer_norm, 1)}% with layer norm, {spread(result.rms_norm, 1)}% with RMS norm",
        Verdict.SHOWN if alike else Verdict.CONTRADICTED,
    )


def _variance(result: dropout.Shift) -> Finding:
    off = max(abs(r - result.formula) for r in result.measured)
    return Finding(
        f"{spread(result.measured)}, by the formula {result.formula:.3f}",
        Verdict.SHOWN if off < 0.01 else Verdict.CONTRADICTED,
    )


def _find(results: list[dropout.Dropped], network: str, drop: float) -> dropout.Dropped:
    return next(r for r in results if (r.network, r.drop) == (network, drop))


def _order(results: list[dropout.Dropped]) -> Finding:
    before, after = (_find(results, network, 0.7) for network in dropout.NETWORKS[:2])
    shown = min(before.percent) > 3 * max(after.percent)
    return Finding(
        f"dropping 70%: test error {spread(before.percent, 1)}% before BN, {spread(after.percent, 1)}% after the last",
        Verdict.SHOWN if shown else Verdict.NOT_SHOWN,
    )


def _recomputed(results: list[dropout.Dropped]) -> Finding:
    r = _find(results, dropout.NETWORKS[0], 0.7)
    return Finding(
        f"dropping 70%: test error {spread(r.percent, 1)}%, {spread(r.mended, 1)}% with statistics taken anew",
        Verdict.SHOWN if max(r.mended) < min(r.percent) else Verdict.NOT_SHOWN,
    )


def _condition(result: whitening.Conditions) -> Finding:
    shown = min(result.raw) > 10 * max(result.standardized) and max(result.whitened) < 2
    return Finding(
        f"raw {spread(result.raw, 0)}, standardized {spread(result.standardized, 0)}, "
        f"whitened {spread(result.whitened, 1)}",
        Verdict.SHOWN if shown else Verdict.NOT_SHOWN,
    )


def _decorrelated(results: list[whitening.Decorrelated]) -> Finding:
    bn, white = (
        min((r for r in results if r.norm == norm), key=lambda r: np.mean(r.loss))
        for norm in ("batch norm", "whitening")
    )
    worse = min(white.loss) > max(bn.loss) and min(white.percent) > max(bn.percent)
    better = max(white.loss) < min(bn.loss)
    verdict = Verdict.CONTRADICTED if worse else Verdict.SHOWN if better else Verdict.NOT_SHOWN
    measured = [f"{r.norm} {spread(r.loss, 4)}, test error {spread(r.percent, 1)}%" for r in (bn, white)]
    return Finding(f"training loss after 100 steps at the best rate: {'; '.join(measured)}", verdict)


def _neighbours(results: list[whitening.Neighbours]) -> Finding:
    r = next(r for r in results if r.count == 64)
    shown = max(r.whitened) < min(r.standardized)
    return Finding(
        f"nearest neighbour, 64 samples of 64 features: accuracy {spread(r.standardized, 2)} standardized, "
        f"{spread(r.whitened, 2)} whitened",
        Verdict.SHOWN if shown else Verdict.NOT_SHOWN,
    )


CLAIMS = [
    _claim(
        "batch-independence",
        "The computation of group norm does not depend on the batch.",
        "wuhe2018",
        "abstract",
        "",
        experiment=units.invariances,
        judge=partial(_invariant, ("layer norm", "instance norm", "group norm", "RMS norm"), "other samples"),
    ),
    _claim(
        "sample-scaling",
        "Layer norm is invariant to the scale of a single sample; batch norm is not.",
        "ba2016",
        "table 1",
        "",
        experiment=units.invariances,
        judge=partial(_invariant, ("layer norm", "RMS norm"), "sample x 10"),
    ),
    _claim(
        "small-batches",
        "Batch norm's error grows when batches get small; that of a norm without the batch does not.",
        "wuhe2018",
        "abstract",
        "GN has 10.6% lower error than BN at batch size 2 (ResNet-50, ImageNet)",
        experiment=batch_size.dense_errors,
        judge=_small_batches,
    ),
    _claim(
        "small-batches-cnn",
        "In a convolutional network, too, batch norm's error grows when batches get small.",
        "wuhe2018",
        "abstract",
        "GN has 10.6% lower error than BN at batch size 2 (ResNet-50, ImageNet)",
        experiment=batch_size.convolutional_errors,
        judge=_small_batches,
    ),
    _claim(
        "rms-norm",
        "RMS norm does as well as layer norm.",
        "zhangsennrich2019",
        "abstract",
        "comparable performance, running time 7% to 64% less",
        experiment=batch_size.rms_errors,
        judge=_rms,
    ),
    _claim(
        "dropout-variance",
        "Dropout before batch norm changes the variance between training and test.",
        "li2019",
        "abstract",
        "",
        experiment=partial(dropout.variance_shift, 0.5, 1.0),
        judge=_variance,
    ),
    _claim(
        "dropout-before-bn",
        "A network with dropout before batch norm does worse than one with dropout after the last.",
        "li2019",
        "figure 1 of arXiv:1801.05134v1",
        "DenseNet on CIFAR-100: accuracy 77.42% without dropout, 68.55% with dropout 0.5 in each bottleneck",
        experiment=dropout.dropped,
        judge=_order,
    ),
    _claim(
        "dropout-mended",
        "Batch norm's statistics, taken anew with dropout off, mend a part of what dropout before it does.",
        "li2019",
        "the table on adjusting BN's moving mean and variance",
        "",
        experiment=dropout.dropped,
        judge=_recomputed,
    ),
    _claim(
        "layer-condition",
        "Inputs of mean 0 and variance 1 improve the condition of a linear layer's Hessian, uncorrelated ones more.",
        "lecun1998",
        "section 4.3",
        "",
        experiment=whitening.conditions,
        judge=_condition,
    ),
    _claim(
        "decorrelated",
        "Batch norm that whitens optimizes better and generalizes better than batch norm.",
        "huang2018",
        "abstract",
        "",
        experiment=whitening.decorrelated,
        judge=_decorrelated,
    ),
    _claim(
        "whitening-information",
        "Whitening can harm or prevent generalization, where features are as many as samples.",
        "wadia2021",
        "abstract",
        "",
        experiment=whitening.neighbours,
        judge=_neighbours,
    ),
]
