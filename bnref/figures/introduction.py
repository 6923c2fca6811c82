"""Figures of the index page."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from bnref.experiments.introduction import ACTIVATIONS, STARTS, Gradients, Stones, Trained
from bnref.figures.style import LINES, PURPLE


def draw_gradients(axes: Sequence[Axes], results: Sequence[Gradients]) -> None:
    """Draw the gradient's norm by layer, relative to the last layer, on one axis per activation.

    There is one line for each start without BN. With BN the lines of all starts coincide, so only that of the usual
    weights is drawn.
    """
    for ax, activation in zip(axes, ACTIVATIONS, strict=True):
        found = {(r.start, r.norm): r.norms.mean(axis=0) for r in results if r.activation == activation}
        layers = range(1, len(found["usual", True]) + 1)
        for start, look in zip(STARTS, LINES, strict=False):
            norms = found[start, False]
            ax.plot(layers, norms / norms[-1], label=f"{start} weights", **look)
        norms = found["usual", True]
        ax.plot(layers, norms / norms[-1], "o-", color=PURPLE, markersize=4, label="batch norm, any weights")
        ax.set(title=activation, yscale="log", xticks=[1, 5, 10, 15, 20])
    axes[-1].set_xlabel("layer")
    axes[0].figure.supylabel("norm of the gradient, over that at the last layer", fontsize="medium")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=2)


def accuracy_table(results: Sequence[Trained]) -> str:
    """Format mean test accuracies as text: a row for each activation and start, columns without and with BN."""
    found = {(r.activation, r.start, r.norm): r.accuracy.mean() for r in results}
    rows = [
        f"{activation:8} {start:7} {found[activation, start, False]:8.2f} {found[activation, start, True]:8.2f}"
        for activation in ACTIVATIONS
        for start in STARTS
    ]
    return "\n".join([f"{'':8} {'weights':7} {'without':>8} {'with BN':>8}", *rows])


def stones_table(stones: Stones) -> str:
    """Format success rates as text: a row for each treatment, columns by size, overall and adjusted."""
    shares = zip(stones.treatments, stones.by_size, stones.overall, stones.adjusted, strict=True)
    rows = [
        f"{name:13} {s[0]:6.0%} {s[1]:6.0%} {overall:6.0%} {adjusted:8.0%}" for name, s, overall, adjusted in shares
    ]
    return "\n".join([f"{'':13} {stones.sizes[0]:>6} {stones.sizes[1]:>6} {'all':>6} adjusted", *rows])
