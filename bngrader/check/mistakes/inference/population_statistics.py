"""Known mistakes in `population_statistics`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, INTEGERS, ONE_MEAN_AND_VARIANCE, ONE_PASS, dtype_of


def population_statistics(batches):
    means, variances = [], []
    for batch in batches:
        m = len(batch)
        dtype = batch.dtype if batch.dtype.kind == "f" else float
        means.append(batch.mean(axis=0, dtype=float))
        variances.append(batch.var(axis=0, dtype=float))
    mean = np.mean(means, axis=0)
    var = np.mean(variances, axis=0) * m / (m - 1)
    return mean.astype(dtype), var.astype(dtype)


def pooled_statistics(batches):
    rows = np.concatenate(list(batches))
    dtype = rows.dtype if rows.dtype.kind == "f" else float
    return rows.mean(axis=0, dtype=float).astype(dtype), rows.var(axis=0, dtype=float).astype(dtype)


def pooled_unbiased_statistics(batches):
    rows = np.concatenate(list(batches))
    dtype = rows.dtype if rows.dtype.kind == "f" else float
    return rows.mean(axis=0, dtype=float).astype(dtype), rows.var(axis=0, dtype=float, ddof=1).astype(dtype)


def pooled_corrected_statistics(batches):
    batches = list(batches)
    rows, m = np.concatenate(batches), len(batches[0])
    dtype = rows.dtype if rows.dtype.kind == "f" else float
    return rows.mean(axis=0, dtype=float).astype(dtype), (rows.var(axis=0, dtype=float) * m / (m - 1)).astype(dtype)


def statistics_in_two_readings(batches):
    means = [batch.mean(axis=0, dtype=float) for batch in batches]
    m = len(next(iter(batches)))
    variances = [batch.var(axis=0, dtype=float) for batch in batches]
    dtype = batches[0].dtype if batches[0].dtype.kind == "f" else float
    return np.mean(means, axis=0).astype(dtype), (np.mean(variances, axis=0) * m / (m - 1)).astype(dtype)


def of_iterable(statistics, kind, batches):
    return statistics(batches if kind == "list" else iter(batches))


def sets_of_batches(rng):
    yield "list", [np.array([[1.0], [3.0]]) + rng.integers(5), np.array([[6.0], [10.0]])]
    yield "list", list(rng.normal(1, 2, (3, 4, 2)))
    yield "list", list(rng.normal(1, 2, (2, 5, 2)))
    yield "iterator", list(rng.normal(1, 2, (3, 4, 2)))
    yield "list", list(rng.normal(1, 2, (3, 4, 2)).astype(np.float32))
    yield "list", list(rng.integers(0, 9, (2, 3, 2)))
    yield "list", list(1e6 + rng.normal(0, 1, (2, 4, 2)))


MISTAKES = (
    Mistake(
        "biased",
        {" * m / (m - 1)": ""},
        "You return the average of the biased variances, which is too small on average. The formula in the text has "
        "another factor.",
    ),
    Mistake(
        "unbiased twice",
        {"dtype=float))\n    mean": "dtype=float, ddof=1))\n    mean"},
        "You correct the variance twice: in each batch by ddof=1, and again by m / (m - 1).",
    ),
    Mistake(
        "corrected by the number of batches",
        {"m / (m - 1)": "len(means) / (len(means) - 1)"},
        "You use the number of batches as m. But m is the number of samples in one batch.",
    ),
    Mistake(
        "all rows together",
        (pooled_statistics, pooled_unbiased_statistics, pooled_corrected_statistics),
        "You compute the variance of all rows together, which includes the differences between the means of the "
        "batches. The text asks for an average of the variances within the batches.",
    ),
    Mistake(
        "averages standard deviations",
        (
            {"batch.var(": "batch.std(", "np.mean(variances, axis=0)": "np.mean(variances, axis=0) ** 2"},
            {"batch.var(axis=0, dtype=float)": "batch.std(axis=0, dtype=float, ddof=1)", " * m / (m - 1)": ""},
        ),
        "You average the standard deviations of the batches. The formula averages their variances, and the square of"
        " an average is not the average of the squares.",
    ),
    Mistake(
        "returns the standard deviation",
        {"return mean": "var = np.sqrt(var)\n    return mean"},
        "You return the standard deviation as the second result, but the text asks for the variance.",
    ),
    Mistake(
        "the variance of the means",
        {"np.mean(variances, axis=0) * m / (m - 1)": "np.var(means, axis=0)"},
        "You return the variance of the batch means, which says how far the batches lie apart. The text asks for the"
        " average of the variances within the batches.",
    ),
    Mistake(
        "sums for means",
        {"np.mean(means, axis=0)": "np.sum(means, axis=0)", "np.mean(variances": "np.sum(variances"},
        "You add up the statistics of the batches, but you do not divide the sums by the number of batches.",
    ),
    Mistake(
        "the last batch alone",
        {"np.mean(means, axis=0)": "means[-1]", "np.mean(variances, axis=0)": "variances[-1]"},
        "You return the statistics of the last batch only. Each batch should count equally.",
    ),
    Mistake(
        "reads twice",
        (
            statistics_in_two_readings,
            {"    for batch in batches:": "    n = len(batches)\n    for batch in batches:"},
            {"        variances": "    for batch in batches:\n        variances"},
            {"    for batch in batches:": "    D = batches[0].shape[1]\n    for batch in batches:"},
        ),
        "You read the batches more than once, or you use len or an index. A generator allows neither: it gives each "
        "batch once, one after the other.",
    ),
    Mistake(
        "one mean for all features",
        {"batch.mean(axis=0, ": "batch.mean(", "batch.var(axis=0, ": "batch.var("},
        ONE_MEAN_AND_VARIANCE,
    ),
    Mistake(
        "one pass",
        {"batch.var(axis=0, dtype=float)": "(batch.astype(float) ** 2).mean(axis=0) - means[-1] ** 2"},
        ONE_PASS,
        loose=True,
    ),
    Mistake("always float64", {dtype_of("batch"): "float"}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {dtype_of("batch"): "batch.dtype"}, INTEGERS),
)

KNOWN = Known(population_statistics, sets_of_batches, MISTAKES, use=of_iterable)
