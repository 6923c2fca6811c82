"""Figures of the section on CNNs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from bnref.experiments.cnn import EffectiveValues, FeatureMaps, Translation
from bnref.experiments.cnn_training import Depth, Speed
from bnref.figures.style import BLUE, GREEN, GREY, LINES, RED

Array = NDArray[np.floating]
COLOURS = "PuOr_r"  # orange above 0, purple below


def draw_channels(ax: Axes, maps: FeatureMaps, filters: Sequence[int], images: int = 4, slices: int = 4) -> None:
    """Draw a diagram of BN in a CNN with measured values: input volume, filters, output channels and statistics.

    Each of `filters` has a row and a color of its own and runs over the whole input volume. Its output channel is shown
    for the first `images` images; mean and standard deviation are those of all images of the batch.
    """
    depth = maps.inputs.shape[1]
    middle = (len(filters) - 1) * 2.6 / 2 + 1
    for i in range(slices):
        _picture(ax, maps.inputs[0, i], 0.16 * i, middle - 1.3 + 0.16 * (slices - i), 1.7, GREY)
    _note(ax, 1.1, middle - 2.7, f"input:\n{depth}\nchannels")
    for row, (number, colour) in enumerate(zip(filters, (BLUE, RED, GREEN), strict=False)):
        y = (len(filters) - 1 - row) * 2.6 + 0.4
        for i in range(slices):
            _picture(ax, maps.weight[number, i], 3.3 + 0.12 * i, y + 0.3 + 0.12 * (slices - i), 0.7, colour)
        for i in range(images):
            _picture(ax, maps.before[i, number], 5.6 + 0.2 * i, y + 0.2 * (images - i), 1.2, colour)
        values = maps.before[:, number]
        _note(ax, 9.6, y + 0.3, f"channel {number}\nmean {values.mean():.2f}\nstd {values.std():.2f}", colour)
        for start, end in [((2.35, middle - 0.2), (3.2, y + 0.9)), ((4.5, y + 0.9), (5.4, y + 0.9))]:
            ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.4})
        ax.annotate("", (8.45, y + 0.9), (7.65, y + 0.9), arrowprops={"arrowstyle": "->", "color": colour})
    _note(ax, 3.9, -1.5, f"filters:\n{depth} x 3 x 3\neach")
    _note(ax, 6.5, -1.5, "one output\nchannel each,\nN images")
    _note(ax, 9.6, -1.5, "one mean\nand std\neach")
    ax.set(xlim=(-0.1, 10.9), ylim=(-1.6, len(filters) * 2.6 + 0.1), aspect="equal")
    ax.axis("off")


def _note(ax: Axes, x: float, y: float, text: str, colour: str = "black") -> None:
    ax.text(x, y, text, ha="center", va="bottom", color=colour)


def _picture(ax: Axes, values: Array, x: float, y: float, size: float, colour: str) -> None:
    """Draw one map as a framed picture with its lower left corner at (x, y)."""
    top = np.abs(values).max()
    ax.imshow(values, cmap=COLOURS, vmin=-top, vmax=top, extent=(x, x + size, y, y + size), interpolation="nearest")
    ax.add_patch(Rectangle((x, y), size, size, fill=False, edgecolor=colour, linewidth=1.2))


def draw_maps(axes: NDArray[np.object_], maps: FeatureMaps, channels: Sequence[int]) -> None:
    """Draw feature maps before and after BN on axes (channels, 2 K): one row per channel, the K images twice.

    All maps before BN share one color scale, and all maps after BN share another. Mean and std are those of the whole
    batch.
    """
    images = axes.shape[1] // 2
    for start, values, title in [(0, maps.before, "before"), (images, maps.after, "after BN")]:
        shown = values[:images, list(channels)]
        top = np.abs(shown).max()
        for row, channel in enumerate(channels):
            whole = values[:, channel]
            for i in range(images):
                ax = axes[row, start + i]
                ax.imshow(shown[i, row], cmap=COLOURS, vmin=-top, vmax=top, interpolation="nearest")
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_visible(False)
            mean = whole.mean().round(2) + 0.0  # turns -0.0 into 0.0
            label = f"channel {channel} {title}\nmean {mean:.2f}, std {whole.std():.2f}"
            axes[row, start + images // 2].set_title(label)


def draw_translation(ax: Axes, results: Sequence[Translation]) -> None:
    """Draw accuracy by shift: lines for the mean, and a dot for each seed."""
    shifts = results[0].shifts
    names = {"per_channel": "BN per channel", "per_neuron": "BN per neuron"}
    for (name, label), style in zip(names.items(), LINES, strict=False):
        scores = np.array([getattr(result, name) for result in results])
        ax.plot(shifts, scores.mean(axis=0), label=label, **style)
        ax.plot(shifts, scores.T, ".", color=style["color"], markersize=8)
    _chance(ax)
    ax.set(xticks=shifts, xlabel="moved by so many pixels", ylabel="test accuracy")
    ax.legend(fontsize="small", loc="center right")


def draw_effective_values(axes: Sequence[Axes], results: Sequence[EffectiveValues]) -> None:
    """Draw the effective number of values per image of each channel, by layer: for mean and variance, on two axes."""
    for ax, name in zip(axes, ("mean", "variance"), strict=True):
        for result in results:
            values = np.sort(getattr(result, name))
            jitter = np.linspace(-0.25, 0.25, len(values))  # spreads the channels, which would lie on one line
            ax.plot(result.layer + jitter, values, ".", color=BLUE, markersize=5)
            places = [result.places] * 2
            ax.plot([result.layer - 0.35, result.layer + 0.35], places, "-", color=RED)
        ax.set(yscale="log", xticks=[result.layer for result in results], title=f"to estimate a channel's {name}")
        ax.set_ylabel("values in one image")
    axes[0].plot([], [], ".", color=BLUE, label="effective, a dot a channel")
    axes[0].plot([], [], "-", color=RED, label="counted: H W")
    axes[0].legend(fontsize="small", loc="upper right")
    axes[-1].set_xlabel("convolution")


def draw_speed(axes: Sequence[Axes], result: Speed) -> None:
    """Draw accuracy during training at each learning rate, with and without BN on two axes, as means over seeds."""
    for ax, name, title in zip(axes, ("batch_norm", "none"), ("with BN", "without"), strict=True):
        for rate, curves, style in zip(result.rates, getattr(result, name).swapaxes(0, 1), LINES, strict=False):
            ax.plot(result.steps, curves.mean(axis=0), label=f"{rate:g}", **style)
        _chance(ax)
        ax.set(title=title, ylabel="test accuracy", ylim=(0, 1.02))
    axes[-1].set_xlabel("step")
    handles = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(*handles, title="learning rate", fontsize="small", loc="outside lower center", ncols=4)


def draw_depth(ax: Axes, result: Depth) -> None:
    """Draw accuracy at the best learning rate by depth, with and without BN: means as lines, seeds as dots."""
    for name, label, style in zip(("batch_norm", "none"), ("with BN", "without"), LINES, strict=False):
        scores = result.best(name)
        ax.plot(result.depths, scores.mean(axis=0), label=label, **style)
        ax.plot(result.depths, scores.T, ".", color=style["color"], markersize=8)
    _chance(ax)
    ax.set(xticks=result.depths, xlabel="convolutions", ylabel="test accuracy", ylim=(0, 1.02))
    ax.legend(fontsize="small", loc="center left", bbox_to_anchor=(0, 0.4))


def _chance(ax: Axes) -> None:
    ax.axhline(0.1, color=GREY, linestyle=":", linewidth=1.5)
    ax.annotate(
        "chance", (0, 0.1), xycoords=("axes fraction", "data"), xytext=(3, 2), textcoords="offset points", color=GREY
    )
