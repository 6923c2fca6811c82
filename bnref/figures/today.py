"""Figures of the closing chapter."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from bnref.experiments.today import EXPLOSION, Explosion, Residual
from bnref.figures.style import GREY, LINES


def draw_explosions(ax: Axes, results: Sequence[Explosion], batch_size: int = 128) -> None:
    """Draw the gradient's norm by layer, relative to the last layer, with the growth per layer in the legend."""
    shown = [r for r in results if r.batch_size == batch_size]
    for result, look in zip(shown, LINES, strict=False):
        norms = (result.norms / result.norms[:, -1:]).mean(axis=0)
        layers = np.arange(1, len(norms) + 1)
        ax.plot(layers, norms, label=f"{result.network}: {result.rate.mean():.2f} a layer", **look)
    expected = EXPLOSION ** (len(norms) - layers)
    ax.plot(layers, expected, ":", color=GREY, linewidth=1.5, label=f"expected: {EXPLOSION:.2f} a layer")
    ax.set(yscale="log", xlabel="layer", ylabel="gradient, over that at the last layer")
    ax.figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=2)


def draw_variances(ax: Axes, results: Sequence[Residual]) -> None:
    """Draw the variance on the skip connection, before the first block and after each block, for each network."""
    found = {r.kind: r.variance.mean(axis=0) for r in results}
    labels = {"none": "usual weights, no norm", "BN": "BN", "Fixup": "branches at 0 (SkipInit, Fixup)"}
    for (kind, label), look in zip(labels.items(), LINES, strict=False):
        ax.plot(found[kind], label=label, **look)
    ax.set(yscale="log", xlabel="blocks passed", ylabel="variance of a unit")
    ax.legend(fontsize="small")
