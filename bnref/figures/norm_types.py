"""Figures of the section on normalization types."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from numpy.typing import NDArray

from bnref.core.blocks import Array
from bnref.experiments.norm_types import NORMS, Batch, Invariance, moments, shared_with
from bnref.experiments.norm_types_batch_size import Errors
from bnref.experiments.norm_types_dropout import Dropped, Shift
from bnref.experiments.norm_types_regularization import NETWORKS, SIZES, Noisy
from bnref.experiments.norm_types_whitening import Decorrelated, Neighbours
from bnref.figures.performance import markdown_table
from bnref.figures.style import BLUE, GREY, LINES, RED

WALL = 3.6  # distance between samples, in cells
DEPTH = np.array([0.8, 0.5])  # step into the picture for one position, in cells
SETS = {
    "batch norm": "one channel of all samples",
    "layer norm": "all channels of one sample",
    "instance norm": "one channel of one sample",
    "group norm": "half the channels of one sample",
}


def draw_normalization(
    axes: Sequence[Axes],
    shape: tuple[int, int, int] = (3, 4, 3),
    entry: tuple[int, int, int] = (1, 1, 1),
    groups: int = 2,
) -> None:
    """Draw an array (N, C, L) for each norm, highlighting the entries that share their statistics with `entry`."""
    for ax, norm in zip(axes, NORMS, strict=True):
        shares = shared_with(norm, shape, entry, groups)
        _draw_array(ax, shares, entry)
        ax.set_title(norm, fontweight="bold", pad=34)
        what = f"{SETS[norm]}:\n{shares.sum()} of {shares.size} values"
        ax.text(0.5, 1.02, what, ha="center", fontsize="small", transform=ax.transAxes)
        _name_sides(ax, shape)


def _draw_array(ax: Axes, lit: NDArray[np.bool_], entry: tuple[int, int, int]) -> None:
    """Draw each sample as a wall, with channels downward and positions into the picture."""
    cell = np.array([[0, 0], DEPTH, DEPTH + np.array([0, 1]), [0, 1]])
    places = list(np.ndindex(lit.shape))
    walls = [cell + np.array([WALL * n, lit.shape[1] - 1 - c]) + i * DEPTH for n, c, i in places]
    colours = [RED if place == entry else BLUE if lit[place] else "#e4e4e4" for place in places]
    ax.add_collection(PolyCollection(walls, facecolors=colours, edgecolors="white", linewidths=1))
    ax.set_aspect("equal")
    ax.autoscale_view()
    ax.set_axis_off()


def _name_sides(ax: Axes, shape: tuple[int, int, int]) -> None:
    """Write the sizes of the array along its sides: channels, samples, and positions on the last wall."""
    n, c, length = shape
    look: dict[str, Any] = {"fontsize": "small", "color": GREY}
    ax.text(-0.2, c / 2, "channels", ha="right", va="center", rotation=90, **look)
    ax.text(WALL * (n - 1) / 2, -0.3, "samples", ha="center", va="top", **look)
    right, up = np.array([WALL * (n - 1), 0]) + length / 2 * DEPTH
    angle = np.degrees(np.arctan2(DEPTH[1], DEPTH[0]))
    ax.text(right + 0.25, up - 0.15, "positions", ha="center", va="top", rotation=angle, rotation_mode="anchor", **look)


def draw_standardization(axes: Sequence[Axes], result: Batch) -> None:
    """Draw two units over a batch before and after batch norm, on two axes with the same scale."""
    _draw_batches(axes, [(result.before, "before"), (result.standardized, "after batch norm")], result.labels)


def moments_table(result: Batch) -> Markdown:
    """Make a table of the moments of the second unit before and after batch norm."""
    header = ("Unit 2", "Mean", "Standard deviation", "Skewness", "Mean over the zeros", "Mean over the ones")
    rows = []
    for name, values in (("before", result.before), ("after batch norm", result.standardized)):
        m = moments(values[:, 1], result.labels)
        numbers = (m.mean, m.std, m.skewness, m.mean_of_zeros, m.mean_of_ones)
        rows.append((name, *(f"{round(v, 2) + 0.0:.2f}" for v in numbers)))
    return markdown_table(header, rows)


def draw_whitening(axes: Sequence[Axes], result: Batch) -> None:
    """Draw two units over a batch, standardized and whitened, on two axes with the same scale."""
    _draw_batches(axes, [(result.standardized, "standardized"), (result.whitened, "whitened")], result.labels)


def _draw_batches(axes: Sequence[Axes], panels: Sequence[tuple[Array, str]], labels: NDArray[np.int64]) -> None:
    reach = 1.05 * max(np.abs(values).max() for values, _ in panels)
    groups = [(labels > 1, GREY, ".", "other digits"), (labels == 0, BLUE, "o", "0"), (labels == 1, RED, "^", "1")]
    for ax, (values, title) in zip(axes, panels, strict=True):
        for chosen, colour, marker, name in groups:
            x, y = values[chosen].T
            ax.plot(x, y, marker, color=colour, markersize=5, alpha=0.8, markeredgewidth=0, label=name)
        x, y = values.T
        ax.plot(x.mean(), y.mean(), "+", color="black", markersize=14, markeredgewidth=2)
        ax.set(title=title, aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
        moments = (x.mean(), y.mean(), x.std(), y.std(), np.corrcoef(x, y)[0, 1])
        numbers = [f"{round(float(v), 2) + 0.0:.2f}" for v in moments]  # + 0.0 turns -0.0 into 0.0
        ax.set_xlabel(f"means {numbers[0]}, {numbers[1]}\nstds {numbers[2]}, {numbers[3]}\ncorrelation {numbers[4]}")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=3)


def draw_errors(axes: Sequence[Axes], results: Sequence[Sequence[Errors]], titles: Sequence[str]) -> None:
    """Draw test error by batch size, on one axis per network: means, and bands from best seed to worst."""
    for ax, errors, title in zip(axes, results, titles, strict=True):
        for error, style in zip(errors, LINES, strict=False):
            percent = np.array(error.percent)
            ax.plot(error.sizes, percent.mean(axis=1), marker="o", label=error.norm, **style)
            ax.fill_between(error.sizes, percent.min(axis=1), percent.max(axis=1), color=style["color"], alpha=0.2)
        ax.set(title=title, xscale="log", yscale="log", ylim=(1, 100), ylabel="test error in %")
        ax.set_xticks(errors[0].sizes, [str(size) for size in errors[0].sizes])
        ax.set_yticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
        ax.minorticks_off()
        ax.legend(fontsize="small")
    axes[-1].set_xlabel("batch size")


def draw_memorizing(axes: Sequence[Axes], results: Sequence[Noisy], rate: float) -> None:
    """Draw, by batch size, the test accuracy and the share of memorized wrong labels: means with the range of seeds."""
    for number, (network, look) in enumerate(zip(NETWORKS[:4], LINES, strict=False)):
        runs = {r.size: r for r in results if (r.network, r.rate) == (network, rate)}
        places = np.array(SIZES) * 1.04 ** (number - 1.5)  # side by side, so that the ranges do not hide each other
        for ax, name in zip(axes, ("accuracy", "memorized"), strict=True):
            values = np.array([getattr(runs[size], name) for size in SIZES])
            means = values.mean(axis=1)
            ranges = np.abs(np.array([values.min(axis=1), values.max(axis=1)]) - means)
            label = {"BN, whole set": "BN without noise"}.get(network, network)
            ax.errorbar(places, means, ranges, marker="o", label=label, capsize=3, elinewidth=1.2, **look)
    axes[0].set(ylabel="test accuracy")
    axes[1].set(xlabel="batch size", ylabel="wrong labels memorized", ylim=(-0.03, 1.03))
    for ax in axes:
        ax.set_xscale("log")
        ax.set_xticks(SIZES, [str(size) for size in SIZES])
        ax.minorticks_off()
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=2)


def draw_shift(ax: Axes, results: Sequence[Shift]) -> None:
    """Draw the ratio of test variance to training variance by dropout's keep rate: formula and measurements."""
    keep = np.linspace(0.2, 1, 81)
    for mean, style in zip(sorted({r.mean for r in results}), LINES, strict=False):
        ax.plot(keep, 1 / ((mean**2 + 1) / keep - mean**2), label=f"mean {mean:g} std", **style)
        for r in results:
            if r.mean == mean:
                ax.plot([r.keep] * len(r.measured), r.measured, "o", color=style["color"], markersize=5)
    ax.set(xlabel="share that dropout keeps", ylabel="test variance\n/ training variance", ylim=(0, 1.05))
    ax.legend(fontsize="small")


