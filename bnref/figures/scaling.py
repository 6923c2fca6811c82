"""Figures of the section on scaling."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from bnref.experiments.scaling import Activations, Descent, Outlier, Path, Scalings
from bnref.figures.style import BLUE, GREY, LINES, RED


def draw_scalings(axes: Sequence[Axes], result: Scalings, unit: str) -> None:
    """Draw histograms of a column on three axes: as measured, standardized, min-max scaled."""
    panels = [
        (result.measured, f"as measured ({unit})"),
        (result.standardized, "standardized"),
        (result.min_max, "min-max scaled"),
    ]
    for ax, (shown, title) in zip(axes, panels, strict=True):
        ax.hist(shown, bins=20, color=BLUE, edgecolor="white", linewidth=0.5)
        ax.axvline(shown.mean(), color=RED)
        ax.set(title=title, yticks=[])
        ax.set_xlabel(f"mean {shown.mean():.2f}, std {shown.std():.2f}\nfrom {shown.min():.2f} to {shown.max():.2f}")
        ax.spines["left"].set_visible(False)


def draw_outlier(axes: Sequence[Axes], result: Outlier) -> None:
    """Draw the range that each scaling leaves to the other values, and the position of the outlier, on two axes."""
    n = result.standardized.shape[1]
    panels = [(result.standardized, "standardized", np.sqrt(n - 1)), (result.min_max, "min-max scaled", 1.0)]
    for ax, (scaled, title, bound) in zip(axes, panels, strict=True):
        others = scaled[:, :-1]
        low, high = others.min(axis=1), others.max(axis=1)
        ax.fill_between(result.position, low, high, color=BLUE, alpha=0.4, label=f"the other {n - 1} values")
        ax.plot(result.position, scaled[:, -1], color=RED, label="the outlier")
        ax.axhline(bound, color=GREY, linestyle=":", linewidth=1.5, label=f"bound: {bound:.3g}")
        ax.set(xscale="log", title=title)
        ax.legend(fontsize="small")
    axes[-1].set_xlabel("outlier's distance from the others' mean, in their std")


def draw_descents(ax: Axes, results: Sequence[Descent], tolerance: float) -> None:
    """Draw the remaining error by step of gradient descent for each scaling, with the steps needed in the legend."""
    for result in results:
        steps = np.arange(1, len(result.gaps) + 1)
        gaps = np.maximum(result.gaps, 1e-12)  # rounding can leave 0 or less, which a logarithmic axis cannot show
        ax.loglog(steps, gaps, label=f"{result.scaling}: {result.steps:,} steps")
    ax.axhline(tolerance, color=GREY, linestyle=":", linewidth=1.5)
    ax.annotate(f"{tolerance:.1%} left", (1, tolerance), xytext=(0, 3), textcoords="offset points", color=GREY)
    ax.set(xlabel="step + 1", ylabel="error left, share of the first", ylim=(tolerance / 10, 2))
    ax.figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside lower center")


def draw_paths(axes: Sequence[Axes], paths: Sequence[Path], names: tuple[str, str]) -> None:
    """Draw error contours over two weights and the descent's path, for centred and standardized columns."""
    for ax, path, title in zip(axes, paths, ["centred", "standardized"], strict=True):
        reach = 1.35 * np.abs(path.weights - path.best).max()
        grid = np.linspace(-reach, reach, 101)
        u, v = np.meshgrid(grid, grid)
        h = path.hessian
        error = h[0, 0] * u**2 + 2 * h[0, 1] * u * v + h[1, 1] * v**2
        levels = error.max() * np.array([0.002, 0.01, 0.04, 0.1, 0.2, 0.4, 0.7])
        ax.contour(path.best[0] + grid, path.best[1] + grid, error, levels=levels, colors=GREY, linewidths=0.8)
        ax.plot(*path.weights.T, "o-", color=BLUE, markersize=4, linewidth=1.2, label="gradient descent")
        ax.plot(*path.best, "*", color=RED, markersize=12, label="minimum")
        ax.set(title=f"{title}: condition number {np.linalg.cond(h):.1f}", aspect="equal")
        ax.set(xlabel=f"weight of {names[0]}", ylabel=f"weight of {names[1]}")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=2)


def draw_activations(axes: Sequence[Axes], result: Activations, units: Sequence[int]) -> None:
    """Draw histograms of a few units' activations over a batch, before and after batch norm, on two axes."""
    panels = [(result.before, "before"), (result.batch_norm, "after batch norm")]
    for ax, (h, title) in zip(axes, panels, strict=True):
        shown = h[:, list(units)]
        bins = np.linspace(shown.min(), shown.max(), 31).tolist()
        for unit, values, style in zip(units, shown.T, LINES, strict=False):
            ax.hist(values, bins=bins, histtype="step", linewidth=1.8, label=f"unit {unit}", **style)
        ax.set(title=title, xlabel="activation", yticks=[])
        ax.spines["left"].set_visible(False)
    axes[0].legend(fontsize="small")
