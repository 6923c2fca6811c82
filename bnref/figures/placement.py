"""Figures of the section on placement: the linear middle of a tanh, and the effect of gamma."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from bnref.experiments.placement import LinearBox, Linearity, Spirals
from bnref.figures.style import BLUE, GREY, RED

Array = NDArray[np.floating]


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
