"""Figures of the section on inference."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from bnref.experiments.inference import LayerState
from bnref.experiments.inference_averages import Precise, Trace, running
from bnref.figures.style import BLUE, DASHES, GREEN, GREY, PURPLE, RED

Array = NDArray[np.floating]

# The parts of the network from the input down.
FLOW = ["64 pixels", "dense", "tanh", "BN 1", "dense", "tanh", "BN 2", "dense", "10 scores"]
KEPT = [
    ("gamma", r"$\gamma$", BLUE),
    ("beta", r"$\beta$", BLUE),
    ("moving_mean", "moving mean", RED),
    ("moving_std", "moving std", RED),
]


def draw_batch_norm_state(ax: Axes, states: Sequence[LayerState]) -> None:
    """Draw a network with BN after the activation, and next to its two BN layers their values for each unit.

    Learned values are blue, and running statistics are red.
    """
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.axis("off")
    heights = np.linspace(0.97, 0.03, len(FLOW))
    for name, y, below in zip(FLOW, heights, [*heights[1:], None], strict=True):
        norm = name.startswith("BN")
        box = {"boxstyle": "round,pad=0.35", "facecolor": "none", "edgecolor": RED if norm else GREY, "linewidth": 1.5}
        ax.text(0.11, y, name, ha="center", va="center", bbox=box, weight="bold" if norm else "normal")
        if below is not None:
            ax.annotate("", (0.11, below + 0.03), (0.11, y - 0.03), arrowprops={"arrowstyle": "->", "color": GREY})
    for state, y, top in zip(states, heights[[3, 6]], (0.95, 0.44), strict=True):
        ax.plot([0.19, 0.25, 0.25], [y, y, top - 0.2], color=RED, linestyle="-", linewidth=1.5)
        ax.plot([0.25, 0.25], [top - 0.37, top], color=RED, linestyle="-", linewidth=1.5)
        _draw_state(ax, state, top)


def _draw_state(ax: Axes, state: LayerState, top: float) -> None:
    """Draw four rows of bars, with one bar per unit, from `top` downward."""
    for row, (field, label, color) in enumerate(KEPT):
        values = getattr(state, field)
        strip = ax.inset_axes((0.58, top - 0.065 - 0.1 * row, 0.42, 0.07))
        strip.bar(range(len(values)), values, color=color, width=0.8)
        strip.axhline(0, color=GREY, linewidth=0.8)
        low, high = min(0.0, values.min()), max(0.0, values.max())
        strip.set(xticks=[], yticks=[low, high] if low and high else [low or high])
        strip.set_yticklabels([f"{tick:.2f}" for tick in strip.get_yticks()], fontsize="x-small")
        strip.spines["bottom"].set_visible(False)
        ax.text(0.28, top - 0.03 - 0.1 * row, label, color=color, va="center", fontsize="small")


def draw_moving_averages(axes: Sequence[Axes], trace: Trace, decays: Sequence[float]) -> None:
    """Draw one unit's mean and standard deviation by batch, on two axes, with their moving averages."""
    panels = [(trace.means, 0.0, "mean of the batch"), (trace.stds, 1.0, "standard deviation of the batch")]
    for ax, (values, start, title) in zip(axes, panels, strict=True):
        ax.plot(np.arange(1, len(values) + 1), values, ".", color=GREY, markersize=2, alpha=0.5, label="each batch")
        for decay, color, dashes in zip(decays, (BLUE, RED, GREEN), DASHES, strict=False):
            ax.plot(running(values, decay, start), color=color, linestyle=dashes, label=rf"$\alpha$ = {decay}")
        ax.set_title(title)
    axes[-1].set_xlabel("update")
    handles, labels = axes[0].get_legend_handles_labels()
    legend = axes[0].figure.legend(handles, labels, fontsize="small", loc="outside lower center", ncols=2)
    legend.legend_handles[0].set(markersize=6, alpha=1)  # type: ignore[union-attr]


def draw_precise(ax: Axes, result: Precise) -> None:
    """Draw test accuracy during training by source of the statistics: mean over seeds, and band from low to high."""
    ways = [(result.precise, "precise statistics"), *((m, rf"$\alpha$ = {a}") for m, a in _by_decay(result))]
    for (values, label), color, dashes in zip(ways, (PURPLE, BLUE, RED, GREEN), (DASHES[3], *DASHES), strict=False):
        ax.plot(result.steps, values.mean(axis=0), color=color, linestyle=dashes, marker="o", markersize=4, label=label)
        ax.fill_between(result.steps, values.min(axis=0), values.max(axis=0), color=color, alpha=0.15)
    ax.set(xscale="log", xlabel="training step", ylabel="test accuracy", ylim=(0, 1.02), xticks=result.steps)
    ax.set_xticks([], minor=True)
    ax.set_xticklabels([str(step) for step in result.steps])
    ax.figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=2)


def _by_decay(result: Precise) -> list[tuple[Array, float]]:
    return [(result.moving[:, :, i], decay) for i, decay in enumerate(result.decays)]
