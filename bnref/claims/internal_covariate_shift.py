"""Claims about internal covariate shift, its remedies, and the actual effect of batch norm."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnref.claims.claim import Claim, Finding, spread
from bnref.claims.effect import Effect, factor, points
from bnref.claims.rule import decide, decide_not_worse
from bnref.experiments.internal_covariate_shift import History, Recipe, histories, recipes
from bnref.experiments.landscape import Course, Rates, courses, learning_rates

CHAPTER = "internal_covariate_shift"
LEAST = 1.0  # percentage points, the smallest difference in accuracy that counts as an effect
RESCUE = 10.0  # percentage points above a guess that count as learning
Pair = tuple[tuple[History, ...], tuple[History, ...]]
SATURATION = 'section 1: "the saturation problem and the resulting vanishing gradients are usually addressed by ..."'
STOPS = (100, 1000, 3000, 5000)


def judge_sigmoids(result: Pair) -> Finding:
    """Compare the accuracy of both networks after each of several numbers of steps."""
    pairs = {step: [np.array([run.at(step) for run in runs]) for runs in result] for step in STOPS}
    compares = "test accuracy, BN minus no BN"
    effects = tuple(points(compares, f"step {step}", bn, none) for step, (none, bn) in pairs.items())
    words = [f"step {step}: {spread(bn)} with BN, {spread(none)} without" for step, (none, bn) in pairs.items()]
    return Finding("; ".join(words), decide(effects), effects)


def judge_percentiles(result: Pair) -> Finding:
    """Compare how far the median moves and how much the width varies, in each hidden layer."""
    measures: dict[str, Callable[[History, int], float]] = {"motion": History.motion, "stretch": History.stretch}
    names = {"motion": "motion of a unit's median input", "stretch": "variation of the width of its inputs"}
    effects, words = [], []
    for name, measure in measures.items():
        for layer in range(3):
            none, bn = ([measure(history, layer) for history in group] for group in result)
            effects.append(factor(f"{names[name]}, no BN over BN", f"layer {layer + 1}", none, bn))
            words.append(f"{name} in layer {layer + 1}: {np.mean(bn):.2f} with BN, {np.mean(none):.2f} without")
    return Finding("; ".join(words), decide(effects), tuple(effects))


def judge_recipe(*names: str) -> Callable[[tuple[Recipe, ...]], Finding]:
    """Return the judge of an alternative, which helps if it lifts the accuracy far above the unchanged network's."""

    def judge(result: tuple[Recipe, ...]) -> Finding:
        by_name = {recipe.name: recipe.accuracy for recipe in result}
        base = by_name["unchanged"]
        effects = tuple(
            points("test accuracy, changed minus unchanged", f"{name}, step {step}", by_name[name][:, k], base[:, k])
            for name in names
            for k, step in enumerate((100, 300))
        )
        words = [f"{name}: {spread(by_name[name][:, 1])}" for name in ("unchanged", *names)]
        return Finding(f"accuracy at step 300, {'; '.join(words)}", decide(effects, RESCUE), effects)

    return judge


def judge_noise(result: tuple[Recipe, ...]) -> Finding:
    """Compare batch norm with and without noise; the network without either is the control, which must fail."""
    by_name = {recipe.name: recipe for recipe in result}
    base, norm, noisy = (by_name[key] for key in ("unchanged", "BN", "BN and noise"))
    compares = "test accuracy, BN with noise minus BN"
    effects = tuple(
        points(compares, f"step {step}", noisy.accuracy[:, k], norm.accuracy[:, k]) for k, step in enumerate((100, 300))
    )
    control = points("test accuracy, BN minus no BN", "step 300", norm.accuracy[:, 1], base.accuracy[:, 1])
    words = (
        f"step 300: {spread(noisy.accuracy[:, 1])} with noise, {spread(norm.accuracy[:, 1])} without noise, "
        f"{spread(base.accuracy[:, 1])} without BN; the means of the last linear layer move by {spread(noisy.shift)} "
        f"std per step with noise, {spread(norm.shift)} without"
    )
    return Finding(words, decide_not_worse(effects, 2 * LEAST, control), effects)


@dataclass(frozen=True)
class Settings:
    """Training runs without batch norm and with it, for each setting in which the measurements were made."""

    pairs: dict[str, tuple[Course, Course]]


def all_courses() -> Settings:
    """Return the training runs of both networks, the one of ReLUs at two learning rates."""
    return Settings(
        {
            "6 layers of ReLUs, rate 0.1": courses(),
            "6 layers of ReLUs, rate 0.01": courses(lr=0.01),
            "3 layers of sigmoids, rate 0.1": courses(sigmoid=True),
        }
    )


def judge_gradient_shift(result: Settings) -> Finding:
    """Judge whether batch norm raises the absolute and the relative measure of definition 2.1."""
    effects, words = [], []
    for setting, (without, with_norm) in result.pairs.items():
        none, bn = without.shift(), with_norm.shift()
        for k, name in enumerate(("length", "relative length")):
            effects.append(factor(f"gradient shift, {name}, BN over no BN", setting, bn[:, k], none[:, k]))
        words.append(f"{setting}: relative length {bn[:, 1].mean():.3f} with BN, {none[:, 1].mean():.3f} without")
    return Finding("; ".join(words), decide(effects), tuple(effects))


def judge_measure(measure: Callable[[Course], Any], name: str) -> Callable[[Settings], Finding]:
    """Return the judge of a quantity along the gradient, which batch norm is said to lower."""

    def judge(result: Settings) -> Finding:
        values = {setting: (measure(none), measure(bn)) for setting, (none, bn) in result.pairs.items()}
        effects = [factor(f"{name}, no BN over BN", setting, *pair) for setting, pair in values.items()]
        words = [
            f"{setting}: {np.mean(bn):.3g} with BN, {np.mean(none):.3g} without"
            for setting, (none, bn) in values.items()
        ]
        return Finding(f"{name}; {'; '.join(words)}", decide(effects), tuple(effects))

    return judge


