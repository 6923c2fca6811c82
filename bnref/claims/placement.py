"""Claims of the section on placement."""

import numpy as np
from numpy.typing import NDArray

from bnref.claims.claim import Claim, Finding, Kind, Verdict, spread
from bnref.claims.effect import Effect, factor, points
from bnref.claims.rule import decide
from bnref.experiments import placement, placement_gradients
from bnref.experiments.placement import Linearity, Placed, Spirals, Trained
from bnref.experiments.placement_gradients import Biased, Decay, Held, Scaled

Array = NDArray[np.floating]
LINEAR = 0.95  # share of the variance that a straight line must explain in what counts as a linear regime
THIRD = 20.0  # percentage points: a share of disabled features near a third lies above it


def _linear_regime(result: Linearity) -> Finding:
    at_1 = int(np.flatnonzero(result.gammas == 1)[0])
    sigmoid, tanh = result.sigmoid[:, at_1], result.tanh[:, at_1]
    measured = (
        f"share of the variance that a straight line explains, in one layer: {spread(sigmoid)} for the sigmoid, "
        f"{spread(tanh)} for tanh"
    )
    name = "share of the variance that a straight line explains, minus 95%"
    effects = [points(name, "sigmoid, one layer, gamma 1", sigmoid, np.full(len(sigmoid), LINEAR))]
    return Finding(measured, decide(effects), tuple(effects))


def _restored(results: list[Spirals]) -> Finding:
    found = {(s.gamma, s.learned): s.accuracy for s in results}
    gammas = sorted({s.gamma for s in results})
    effects = [
        points("accuracy, gamma and beta learned minus held", f"gamma from {g:g}", found[g, True], found[g, False])
        for g in gammas
    ]
    measured = "accuracy on two spirals: " + "; ".join(
        f"gamma from {g:g}, held {spread(found[g, False])}, learned {spread(found[g, True])}" for g in gammas
    )
    return Finding(measured, decide(effects), tuple(effects))


def placed(results: list[Placed], activation: str, scale: float, where: str) -> Array:
    """Return the accuracies (seeds,) for one setting of `placements`."""
    return next(p.accuracy for p in results if (p.activation, p.scale, p.placement) == (activation, scale, where))


def _order(results: list[Placed], activations: tuple[str, ...], better: str) -> Finding:
    """Compare both places seed by seed, for each activation, with weights of usual size and five times as large."""
    worse = "pre" if better == "post" else "post"
    words = {"pre": "before", "post": "after"}
    effects, texts = [], []
    for activation in activations:
        for scale in placement.SCALES:
            name = {"relu": "ReLU"}.get(activation, activation)
            setting = f"{name}, " + ("usual weights" if scale == 1 else f"weights {scale:g} times as large")
            scores = {where: placed(results, activation, scale, where) for where in words}
            compares = f"test accuracy, BN {words[better]} minus {words[worse]} the activation"
            effects.append(points(compares, setting, scores[better], scores[worse]))
            texts.append(f"{setting}: " + ", ".join(f"{words[where]} {spread(scores[where])}" for where in words))
    return Finding("; ".join(texts), decide(effects), tuple(effects))


def _before(results: list[Placed]) -> Finding:
    return _order(results, ("tanh", "relu"), "pre")


def _after(results: list[Placed]) -> Finding:
    return _order(results, ("relu",), "post")


def _alone(results: list[Trained]) -> Finding:
    norm, weights = (next(t for t in results if t.what == what) for what in ("gamma and beta", "weights"))
    measured = (
        f"test accuracy: {spread(norm.accuracy)} with gamma and beta alone, {spread(weights.accuracy)} with the same "
        "number of random weights"
    )
    effect = points(
        "test accuracy, training gamma and beta minus as many weights", "6 x 256 ReLU", norm.accuracy, weights.accuracy
    )
    return Finding(measured, decide([effect]), (effect,))


def _disabled(results: list[Trained]) -> Finding:
    small = next(t for t in results if t.what == "gamma and beta").small
    effect = points("share of gammas below 0.01 in size", "6 x 256 ReLU", small, np.zeros(len(small)))
    return Finding(f"share of gammas below 0.01 in size: {spread(small)}", decide([effect], margin=THIRD), (effect,))


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
    true = by_path[False, False].bias_growth
    names = {(True, False): "mean held constant", (True, True): "mean and variance held constant"}
    effects: list[Effect] = [
        factor("growth of the first bias, over its growth with true gradients", name, by_path[key].bias_growth, true)
        for key, name in names.items()
    ]
    measured = "growth of the length of the first bias: " + ", ".join(
        [f"{spread(by_path[key].bias_growth, 1)} with {name}" for key, name in names.items()]
        + [f"{spread(true, 1)} with true gradients"]
    )
    return Finding(measured, decide(effects), tuple(effects))


def _decay(result: Decay) -> Finding:
    measured = (
        f"logits differ by at most {result.same.max():.0e} from a network with no decay and a learning rate that grows "
        f"{result.rate_growth:.1f}-fold, and by {spread(result.other, 1)} from a network with neither"
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
        limits="One layer before training; a network of three tanh layers at gamma 1 still beats a linear model.",
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
        limits="Three layers of tanh and one toy problem, which a linear model cannot solve.",
    ),
    Claim(
        name="placement-before",
        says="Normalize right before the nonlinearity, not after it.",
        source="ioffe2015",
        where="section 3.2",
        published="",
        chapter="placement",
        experiment=placement.placements,
        judge=_before,
        limits="Five dense layers, one learning rate, and 105 steps: it compares how fast the networks learn.",
    ),
    Claim(
        name="placement-after",
        says="Batch norm does better after the ReLU than before it.",
        source="mishkin2016",
        where="table “BN -- before or after ReLU?”",
        published="CaffeNet, ImageNet at 128 pixels: 0.478 before, 0.493 after; GoogLeNet: 0.607 before, 0.596 after",
        chapter="placement",
        experiment=placement.placements,
        judge=_after,
        limits="Dense layers on 8 by 8 digits, one learning rate, and 105 steps; the paper trains CNNs on ImageNet.",
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
        limits="One network without skip connections, far smaller than the ResNets of the paper.",
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
        limits="A small network and few epochs, so the gammas may not have had time to reach 0.",
    ),
    Claim(
        name="scale-invariance",
        says="BN((aW)u) = BN(Wu), with the same gradient for u, and 1/a times the gradient for the weights.",
        source="ioffe2015",
        where="section 3.3",
        published="exact",
        chapter="placement",
        experiment=exact_scaling,
        judge=_scale,
        kind=Kind.IDENTITY,
        limits="It says nothing about how the size of the weights affects a longer training.",
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
        kind=Kind.IDENTITY,
        limits="It holds in training; in evaluation, the running mean must first catch up with the bias.",
    ),
    Claim(
        name="held-constant",
        says="If the gradient ignores that the mean depends on the parameters, a bias before the norm keeps growing.",
        source="ioffe2015",
        where="section 2",
        published="",
        chapter="placement",
        experiment=placement_gradients.held_constant,
        judge=_held,
        limits="One network and one learning rate; it does not measure whether the loss stays exactly the same.",
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
        kind=Kind.IDENTITY,
        limits="Plain gradient descent, and decay of the weights before batch norm only.",
    ),
]