def draw_neighbours(ax: Axes, results: Sequence[Neighbours], features: int) -> None:
    """Draw test accuracy by number of training samples: standardized, whitened and partly whitened."""
    counts = [r.count for r in results]
    lines = {
        "standardized": [r.standardized for r in results],
        "partly whitened": [r.partly for r in results],
        "whitened": [r.whitened for r in results],
    }
    for (name, scores), style in zip(lines.items(), LINES, strict=False):
        ax.semilogx(counts, np.mean(scores, axis=1), marker="o", label=name, **style)
    ax.axvline(features, color=GREY, linestyle=":", linewidth=1.5)
    ax.annotate(f"{features} features", (features, 0.02), xytext=(4, 0), textcoords="offset points", color=GREY)
    ax.set_xticks(counts, [str(count) for count in counts])
    ax.minorticks_off()
    ax.set(xlabel="training samples", ylabel="test accuracy", ylim=(0, 1))
    ax.legend(fontsize="small", loc="lower right")


def invariance_table(results: Sequence[Invariance]) -> Markdown:
    """Make a table that says which changes of the input a norm ignores."""
    names = {
        "other samples": "other samples in the batch",
        "sample x 10": "the sample times 10",
        "sample + 10": "the sample plus 10",
        "channel x 10": "one channel of all samples times 10",
        "channel + 10": "one channel of all samples plus 10",
    }
    norms = list(dict.fromkeys(r.norm for r in results))
    found = {(r.norm, r.change): "ignores it" if r.exact else "changes" for r in results}
    rows = [(name, *(found[norm, change] for norm in norms)) for change, name in names.items()]
    return markdown_table(("Change of the input", *norms), rows)


