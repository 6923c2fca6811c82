"""The batch norm algorithm and its computation graph, with values and gradients."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from bnref.experiments.placement_gradients import Node
from bnref.figures.style import BLUE, GREY, RED

ALGORITHM = (
    (r"$\mu = \frac{1}{N}\,\sum_i\, x_i$", "mean of the mini-batch"),
    (r"$\sigma^2 = \frac{1}{N}\,\sum_i\, (x_i - \mu)^2$", "its variance"),
    (r"$\hat x_i = (x_i - \mu) \,/\, \sqrt{\sigma^2 + \varepsilon}$", "normalize"),
    (r"$y_i = \gamma\, \hat x_i + \beta$", "scale and shift"),
)
# Column, row and label of each node.
NODES = {
    "x": (0, 0, "$x$"),
    "mean": (1, 0, r"$\mu$ = mean of $x$"),
    "centred": (0, 1, r"$c = x - \mu$"),
    "square": (1, 1, "$q = c^2$"),
    "var": (1, 2, r"$\sigma^2$ = mean of $q$"),
    "root": (1, 3, r"$s = \sqrt{\sigma^2 + \varepsilon}$"),
    "inverse": (1, 4, "$r = 1 / s$"),
    "xhat": (0, 4, r"$\hat x = c \, r$"),
    "gamma": (1, 5, r"$\gamma$"),
    "beta": (1, 6, r"$\beta$"),
    "y": (0, 6, r"$y = \gamma\, \hat x + \beta$"),
}
EDGES = (
    ("x", "mean"),
    ("x", "centred"),
    ("mean", "centred"),
    ("centred", "square"),
    ("square", "var"),
    ("var", "root"),
    ("root", "inverse"),
    ("centred", "xhat"),
    ("inverse", "xhat"),
    ("xhat", "y"),
    ("gamma", "y"),
    ("beta", "y"),
)
WIDTH, HEIGHT, COLUMN, ROW = 2.3, 0.76, 2.8, 0.98  # in inches, as the figure is drawn


def draw_algorithm(ax: Axes) -> None:
    """Draw algorithm 1 of Ioffe and Szegedy (2015), one line per step."""
    ax.set(xlim=(0, 1), ylim=(-0.7, 4.7), xticks=[], yticks=[])
    ax.text(0.02, 4.0, "for each feature, over the $N$ samples of a mini-batch", va="center")
    for i, (formula, words) in enumerate(ALGORITHM):
        ax.text(0.02, 3 - i, formula, va="center", fontsize=13)
        ax.text(0.98, 3 - i, words, va="center", ha="right", color=GREY)
    for spine in ax.spines.values():
        spine.set_visible(True)


def draw_graph(ax: Axes, nodes: Mapping[str, Node]) -> None:
    """Draw the graph of one feature, each node with its value (blue) and the gradient of the loss (red)."""
    for name, (column, row, label) in NODES.items():
        _draw_node(ax, column * COLUMN, -row * ROW, label, nodes[name])
    for start, end in EDGES:
        _draw_edge(ax, NODES[start], NODES[end])
    ax.set(xlim=(-WIDTH / 2 - 0.05, COLUMN + WIDTH / 2 + 0.05), ylim=(-6 * ROW - HEIGHT / 2 - 0.05, HEIGHT / 2 + 0.55))
    ax.text(-WIDTH / 2, HEIGHT / 2 + 0.35, "value, computed forward", color=BLUE, va="center")
    ax.text(COLUMN + WIDTH / 2, HEIGHT / 2 + 0.35, "gradient, flows back", color=RED, va="center", ha="right")
    ax.set_axis_off()


def _numbers(values: Node, which: str) -> str:
    found = getattr(values, which).ravel().round(2) + 0.0  # turns -0.0 into 0.0
    return ", ".join(f"{v:.2f}" for v in found)


def _draw_node(ax: Axes, x: float, y: float, label: str, node: Node) -> None:
    corner = (x - WIDTH / 2, y - HEIGHT / 2)
    ax.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, "round,pad=0,rounding_size=0.08", fill=False, edgecolor=GREY))
    ax.text(x, y + 0.21, label, ha="center", va="center")
    ax.text(x, y - 0.05, _numbers(node, "value"), ha="center", va="center", color=BLUE)
    ax.text(x, y - 0.26, _numbers(node, "gradient"), ha="center", va="center", color=RED)


def _draw_edge(ax: Axes, start: tuple[int, int, str], end: tuple[int, int, str]) -> None:
    """Draw an arrow between two boxes: horizontal within a row, otherwise from the lower edge down."""
    (column, row, _), (column_to, row_to, _) = start, end
    aside = (column_to > column) - (column_to < column)
    if row == row_to:
        tail = (column * COLUMN + aside * WIDTH / 2, -row * ROW)
        tip = (column_to * COLUMN - aside * WIDTH / 2, -row * ROW)
    else:
        tail = (column * COLUMN + aside * WIDTH / 4, -row * ROW - HEIGHT / 2)
        tip = (column_to * COLUMN - aside * WIDTH / 4, -row_to * ROW + HEIGHT / 2)
    ax.annotate("", tip, tail, arrowprops={"arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 0})
