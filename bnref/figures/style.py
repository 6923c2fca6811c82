"""The style of all figures: colors for color-blind readers, and reproducible SVG."""

from typing import Any

from cycler import Cycler, cycler
from matplotlib import style
from matplotlib_inline.backend_inline import set_matplotlib_formats

# Blue, vermilion and green are Okabe and Ito's (2008), the last two darkened. The contrast of each color with white is
# at least 4.5 to 1, as WCAG asks for text.
BLUE, RED, GREEN, PURPLE, GREY = "#0072b2", "#b84a00", "#007a5a", "#8f4a91", "#6a6a6a"

# Lines differ in their dashes too, for readers who cannot rely on color.
DASHES: list[Any] = ["-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1))]
LINES: Cycler[str, Any] = cycler(color=[BLUE, RED, GREEN, PURPLE, GREY], linestyle=DASHES)

RC_PARAMS = {
    "axes.prop_cycle": LINES,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "legend.frameon": False,
    "lines.linewidth": 2,
    # The page's style sheet inverts figures in dark mode, so the background must be the page's own.
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    # Narrow, so that the text of a figure is readable on a phone.
    "figure.figsize": (5.2, 3.2),
    # Without these, each build would write a different file for the same figure.
    "svg.hashsalt": "bncourse",
    "svg.fonttype": "path",
}


def use() -> None:
    """Draw the figures of this notebook in the book's style, as SVG."""
    style.use(RC_PARAMS)
    set_matplotlib_formats("svg", metadata={"Date": None})  # a date would change the file at each build