def layer_table(layers: Sequence[tuple[str, float | None, tuple[int, ...] | None]]) -> Markdown:
    """Make a table of the name, epsilon and shape of gamma of PyTorch's norm layers."""
    header = ("Layer", "$\\varepsilon$ by default", "Shape of $\\gamma$")
    rows = [
        (f"`{name}`", "machine precision" if eps is None else f"{eps:g}", gamma or "none")
        for name, eps, gamma in layers
    ]
    return markdown_table(header, rows)


def dropout_table(results: Sequence[Dropped]) -> Markdown:
    """Make a table of the test error with each norm, place of dropout and rate."""
    header = ("Norm", "Dropout", "Dropped", "Variance ratio", "Test error", "Test error, statistics recomputed")
    norms, places = {"BN": "batch norm", "LN": "layer norm"}, {"nowhere": "none"}
    rows = [(norms.get(r.norm, r.norm), places.get(r.place, r.place), f"{r.drop:.0%}", *_errors(r)) for r in results]
    return markdown_table(header, rows)


def _errors(result: Dropped) -> tuple[str, str, str]:
    """Return the variance ratio, the error and the error with recomputed statistics, where the network has any."""
    if result.norm != "BN":
        return "", _percent(result.accuracy), ""
    return f"{np.mean(result.ratio):.2f}", _percent(result.accuracy), _percent(result.mended)


def noise_table(results: Sequence[Noisy]) -> Markdown:
    """Make a table of the test accuracy with wrong labels, by network, learning rate and batch size."""
    names = {"BN, whole set": "BN without noise", "BN and dropout": "BN and 20% dropout"}
    found = {(r.network, r.rate, r.size): f"{np.mean(r.accuracy):.2f}" for r in results}
    rows = [
        (f"{rate:g}", names.get(name, name), *(found[name, rate, size] for size in SIZES))
        for rate in dict.fromkeys(r.rate for r in results)
        for name in NETWORKS
    ]
    return markdown_table(("Learning rate", "Network", *(f"Batches of {size}" for size in SIZES)), rows)


def whitening_table(results: Sequence[Decorrelated]) -> Markdown:
    """Make a table of the training loss and the test error with batch norm and with whitening at each rate."""
    rows = [(r.norm, f"{r.lr:g}", f"{np.mean(r.loss):.4f}", _percent(r.accuracy)) for r in results]
    return markdown_table(("Norm", "Learning rate", "Training loss after 100 steps", "Test error"), rows)


def _percent(accuracy: Sequence[float]) -> str:
    """Format the mean error and its range over seeds, in percent."""
    error = 100 * (1 - np.array(accuracy))
    return f"{error.mean():.1f}% ({error.min():.1f} to {error.max():.1f})"
