"""Known mistakes in `mean_shift`."""

import numpy as np

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, INTEGERS, frozen


def mean_shift(train, test):
    dtype = train.dtype if train.dtype.kind == "f" else float
    train, test = train.astype(float), test.astype(float)
    constant = (train == train[0]).all(axis=0)
    before = np.where(constant, train[0], train.mean(axis=0))
    after = np.where((test == test[0]).all(axis=0), test[0], test.mean(axis=0))
    moved = np.abs(after - before)
    std = np.where(constant, 0, train.std(axis=0))
    shift = moved / np.where(std == 0, 1, std)
    shift = np.where((std == 0) & (moved > 0), np.inf, shift)
    return shift.astype(dtype)


def pairs_of_tables(rng):
    train, test = np.array([[1.0], [3.0]]), np.array([[3.0], [6.0]])
    yield train + rng.integers(9), test + 9
    yield np.full((2, 1), 5.0), np.array([[6.0], [7.0]])
    yield np.full((2, 1), 5.0), np.array([[4.0], [6.0]])
    yield np.full((3, 1), 0.1), np.full((10, 1), 0.1)
    yield np.round(rng.normal(3, 2, (3, 2)), 1), np.round(rng.normal(0, 1, (4, 2)), 1)
    yield rng.normal(size=(5, 3)), rng.normal(1, 3, (2, 3))
    yield rng.normal(size=(4, 2)).astype(np.float32), rng.normal(3, 2, (3, 2)).astype(np.float32)
    yield rng.permutation(9)[:4].reshape(2, 2), rng.permutation(9)[:6].reshape(3, 2) + 5
    yield 1e-9 * (train + rng.integers(9)), 1e-9 * (test + 9)
    yield 1e7 + rng.integers(-15, 16, (50, 1)), 1e7 + rng.integers(0, 30, (40, 1))
    yield frozen(rng.normal(size=(8, 4))[::2, ::2], rng.normal(size=(6, 4))[::2, ::2])


MISTAKES = (
    Mistake(
        "divides by N - 1",
        {"train.std(axis=0)": "train.std(axis=0, ddof=min(1, len(train) - 1))"},
        "Your std divides the sum of squares by N - 1. The biased standard deviation divides it by N.",
    ),
    Mistake(
        "the std of the test data",
        {"np.where(constant, 0, train.std(axis=0))": "test.std(axis=0)"},
        "You measure the shift in standard deviations of the test data. The unit is that of the training data.",
    ),
    Mistake(
        "the std of both tables",
        {"np.where(constant, 0, train.std(axis=0))": "np.vstack([train, test]).std(axis=0)"},
        "Your std is that of both tables together, so it grows with the shift itself. Take the training data's alone.",
    ),
    Mistake(
        "keeps the sign",
        {"np.abs(after - before)": "after - before"},
        "Your shift is negative where the mean fell. It is a distance: take its absolute value.",
    ),
    Mistake(
        "divides by the variance",
        {"train.std(axis=0)": "train.var(axis=0)"},
        "You divide by the variance. The standard deviation is its square root.",
    ),
    Mistake(
        "one mean for the whole table",
        {Every(".mean(axis=0)"): ".mean()", "train.std(axis=0)": "train.std()"},
        "You take one mean and one std of all entries together. Each column has its own.",
    ),
    Mistake(
        "no care for constant columns",
        {
            "constant = (train == train[0]).all(axis=0)": "constant = np.zeros(train.shape[1], bool)",
            "(test == test[0]).all(axis=0)": "constant",
            "moved / np.where(std == 0, 1, std)": "moved / std",
            "    shift = np.where((std == 0) & (moved > 0), np.inf, shift)\n": "",
        },
        "You divide by the std of a constant column, which is 0 or what rounding left of it.",
        loose=True,
    ),
    Mistake(
        "0 wherever std is 0",
        {"(moved > 0), np.inf": "(moved > 0), 0"},
        "You return 0 wherever std is 0. A mean that moves away from a constant column has moved infinitely far.",
    ),
    Mistake(
        "inf wherever std is 0",
        {"(std == 0) & (moved > 0)": "std == 0"},
        "You return inf wherever std is 0. Where the two means are equal too, nothing has moved.",
    ),
    Mistake(
        "trusts the rounded mean",
        {
            "constant = (train == train[0]).all(axis=0)": "constant = train.std(axis=0) == 0",
            "np.where(constant, train[0], train.mean(axis=0))": "train.mean(axis=0)",
            "np.where((test == test[0]).all(axis=0), test[0], test.mean(axis=0))": "test.mean(axis=0)",
        },
        "You trust the computed mean and std of a constant column. Rounding can leave a std that is nearly 0, and a "
        "mean that is nearly the column's value: compare the entries themselves.",
        loose=True,
    ),
    Mistake(
        "adds a small number to std",
        {
            "moved / np.where(std == 0, 1, std)": "moved / (std + 1e-8)",
            "    shift = np.where((std == 0) & (moved > 0), np.inf, shift)\n": "",
        },
        "You add a small number to std before you divide. A column whose spread is that small, or 0, comes out wrong: "
        "here nothing is added.",
        loose=True,
    ),
    Mistake(
        "one pass",
        {"train.std(axis=0)": "np.sqrt(np.maximum((train**2).mean(axis=0) - train.mean(axis=0) ** 2, 1e-9))"},
        "You compute the variance as the mean of squares minus the squared mean. Where the mean is large against the "
        "spread, the two nearly cancel, and rounding is what remains.",
        loose=True,
    ),
    Mistake("always float64", {".astype(dtype)": ""}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if train.dtype.kind == "f" else float': ""}, INTEGERS),
    Mistake(
        "changes its arguments",
        {"test.astype(float)": "test.astype(float, copy=False)\n    test -= train[0]\n    train -= train[0]"},
        "You write into an argument: the caller's own table is changed. Work on a new array.",
    ),
)

KNOWN = Known(mean_shift, pairs_of_tables, MISTAKES)
