"""Figures of the section on CNNs."""

from collections.abc import Sequence

import numpy as np
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from bnref.cnn import parameter_counts
from bnref.experiments.cnn import EffectiveValues, FeatureMaps, Translation
from bnref.experiments.cnn_training import Curves, Folding
from bnref.figures.performance import markdown_table
from bnref.figures.style import BLUE, GREEN, GREY, LINES, RED

Array = NDArray[np.floating]
COLOURS = "PuOr_r"  # orange above 0, purple below


MAP, GAP = 1.0, 0.28  # side of a map, and space between maps
COLUMNS = (0, 1, 2, -1)  # the images that are drawn: the first three, dots, and the last


def draw_channels(ax: Axes, maps: FeatureMaps, filters: Sequence[int]) -> None:
    """Draw the output of a convolution as a table of maps: one column per image, one row per channel.

    The input images stand above their columns, and each of `filters` stands beside its row. A frame in the row's color
    holds all values that share a mean and a standard deviation, which are those of the whole batch. The last row is the
    last channel.
    """
    images, (outputs, depth) = len(maps.before), maps.weight.shape[:2]
    for row, (number, colour) in enumerate(zip(filters, (BLUE, RED, GREEN), strict=False)):
        y = _row(row + (row == len(filters) - 1) * 0.3)
        for i in range(3):
            _picture(ax, maps.weight[number, i], 0.08 * i, y + 0.16 + 0.08 * (2 - i), 0.6, colour)
        _arrow(ax, (0.85, y + MAP / 2), (1.22, y + MAP / 2), colour)
        for column, image in enumerate(COLUMNS):
            _picture(ax, maps.before[image, number], _column(column), y, MAP, colour)
        left, right = _column(0) - 0.12, _column(len(COLUMNS) - 1) + MAP + 0.12
        ax.add_patch(Rectangle((left, y - 0.12), right - left, MAP + 0.24, fill=False, edgecolor=colour, linewidth=2.2))
        values = maps.before[:, number]
        text = f"channel {number + 1}\nmean {values.mean():.2f}\nstd {values.std():.2f}"
        ax.text(right + 0.12, y + MAP / 2, text, va="center", color=colour, fontsize="small")
    for column, image in enumerate(COLUMNS):
        for i in range(3):
            _picture(ax, maps.inputs[image, i], _column(column) + 0.1 * i, _row(-1.35) + 0.1 * (2 - i), 0.8, GREY)
        _note(ax, _column(column) + 0.5, _row(-1.35) + 1.1, f"image {image % images + 1}")
        _arrow(ax, (_column(column) + 0.5, _row(-1.35) - 0.05), (_column(column) + 0.5, _row(0) + MAP + 0.17), GREY)
    _words(ax, maps, len(filters), outputs, depth)


def _row(row: float) -> float:
    return -row * (MAP + 0.5)


def _column(column: int) -> float:
    return 1.45 + column * (MAP + GAP) + (column == len(COLUMNS) - 1) * 0.35


def _words(ax: Axes, maps: FeatureMaps, rows: int, outputs: int, depth: int) -> None:
    """Write the names of the four axes, N, C, H and W, into the drawing, and set its limits."""
    images, height, width = len(maps.before), *maps.before.shape[2:]
    last, end = _row(rows - 0.7), _column(len(COLUMNS) - 1)
    for y in (_row(-1.35) + 0.4, _row(0) + 0.4, last + 0.4):
        _note(ax, end - 0.32, y, "…")
    _note(ax, _column(0) + 0.5, (_row(rows - 2) + last + MAP) / 2 - 0.2, "⋮")
    _note(ax, 0.4, _row(-1.35) + 0.1, f"input:\n{depth} channels\nper image")
    _note(ax, 0.4, _row(0) + MAP + 0.15, f"filters:\n{depth} x 3 x 3")
    _span(ax, (_column(0), last - 0.35), (end + MAP, last - 0.35))
    _note(ax, (_column(0) + end + MAP) / 2, last - 0.78, f"N = {images} images")
    x = end + MAP + 2.1
    _span(ax, (x, last), (x, _row(0) + MAP))
    ax.text(x + 0.1, (last + _row(0) + MAP) / 2, f"C = {outputs} channels", rotation=90, va="center")
    size = f"each map: H = {height} rows, W = {width} columns"
    ax.text(_column(1) + 0.35, (_row(rows - 2) + last + MAP) / 2, size, va="center", fontsize="small")
    share = f"one frame = N H W = {images * height * width} values that share a mean and a std"
    ax.text((0.1 + x) / 2, last - 1.25, share, ha="center")
    ax.set(xlim=(-0.35, x + 0.5), ylim=(last - 1.4, _row(-1.35) + 1.55), aspect="equal")
    ax.axis("off")


