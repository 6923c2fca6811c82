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


def draw_layers(axes: Sequence[Axes], history: History, unit: int = 0) -> None:
    """Draw percentiles of the inputs of one unit in each layer during training, on one axis per layer."""
    for layer, ax in enumerate(axes):
        _ribbon(ax, history, layer, unit)
        ax.set(title=f"layer {layer + 1}", ylabel="input")
    axes[-1].set_xlabel("step")
    _legend_below(axes[:1], ncols=2)


def draw_percentiles(axes: Sequence[Axes], pair: Sequence[History], unit: int = 0) -> None:
    """Draw percentiles of the inputs of one unit in the last hidden layer, on one axis for each of two histories."""
    for ax, history in zip(axes, pair, strict=True):
        _ribbon(ax, history, -1, unit)
        ax.set(title=NAMES[history.batch_norm], ylabel="input")
    axes[-1].set_xlabel("step")
    _legend_below(axes, ncols=2)


def draw_standardized(axes: Sequence[Axes], result: Standardized) -> None:
    """Draw histograms of each layer's outputs over all units, before and after normalization, on one axis per layer."""
    bins = np.linspace(-3.5, 3.5, 57).tolist()
    for layer, (ax, before, after) in enumerate(zip(axes, result.before, result.after, strict=True), start=1):
        for values, name, norm in [(before, "before", False), (after, "after", True)]:
            label = f"{name}: mean {values.mean() + 0.0:.2f}, std {values.std():.2f}".replace("-0.00", "0.00")
            style = {"color": COLOURS[norm], "linestyle": LINE[norm]}
            ax.hist(values.ravel(), bins=bins, histtype="step", linewidth=1.8, label=label, **style)
        ax.set(title=f"layer {layer}", yticks=[], ylim=(0, 1.6 * ax.get_ylim()[1]))
        ax.spines["left"].set_visible(False)
        ax.legend(fontsize="small", loc="upper right", borderaxespad=0)
    axes[-1].set_xlabel("output of the linear layer, all units")


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
        norm, losses = course.batch_norm, course.losses[seed]
        low, high = losses.min(axis=1), losses.max(axis=1)
        ax.fill_between(course.steps, low, high, color=COLOURS[norm], alpha=0.3, label=NAMES[norm])
        for edge in (low, high):
            ax.semilogy(course.steps, edge, color=COLOURS[norm], linestyle=LINE[norm], linewidth=1.2)
    ax.set(xlabel="step", ylabel=f"loss, {STEP_SIZES[0]:g} to {STEP_SIZES[-1]:g} steps on")
    ax.legend(fontsize="small")
