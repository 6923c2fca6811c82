"""Figures and tables of the section on placement: the linear middle of a tanh, gamma, and gradients."""

from collections.abc import Mapping, Sequence

import numpy as np
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from bnref.claims.claim import spread
from bnref.experiments.placement import LinearBox, Linearity, Placed, Spirals, Trained
from bnref.experiments.placement_gradients import Held, Scaled
from bnref.figures.performance import markdown_table
from bnref.figures.style import BLUE, GREY, RED

Array = NDArray[np.floating]
PLACES = {"none": "none", "pre": "before the activation", "post": "after it"}


def draw_linear_box(axes: Sequence[Axes], result: LinearBox) -> None:
    """Draw a tanh with a box around its middle, and on a second axis the inputs that fall into the box."""
    curve, counts = axes
    grid, inputs, inside = np.linspace(-4, 4, 401), result.inputs, result.inside
    curve.plot(grid, np.tanh(grid), color=BLUE, label="tanh")
    line = np.array([-1.6, 1.6])
    curve.plot(line, result.slope * line + result.offset, color=GREY, linestyle="--", label="straight line")
    curve.add_patch(Rectangle((-1, -np.tanh(1)), 2, 2 * np.tanh(1), fill=False, edgecolor=RED, linewidth=2))
    curve.set(title=f"in the box $R^2$ = {result.r2:.3f}", ylabel="output", ylim=(-1.15, 1.15))
    curve.legend(loc="upper left", fontsize="small")
    bins = np.linspace(-4, 4, 41).tolist()
    for chosen, color in ((inputs[inside], RED), (inputs[~inside], BLUE)):
        counts.hist(chosen, bins=bins, color=color, edgecolor="white", linewidth=0.5)
    counts.set(title=f"{inside.mean():.0%} of the normalized inputs are in the box", xlabel="input", yticks=[])
    counts.spines["left"].set_visible(False)


def draw_linearity(ax: Axes, result: Linearity) -> None:
    """Draw R^2 of sigmoid and tanh by gamma: lines through the means, and a dot for each random layer."""
    for scores, color, dashes, name in ((result.sigmoid, GREY, "--", "sigmoid"), (result.tanh, BLUE, "-", "tanh")):
        ax.plot(result.gammas, scores.mean(axis=0), color=color, linestyle=dashes, label=name)
        ax.plot(result.gammas, scores.T, ".", color=color, markersize=5)
    ax.axvline(1, color=RED, linewidth=1)
    ax.annotate("gamma starts at 1", (1, 0.62), xytext=(6, 0), textcoords="offset points", color=RED)
    ax.set(xscale="log", xlabel="gamma", ylabel="$R^2$ of a straight line", ylim=(0.6, 1.02))
    ax.legend(loc="lower left", fontsize="small")


def draw_spirals(axes: Sequence[Axes], results: Sequence[Spirals], x: Array, y: Array) -> None:
    """Draw each network's answer on the plane on its own axis, with the points `x` (N, 2) of classes `y` (N,)."""
    for ax, result in zip(axes, results, strict=True):
        ax.contourf(result.grid, result.grid, result.answer, levels=[0, 0.5, 1], colors=[BLUE, RED], alpha=0.35)
        for label, color, marker in ((0, BLUE, "o"), (1, RED, "^")):
            u, v = x[y == label].T
            ax.plot(u, v, marker, color=color, markersize=2, markeredgewidth=0)
        how = "learned" if result.learned else "held"
        ax.set(title=f"from {result.gamma:g}, {how}: {result.accuracy[0]:.0%}", xticks=[], yticks=[], aspect="equal")


def placement_table(results: Sequence[Placed]) -> Markdown:
    """Make a table of the test accuracy by activation, size of the initial weights, and place of batch norm."""
    header = ("Activation", "Initial weights", "BN", "Test accuracy", "Share in a flat part")
    return markdown_table(
        header,
        [
            (
                {"relu": "ReLU"}.get(p.activation, p.activation),
                "usual" if p.scale == 1 else f"{p.scale:g} times as large",
                PLACES[p.placement],
                spread(p.accuracy),
                f"{p.flat.mean():.0%}",
            )
            for p in results
        ],
    )


def spiral_table(results: Sequence[Spirals]) -> Markdown:
    """Make a table of the accuracy on the spirals and of R^2 in each layer before and after training."""
    header = ("Gamma starts at", "Gamma and beta are", "Accuracy on new points", "$R^2$ by layer, before", "after")
    return markdown_table(
        header,
        [
            (
                f"{s.gamma:g}",
                "learned" if s.learned else "held",
                spread(s.accuracy),
                *(", ".join(f"{v:.2f}" for v in r2.mean(axis=0)) for r2 in (s.start, s.end)),
            )
            for s in results
        ],
    )


def alone_table(results: Sequence[Trained]) -> Markdown:
    """Make a table of the test accuracy of networks that train all parameters, or only some."""
    names = {"all": "all", "gamma and beta": "$\\gamma$ and $\\beta$", "weights": "randomly chosen weights"}
    header = ("Trained", "Number of parameters", "Test accuracy")
    rows = [(names[t.what], f"{t.count:,} of {t.total:,}", spread(t.accuracy)) for t in results]
    return markdown_table(header, rows)


def held_table(results: Sequence[Held]) -> Markdown:
    """Make a table of accuracy and growth by the paths that the backward pass leaves out."""
    header = ("Path left out", "Test accuracy", "Length of the bias, after / before", "Length of the weights")
    rows = [
        (
            " and ".join(name for name, held in (("mean", h.mean), ("variance", h.var)) if held) or "none",
            spread(h.accuracy),
            f"{h.bias_growth.mean():.2f}",
            f"{h.weight_growth.mean():.2f}",
        )
        for h in results
    ]
    return markdown_table(header, rows)


def scaling_table(results: Mapping[float, Scaled]) -> Markdown:
    """Make a table of the relative errors of scale invariance, by eps and by the factor of the weights."""
    header = ("Epsilon", "Factor $a$", "Output", "Gradient for $u$", "Gradient for the weights, times $a$")
    rows = [
        (f"{eps:.0e}", f"{a:g}", *(f"{error:.0e}" for error in errors))
        for eps, s in results.items()
        for a, *errors in zip(s.scales, s.output, s.input_gradient, s.weight_gradient, strict=True)
    ]
    return markdown_table(header, rows)