def _span(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "<->", "color": GREY, "shrinkA": 0, "shrinkB": 0})


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": colour, "shrinkA": 0, "shrinkB": 0})


def _note(ax: Axes, x: float, y: float, text: str, colour: str = "black") -> None:
    ax.text(x, y, text, ha="center", va="bottom", color=colour, fontsize="small")


def _picture(ax: Axes, values: Array, x: float, y: float, size: float, colour: str) -> None:
    """Draw one map as a framed picture with its lower left corner at (x, y)."""
    top = np.abs(values).max()
    ax.imshow(values, cmap=COLOURS, vmin=-top, vmax=top, extent=(x, x + size, y, y + size), interpolation="nearest")
    ax.add_patch(Rectangle((x, y), size, size, fill=False, edgecolor=colour, linewidth=1.0))


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
            label = f"channel {channel + 1} {title}\nmean {mean:.2f}, std {whole.std():.2f}"
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
    ax.set(xticks=shifts, xlabel="distance that the digits have moved (pixels)", ylabel="test accuracy")
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
    axes[0].plot([], [], ".", color=BLUE, label="effective (one dot per channel)")
    axes[0].plot([], [], "-", color=RED, label="counted: H W")
    axes[0].legend(fontsize="small", loc="upper right")
    axes[-1].set_xlabel("convolution")


def effective_table(results: Sequence[EffectiveValues]) -> Markdown:
    """Make a table of the places in one image, and of the median effective number of values over the channels."""
    header = ("Convolution", "Places ($H W$)", "Worth for the mean (median)", "Worth for the variance (median)")
    rows = [
        (str(r.layer), str(r.places), *(f"{np.median(values):.0f}" for values in (r.mean, r.variance))) for r in results
    ]
    return markdown_table(header, rows)


def counts_table(layers: Sequence[tuple[int, int, int]]) -> Markdown:
    """Make a table of the sizes of 3 x 3 convolutions with BN; `layers` has their inputs, outputs and map sizes."""
    header = (
        "Channels",
        "Size of the maps",
        "Learned without BN",
        "Learned with BN",
        "State, BN per channel",
        "State, BN per neuron",
    )
    rows = []
    for inputs, outputs, side in layers:
        plain, _ = parameter_counts(inputs, outputs, 3, batch_norm=False)
        learned, state = parameter_counts(inputs, outputs, 3, batch_norm=True)
        sizes = (plain, learned, state, state * side**2)
        rows.append((f"{inputs} to {outputs}", f"{side} x {side}", *(f"{size:,}" for size in sizes)))
    return markdown_table(header, rows)


def draw_speed(axes: Sequence[Axes], result: Curves) -> None:
    """Draw accuracy during training at each learning rate, with and without BN on two axes, as means over seeds."""
    for ax, name, title in zip(axes, ("batch_norm", "none"), ("with BN", "without"), strict=True):
        for rate, curves, style in zip(result.rates, getattr(result, name).swapaxes(0, 1), LINES, strict=False):
            ax.plot(result.steps, curves.mean(axis=0), label=f"{rate:g}", **style)
        _chance(ax)
        ax.set(title=title, ylabel="test accuracy", ylim=(0, 1.02))
    axes[-1].set_xlabel("step")
    handles = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(*handles, title="learning rate", fontsize="small", loc="outside lower center", ncols=4)


def draw_depth(ax: Axes, result: Curves) -> None:
    """Draw accuracy during training at the best learning rate, with and without BN: one line per seed."""
    for name, label, style in zip(("batch_norm", "none"), ("with BN", "without"), LINES, strict=False):
        for i, curve in enumerate(result.best(name)):
            ax.plot(result.steps, curve, label=None if i else label, **style)
    _chance(ax)
    ax.set(xticks=result.steps, xlabel="step", ylabel="test accuracy", ylim=(0, 1.02))
    ax.legend(fontsize="small", loc="upper left")


def folding_table(results: Sequence[Folding]) -> Markdown:
    """Make a table of how far a folded network's logits are from those of the network that it replaces."""
    header = (
        "Test accuracy",
        "Largest logit",
        "Largest difference, float32",
        "float64",
        "Predictions that change",
        "Difference to training mode",
    )
    rows = [
        (
            f"{r.accuracy:.3f}",
            f"{r.largest:.1f}",
            f"{r.float32:.0e}",
            f"{r.float64:.0e}",
            str(r.changed),
            f"{r.in_training:.1f}",
        )
        for r in results
    ]
    return markdown_table(header, rows)


def _chance(ax: Axes) -> None:
    ax.axhline(0.1, color=GREY, linestyle=":", linewidth=1.5)
    ax.annotate(
        "chance", (0, 0.1), xycoords=("axes fraction", "data"), xytext=(3, 2), textcoords="offset points", color=GREY
    )
