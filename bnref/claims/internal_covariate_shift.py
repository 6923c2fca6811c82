"""Claims about internal covariate shift, its remedies, and the actual effect of batch norm."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnref.claims.claim import Claim, Finding, Verdict, spread
from bnref.experiments.internal_covariate_shift import History, Recipe, histories, recipes
from bnref.experiments.landscape import Course, Rates, courses, learning_rates

CHAPTER = "internal_covariate_shift"
Pair = tuple[tuple[History, ...], tuple[History, ...]]
SATURATION = "section 1: “the saturation problem and the resulting vanishing gradients are usually addressed by …”"


def _shown(condition: bool | np.bool_) -> Verdict:
    return Verdict.SHOWN if condition else Verdict.NOT_SHOWN


def judge_sigmoids(result: Pair) -> Finding:
    """Compare the accuracy of both networks early in training and at the end."""
    at = {step: [[h.at(step) for h in group] for group in result] for step in (100, 3000)}
    words = [f"step {step}: {spread(bn)} with BN, {spread(none)} without" for step, (none, bn) in at.items()]
    return Finding("; ".join(words), _shown(all(min(bn) > max(none) + 0.05 for none, bn in at.values())))


def judge_percentiles(result: Pair) -> Finding:
    """Compare how far the median moves and how much the width varies in the last hidden layer."""
    motion, stretch = ([[f(h) for h in group] for group in result] for f in (History.motion, History.stretch))
    words = (
        f"over 3000 steps the median moves by {spread(motion[1], 2)} with BN and {spread(motion[0], 2)} without; "
        f"the width between the outer percentiles varies {spread(stretch[1], 1)}-fold and {spread(stretch[0], 0)}-fold"
    )
    return Finding(words, _shown(all(max(bn) < min(none) for none, bn in (motion, stretch))))


def judge_recipe(name: str) -> Callable[[tuple[Recipe, ...]], Finding]:
    """Return the judge of one alternative, which helps if its worst seed is far above the unchanged network's best."""

    def judge(result: tuple[Recipe, ...]) -> Finding:
        by_name = {recipe.name: recipe for recipe in result}
        base, tried = (by_name[key].accuracy[:, 1] for key in ("as it is", name))
        words = f"step 300: {spread(tried)}, and {spread(base)} as it is"
        return Finding(words, _shown(tried.min() > base.max() + 0.1))

    return judge


def judge_noise(result: tuple[Recipe, ...]) -> Finding:
    """Compare accuracy and motion of batch norm with noise, batch norm without it, and the unchanged network."""
    by_name = {recipe.name: recipe for recipe in result}
    base, norm, noisy = (by_name[key] for key in ("as it is", "BN", "BN + noise"))
    words = (
        f"step 300: {spread(noisy.accuracy[:, 1])} with noise, {spread(norm.accuracy[:, 1])} without noise, "
        f"{spread(base.accuracy[:, 1])} without BN; the means move by {spread(noisy.shift)} std a step with noise, "
        f"{spread(norm.shift, 4)} without"
    )
    alike = np.abs(noisy.accuracy.mean(axis=0) - norm.accuracy.mean(axis=0)).max() < 0.02
    better = noisy.accuracy.min() > base.accuracy.max() + 0.1
    return Finding(words, _shown(alike and better and noisy.shift.min() > 10 * norm.shift.max()))


def judge_gradient_shift(result: tuple[Course, Course]) -> Finding:
    """Judge whether batch norm lowers or raises both the absolute and the relative measure of definition 2.1."""
    without, with_norm = (course.shift() for course in result)
    words = (
        f"length {spread(with_norm[:, 0], 4)} with BN, {spread(without[:, 0], 4)} without; "
        f"cosine {spread(with_norm[:, 2])} and {spread(without[:, 2])}"
    )
    return Finding(words, _reduced(without[:, :2], with_norm[:, :2]))


def _reduced(without: NDArray[np.floating], with_norm: NDArray[np.floating]) -> Verdict:
    if (with_norm.max(axis=0) < without.min(axis=0)).all():
        return Verdict.CONTRADICTED
    return _shown((with_norm.min(axis=0) > without.max(axis=0)).all())


def judge_landscape(result: tuple[Course, Course]) -> Finding:
    """Compare the range of the loss along the gradient."""
    without, with_norm = (course.ranges() for course in result)
    words = f"range {spread(with_norm)} with BN, {spread(without)} without"
    return Finding(words, _shown(with_norm.max() < without.min()))


def judge_rates(result: Rates) -> Finding:
    """Compare the highest learning rates at which every run works."""
    without, with_norm = (max(result.works(right)) for right in (result.without, result.with_norm))
    words = f"the highest rate at which all runs come to 0.9: {with_norm:g} with BN, {without:g} without"
    return Finding(words, _shown(with_norm > without))


def _claim(
    name: str, source: str, where: str, says: str, published: str, experiment: Callable[[], Any], judge: Any
) -> Claim:
    return Claim(name, says, source, where, published, CHAPTER, experiment, judge)


def sigmoid_courses() -> tuple[Course, Course]:
    """Return the training runs of the sigmoid network."""
    return courses(sigmoid=True)


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
    ),
    _claim(
        "sigmoid-percentiles",
        "ioffe2015",
        "section 4.1, figure 1(b, c)",
        "BN makes the distribution of a sigmoid's inputs more stable over training.",
        "curves of the 15th, 50th and 85th percentile; the text gives no number",
        histories,
        judge_percentiles,
    ),
    _claim(
        "relu-alternative",
        "ioffe2015",
        SATURATION,
        "Rectified linear units address vanishing gradients.",
        "",
        recipes,
        judge_recipe("ReLU"),
    ),
    _claim(
        "initialization-alternative",
        "ioffe2015",
        SATURATION,
        "Careful initialization addresses vanishing gradients (here: Glorot's, times 4 for sigmoids).",
        "",
        recipes,
        judge_recipe("Glorot x 4"),
    ),
    _claim(
        "small-rate-alternative",
        "ioffe2015",
        SATURATION,
        "A small learning rate addresses vanishing gradients (here: 0.01 for 0.1).",
        "",
        recipes,
        judge_recipe("rate 0.01"),
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
    ),
    _claim(
        "noisy-batch-norm",
        "santurkar2018",
        "section 2.1, figure 2",
        "With noise after BN that moves its outputs at every step, a network still trains about as well.",
        "curves of VGG on CIFAR-10; the text gives no number",
        recipes,
        judge_noise,
    ),
    _claim(
        "gradient-shift",
        "santurkar2018",
        "section 2.2, definition 2.1, figure 3",
        "By the gradients, BN does not reduce internal covariate shift (here: six layers of ReLUs).",
        "curves of VGG and of a deep linear network; the text gives no number",
        courses,
        judge_gradient_shift,
    ),
    _claim(
        "gradient-shift-sigmoids",
        "santurkar2018",
        "section 2.2, definition 2.1, figure 3",
        "The same (here: the network of sigmoids, which trains with BN alone).",
        "as above",
        sigmoid_courses,
        judge_gradient_shift,
    ),
    _claim(
        "smooth-loss",
        "santurkar2018",
        "section 3.2, figure 4(a)",
        "With BN the loss varies less along the gradient (here: six layers of ReLUs).",
        "curves of VGG on CIFAR-10; the text gives no number",
        courses,
        judge_landscape,
    ),
]
