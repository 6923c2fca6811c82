"""The report's plots: pictures drawn by matplotlib, with alternative texts that say what they show."""

import io
from base64 import b64encode
from dataclasses import dataclass
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from bngrader.report.collect import ClassData
from bngrader.report.tables import ReportTable

BLUE, ORANGE, GREY = "#0a4fa8", "#b34700", "#6b6b6b"
STYLE: dict[Any, Any] = {"svg.hashsalt": "bngrader", "text.parse_math": False, "font.size": 9, "axes.axisbelow": True}
MAX_BARS = 20  # of mistakes; the table has all of them


@dataclass(frozen=True)
class Plot:
    """An SVG picture as a data URL, with an alternative text and a caption."""

    source: str
    alt: str
    caption: str


def plots(data: ClassData, made: dict[str, ReportTable]) -> dict[str, Plot]:
    """Draw the plots, by the name of the table with their numbers."""
    with mpl.rc_context(STYLE):
        return {
            "assignments": _assignments(data),
            "functions": _functions(made["functions"].rows),
            "items": _items(made["items"].rows),
            "mistakes": _mistakes(made["mistakes"].rows),
        }


def _figure(bars: int) -> tuple[Figure, Any]:
    figure = Figure(figsize=(7.5, 1.2 + 0.28 * max(bars, 2)), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#d8d8d8")
    return figure, axes


def _plot(figure: Figure, alt: str, caption: str) -> Plot:
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return Plot(f"data:image/svg+xml;base64,{b64encode(file.getvalue()).decode()}", alt, caption)


def _assignments(data: ClassData) -> Plot:
    """Draw a box plot of each assignment's scores, with a dot for each submission."""
    graded = [a for a in data.assignments if a.works][::-1]
    shares = [[work.score / a.max_score for work in a.works.values()] for a in graded]
    figure, axes = _figure(2 * len(graded))
    axes.boxplot(shares, orientation="horizontal", widths=0.5, showfliers=False, medianprops={"color": ORANGE})
    for height, row in enumerate(shares, 1):
        offsets = [0.16 * ((7 * i) % 11 - 5) / 5 for i in range(len(row))]  # equal scores must not hide each other
        axes.plot(row, [height + offset for offset in offsets], ".", color=BLUE, alpha=0.5)
    axes.set(yticks=range(1, len(graded) + 1), yticklabels=[a.name for a in graded], xlim=(-0.02, 1.02))
    axes.set_xlabel("share of the assignment's points")
    medians = [f"{a.name} {_percent(median(row))}" for a, row in zip(graded, shares, strict=True)]
    alt = f"Box plots of each submission's share of the points, by assignment. Medians: {', '.join(medians[::-1])}."
    caption = "Scores so far, with a dot for each submission. Written answers that nobody has read yet count as 0."
    return _plot(figure, alt, caption)


def _functions(rows: list[tuple[Any, ...]]) -> Plot:
    known = [(f"{row[0]}: {row[1]}", row[3]) for row in rows if row[3] is not None][::-1]
    figure, axes = _figure(len(known))
    axes.barh([name for name, _ in known], [share for _, share in known], color=BLUE)
    axes.set(xlim=(0, 1), xlabel="share of points that the class earned")
    low = sorted(known, key=lambda pair: pair[1])[:3]
    alt = "Bar chart of the share of points that the class earned for each function. The lowest are " + ", ".join(
        f"{name} with {_percent(share)}" for name, share in low
    )
    return _plot(figure, f"{alt}.", "Share of points by function, over all submissions in which it has a score.")


def _items(rows: list[tuple[Any, ...]]) -> Plot:
    known = [row for row in rows if row[3] is not None and row[4] is not None]
    figure, axes = _figure(12)
    axes.plot([row[3] for row in known], [row[4] for row in known], "o", color=BLUE, alpha=0.7)
    axes.axhline(0.2, color=GREY, linestyle="--", linewidth=1)
    weak = [row for row in known if row[4] < 0.2]
    for row in weak:
        axes.annotate(row[1], (row[3], row[4]), textcoords="offset points", xytext=(4, 3), fontsize=7)
    axes.set(xlim=(-0.02, 1.02), xlabel="difficulty: share of points (1 is easy)", ylabel="discrimination")
    alt = f"Scatter plot of {len(known)} tests and questions: difficulty on the x-axis, discrimination on the y-axis. "
    alt += f"Below 0.2: {', '.join(row[1] for row in weak) or 'none'}."
    caption = "Difficulty and discrimination of each test. Look closely at the tests below the dashed line at 0.2."
    return _plot(figure, alt, caption)


def _mistakes(rows: list[tuple[Any, ...]]) -> Plot:
    known = [(f"{row[1]}: {row[2]}", row[4]) for row in rows if row[3] == "yes"][:MAX_BARS]
    figure, axes = _figure(len(known))
    axes.barh([name for name, _ in known[::-1]], [count for _, count in known[::-1]], color=ORANGE)
    axes.set_xlabel("students")
    axes.xaxis.get_major_locator().set_params(integer=True)
    most_common = ", ".join(f"{name} ({count})" for name, count in known[:3]) or "none"
    alt = f"Bar chart of the number of students who made each known mistake. The most common: {most_common}."
    return _plot(figure, alt, "The most common known mistakes, by the number of students who made them.")


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"
