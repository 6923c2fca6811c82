"""Figures and tables of the closing chapter."""

from collections.abc import Mapping, Sequence

import numpy as np
from IPython.display import Markdown
from matplotlib.axes import Axes

from bnref.claims.claim import spread
from bnref.experiments.today import EXPLOSION, Explosion, Residual, Tokens, linear_explosion
from bnref.figures.performance import markdown_table
from bnref.figures.style import GREY, LINES


def draw_explosions(ax: Axes, results: Sequence[Explosion], batch_size: int = 128) -> None:
    """Draw the gradient's norm by layer, relative to the last layer, with the growth per layer in the legend."""
    shown = [r for r in results if r.batch_size == batch_size]
    for result, look in zip(shown, LINES, strict=False):
        norms = (result.norms / result.norms[:, -1:]).mean(axis=0)
        layers = np.arange(1, len(norms) + 1)
        ax.plot(layers, norms, label=f"{result.network}: {result.rate.mean():.2f} per layer", **look)
    expected = EXPLOSION ** (len(norms) - layers)
    ax.plot(layers, expected, ":", color=GREY, linewidth=1.5, label=f"expected: {EXPLOSION:.2f} per layer")
    ax.set(yscale="log", xlabel="layer", ylabel="gradient / gradient at the last layer")
    ax.figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=2)


def draw_variances(ax: Axes, results: Sequence[Residual]) -> None:
    """Draw the variance on the skip connection, before the first block and after each block, for each network."""
    found = {r.kind: r.variance.mean(axis=0) for r in results}
    labels = {"none": "usual weights, no norm", "BN": "BN", "Fixup": "branches at 0 (SkipInit, Fixup)"}
    for (kind, label), look in zip(labels.items(), LINES, strict=False):
        ax.plot(found[kind], label=label, **look)
    ax.set(yscale="log", xlabel="blocks passed", ylabel="variance of a unit")
    ax.legend(fontsize="small")


def growth_table(results: Sequence[Explosion]) -> Markdown:
    """Make a table of the measured growth of the gradient per layer, beside what the formulas predict."""
    header = ("Layers", "Samples per batch", "Growth per layer, measured", "predicted")
    return markdown_table(header, [(r.network, r.batch_size, spread(r.rate), _predicted(r)) for r in results])


def _predicted(result: Explosion) -> str:
    """Return the growth that a formula predicts; the one for ReLU holds in large batches."""
    if result.network == "linear, BN":
        return f"{linear_explosion(result.batch_size):.3f}"
    return {"ReLU": "1", "ReLU, BN": f"{EXPLOSION:.3f} in large batches"}.get(result.network, "")


def accuracy_table(results: Mapping[float, Sequence[Residual]]) -> Markdown:
    """Make a table of the test accuracy of the residual networks at each learning rate."""
    names = {"none": "He's weights, no norm", "BN": "batch normalization"}
    header = ("Network", *(f"Accuracy at learning rate {rate:g}" for rate in results))
    rows = zip(*results.values(), strict=True)
    return markdown_table(header, [(names.get(r[0].kind, r[0].kind), *(spread(x.accuracy) for x in r)) for r in rows])


def token_table(results: Sequence[Tokens]) -> Markdown:
    """Make a table of the test accuracy of the small transformer with each norm."""
    names = {"LN": "layer normalization", "DyT": "DyT, $\\alpha$ from 0.5", "DyT, alpha 2": "DyT, $\\alpha$ from 2"}
    return markdown_table(
        ("Norm", "Test accuracy"), [(names.get(r.norm, "no norm"), spread(r.accuracy)) for r in results]
    )
