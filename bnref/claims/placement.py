"""Claims of the section on placement."""

import numpy as np
from numpy.typing import NDArray

from bnref.claims.claim import Claim, Finding, Verdict, spread
from bnref.experiments import placement, placement_gradients
from bnref.experiments.placement import Linearity, Placed, Spirals, Trained
from bnref.experiments.placement_gradients import Biased, Decay, Held, Scaled

Array = NDArray[np.floating]


def _by_sign(difference: Array) -> Verdict:
    """Judge differences, one per seed, that the claim expects to be positive: all seeds must agree on the sign."""
    if (difference > 0).all():
        return Verdict.SHOWN
    return Verdict.CONTRADICTED if (difference < 0).all() else Verdict.NOT_SHOWN


def _linear_regime(result: Linearity) -> Finding:
    at_1 = int(np.flatnonzero(result.gammas == 1)[0])
    sigmoid, tanh = result.sigmoid[:, at_1], result.tanh[:, at_1]
    measured = f"R^2 of a straight line: sigmoid {spread(sigmoid)}, tanh {spread(tanh)}"
    return Finding(measured, _by_sign(sigmoid - 0.95))


def _restored(results: list[Spirals]) -> Finding:
    held, learned = (next(s for s in results if s.gamma == 0.1 and s.learned == how) for how in (False, True))
    measured = (
        f"accuracy on two spirals, gamma from 0.1: held {spread(held.accuracy)}, learned {spread(learned.accuracy)}"
    )
    return Finding(measured, _by_sign(learned.accuracy - held.accuracy))


def placed(results: list[Placed], activation: str, gain: float, placement: str) -> Array:
    """Return the accuracies (seeds,) for one setting of `placements`."""
    return next(p.accuracy for p in results if (p.activation, p.gain, p.placement) == (activation, gain, placement))


def _order(results: list[Placed], activation: str, better: str) -> Finding:
    """Compare both placements seed by seed, with weights of five times the usual size and of the usual size."""
    worse = "pre" if better == "post" else "post"
    differences, texts = [], []
    for gain in (5.0, 1.0):
        scores = [placed(results, activation, gain, where) for where in ("pre", "post")]
        differences.append(placed(results, activation, gain, better) - placed(results, activation, gain, worse))
        texts.append(f"gain {gain:g}: before {spread(scores[0])}, after {spread(scores[1])}")
    return Finding(f"{activation}, {'; '.join(texts)}", _by_sign(differences[0]))


def _before(results: list[Placed]) -> Finding:
    return _order(results, "tanh", "pre")


def _after(results: list[Placed]) -> Finding:
    return _order(results, "relu", "post")


def _alone(results: list[Trained]) -> Finding:
    norm, weights = (next(t for t in results if t.what == what) for what in ("gamma and beta", "weights"))
    measured = f"gamma and beta alone {spread(norm.accuracy)}, as many random weights {spread(weights.accuracy)}"
    return Finding(measured, _by_sign(norm.accuracy - weights.accuracy))


def _disabled(results: list[Trained]) -> Finding:
    small = next(t for t in results if t.what == "gamma and beta").small
    verdict = Verdict.SHOWN if (small > 0.2).all() else Verdict.NOT_SHOWN
    return Finding(f"share of gammas below 0.01 in size: {spread(small)}", verdict)


def exact_scaling() -> Scaled:
    """Run `scaled_weights` with an eps too small to matter."""
    return placement_gradients.scaled_weights(eps=1e-30)


def _scale(result: Scaled) -> Finding:
    worst = max(result.output.max(), result.input_gradient.max(), result.weight_gradient.max())
    measured = f"relative difference for a from 0.01 to 100, in float64 without eps: at most {worst:.0e}"
    return Finding(measured, Verdict.SHOWN if worst < 1e-13 else Verdict.CONTRADICTED)


def _bias(result: Biased) -> Finding:
    worst = max(result.output.max(), result.gradient.max())
    measured = f"change of the output, and gradient of the bias, in float64: at most {worst:.0e}"
    return Finding(measured, Verdict.SHOWN if worst < 1e-12 else Verdict.CONTRADICTED)


