"""Figures and tables of the section on batches."""

from collections.abc import Sequence

import numpy as np
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.ticker import NullLocator

from bnref.claims.claim import spread
from bnref.claims.effect import Effect, points
from bnref.experiments.batches import Array, Bowl, Company, Descent, Memory, Noise, Schedule, descend
from bnref.experiments.batches_training import EPOCHS, AccumulatedTraining, Accumulation, Course, ScalingRule
from bnref.figures.performance import markdown_table
from bnref.figures.style import BLUE, GREEN, GREY, LINES, PURPLE, RED


def draw_schedule(ax: Axes, schedule: Schedule) -> None:
    """Draw a row per iteration and a column per sample, filled if the iteration uses it, with epochs apart."""
    iterations, samples = schedule.used.shape
    per_epoch = iterations // schedule.epochs
    for epoch, used in enumerate(np.split(schedule.used, schedule.epochs)):
        top = epoch * (per_epoch + 0.5)
        colours = ListedColormap(["none", (BLUE, RED)[epoch % 2]])
        edges = np.arange(samples + 1) + 0.5, top + np.arange(per_epoch + 1)
        ax.pcolormesh(*edges, used.astype(float), cmap=colours, vmin=0, vmax=1, edgecolors=GREY, linewidth=0.5)
        ax.text(samples + 1, top + per_epoch / 2, f"epoch {epoch + 1}", va="center")
    places = [e * (per_epoch + 0.5) + i + 0.5 for e in range(schedule.epochs) for i in range(per_epoch)]
    ax.set_yticks(places, [str(i + 1) for i in range(iterations)])
    ax.invert_yaxis()
    ax.set(xlabel="sample", ylabel="iteration", xticks=[1, *range(5, samples + 1, 5)])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def draw_paths(axes: Sequence[Axes], on: Bowl, descents: Sequence[Descent]) -> None:
    """Draw contours of the error over two weights and the path of each descent, on one axis per descent."""
    best = on.best()
    u, v = np.meshgrid(np.linspace(-0.3, 1.1, 80), np.linspace(-0.4, 0.8, 80))
    error = on.loss(np.stack([u, v], axis=-1)) - on.loss(best)
    levels = [0.005, 0.02, 0.06, 0.15, 0.3, 0.5]
    for ax, descent in zip(axes, descents, strict=True):
        steps, n = len(descent.weights) - 1, len(on.x)
        ax.contour(u, v, error, levels=levels, colors=GREY, linewidths=0.8)
        markers = 4 if steps < 500 else 0  # more would hide the path
        ax.plot(*descent.weights.T, "o-", color=BLUE, markersize=markers, linewidth=1, label="descent")
        ax.plot(*best, "*", color=RED, markersize=12, label="minimum", linestyle="none")
        name = "full batch" if descent.batch_size == n else f"batches of {descent.batch_size}"
        ax.set(title=f"{name}: {steps:,} steps", aspect="equal", ylabel="blood pressure")
        ax.set(xlim=(-0.3, 1.1), ylim=(-0.4, 0.8))
    axes[-1].set_xlabel("weight of body mass index")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=2)


def draw_noise(axes: Sequence[Axes], noise: Noise, samples: int) -> None:
    """Draw the noise of a batch's mean with and without replacement, and below it that of variance and gradient."""
    m = noise.sizes
    means = [
        (noise.mean, noise.expected, BLUE, "o", "-", "with replacement"),
        (noise.mean_without, noise.expected_without, RED, "s", "--", "without"),
    ]
    for measured, expected, colour, marker, dashes, label in means:
        axes[0].plot(m, expected, color=colour, linestyle=dashes, linewidth=1.2)
        axes[0].plot(m, measured.mean(axis=0), marker, color=colour, markersize=6, label=label)
    axes[0].axvline(samples, color=GREY, linestyle=":", linewidth=1.5)
    axes[0].annotate("all", (samples, 0.7), xytext=(-4, 0), textcoords="offset points", ha="right", color=GREY)
    axes[0].set(title="noise of the batch's mean", ylabel="in standard deviations")
    others = [
        (noise.gradient, GREEN, "^", "gradient"),
        (noise.mean, BLUE, "o", "mean"),
        (noise.variance, PURPLE, "D", "variance"),
    ]
    for measured, colour, marker, label in others:
        shown = measured.mean(axis=0)
        axes[1].plot(m, shown[-1] * np.sqrt(m[-1] / m), color=colour, linestyle="-", linewidth=0.8)
        axes[1].plot(m, shown, marker, color=colour, markersize=6, label=label)
    axes[1].set(title="mean, variance and gradient", ylabel="noise", xlabel="batch size m")
    for ax, heights in zip(axes, [(0.02, 0.05, 0.1, 0.2, 0.5), (0.05, 0.1, 0.2, 0.5, 1, 2, 5)], strict=True):
        ax.set(xscale="log", yscale="log")
        ax.set_yticks(heights, [f"{height:g}" for height in heights])
        ax.yaxis.set_minor_locator(NullLocator())
        ax.set_xticks(m[::2], [str(size) for size in m[::2]])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.legend(fontsize="small")


def draw_accumulation(ax: Axes, result: Accumulation) -> None:
    """Draw the distance of the accumulated gradient from the whole batch's, by the number of micro-batches."""
    styles = {"no norm": (BLUE, "o"), "layer norm": (GREEN, "^"), "batch norm": (RED, "s")}
    parts = np.array(result.parts[1:])  # a single part accumulates nothing
    for name, (colour, marker) in styles.items():
        ax.plot(parts, result.difference[name][:, 1:].mean(axis=0), marker=marker, color=colour, label=name)
    ax.set(xscale="log", yscale="log", ylim=(1e-17, 1e3))
    ax.set_xticks(parts, [f"{n} of {64 // n}" for n in parts])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set(xlabel="micro-batches, of a batch of 64", ylabel="difference / gradient")
    ax.legend(fontsize="small", loc="center right")