def judge_rates(result: Rates) -> Finding:
    """Compare the highest learning rates at which a run reaches an accuracy, for several accuracies."""
    effects: list[Effect] = []
    words = []
    for least in (0.5, 0.8, 0.9):
        none, bn = (result.highest(right, least) for right in (result.without, result.with_norm))
        effects.append(factor("highest learning rate that works, BN over no BN", f"accuracy {least:g}", bn, none))
        words.append(f"accuracy {least:g}: {between(bn)} with BN, {between(none)} without")
    return Finding(f"highest rate of a run, {'; '.join(words)}", decide(effects), tuple(effects))


def between(rates: NDArray[np.floating]) -> str:
    """Name the lowest and the highest of the runs' rates, or the one rate that all of them share."""
    low, high = rates.min(), rates.max()
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _claim(
    name: str,
    source: str,
    where: str,
    says: str,
    published: str,
    experiment: Callable[[], Any],
    judge: Any,
    limits: str,
) -> Claim:
    return Claim(name, says, source, where, published, CHAPTER, experiment, judge, limits=limits)


ONE_NETWORK = "One small network, trained for 300 steps at one learning rate, cannot say how far the remedy carries."
THREE_SETTINGS = (
    "Two small dense networks over their first 300 steps; the paper measures a VGG network, for which it gives curves."
)

CLAIMS: list[Claim] = [
    _claim(
        "sigmoid-network",
        "ioffe2015",
        "section 4.1, figure 1(a)",
        "A network of sigmoids with three hidden layers of 100 units trains faster with BN and comes to a higher "
        "accuracy.",
        "curves over 50,000 steps of 60 MNIST digits; the text gives no number",
        histories,
        judge_sigmoids,
        "After 5000 of the paper's 50,000 steps the gap still shrinks, so these runs do not tell how much of it would "
        "remain in the end.",
    ),
    _claim(
        "sigmoid-percentiles",
        "ioffe2015",
        "section 4.1, figure 1(b, c)",
        "BN makes the distribution of a sigmoid's inputs more stable over training.",
        "curves of the 15th, 50th and 85th percentile; the text gives no number",
        histories,
        judge_percentiles,
        "The network without BN has to grow its tiny activations before it can learn, which is movement too.",
    ),
    _claim(
        "relu-alternative",
        "ioffe2015",
        SATURATION,
        "Rectified linear units address vanishing gradients.",
        "",
        recipes,
        judge_recipe("ReLU"),
        ONE_NETWORK,
    ),
    _claim(
        "initialization-alternative",
        "ioffe2015",
        SATURATION,
        "Careful initialization addresses vanishing gradients (here: Glorot's, unchanged and times 4 for sigmoids).",
        "",
        recipes,
        judge_recipe("Glorot's weights", "four times Glorot's weights"),
        ONE_NETWORK,
    ),
    _claim(
        "small-rate-alternative",
        "ioffe2015",
        SATURATION,
        "A small learning rate addresses vanishing gradients (here: 0.01 and 0.001 instead of 0.1).",
        "",
        recipes,
        judge_recipe("learning rate 0.01", "learning rate 0.001"),
        "300 steps at a small rate cover less ground than at a large one; too large steps are not tested here.",
    ),
    _claim(
        "higher-rates",
        "ioffe2015",
        "section 4.2.2, figure 3",
        "BN allows much higher learning rates.",
        "Inception on ImageNet at 5 times the rate: 72.2% after 2.1 million steps with BN (31.0 million without, at "
        "the old rate); without BN at that rate the parameters reach machine infinity",
        learning_rates,
        judge_rates,
        "The grid has steps of three, and 200 training steps do not show which rate ends up best.",
    ),
    _claim(
        "noisy-batch-norm",
        "santurkar2018",
        "section 2.1, figure 2",
        "With noise after BN that moves its outputs at every step, a network still trains about as well.",
        "curves of VGG on CIFAR-10; the text gives no number",
        recipes,
        judge_noise,
        "Random noise is not the drift that training causes, and only the paper's one strength of noise was tried.",
    ),
    _claim(
        "gradient-shift",
        "santurkar2018",
        "section 2.2, definition 2.1, figure 3",
        "By the gradients, internal covariate shift is as large or larger with BN.",
        "curves of VGG and of a deep linear network; the text gives no number",
        all_courses,
        judge_gradient_shift,
        THREE_SETTINGS,
    ),
    _claim(
        "smooth-loss",
        "santurkar2018",
        "section 3.2, figure 4(a)",
        "With BN the loss varies less along the gradient.",
        "curves of VGG on CIFAR-10; the text gives no number",
        all_courses,
        judge_measure(Course.ranges, "range of the loss along the gradient"),
        THREE_SETTINGS,
    ),
    _claim(
        "predictive-gradient",
        "santurkar2018",
        "section 3.2, figure 4(b)",
        "With BN the gradient changes less along its own direction.",
        "curves of VGG on CIFAR-10; the text gives no number",
        all_courses,
        judge_measure(Course.gradient_changes, "largest change of the gradient along its direction"),
        THREE_SETTINGS,
    ),
    _claim(
        "effective-smoothness",
        "santurkar2018",
        "section 3.2, figure 4(c)",
        "With BN the gradient changes less per distance (effective beta-smoothness).",
        "curves of VGG on CIFAR-10; the text gives no number",
        all_courses,
        judge_measure(Course.smoothness, "effective beta-smoothness"),
        THREE_SETTINGS + " The number also depends on the size of the weights, which BN makes arbitrary.",
    ),
]
