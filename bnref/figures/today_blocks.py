"""The drawing of a pre-norm and a post-norm block, side by side."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from bnref.figures.style import BLUE, GREY, RED

WIDTH, HEIGHT, STEP = 1.5, 0.5, 0.9  # of a box, and the distance of two places on the way up
POST_NORM = ("branch", "+", "norm")
PRE_NORM = ("norm", "branch", "+")


def draw_blocks(axes: Sequence[Axes]) -> None:
    """Draw what happens to the input on its way up through a post-norm and a pre-norm block, one block per axis."""
    for ax, title, places in zip(axes, ("post-norm", "pre-norm"), (POST_NORM, PRE_NORM), strict=True):
        _draw_block(ax, places)
        ax.set(title=title, xlim=(-1.6, 1.4), ylim=(-0.45, STEP * 4 + 0.45), aspect="equal")
        ax.set_axis_off()


def _draw_block(ax: Axes, places: Sequence[str]) -> None:
    """Draw the places from the bottom up, and the skip connection from the input to the sum on the left."""
    heights = [STEP * k for k in range(len(places) + 2)]
    ax.text(0, heights[0], "$x_l$", ha="center", va="center")
    ax.text(0, heights[-1], "$x_{l+1}$", ha="center", va="center")
    for place, height in zip(places, heights[1:-1], strict=True):
        _draw_place(ax, place, height)
    reach = [0.2, *(0.22 if place == "+" else HEIGHT / 2 for place in places), 0.2]
    for k in range(len(heights) - 1):
        _draw_arrow(ax, (0, heights[k] + reach[k]), (0, heights[k + 1] - reach[k + 1]), GREY)
    _draw_skip(ax, heights[1 + places.index("+")])


def _draw_place(ax: Axes, place: str, height: float) -> None:
    if place == "+":
        ax.plot(0, height, "o", markersize=17, markerfacecolor="none", markeredgecolor=GREY)
    else:
        corner, color = (-WIDTH / 2, height - HEIGHT / 2), RED if place == "norm" else GREY
        style = "round,pad=0,rounding_size=0.1"
        ax.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, style, fill=False, edgecolor=color, linewidth=1.5))
    ax.text(0, height, place, ha="center", va="center", color=RED if place == "norm" else "black")


def _draw_skip(ax: Axes, top: float) -> None:
    """Draw the skip connection: left below the first box, up beside the boxes, and into the sum."""
    left, bottom = -WIDTH / 2 - 0.45, 0.35
    ax.plot([0, left, left], [bottom, bottom, top], color=BLUE)
    _draw_arrow(ax, (left, top), (-0.22, top), BLUE)


def _draw_arrow(ax: Axes, tail: tuple[float, float], tip: tuple[float, float], color: str) -> None:
    arrow = {"arrowstyle": "-|>", "color": color, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.5}
    ax.annotate("", tip, tail, arrowprops=arrow)
