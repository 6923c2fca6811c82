"""Figures of the laboratory's page: similarity and gradients by layer in deep ReLU networks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from bnref.experiments.laboratory import Layers
from bnref.figures.style import BLUE, GREY, RED

COLORS = {"no norm": GREY, "batch norm": BLUE, "layer norm": RED}


def draw_compared(axes: Sequence[Axes], observed: Mapping[str, Layers]) -> None:
    """Draw the similarity of two digits and the length of the gradient by layer, on two axes below each other."""
    top, bottom = axes
    for name, layers in observed.items():
        norm, _, placement = name.partition(", ")
        look: dict[str, Any] = {"color": COLORS[norm], "label": name, "ls": "--" if placement == "after" else "-"}
        numbers = np.arange(1, len(layers.similarity) + 1)
        top.plot(numbers, layers.similarity, **look)
        bottom.semilogy(numbers, layers.lengths / layers.lengths[-1], **look)
    top.set(ylabel="mean cosine of two digits", ylim=(-0.05, 1.05))
    bottom.set(ylabel="gradient / gradient at the last layer", xlabel="layer")
    bottom.legend(fontsize=9)
