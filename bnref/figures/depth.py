"""Figures of the page on depth: digits in a plane by layer, what layers keep, and gradients in linear networks."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from bnref.experiments.depth import SHOWN, Collapse, Growth, Projection
from bnref.figures.style import BLUE, GREEN, GREY, PURPLE, RED

LOOKS = {
    "no norm": (GREY, "-"),
    "BN": (BLUE, "-"),
    "LN before": (RED, "-"),
    "LN after": (RED, "--"),
}
CLASSES = ((BLUE, "o"), (RED, "x"), (GREEN, "^"))  # zeros, ones and twos
BATCHES = {("random", 64): BLUE, ("digits", 64): GREEN, ("random", 8): PURPLE}


def draw_projections(axes: np.ndarray, found: Sequence[Projection]) -> None:
    """Draw the digits in a plane, on axes (networks, layers) that all have the same scale."""
    for row, projection in zip(axes, found, strict=True):
        for ax, plane in zip(row, projection.planes, strict=True):
            for digit, (color, marker) in enumerate(CLASSES):
                x, y = plane[projection.classes == digit].T
                ax.scatter(x, y, s=9, color=color, marker=marker, alpha=0.6, linewidths=0.8 if marker == "x" else 0)
            ax.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xticks=[], yticks=[], aspect="equal")
            ax.spines[:].set_visible(True)
            ax.spines[:].set_color(GREY)
        row[0].set_ylabel(projection.kind)
    for ax, layer in zip(axes[0], SHOWN, strict=True):
        ax.set_title(f"layer {layer}")


def draw_collapses(axes: np.ndarray, found: Sequence[Collapse]) -> None:
    """Draw similarity and effective rank by layer on axes (2, activations), with the range over the seeds."""
    activations = list(dict.fromkeys(c.activation for c in found))
    for column, activation in zip(axes.T, activations, strict=True):
        for collapse in (c for c in found if c.activation == activation):
            for ax, values in zip(column, (collapse.similarity, collapse.rank), strict=True):
                color, dashes = LOOKS[collapse.kind]
                layers = np.arange(1, values.shape[1] + 1)
                ax.plot(layers, values.mean(axis=0), color=color, linestyle=dashes, label=collapse.kind)
                ax.fill_between(layers, values.min(axis=0), values.max(axis=0), color=color, alpha=0.15, linewidth=0)
        column[0].set_title(activation)
        column[1].set_xlabel("layer")
    axes[0, 0].set(ylabel="mean cosine", ylim=(-0.1, 1.05))
    axes[1, 0].set(ylabel="effective rank", ylim=(0, 50))
    axes[1, 0].legend(*axes[0, -1].get_legend_handles_labels(), fontsize=8, loc="upper right", handlelength=1.4)


def draw_growths(ax: Axes, found: Sequence[Growth]) -> None:
    """Draw the mean length of the gradient by layer, relative to the last layer."""
    for growth in found:
        lengths = growth.lengths / growth.lengths[:, -1:]
        mean = np.exp(np.log(lengths).mean(axis=0))
        name = "digits" if growth.inputs == "digits" else "random samples"
        ax.semilogy(
            np.arange(1, len(mean) + 1),
            mean,
            color=BATCHES[growth.inputs, growth.batch],
            linestyle="-" if growth.weights == "orthogonal" else ":",
            label=f"{growth.batch} {name}, {growth.weights}",
        )
    ax.set(xlabel="layer", ylabel="gradient / gradient at the last layer")
    ax.legend(fontsize=8)
