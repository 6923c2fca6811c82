"""Pictures of batch norm's gradient: the two components that it loses, and the loss over two weights."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from bnref.experiments.placement_geometry import Components, Rays
from bnref.figures.style import BLUE, GREY, RED

Array = NDArray[np.floating]
TURN, TILT = np.radians(20), np.radians(27)  # of the viewer, around the vertical axis and down
# Where the unit vectors along (1, ..., 1), xhat and the rest are drawn: the first two span the floor.
VIEW = np.array(
    [
        [np.cos(TURN), np.sin(TILT) * np.sin(TURN)],
        [np.sin(TURN), -np.sin(TILT) * np.cos(TURN)],
        [0.0, np.cos(TILT)],
    ]
)


def draw_components(ax: Axes, parts: Components) -> None:
    """Draw the gradient of three samples over the plane of the components that the backward pass removes."""
    lengths = [np.linalg.norm(part) for part in (parts.by_mean, parts.by_var, parts.rest)]
    along_mean, along_var, up = (length * axis for length, axis in zip(lengths, VIEW, strict=True))
    floor = np.array([[-0.3, -0.3], [1.15, -0.3], [1.15, 0.95], [-0.3, 0.95]]) @ VIEW[:2]
    ax.add_patch(Polygon(floor, color=GREY, alpha=0.15, linewidth=0))
    shadow = along_mean + along_var
    for start, end in ((along_mean, shadow), (along_var, shadow), (shadow, shadow + up), (up, shadow + up)):
        ax.plot(*np.transpose([start, end]), ":", color=GREY, linewidth=1.5)
    for tip, color in ((along_mean, GREY), (along_var, GREY), (shadow + up, BLUE), (up, RED)):
        _arrow(ax, np.zeros(2), tip, color)
    _label(ax, along_mean, f"along 1: {lengths[0]:.2f}\nremoved (mean)", GREY, (42, 3), "center")
    _label(ax, along_var, f"along $\\hat x$: {lengths[1]:.2f}\nremoved (variance)", GREY, (-8, -3), "top", "center")
    _label(ax, shadow + up, f"gradient at $y$: {np.linalg.norm(parts.gradient):.2f}", BLUE, (4, 2), "bottom")
    _label(ax, up, f"what remains: {lengths[2]:.2f}\n(at right angles to both)", RED, (0, 5), "bottom", "center")
    ax.set(xlim=(-0.4, 1.42), ylim=(-0.56, 0.78), aspect="equal")
    ax.set_axis_off()


def _arrow(ax: Axes, start: Array, end: Array, color: str) -> None:
    style = {"arrowstyle": "-|>", "color": color, "linewidth": 2, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 14}
    ax.annotate("", tuple(end), tuple(start), arrowprops=style)


def _label(ax: Axes, at: Array, text: str, color: str, offset: tuple[float, float], va: str, ha: str = "left") -> None:
    ax.annotate(text, tuple(at), xytext=offset, textcoords="offset points", color=color, va=va, ha=ha)


def draw_rays(ax: Axes, result: Rays) -> None:
    """Draw the loss over two weights as shades, steps at w and 2 w, and a path of gradient descent."""
    ax.contourf(result.grid, result.grid, result.loss, levels=14, cmap="Greys", alpha=0.6)
    end = 1.35 * result.at[1]
    ax.plot([0, end[0]], [0, end[1]], "--", color=RED, linewidth=1.2)
    for w, step, name in zip(result.at, result.steps, ("$w$", "$2w$"), strict=True):
        ax.plot(*w, "o", color=RED, markersize=5)
        _arrow(ax, w, w + step, RED)
        _label(ax, w, name, RED, (-8, -4), "top", "right")
    ax.plot(*result.path.T, ".-", color=BLUE, linewidth=1.2, markersize=7)
    _label(ax, result.path[0], "start", BLUE, (-4, -4), "top", "right")
    ax.set(xlabel="first weight", ylabel="second weight", xlim=(-3, 3), ylim=(-3, 3), aspect="equal")
