"""Figures of the section on covariate shift."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from bnref.experiments.covariate_shift import BySize
from bnref.experiments.covariate_shift_statistics import ByBatch
from bnref.experiments.covariate_shift_weights import CENTRE, ByDistance, Sample, curve, fitted_polynomial
from bnref.figures.style import BLUE, GREY, LINES, RED

Array = NDArray[np.floating]


def draw_shift(axes: Sequence[Axes], drawn: Sample) -> None:
    """Draw two sets of inputs on the first axis, and the rule for both of them on the second."""
    sets = [
        ("training set", drawn.x, drawn.y, BLUE, "o"),
        ("test set", drawn.x_test, drawn.y_test, RED, "^"),
    ]
    bins = np.linspace(min(drawn.x.min(), drawn.x_test.min()), max(drawn.x.max(), drawn.x_test.max()), 31)
    for name, x, y, colour, marker in sets:
        axes[0].hist(x, bins=bins.tolist(), color=colour, alpha=0.5, label=f"{name}: mean {x.mean():.2f}")
        axes[1].plot(x, y, marker, color=colour, alpha=0.5, markersize=4, label=name)
    axes[1].plot(bins, curve(bins), color="black", label="mean of y at x, for both")
    axes[0].set(title="P(x) changes", xlabel="x", ylabel="count")
    axes[1].set(title="P(y | x) stays", xlabel="x", ylabel="y", ylim=(-1.5, 3.6))
    for ax in axes:
        ax.legend(fontsize="small")


def draw_images(ax: Axes, rows: Mapping[str, Array]) -> None:
    """Draw named rows of images, each (K, 8, 8) with 0 for blank and 1 for full ink."""
    gap = 1
    height, width = 8 + gap, next(iter(rows.values())).shape[0] * (8 + gap)
    sheet = np.full((len(rows) * height, width), np.nan)
    for i, images in enumerate(rows.values()):
        for j, image in enumerate(images):
            sheet[i * height : i * height + 8, j * (8 + gap) : j * (8 + gap) + 8] = image
    ax.imshow(sheet, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    ax.set_yticks([i * height + 3.5 for i in range(len(rows))], list(rows))
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _draw_spread(ax: Axes, x: Sequence[float], values: Array, label: str, look: Mapping[str, Any]) -> None:
    """Draw the mean of `values` (S, K) over seeds as a line, with a band from lowest to highest."""
    ax.plot(x, values.mean(axis=0), label=label, marker="o", markersize=4, **look)
    ax.fill_between(x, values.min(axis=0), values.max(axis=0), alpha=0.2, color=look["color"], linewidth=0)


def draw_by_size(ax: Axes, result: BySize, both: BySize) -> None:
    """Draw accuracy by size of the training set, on the training set and on two test sets.

    A star marks the accuracy at night of the network trained on both kinds of images.
    """
    scores = [(result.day, "new digits by day"), (result.night, "new digits at night"), (result.train, "training set")]
    for (values, label), look in zip(scores, LINES, strict=False):
        _draw_spread(ax, result.sizes, values, label, look)
    at = (both.sizes[0], both.night.mean())
    ax.plot(*at, "*", color=RED, markersize=14, label="at night, half of the training set at night")
    ax.set(xscale="log", xlabel="training digits", ylabel="accuracy", ylim=(0, 1.03))
    ax.set_xticks(result.sizes, [str(size) for size in result.sizes])
    ax.minorticks_off()
    ax.figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside lower center")


def draw_weights(ax: Axes, drawn: Sample) -> None:
    """Draw training points sized by their weights, the lines fitted with and without weights, and the test inputs."""
    ax.scatter(drawn.x, drawn.y, s=12 * drawn.weights, color=BLUE, alpha=0.5, label="training points, by weight")
    ax.plot(drawn.x_test, np.full_like(drawn.x_test, -1.4), "|", color=RED, label="test inputs")
    at = np.linspace(min(drawn.x.min(), drawn.x_test.min()), drawn.x.max(), 50)
    ax.plot(at, curve(at), color="black", label="mean of y at x")
    for weighted, look in zip((False, True), LINES[2:4], strict=True):
        line = np.polyval(fitted_polynomial(drawn, 1, weighted), at)
        ax.plot(at, line, label="line, weighted" if weighted else "line, equal weights", **look)
    ax.set(xlabel="x", ylabel="y", ylim=(-1.6, 2.6))
    ax.figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=2)


def draw_overlap(axes: Sequence[Axes], result: ByDistance) -> None:
    """Draw the error of the fit and the effective number of points as the test set moves away, on two axes."""
    for values, label, look in zip((result.equal, result.weighted), ("equal weights", "weighted"), LINES, strict=False):
        _draw_spread(axes[0], result.centres, values, label, look)
    axes[0].set(yscale="log", title="error on the test set")
    axes[0].legend(fontsize="small")
    _draw_spread(axes[1], result.centres, result.effective, "effective number", {"color": GREY})
    axes[1].set(
        yscale="log",
        title="effective number of training points",
        xlabel=f"center of the test set (training set: {CENTRE})",
    )
    axes[1].invert_xaxis()  # so that moving right is moving away from the training set


def draw_by_batch(ax: Axes, result: ByBatch) -> None:
    """Draw accuracy at night by the size of the batch used for the statistics."""
    lines = [
        (result.mixed, "convolutional, mixed batches"),
        (result.sorted, "convolutional, sorted by label"),
        (result.dense, "dense, mixed batches"),
    ]
    for (values, label), look in zip(lines, LINES, strict=False):
        _draw_spread(ax, result.sizes, values, label, look)
    stored = result.stored.mean()
    ax.axhline(stored, color=GREY, linestyle=":", label="convolutional, stored statistics")
    ax.set(xscale="log", xlabel="images in a batch", ylabel="accuracy at night", ylim=(0, 1.03))
    ax.set_xticks(result.sizes, [str(size) for size in result.sizes])
    ax.minorticks_off()
    ax.figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside lower center")
