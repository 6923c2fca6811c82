"""Figures of the section on internal covariate shift."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray

from bnref.experiments.internal_covariate_shift import History, Standardized
from bnref.experiments.landscape import STEP_SIZES, Course, Rates
from bnref.figures.style import BLUE, DASHES, GREY, RED

Array = NDArray[np.floating]
NAMES = {False: "without BN", True: "with BN"}
COLOURS = {False: RED, True: BLUE}
LINE = {False: DASHES[1], True: DASHES[0]}


def draw_accuracy(ax: Axes, histories: Sequence[Sequence[History]]) -> None:
    """Draw accuracy on the test digits during training: each network's mean over seeds, and their range."""
    for group in histories:
        norm, steps = group[0].batch_norm, group[0].steps
        accuracy = np.stack([history.accuracy for history in group])
        ax.fill_between(steps, accuracy.min(axis=0), accuracy.max(axis=0), color=COLOURS[norm], alpha=0.25)
        ax.plot(steps, accuracy.mean(axis=0), color=COLOURS[norm], linestyle=LINE[norm], label=NAMES[norm])
    ax.axhline(0.1, color=GREY, linestyle=":", linewidth=1.5, label="a guess")
    ax.set(xlabel="step", ylabel="test accuracy", ylim=(0, 1.02))
    ax.legend(fontsize="small", loc="center right")


def _legend_below(axes: Sequence[Axes], ncols: int) -> None:
    handles = [handle for ax in axes for handle in ax.get_legend_handles_labels()[0]]
    axes[0].figure.legend(handles=handles, fontsize="small", loc="outside lower center", ncols=ncols)


def _ribbon(ax: Axes, history: History, layer: int, unit: int) -> None:
    low, middle, high = history.percentiles[:, layer, :, unit].T
    norm = history.batch_norm
    ax.fill_between(history.steps, low, high, color=COLOURS[norm], alpha=0.3, label="15th to 85th percentile")
    ax.plot(history.steps, middle, color=COLOURS[norm], linestyle=LINE[norm], label=f"median, {NAMES[norm]}")


RIDGE = 0.9  # height of a ridge, in distances between two ridges


def draw_ridges(axes: Sequence[Axes], history: History, steps: Sequence[int]) -> None:
    """Draw the distribution of one unit's inputs at several steps as ridges above each other, one axis per layer.

    Each ridge is a histogram, drawn to the same height. A line marks the median.
    """
    rows = [int(np.flatnonzero(history.steps == step)[0]) for step in steps]
    for layer, ax in enumerate(axes):
        values = history.unit[rows, layer]
        edges = np.linspace(values.min() - 0.3, values.max() + 0.3, 61)
        for base, inputs in zip(range(len(steps), 0, -1), values, strict=True):
            counts, _ = np.histogram(inputs, edges)
            top = base + RIDGE * counts / counts.max()
            ax.stairs(top, edges, baseline=base, fill=True, color=COLOURS[history.batch_norm], alpha=0.45)
            middle = np.median(inputs)
            ax.plot([middle, middle], [base, base + RIDGE], color="black", linestyle="-", linewidth=1.5)
        ax.set(title=f"layer {layer + 1}", xlabel="input", ylim=(0.9, len(steps) + 1.1))
        ax.set_yticks([])
    axes[0].set_yticks(range(len(steps), 0, -1), [f"step {step}" for step in steps])


def draw_percentiles(axes: Sequence[Axes], pair: Sequence[History], unit: int = 0) -> None:
    """Draw percentiles of the inputs of one unit in the last hidden layer, on one axis for each of two histories."""
    for ax, history in zip(axes, pair, strict=True):
        _ribbon(ax, history, -1, unit)
        ax.set(title=NAMES[history.batch_norm], ylabel="input")
    axes[-1].set_xlabel("step")
    _legend_below(axes, ncols=2)


def draw_standardized(axes: Array, result: Standardized, units: int = 25) -> None:
    """Draw the mean of each of the first units as a dot, and one standard deviation to both sides as a bar.

    `axes` is (layers, 2): outputs of the linear layers before normalization on the left, and after it on the right.
    """
    for layer, row in enumerate(axes):
        sides = [("before BN", result.before, False), ("after BN", result.after, True)]
        for ax, (name, layers, norm) in zip(row, sides, strict=True):
            values = layers[layer][:, :units]
            ax.errorbar(
                range(1, units + 1),
                values.mean(axis=0),
                values.std(axis=0),
                fmt="o" if norm else "s",
                color=COLOURS[norm],
                markersize=3,
                linewidth=1.2,
            )
            ax.set(title=f"layer {layer + 1}, {name}", ylim=(-2.5, 2.5), yticks=[-2, -1, 0, 1, 2])
            ax.grid(axis="y", linewidth=0.5, alpha=0.5)
    for ax in axes[-1]:
        ax.set_xlabel("unit")
    for ax in axes[:, 0]:
        ax.set_ylabel("mean ± std")


def draw_rates(ax: Axes, result: Rates) -> None:
    """Draw accuracy by learning rate: the mean over seeds, and each run as a dot."""
    for right, norm in [(result.without, False), (result.with_norm, True)]:
        ax.semilogx(result.rates, right.mean(axis=0), color=COLOURS[norm], linestyle=LINE[norm], label=NAMES[norm])
        for run in right:
            ax.semilogx(result.rates, run, "s" if norm else "o", color=COLOURS[norm], markersize=4, alpha=0.7)
    ax.set(xlabel="learning rate", ylabel="test accuracy", ylim=(0, 1.02))
    ax.set_xticks(result.rates, [f"{rate:g}" for rate in result.rates])
    ax.minorticks_off()
    ax.legend(fontsize="small", loc="center left")


def draw_gradient_shift(axes: Sequence[Axes], results: Sequence[Sequence[Course]], titles: Sequence[str]) -> None:
    """Draw the relative gradient shift (definition 2.1) during training, averaged over layers, on one axis per network.

    The line is the mean over seeds, and the band is their range.
    """
    for ax, pair, title in zip(axes, results, titles, strict=True):
        for course in pair:
            norm, relative = course.batch_norm, course.shifts[..., 1].mean(axis=2)
            ax.fill_between(course.steps, relative.min(axis=0), relative.max(axis=0), color=COLOURS[norm], alpha=0.25)
            mean = relative.mean(axis=0)
            ax.semilogy(course.steps, mean, color=COLOURS[norm], linestyle=LINE[norm], label=NAMES[norm])
        ax.set(title=title, ylabel="relative shift")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.minorticks_off()
    axes[-1].set_xlabel("step")
    _legend_below(axes[:1], ncols=2)


def draw_landscape(ax: Axes, pair: Sequence[Course], seed: int = 0) -> None:
    """Draw the range of losses along the gradient during the training run of one seed."""
    for course in pair:
        norm, losses = course.batch_norm, course.along[seed, :, 0]
        low, high = losses.min(axis=1), losses.max(axis=1)
        ax.fill_between(course.steps, low, high, color=COLOURS[norm], alpha=0.3, label=NAMES[norm])
        for edge in (low, high):
            ax.semilogy(course.steps, edge, color=COLOURS[norm], linestyle=LINE[norm], linewidth=1.2)
    ax.set(xlabel="step", ylabel=f"loss, {STEP_SIZES[0]:g} to {STEP_SIZES[-1]:g} steps on")
    ax.legend(fontsize="small")
