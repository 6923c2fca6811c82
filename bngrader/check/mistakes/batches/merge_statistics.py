"""Known mistakes in `merge_statistics`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import ONE_MEAN_AND_VARIANCE, ONE_PASS


def merge_statistics(batches):
    n = 0
    for batch in batches:
        rows = batch.astype(float)
        if n == 0:
            first, mean, squares = rows[0].copy(), 0.0, 0.0
        rows = rows - first
        m, batch_mean, batch_var = len(rows), rows.mean(axis=0), rows.var(axis=0)
        delta = batch_mean - mean
        squares = squares + m * batch_var + delta**2 * n * m / (n + m)
        mean = mean + delta * m / (n + m)
        n = n + m
    return first + mean, squares / n


def merge_without_first_row(batches):
    n, mean, squares = 0, 0.0, 0.0
    for batch in batches:
        rows = batch.astype(float)
        m, delta = len(rows), rows.mean(axis=0) - mean
        squares = squares + m * rows.var(axis=0) + delta**2 * n * m / (n + m)
        mean = mean + delta * m / (n + m)
        n = n + m
    return mean, squares / n


def merge_sums(batches):
    n, total, squares = 0, 0.0, 0.0
    for batch in batches:
        rows = batch.astype(float)
        n, total, squares = n + len(rows), total + rows.sum(axis=0), squares + (rows**2).sum(axis=0)
    return total / n, squares / n - (total / n) ** 2


def merge_in_own_dtype(batches):
    n, mean, squares = 0, 0.0, 0.0
    for batch in batches:
        m, delta = len(batch), batch.mean(axis=0) - mean
        squares = squares + m * batch.var(axis=0) + delta**2 * n * m / (n + m)
        mean = mean + delta * m / (n + m)
        n = n + m
    return mean, squares / n


def merge_averages(batches):
    pairs = np.array([(batch.mean(axis=0, dtype=float), batch.var(axis=0, dtype=float)) for batch in batches])
    return pairs[:, 0].mean(axis=0), pairs[:, 1].mean(axis=0)


def merge_batches_as_equals(batches):
    pairs = np.array([(batch.mean(axis=0, dtype=float), batch.var(axis=0, dtype=float)) for batch in batches])
    return pairs[:, 0].mean(axis=0), pairs[:, 1].mean(axis=0) + pairs[:, 0].var(axis=0)


def merge_reading_twice(batches):
    n, total, squares = 0, 0.0, 0.0
    for batch in batches:
        n, total = n + len(batch), total + batch.astype(float).sum(axis=0)
    for batch in batches:
        squares = squares + ((batch.astype(float) - total / n) ** 2).sum(axis=0)
    return total / n, squares / n


def merged(function, batches, read="once"):
    """Pass the batches in a generator, or in a list if they may be read more than once."""
    return function(batch.copy() for batch in batches) if read == "once" else function(batches)


def merge_reading_twice_in_own_dtype(batches):
    n, total, squares = 0, 0.0, 0.0
    for batch in batches:
        n, total = n + len(batch), total + batch.sum(axis=0)
    for batch in batches:
        squares = squares + ((batch - total / n) ** 2).sum(axis=0)
    return total / n, squares / n


def merge_after_counting(batches):
    n = sum(len(batch) for batch in batches)
    mean = sum(batch.astype(float).sum(axis=0) for batch in batches) / n
    return mean, sum(((batch - mean) ** 2).sum(axis=0) for batch in batches) / n


def merge_all_entries(batches):
    rows = np.concatenate(list(batches)).astype(float)
    return rows.mean(), rows.var()


def tables_in_batches(rng):
    base = rng.permutation(40).astype(float)
    two = np.array([[0.0], [2.0]])
    yield ([two + rng.integers(9)],)
    yield [two + rng.integers(9)], "often"
    yield ([base[:1, None], base[1:2, None]],)
    yield ([base[:4].reshape(2, 2), base[4:8].reshape(2, 2)],)
    yield ([base[:6, None], base[6:8, None], base[8:9, None]],)
    yield ([base[9:12, None], base[12:13, None], base[13:17, None]],)
    yield ([base[:4].reshape(2, 2).astype(int), base[4:6].reshape(1, 2).astype(int)],)
    yield ([1e10 + two],)
    yield ([(2.0**25 + np.array([[0.0], [40.0], [40.0]])).astype(np.float32)],)
    yield ([np.full((3, 1), UNEVEN)],)


UNEVEN = 1e15 / 17  # the computed mean of three such numbers differs from it

MISTAKES = (
    Mistake(
        "averages means and variances",
        merge_averages,
        (
            "You average the means and the variances of the batches. This gives a small batch the same weight as a "
            "large one, and it ignores that the batch means differ."
        ),
    ),
    Mistake(
        "batches count the same",
        merge_batches_as_equals,
        "You give every batch the same weight. A batch should count in proportion to its number of rows.",
    ),
    Mistake(
        "forgets the spread between batches",
        {" + delta**2 * n * m / (n + m)": ""},
        (
            "Your variance includes only the spread within the batches. It leaves out the differences between the "
            "batch means."
        ),
    ),
    Mistake(
        "the new mean too early",
        {"delta**2 * n": "(delta * n / (n + m)) ** 2 * n"},
        (
            "Your sum of squares uses the mean after the merge. The formula needs the difference between the two "
            "means before the merge."
        ),
    ),
    Mistake(
        "weights the wrong way round",
        {"mean + delta * m / (n + m)": "mean + delta * (n / (n + m) if n else 1)"},
        (
            "The weights in your mean are swapped, so the smaller group of rows pulls the mean more than the larger "
            "group."
        ),
    ),
    Mistake(
        "the last batch alone",
        (
            {"rows = batch": "n = 0\n        rows = batch"},
            {
                "mean = mean + delta * m / (n + m)": "mean, squares = batch_mean, m * batch_var",
                "n = n + m": "n = m",
            },
        ),
        "Your results describe only the last batch. They should describe the rows of all batches together.",
    ),
    Mistake(
        "divides by N - 1",
        ({"squares / n": "squares / max(n - 1, 1)"}, {"squares / n": "squares / (n - 1)"}),
        "You divide the sum of squares by N - 1. The biased variance divides it by N.",
    ),
    Mistake(
        "one pass",
        merge_sums,
        ONE_PASS,
    ),
    Mistake(
        "trusts the rounded mean",
        merge_without_first_row,
        (
            "Your variance of a constant column is not exactly 0, because rounding can move the computed mean of "
            "equal numbers."
        ),
    ),
    Mistake(
        "sums in the batches' dtype",
        merge_in_own_dtype,
        (
            "You compute in the dtype of the batches. float32 has too few digits for these sums, so they should be "
            "float64."
        ),
    ),
    Mistake(
        "gives float32",
        {
            "return first + mean, squares / n": "dtype = batch.dtype if batch.dtype.kind == 'f' else float\n"
            "    return (first + mean).astype(dtype), (squares / n).astype(dtype)"
        },
        "Your results have the dtype of the batches. They should be float64 no matter what the batches are.",
    ),
    Mistake(
        "reads the batches twice",
        (merge_reading_twice, merge_reading_twice_in_own_dtype, merge_after_counting),
        ("You go through the batches twice. A generator can be read only once, so your second pass finds nothing."),
    ),
    Mistake(
        "one mean for all columns",
        merge_all_entries,
        ONE_MEAN_AND_VARIANCE,
    ),
    Mistake(
        "the standard deviation",
        {"squares / n": "np.sqrt(squares / n)"},
        "You return the standard deviation. The second result should be its square, the variance.",
    ),
    Mistake(
        "writes into the batches",
        {"batch.astype(float)": "np.asarray(batch, dtype=float)", "rows = rows - first": "rows -= first"},
        "You write into a batch, so you change the array of the caller.",
    ),
    Mistake(
        "keeps the dimensions",
        {"first + mean, squares / n": "(first + mean)[None], (squares / n)[None]"},
        (
            "Your results have shape (1, D) instead of (D,). They should hold one number per column, along a single "
            "axis."
        ),
    ),
    Mistake(
        "the mean alone",
        {"return first + mean, squares / n": "return first + mean"},
        "You return only one array, but the caller expects two: the mean and the variance.",
    ),
)

KNOWN = Known(merge_statistics, tables_in_batches, MISTAKES, use=merged)
