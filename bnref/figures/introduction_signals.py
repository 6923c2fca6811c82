"""Figures of the introduction: the layer as a table, a tanh's inputs, and activations and gradients by layer."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from bnref.experiments.introduction_signals import SHOWN, Array, Layer, Signals, TanhInputs
from bnref.figures.style import BLUE, GREEN, GREY, PURPLE, RED

CELL, ROW = 0.48, 0.3  # a cell's width and height in inches, as the figure is drawn
NORMALIZED, OUTPUT = 2.98, 4.3  # where these columns begin


def draw_layer(ax: Axes, layer: Layer) -> None:
    """Draw what happens to one column of a batch in training, and below it to a new sample at inference."""
    n, d = layer.batch.shape
    bottom = -n * ROW
    _heading(ax, 0.5, "Training: mean and std of the batch")
    _grid(ax, 0, layer.batch, layer.column)
    _column(ax, NORMALIZED, layer.normalized, GREEN, r"$\hat x$")
    _column(ax, OUTPUT, layer.output, PURPLE, "$y$")
    ax.text(d * CELL / 2, 0.1, "units", ha="center", color=GREY)
    ax.text(-0.12, bottom / 2, "samples", ha="center", va="center", rotation=90, color=GREY)
    lit = (layer.column + 0.5) * CELL
    for x, color, mean, std in (
        (lit, BLUE, layer.mean, layer.std),
        (NORMALIZED + CELL / 2, GREEN, layer.normalized.mean(), layer.normalized.std()),
        (OUTPUT + CELL / 2, PURPLE, layer.output.mean(), layer.output.std()),
    ):
        ax.text(x, bottom - 0.1, f"mean {mean:.0f}\nstd {std:.0f}", ha="center", va="top", color=color)
    _steps(ax, d, bottom / 2, layer, (layer.mean, layer.std))
    for x, words in (
        ((d * CELL + NORMALIZED) / 2, "standardize"),
        ((NORMALIZED + CELL + OUTPUT) / 2, "stretch,\nshift"),
    ):
        ax.text(x, bottom / 2 + 0.34, words, ha="center", va="bottom", fontsize="small", color=GREY)
    _draw_inference(ax, bottom - 1.5, layer)
    ax.set(xlim=(-0.25, OUTPUT + CELL + 0.2), ylim=(bottom - 2.35, 0.75), aspect="equal")
    ax.set_axis_off()


def _draw_inference(ax: Axes, top: float, layer: Layer) -> None:
    _heading(ax, top + 0.3, "Inference: stored mean and std, one sample at a time")
    _grid(ax, top, layer.sample[None], layer.column)
    _column(ax, NORMALIZED, [layer.sample_normalized], GREEN, "", top)
    _column(ax, OUTPUT, [layer.sample_output], PURPLE, "", top)
    _steps(ax, len(layer.sample), top - ROW / 2, layer, (layer.stored_mean, layer.stored_std))
    stored = f"stored mean {layer.stored_mean:g}\nstored std {layer.stored_std:g}"
    ax.text((layer.column + 0.5) * CELL, top - ROW - 0.1, stored, ha="center", va="top", color=BLUE)


def _heading(ax: Axes, y: float, text: str) -> None:
    ax.text(-0.2, y, text, weight="bold")


def _steps(ax: Axes, columns: int, y: float, layer: Layer, statistics: tuple[float, float]) -> None:
    """Draw the arrows between the columns, each with the numbers of its formula."""
    mean, std = statistics
    for left, right, above, below in (
        (columns * CELL, NORMALIZED, f"$-\\,{mean:g}$", f"$\\div\\,{std:g}$"),
        (NORMALIZED + CELL, OUTPUT, f"$\\times\\,{layer.gamma:g}$", f"$+\\,{layer.beta:g}$"),
    ):
        ax.annotate("", (right - 0.08, y), (left + 0.08, y), arrowprops={"arrowstyle": "->", "color": GREY})
        ax.text((left + right) / 2, y + 0.05, above, ha="center", va="bottom")
        ax.text((left + right) / 2, y - 0.05, below, ha="center", va="top")


def _grid(ax: Axes, top: float, batch: Array, column: int) -> None:
    for (row, unit), value in np.ndenumerate(batch):
        _cell(ax, unit * CELL, top - row * ROW, float(value), BLUE if unit == column else None)


def _column(ax: Axes, x: float, values: ArrayLike, color: str, name: str, top: float = 0.0) -> None:
    ax.text(x + CELL / 2, top + 0.1, name, ha="center", color=color)
    for row, value in enumerate(np.asarray(values)):
        _cell(ax, x, top - row * ROW, float(value), color)


def _cell(ax: Axes, x: float, top: float, value: float, color: str | None) -> None:
    """Draw one number, in a colored cell if it belongs to the column that the figure follows."""
    face = {"facecolor": color, "alpha": 0.2} if color else {"fill": False}
    ax.add_patch(Rectangle((x, top - ROW), CELL, ROW, edgecolor="none", **face))
    ax.add_patch(Rectangle((x, top - ROW), CELL, ROW, fill=False, edgecolor=GREY, linewidth=0.8))
    ax.text(x + CELL / 2, top - ROW / 2, f"{value:g}", ha="center", va="center", color="black" if color else GREY)


def draw_tanh_inputs(axes: Sequence[Axes], inputs: TanhInputs) -> None:
    """Draw tanh, its flat tails shaded, over the histogram of its inputs, without and with BN, on two axes."""
    u = np.linspace(-6, 6, 241)
    edge = float(np.arccosh(np.sqrt(10)))  # the slope of tanh is a tenth there
    panels = [(inputs.without, "without batch norm", RED), (inputs.with_norm, "with batch norm", BLUE)]
    for ax, (values, title, color) in zip(axes, panels, strict=True):
        counts, bins = np.histogram(values, bins=61, range=(-6, 6))
        ax.bar(bins[:-1], counts / counts.max(), np.diff(bins), -1, align="edge", color=color, alpha=0.5)
        ax.plot(u, np.tanh(u), color=color)
        for low, high in ((-6, -edge), (edge, 6)):
            ax.axvspan(low, high, color=GREY, alpha=0.15, linewidth=0)
        ax.set(title=f"{title}: {inputs.flat(values):.0%} in the flat tails", xlim=(-6, 6), yticks=[-1, 0, 1])
        ax.set_ylabel("tanh")
    axes[-1].set_xlabel("input of tanh")


def draw_signals(axes: np.ndarray, results: Sequence[Signals]) -> None:
    """Draw histograms by layer on 2 x 2 axes: activations above, gradients below, without and with BN."""
    for column, result in zip(axes.T, results, strict=True):
        top, bottom = column
        top.set_title("with batch norm" if result.norm else "without batch norm")
        _ridges(top, result.activations, np.linspace(-1, 1, 61), BLUE)
        gradients = [np.log10(np.abs(g[g != 0])) for g in result.gradients]
        _ridges(bottom, gradients, np.linspace(-12, -1, 67), RED)
        top.set_xlabel("activation")
        bottom.set(xlabel="size of the gradient", xticks=[-12, -8, -4])
        bottom.set_xticklabels(["$10^{-12}$", "$10^{-8}$", "$10^{-4}$"])
    for ax in axes[:, 0]:
        ax.set_ylabel("layer")


def _ridges(ax: Axes, rows: Sequence[Array], bins: Array, color: str) -> None:
    """Draw one histogram per layer, the first layer at the top, each scaled to the same height."""
    for row, values in enumerate(reversed(rows)):
        counts, _ = np.histogram(values, bins=bins)
        height = 0.85 * counts / max(counts.max(), 1)
        ax.stairs(row + height, bins, baseline=row, fill=True, color=color, alpha=0.6)
        ax.axhline(row, color=GREY, linewidth=0.5)
    ax.set(yticks=range(len(rows)), yticklabels=SHOWN[::-1], ylim=(0, len(rows)))
    ax.spines["left"].set_visible(False)
