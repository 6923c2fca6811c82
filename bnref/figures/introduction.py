"""Figures and tables of the introduction."""

from collections.abc import Sequence

from IPython.display import Markdown
from matplotlib.axes import Axes

from bnref.claims.claim import spread
from bnref.experiments.introduction import ACTIVATIONS, STARTS, Gradients, Rectifiers, Stones, Trained, gain
from bnref.figures.performance import markdown_table
from bnref.figures.style import LINES, PURPLE


def draw_gradients(axes: Sequence[Axes], results: Sequence[Gradients]) -> None:
    """Draw the gradient's length by layer, relative to the last layer, on one axis per activation.

    There is one line for each start without BN. With BN the lines of all starts coincide, so only the one for the
    usual weights is drawn.
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
    axes[0].figure.supylabel("length of the gradient / its length at the last layer", fontsize="medium")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=2)


def accuracy_table(results: Sequence[Trained]) -> Markdown:
    """Make a table of test accuracies: a row for each activation and start, columns without and with BN."""
    found = {(r.activation, r.start, r.norm): spread(r.accuracy, 2) for r in results}
    rows = [
        (activation, start, found[activation, start, False], found[activation, start, True])
        for activation in ACTIVATIONS
        for start in STARTS
    ]
    return markdown_table(("Activation", "Initial weights", "Without batch norm", "With batch norm"), rows)


def weight_table(results: Sequence[Gradients], activation: str = "tanh", layer: int = 10) -> Markdown:
    """Make a table of one layer's gradients with BN: by its output, by its weights, and relative to the weights."""
    found = {r.start: r for r in results if r.activation == activation and r.norm}
    rows = []
    for start in STARTS:
        by_output, by_weights, weights = (
            getattr(found[start], name)[:, layer - 1].mean() for name in ("norms", "by_weights", "weights")
        )
        step = f"{by_weights / weights:.4f}"
        rows.append((start, f"{gain(activation, start):g}", f"{by_output:.3f}", f"{by_weights:.2f}", step))
    header = ("Initial weights", "Gain $g$", "Output gradient", "Weight gradient", "Weight gradient / weights")
    return markdown_table(header, rows)


def rectifier_table(results: Sequence[Rectifiers]) -> Markdown:
    """Make a table of the test accuracies of 30 ReLU layers: a row for each learning rate, a column for each gain."""
    rows = [(f"{r.lr:g}", spread(r.glorot, 2), spread(r.he, 2)) for r in results]
    return markdown_table(("Learning rate", "Gain 1", "Gain $\\sqrt{2}$"), rows)


def stones_table(stones: Stones) -> Markdown:
    """Make a table of success rates: a row for each treatment, columns by size, overall and adjusted."""
    header = ("Treatment", *(f"{size.capitalize()} stones" for size in stones.sizes), "All patients", "Adjusted")
    shares = zip(stones.treatments, stones.by_size, stones.overall, stones.adjusted, strict=True)
    return markdown_table(
        header, [(name, f"{s[0]:.0%}", f"{s[1]:.0%}", f"{all_:.0%}", f"{same:.0%}") for name, s, all_, same in shares]
    )