def draw_scaling_rule(ax: Axes, result: ScalingRule) -> None:
    """Draw mean test accuracy by batch size, with bars for the range, for scaled rates and for one unscaled rate."""
    sizes = result.batch_size * np.array(result.factors)
    lines = [(values, f"{rate:g} x k") for rate, values in zip(result.rates, result.scaled, strict=True)]
    lines.append((result.unscaled, f"always {result.kept:g}"))
    for (values, label), look, marker in zip(lines, LINES, "osD^", strict=False):
        ax.errorbar(sizes, values.mean(axis=0), _reach(values), marker=marker, markersize=5, label=label, **look)
    ax.set(xscale="log", xlabel=f"batch size, {result.batch_size} x k", ylabel="test accuracy", ylim=(0, 1.02))
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.legend(fontsize="small", title="learning rate", loc="lower left")


def draw_courses(axes: Sequence[Axes], courses: Sequence[Course], samples: int = 1280) -> None:
    """Draw test errors twice: on the first axis by epochs, and on the second by updates of the weights."""
    for course, look, marker in zip(courses, LINES, "osD^", strict=False):
        updates = np.array(course.updates)
        error = 100 * (1 - course.accuracy)
        for ax, x in zip(axes, (updates * course.batch_size / samples, updates), strict=True):
            ax.errorbar(x, error.mean(axis=0), _reach(error), marker=marker, markersize=5, label=course.way, **look)
    for ax, name in zip(axes, ("epochs", "updates"), strict=True):
        ax.set(xscale="log", yscale="log", xlabel=name, ylabel="test errors in %")
        ax.set_yticks([2, 5, 10, 20], ["2", "5", "10", "20"])
        ax.yaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter("{x:g}")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=2)


def _reach(values: Array) -> Array:
    """Return the distances from the mean over the first axis down to the lowest and up to the highest value: (2, K)."""
    mean = values.mean(axis=0)
    return np.array([mean - values.min(axis=0), values.max(axis=0) - mean])


def memory_table(results: Sequence[Memory]) -> Markdown:
    """Make a table of the memory for the backward pass by batch size, in all and per sample."""
    header = ("Samples in the batch", "Bytes kept", "Bytes per sample", "Bytes of parameters")
    return markdown_table(
        header, [(f"{m.size:,}", f"{m.kept:,}", f"{m.kept / m.size:,.0f}", f"{m.parameters:,}") for m in results]
    )


def descent_table(on: Bowl, sizes: Sequence[int], epochs: Sequence[int]) -> Markdown:
    """Make a table of the error above its minimum, by batch size and number of epochs."""
    header = ("Batch size", *(f"after {e} epoch{'s' if e > 1 else ''}" for e in epochs))
    lowest = on.loss(on.best())
    rows = [(size, *(f"{on.loss(descend(on, size, e).weights[-1]) - lowest:.4f}" for e in epochs)) for size in sizes]
    return markdown_table(header, rows)


def slope_table(noise: Noise) -> Markdown:
    """Make a table of the fitted exponents of m: the mean over the seeds."""
    names = {
        "mean": "mean of the batch, with replacement",
        "mean_without": "mean of the batch, without replacement",
        "variance": "variance of the batch",
        "gradient": "gradient of the batch",
    }
    rows = [(text, f"{noise.slope(getattr(noise, name)).mean():.2f}") for name, text in names.items()]
    return markdown_table(("Noise of the", "Fitted exponent of $m$"), rows)


def company_table(results: Sequence[Company]) -> Markdown:
    """Make a table of one sample's normalized value in random batches of each size."""
    header = ("Samples in the batch", "Mean output", "Standard deviation of the output")
    return markdown_table(header, [(c.size, c.mean, c.std) for c in results])


def accumulation_table(results: Sequence[AccumulatedTraining]) -> Markdown:
    """Make a table of test accuracy after training in micro-batches, and of the change from the whole batch."""
    whole = {r.norm: r.accuracy for r in results if r.micro_batch == 32}
    names = {"no norm": "none", "batch norm": "batch normalization"}
    header = ("Norm", "Samples that go through together", "Test accuracy", "Change in points (95% interval)")
    return markdown_table(
        header, [(names[r.norm], r.micro_batch, spread(r.accuracy), _change(r, whole[r.norm])) for r in results]
    )


def _change(result: AccumulatedTraining, whole: Array) -> str:
    if result.micro_batch == 32:
        return ""
    return interval(points("", "", result.accuracy, whole))


def interval(effect: Effect) -> str:
    """Format an effect in percentage points with its interval."""
    low, high = effect.interval
    return f"{effect.mean:+.1f} ({low:+.1f} to {high:+.1f})"


def gain_table(courses: dict[str, Course]) -> Markdown:
    """Make a table of what small and ghost batches gain over plain large batches, by number of epochs."""
    ways = {"small": "batches of 32", "ghosts_32": "640 in ghosts of 32", "ghosts_8": "640 in ghosts of 8"}
    rows = [
        [epochs]
        + [
            interval(points("", "", courses[key].after_epochs(epochs), courses["large"].after_epochs(epochs)))
            for key in ways
        ]
        for epochs in EPOCHS
    ]
    return markdown_table(("Epochs", *(f"Gain of {way}" for way in ways.values())), rows)
