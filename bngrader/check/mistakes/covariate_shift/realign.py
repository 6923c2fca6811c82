"""Known mistakes in `realign`."""

import numpy as np

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.common import (
    ALWAYS_FLOAT64,
    EPS_AS_LOWER_BOUND,
    EPS_IGNORED,
    EPS_OUTSIDE,
    INTEGERS,
    NO_ROOT,
    ONE_MEAN_AND_VARIANCE,
    ONE_PASS,
    VAR_N_MINUS_1,
    frozen,
    in_place,
)


def realign(test, train_mean, train_std, eps=1e-5):
    dtype = test.dtype if test.dtype.kind == "f" else float
    test = test.astype(float)
    mean, var = test.mean(axis=0), test.var(axis=0)
    z = (test - mean) / np.sqrt(var + eps)
    x = z * train_std + train_mean
    return x.astype(dtype)


def batches_with_statistics(rng):
    mean, std = np.array([5.0, -1.0]), np.array([2.0, 0.5])
    yield np.array([[0.0], [4.0]]) + rng.integers(9), mean[:1], std[:1]
    yield np.array([[0.0], [2.0]]), mean[:1], std[:1], 0.5
    yield np.full((3, 1), 7.0), mean[:1], std[:1]
    yield rng.normal(1, 3, (4, 2)), mean, std
    yield rng.normal(1, 3, (5, 2)), mean, std + 1, 1e-3
    yield 1e-3 * rng.normal(size=(4, 2)), mean, std
    yield np.array([[7.0, 3.0]]), mean, std
    yield tuple(a.astype(np.float32) for a in (rng.normal(1, 3, (4, 2)), mean, std))
    yield tuple(a.astype(int) for a in (rng.permutation(9)[:6].reshape(3, 2), mean, 2 * std))
    yield 1e7 + rng.integers(-15, 16, (50, 1)), mean[:1], std[:1]
    yield frozen(rng.normal(size=(8, 4))[::2, ::2], mean.copy(), std.copy())


MISTAKES = (
    Mistake(
        "divides by N - 1",
        {"test.var(axis=0)": "test.var(axis=0, ddof=min(1, len(test) - 1))"},
        VAR_N_MINUS_1,
    ),
    Mistake(
        "eps outside the root",
        {"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
        EPS_OUTSIDE,
    ),
    Mistake(
        "always the same eps",
        {"var + eps": "var + 1e-5"},
        EPS_IGNORED,
    ),
    Mistake(
        "no eps",
        ({"var + eps": "var"}, {"var + eps": "np.where(var == 0, 1, var)"}),
        (
            "You leave out eps. A column with a small variance then comes out too wide, and a constant column makes "
            "you divide 0 by 0 unless you treat it as a special case."
        ),
    ),
    Mistake(
        "eps as a lower bound",
        {"var + eps": "np.maximum(var, eps)"},
        EPS_AS_LOWER_BOUND,
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + eps)": "(var + eps)"},
        NO_ROOT,
    ),
    Mistake(
        "the wrong way",
        (
            {
                "(test - mean) / np.sqrt(var + eps)": "(test - train_mean) / train_std",
                "z * train_std + train_mean": "z",
            },
            {
                "(test - mean) / np.sqrt(var + eps)": "(test - train_mean) / np.sqrt(train_std**2 + eps)",
                "z * train_std + train_mean": "z",
            },
            {
                "(test - mean) / np.sqrt(var + eps)": "(test - train_mean) / np.sqrt(train_std**2 + eps)",
                "z * train_std + train_mean": "z * np.sqrt(var) + mean",
            },
            {
                "(test - mean) / np.sqrt(var + eps)": "(test - train_mean) / train_std",
                "z * train_std + train_mean": "z * np.sqrt(var) + mean",
            },
            {"(test - mean) / np.sqrt(var + eps)": "(test - train_mean) / np.sqrt(var + eps)"},
        ),
        (
            "You subtract the training mean from the batch. The batch should first lose its own mean, and then get "
            "the mean of the training data."
        ),
    ),
    Mistake(
        "forgets train_std",
        {"z * train_std + train_mean": "z + train_mean"},
        "Your result has standard deviation 1. It should have the standard deviation of the training data.",
    ),
    Mistake(
        "forgets train_mean",
        {"z * train_std + train_mean": "z * train_std"},
        "Your result has mean 0. It should have the mean of the training data.",
    ),
    Mistake(
        "shifts before it scales",
        {"z * train_std + train_mean": "(z + train_mean) * train_std"},
        ("You add the training mean before you multiply by the training std, so the mean is multiplied as well."),
    ),
    Mistake(
        "eps twice",
        {"z * train_std": "z * np.sqrt(train_std**2 + eps)"},
        "You also add eps to the variance of the training data. It belongs only to the variance of the batch.",
    ),
    Mistake(
        "by sample",
        {Every("(axis=0)"): "(axis=1, keepdims=True)"},
        (
            "You compute a mean and a variance per sample, that is, per row. They should describe the columns, "
            "because each column is one feature."
        ),
    ),
    Mistake(
        "shifts only",
        {"z * train_std": "(test - mean)"},
        (
            "You move the mean of the batch but leave its spread unchanged. The result should also have the spread of "
            "the training data."
        ),
    ),
    Mistake(
        "one mean for the whole table",
        {"test.mean(axis=0), test.var(axis=0)": "test.mean(), test.var()"},
        ONE_MEAN_AND_VARIANCE,
    ),
    Mistake(
        "one pass",
        {"test.var(axis=0)": "np.maximum((test**2).mean(axis=0) - test.mean(axis=0) ** 2, 0)"},
        ONE_PASS,
        loose=True,
    ),
    Mistake("always float64", {".astype(dtype)": ""}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if test.dtype.kind == "f" else float': ""}, INTEGERS),
    Mistake(
        "changes its argument",
        {"test.astype(float)": "test.astype(float, copy=False)", "(test - mean)": "np.subtract(test, mean, out=test)"},
        in_place("test"),
    ),
)

KNOWN = Known(realign, batches_with_statistics, MISTAKES)