def _held(results: list[Held]) -> Finding:
    by_path = {(h.mean, h.var): h for h in results}
    true, held = by_path[False, False], by_path[True, True]
    measured = (
        f"the first bias grows {spread(held.bias_growth, 1)} times, with true gradients {spread(true.bias_growth, 1)}; "
        f"accuracy {spread(held.accuracy)}, with true gradients {spread(true.accuracy)}"
    )
    return Finding(measured, _by_sign(held.bias_growth - 2 * true.bias_growth))


def _decay(result: Decay) -> Finding:
    measured = (
        f"logits differ by at most {result.same.max():.0e} from those of no decay and a learning rate that grows "
        f"{result.rate_growth:.1f} times; by {spread(result.other, 1)} from those of neither"
    )
    return Finding(measured, Verdict.SHOWN if (result.same < 1e-9 * result.other).all() else Verdict.CONTRADICTED)


CLAIMS = [
    Claim(
        name="linear-regime",
        says="Normalizing the inputs of a sigmoid would constrain them to its linear regime.",
        source="ioffe2015",
        where="section 3",
        published="",
        chapter="placement",
        experiment=placement.linearity,
        judge=_linear_regime,
    ),
    Claim(
        name="gamma-restores",
        says="Gamma and beta, learned, restore the representation power of the network.",
        source="ioffe2015",
        where="section 3",
        published="",
        chapter="placement",
        experiment=placement.spirals_by_gamma,
        judge=_restored,
    ),
    Claim(
        name="placement-before",
        says="Normalize right before the nonlinearity, not the layer's inputs.",
        source="ioffe2015",
        where="section 3.2",
        published="",
        chapter="placement",
        experiment=placement.placements,
        judge=_before,
    ),
    Claim(
        name="placement-after",
        says="Batch norm after the ReLU does better than before it.",
        source="mishkin2016",
        where="table “BN -- before or after ReLU?”",
        published="CaffeNet, ImageNet at 128 pixels: 0.478 before, 0.493 after (with gamma and beta)",
        chapter="placement",
        experiment=placement.placements,
        judge=_after,
    ),
    Claim(
        name="only-gamma-beta",
        says="Training gamma and beta alone does far better than training as many weights elsewhere.",
        source="frankle2021",
        where="abstract",
        published="deep ResNets, gamma and beta alone: 82% on CIFAR-10, 32% on ImageNet (top 5)",
        chapter="placement",
        experiment=placement.trained_alone,
        judge=_alone,
    ),
    Claim(
        name="disabled-features",
        says="Trained alone, gamma learns to disable around a third of the random features.",
        source="frankle2021",
        where="abstract",
        published="around a third",
        chapter="placement",
        experiment=placement.trained_alone,
        judge=_disabled,
    ),
    Claim(
        name="scale-invariance",
        says="BN((aW)u) = BN(Wu), with the same gradient for u, and one smaller by 1/a for the weights.",
        source="ioffe2015",
        where="section 3.3",
        published="exact",
        chapter="placement",
        experiment=exact_scaling,
        judge=_scale,
    ),
    Claim(
        name="bias-before-norm",
        says="A bias before batch norm can be ignored: the subtracted mean cancels it.",
        source="ioffe2015",
        where="section 3.2",
        published="exact",
        chapter="placement",
        experiment=placement_gradients.bias_before_norm,
        judge=_bias,
    ),
    Claim(
        name="held-constant",
        says="If the gradient ignores that the statistics depend on the parameters, a bias grows and the loss stays.",
        source="ioffe2015",
        where="section 2",
        published="",
        chapter="placement",
        experiment=placement_gradients.held_constant,
        judge=_held,
    ),
    Claim(
        name="weight-decay",
        says="Before batch norm, weight decay does not regularize: it changes the effective learning rate.",
        source="vanlaarhoven2017",
        where="abstract",
        published="",
        chapter="placement",
        experiment=placement_gradients.weight_decay,
        judge=_decay,
    ),
]
