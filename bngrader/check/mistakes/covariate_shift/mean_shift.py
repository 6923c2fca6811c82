"""Known mistakes in `mean_shift`."""

import numpy as np

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.common import (
    ALWAYS_FLOAT64,
    CONSTANT_COLUMN,
    INTEGERS,
    NO_ROOT,
    ONE_MEAN_AND_STD,
    ONE_PASS,
    ROUNDED_CONSTANT,
    STD_N_MINUS_1,
    frozen,
)


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
        STD_N_MINUS_1,
    ),
    Mistake(
        "the std of the test data",
        {"np.where(constant, 0, train.std(axis=0))": "test.std(axis=0)"},
        (
            "You divide by the standard deviation of the test data. The shift is measured in standard deviations of "
            "the training data, the data that the model knows."
        ),
    ),
    Mistake(
        "the std of both tables",
        {"np.where(constant, 0, train.std(axis=0))": "np.vstack([train, test]).std(axis=0)"},
        (
            "You compute one std over both tables together, so it grows with the shift that it should measure. The "
            "unit is the standard deviation of the training data alone."
        ),
    ),
    Mistake(
        "keeps the sign",
        {"np.abs(after - before)": "after - before"},
        "Your shift is negative where the mean decreases. A shift is a distance, so it is never negative.",
    ),
    Mistake(
        "divides by the variance",
        {"train.std(axis=0)": "train.var(axis=0)"},
        NO_ROOT,
    ),
    Mistake(
        "one mean for the whole table",
        {Every(".mean(axis=0)"): ".mean()", "train.std(axis=0)": "train.std()"},
        ONE_MEAN_AND_STD,
    ),
    Mistake(
        "no care for constant columns",
        {
            "constant = (train == train[0]).all(axis=0)": "constant = np.zeros(train.shape[1], bool)",
            "(test == test[0]).all(axis=0)": "constant",
            "moved / np.where(std == 0, 1, std)": "moved / std",
            "    shift = np.where((std == 0) & (moved > 0), np.inf, shift)\n": "",
        },
        CONSTANT_COLUMN,
        loose=True,
    ),
    Mistake(
        "0 wherever std is 0",
        {"(moved > 0), np.inf": "(moved > 0), 0"},
        (
            "You return 0 wherever std is 0. But if the training column is constant and the test mean differs from "
            "it, the shift is infinite."
        ),
    ),
    Mistake(
        "inf wherever std is 0",
        {"(std == 0) & (moved > 0)": "std == 0"},
        "You return inf wherever std is 0. But if the two means are equal as well, nothing has moved.",
    ),
    Mistake(
        "trusts the rounded mean",
        {
            "constant = (train == train[0]).all(axis=0)": "constant = train.std(axis=0) == 0",
            "np.where(constant, train[0], train.mean(axis=0))": "train.mean(axis=0)",
            "np.where((test == test[0]).all(axis=0), test[0], test.mean(axis=0))": "test.mean(axis=0)",
        },
        ROUNDED_CONSTANT,
        loose=True,
    ),
    Mistake(
        "adds a small number to std",
        {
            "moved / np.where(std == 0, 1, std)": "moved / (std + 1e-8)",
            "    shift = np.where((std == 0) & (moved > 0), np.inf, shift)\n": "",
        },
        (
            "You add a small number to std before you divide. This gives a wrong shift in columns whose std is 0 or "
            "about as small as that number."
        ),
        loose=True,
    ),
    Mistake(
        "one pass",
        {"train.std(axis=0)": "np.sqrt(np.maximum((train**2).mean(axis=0) - train.mean(axis=0) ** 2, 1e-9))"},
        ONE_PASS,
        loose=True,
    ),
    Mistake("always float64", {".astype(dtype)": ""}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if train.dtype.kind == "f" else float': ""}, INTEGERS),
    Mistake(
        "changes its arguments",
        {"test.astype(float)": "test.astype(float, copy=False)\n    test -= train[0]\n    train -= train[0]"},
        "You write into an argument, so you change the table of the caller.",
    ),
)

KNOWN = Known(mean_shift, pairs_of_tables, MISTAKES)
