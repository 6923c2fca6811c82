"""Figures of the section on scaling."""

from collections.abc import Sequence

import numpy as np
from IPython.display import Markdown
from matplotlib.axes import Axes
from numpy.typing import NDArray

from bnref.experiments.scaling import (
    Activations,
    BatchStatistics,
    Descent,
    Outlier,
    Path,
    Patients,
    Scalings,
    TestScore,
)
from bnref.experiments.scaling_halves import Steps
from bnref.figures.performance import markdown_table
from bnref.figures.style import BLUE, GREY, LINES, RED

MEASUREMENTS = {
    "age": "Age",
    "sex": "Sex (1 or 2)",
    "bmi": "Body mass index",
    "bp": "Mean blood pressure",
    "tc": "Total cholesterol",
    "ldl": "LDL cholesterol",
    "hdl": "HDL cholesterol",
    "tch": "Total cholesterol / HDL cholesterol",
    "ltg": "Logarithm of the triglycerides",
    "glu": "Blood sugar",
}


def patients_table(patients: Patients) -> Markdown:
    """Make a table with a row of statistics for each column of the patients' data."""
    rows = [
        (MEASUREMENTS[name], *(f"{value:.1f}" for value in (x.mean(), x.std(), x.min(), x.max())))
        for name, x in zip(patients.names, patients.x.T, strict=True)
    ]
    return markdown_table(("Column", "Mean", "Standard deviation", "Lowest", "Highest"), rows)


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
    ax.set(xlabel="steps taken, plus 1", ylabel="share of the removable error left", ylim=(tolerance / 10, 2))
    ax.figure.legend(*ax.get_legend_handles_labels(), fontsize="small", loc="outside lower center")


def draw_paths(axes: Sequence[Axes], paths: Sequence[Path], names: tuple[str, str]) -> None:
    """Draw error contours over two weights and the descent's path, for centered and standardized columns."""
    for ax, path, title in zip(axes, paths, ["centered", "standardized"], strict=True):
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
    panels = [(result.before, "before batch norm"), (result.batch_norm, "after batch norm")]
    for ax, (h, title) in zip(axes, panels, strict=True):
        shown = h[:, list(units)]
        bins = np.linspace(shown.min(), shown.max(), 31).tolist()
        for unit, values, style in zip(units, shown.T, LINES, strict=False):
            ax.hist(values, bins=bins, histtype="step", linewidth=1.8, label=f"unit {unit}", **style)
        ax.set(title=title, xlabel="activation", yticks=[])
        ax.spines["left"].set_visible(False)
    axes[0].legend(fontsize="small")


def scores_table(scores: Sequence[TestScore]) -> Markdown:
    """Make a table of R^2: a row for each model and test set, a column for each source of the statistics."""
    header = ("Model", "Test patients", "As measured", "Training patients", "All patients", "Test patients themselves")
    rows = [(s.model.capitalize(), s.split, s.raw, s.training, s.everything, s.own) for s in scores]
    return markdown_table(header, rows)


def descents_table(descents: Sequence[Descent]) -> Markdown:
    """Make a table of the condition number and the number of steps for each scaling."""
    rows = [(d.scaling.capitalize(), f"{d.condition_number:,.0f}", f"{d.steps:,}") for d in descents]
    return markdown_table(("Columns", r"Condition number $\kappa$", "Steps until 0.1% of the error is left"), rows)


def halves_table(results: Sequence[Steps]) -> Markdown:
    """Make a table of the number of steps over random halves: a row for each scaling, a column for each table."""
    found = {(r.table, r.scaling): r.steps for r in results}
    tables, scalings = (list(dict.fromkeys(names)) for names in zip(*found, strict=True))
    rows = [(scaling.capitalize(), *(_median(found[table, scaling]) for table in tables)) for scaling in scalings]
    return markdown_table(("Columns", *(f"Half of {table}" for table in tables)), rows)


def _median(steps: NDArray[np.int64]) -> str:
    return f"{np.median(steps):,.0f} ({steps.min():,} to {steps.max():,})"


def spread_table(results: Sequence[BatchStatistics]) -> Markdown:
    """Make a table of the average standard deviation and range of a unit, with a row for each batch size."""
    rows = [(str(r.size), r.std, r.span) for r in results]
    return markdown_table(("Samples in the batch", "Standard deviation", "Range"), rows)
