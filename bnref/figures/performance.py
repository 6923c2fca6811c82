"""Figures and tables of the page on performance."""

from collections.abc import Iterable, Sequence
from typing import Any

from IPython.display import Markdown
from matplotlib.axes import Axes

from bnref.experiments.performance import Timing
from bnref.figures.style import GREY, LINES

MARKERS = "osD^vP"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Markdown:
    """Format a Markdown table, with floats rounded to two decimals and no -0.00."""
    lines = [header, ["---"] * len(header)]
    lines += [[f"{cell:z.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    return Markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def draw_times(axes: Sequence[Axes], timings: Sequence[Timing], dtype: str) -> None:
    """Draw times relative to torch's kernel: one axis per task, one row per shape, one marker per implementation."""
    tasks = ["forward", "evaluation", "backward"]
    chosen = {(t.task, t.shape, t.way): t.seconds for t in timings if t.dtype == dtype and t.task in tasks}
    ways = [way for way in dict.fromkeys(way for _, _, way in chosen) if way != "torch's kernel"]
    shapes = list(dict.fromkeys(shape for _, shape, _ in chosen))
    for ax, task in zip(axes, tasks, strict=True):
        for way, marker, style in zip(ways, MARKERS, list(LINES) * 2, strict=False):
            places = [(chosen.get((task, shape, way)), row, shape) for row, shape in enumerate(shapes)]
            points = [(s / chosen[task, shape, "torch's kernel"], row) for s, row, shape in places if s is not None]
            if points:
                ax.plot(*zip(*points, strict=True), marker, color=style["color"], label=way)
        ax.axvline(1, color=GREY, linestyle=":", linewidth=1.5)
        ax.set(title=task, xscale="log", yticks=range(len(shapes)), yticklabels=[_name(s) for s in shapes])
        ax.invert_yaxis()
    axes[-1].set_xlabel("time / time of torch's kernel")
    handles = {label: h for ax in axes for h, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    axes[0].figure.legend(handles.values(), handles.keys(), fontsize="small", loc="outside lower center", ncols=2)


def _name(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def draw_block_sizes(ax: Axes, times: dict[str, dict[int, float]]) -> None:
    """Draw times relative to torch's kernel by block size, one line per pass."""
    for (task, by_size), style in zip(times.items(), LINES, strict=False):
        ax.plot([size / 1024 for size in by_size], list(by_size.values()), "o", ms=4, label=task, **style)
    ax.axhline(1, color=GREY, linestyle=":", linewidth=1.5)
    ax.set(xscale="log", xlabel="size of a block (kB)", ylabel="time / time of torch's kernel", ylim=(0, None))
    ax.legend(fontsize="small")
