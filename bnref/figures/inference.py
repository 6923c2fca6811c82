"""Figures and tables of the section on inference."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from bnref.claims.claim import spread
from bnref.experiments.batch_renorm import Renormalized
from bnref.experiments.inference import LayerState, Modes
from bnref.experiments.inference_averages import Follower, Memory, Precise, Spreads, Trace, running
from bnref.figures.performance import markdown_table
from bnref.figures.style import BLUE, DASHES, GREEN, GREY, PURPLE, RED

Array = NDArray[np.floating]

# The parts of the network from the input down.
FLOW = ["64 pixels", "dense", "tanh", "BN 1", "dense", "tanh", "BN 2", "dense", "10 scores"]
# Each way to use a trained network: its field in `Modes`, its mode, and what happens.
WAYS = [
    ("evaluation", "evaluation", "nothing unusual"),
    ("mixed_64", "training", "images in random batches of 64"),
    ("mixed_8", "training", "images in random batches of 8"),
    ("pairs", "training", "images in random batches of 2"),
    ("sorted_32", "training", "images in batches of 32, sorted by digit"),
    ("with_a_copy", "training", "each image in a batch with a copy of itself"),
    ("without_buffers", "evaluation", "parameters restored from a file, moving statistics lost"),
    ("frozen", "evaluation", "parameters frozen, but 20 batches of inverted images seen in training mode"),
]
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
        ax.plot([0.18, 0.235], [y, y], color=RED, linestyle="-", linewidth=1.5)
        corner = 0.235, top - 0.385
        ax.add_patch(Rectangle(corner, 0.765, 0.425, facecolor="none", edgecolor=RED, linewidth=1.2, clip_on=False))
        _draw_state(ax, state, top)


def _draw_state(ax: Axes, state: LayerState, top: float) -> None:
    """Draw four rows of bars, with one bar per unit, from `top` downward."""
    for row, (field, label, color) in enumerate(KEPT):
        values = getattr(state, field)
        strip = ax.inset_axes((0.6, top - 0.055 - 0.1 * row, 0.38, 0.07))
        strip.bar(range(len(values)), values, color=color, width=0.8)
        strip.axhline(0, color=GREY, linewidth=0.8)
        low, high = min(0.0, values.min()), max(0.0, values.max())
        strip.set(xticks=[], yticks=[low, high] if low and high else [low or high])
        strip.set_yticklabels([f"{tick:.2f}" for tick in strip.get_yticks()], fontsize="x-small")
        strip.spines["bottom"].set_visible(False)
        role = "learned" if color == BLUE else "state"
        ax.text(0.255, top - 0.02 - 0.1 * row, f"{label}\n({role})", color=color, va="center", fontsize="small")


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


def draw_two_paths(ax: Axes) -> None:
    """Draw a BN layer as a box, with a batch on its way through it in training and a single sample in inference.

    The numbers are those of the figure of the layer in the introduction, and the decay is 0.9.
    """
    ax.set(xlim=(0, 10), ylim=(0, 10))
    ax.axis("off")
    ax.add_patch(Rectangle((2.3, 0.2), 5.5, 9.0, facecolor="none", edgecolor=GREY, linewidth=1.5))
    ax.text(5.05, 9.35, "BN layer", ha="center", va="bottom", weight="bold")
    batch, mean, std = np.array([5.0, 1, 4, 7, 3]), 4, 2
    _draw_path(ax, 7.7, BLUE, "training", batch, (mean, std))
    _draw_path(ax, 1.4, RED, "inference", np.array([8.0]), (3, 2.5))
    kept = "state\nmoving mean 3\nmoving std 2.5"
    ax.text(3.75, 4.3, kept, ha="center", va="center", fontsize="small", bbox=_box(GREY, "square"))
    ax.text(
        7.0,
        4.3,
        "learned\n$\\gamma$ = 4\n$\\beta$ = 1",
        ha="center",
        va="center",
        fontsize="small",
        bbox=_box(GREY, "square"),
    )
    _arrow(ax, (3.75, 7.0), (3.75, 5.3), BLUE)
    ax.text(3.95, 6.15, "each batch moves it:\n0.9 old + 0.1 new", color=BLUE, va="center", fontsize="x-small")
    _arrow(ax, (3.75, 3.3), (3.75, 2.1), RED)
    ax.text(3.95, 2.7, "read, never changed", color=RED, va="center", fontsize="x-small")
    _arrow(ax, (7.0, 5.3), (7.0, 7.0), GREY)
    _arrow(ax, (7.0, 3.3), (7.0, 2.1), GREY)


def _draw_path(ax: Axes, y: float, color: str, name: str, x: Array, by: tuple[float, float]) -> None:
    """Draw values on their way through the layer at height `y`, normalized by a mean and a standard deviation."""
    mean, std = by
    normalized = (x - mean) / std
    source = "batch" if len(x) > 1 else "stored"
    ax.text(0.9, y + (1.5 if len(x) > 1 else 0.9), name, ha="center", color=color, weight="bold")
    columns = [(0.9, x), (5.6, normalized), (9.0, 4 * normalized + 1)]
    for place, values in columns:
        ax.text(place, y, _column(values), ha="center", va="center", fontsize="small", bbox=_box(color))
    ax.text(
        3.75, y, f"$-$ {mean}, / {std}\n({source} mean, std)", ha="center", va="center", fontsize="small", color=color
    )
    ax.text(7.0, y, r"$\times\gamma + \beta$", ha="center", va="center", color=color)
    for start, end in [(1.35, 2.6), (4.95, 5.15), (6.05, 6.35), (7.65, 8.5)]:
        _arrow(ax, (start, y), (end, y), color)


def _column(values: Array) -> str:
    return "\n".join(f"{value:g}".replace("-", "\N{MINUS SIGN}") for value in values)


def _box(color: str, shape: str = "round") -> dict[str, Any]:
    return {"boxstyle": f"{shape},pad=0.35", "facecolor": "none", "edgecolor": color, "linewidth": 1.2}


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": color, "linewidth": 1.3})


def modes_table(result: Modes) -> Markdown:
    """Make a table of the accuracies of the same networks in each way to use them."""
    rows = [(mode, text, spread(getattr(result, name))) for name, mode, text in WAYS]
    return markdown_table(("Mode", "What happens", "Test accuracy (lowest to highest)"), rows)


def followers_table(results: Sequence[Follower], forget: Callable[[float, float], int]) -> Markdown:
    """Make a table of how long a moving average remembers its start, how far it lags, and how noisy it is."""
    header = (
        r"Decay $\alpha$",
        "Updates until the start counts 1%",
        "Lag in batches",
        "Noise, as a share of a batch's",
    )
    return markdown_table(
        header, [(str(f.decay), forget(f.decay, 0.01), f"{f.lag:.0f}", f"{f.noise:.3f}") for f in results]
    )


def spreads_table(results: Sequence[Spreads]) -> Markdown:
    """Make a table of three estimates of the standard deviation, relative to the true one, averaged over units."""
    header = ("Batch size", "Average of the standard deviations", "Root of the average variance", "The same, unbiased")
    rows = [(s.size, *(f"{v.mean():.3f}" for v in (s.stds, s.biased, s.unbiased))) for s in results]
    return markdown_table(header, rows)


def memory_table(results: Sequence[Memory]) -> Markdown:
    """Make a table of the peak memory of three ways to estimate population statistics."""
    header = ("Batches", "All statistics kept, in kB", "Running sums, in kB", "Merging, in kB")
    return markdown_table(
        header, [(m.batches, *(f"{kb:,.0f}" for kb in (m.remembering, m.running_sums, m.merging))) for m in results]
    )


def renorm_table(result: Renormalized) -> Markdown:
    """Make a table of the mean accuracies after training with each kind of small or dependent batches."""
    names = {
        "batch_renorm": "Batch renorm",
        "batch_norm": "Batch norm, decay 0.9",
        "slower_average": "decay 0.99",
        "recomputed": "decay 0.9, statistics recomputed",
    }
    rows = [(kind.batches, *(spread(getattr(kind, name)) for name in names)) for kind in result.kinds]
    return markdown_table(("Each batch has", *names.values()), rows)
