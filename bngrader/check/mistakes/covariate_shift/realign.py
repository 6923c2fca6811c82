"""Known mistakes in `realign`."""

import numpy as np

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, INTEGERS, frozen


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
        "Your variance divides the sum of squares by N - 1. The biased variance divides it by N.",
    ),
    Mistake(
        "eps outside of the root",
        {"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
        "You add eps to the standard deviation. It is added to the variance, inside the square root.",
    ),
    Mistake(
        "always the same eps",
        {"var + eps": "var + 1e-5"},
        "You take 1e-5 for eps whatever is passed. Use the argument.",
    ),
    Mistake(
        "no eps",
        ({"var + eps": "var"}, {"var + eps": "np.where(var == 0, 1, var)"}),
        "You leave out eps: a column that is constant in the batch divides 0 by 0.",
    ),
    Mistake(
        "eps as a lower bound",
        {"var + eps": "np.maximum(var, eps)"},
        "You take eps for a lower bound of the variance. It is added to it, always.",
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + eps)": "(var + eps)"},
        "You divide by the variance. Take its square root, with eps inside.",
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
        "You subtract the training mean. The batch loses its own mean first, and gets the training mean at the end.",
    ),
    Mistake(
        "forgets train_std",
        {"z * train_std + train_mean": "z + train_mean"},
        "Your result still has the standard deviation 1. Bring it to that of the training data.",
    ),
    Mistake(
        "forgets train_mean",
        {"z * train_std + train_mean": "z * train_std"},
        "Your result still has the mean 0. Bring it to that of the training data.",
    ),
    Mistake(
        "shifts before it scales",
        {"z * train_std + train_mean": "(z + train_mean) * train_std"},
        "You multiply the training mean by the training std as well. Scale first, and shift then.",
    ),
    Mistake(
        "eps twice",
        {"z * train_std": "z * np.sqrt(train_std**2 + eps)"},
        "You add eps to the training variance, too. It belongs to the variance of the batch alone.",
    ),
    Mistake(
        "by sample",
        {Every("(axis=0)"): "(axis=1, keepdims=True)"},
        "You take the mean and the variance of each sample, a row. Each column has its own.",
    ),
    Mistake(
        "shifts only",
        {"z * train_std": "(test - mean)"},
        "You move the mean and leave the spread as it was. Standardize the batch first.",
    ),
    Mistake(
        "one mean for the whole table",
        {"test.mean(axis=0), test.var(axis=0)": "test.mean(), test.var()"},
        "You take one mean and one variance of all entries together. Each column has its own.",
    ),
    Mistake(
        "one pass",
        {"test.var(axis=0)": "np.maximum((test**2).mean(axis=0) - test.mean(axis=0) ** 2, 0)"},
        "You compute the variance as the mean of squares minus the squared mean. Where the mean is large against the "
        "spread, the two nearly cancel, and rounding is what remains.",
        loose=True,
    ),
    Mistake("always float64", {".astype(dtype)": ""}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if test.dtype.kind == "f" else float': ""}, INTEGERS),
    Mistake(
        "changes its argument",
        {"test.astype(float)": "test.astype(float, copy=False)", "(test - mean)": "np.subtract(test, mean, out=test)"},
        "You write into the argument test: the caller's own batch is changed. Work on a new array.",
    ),
)

KNOWN = Known(realign, batches_with_statistics, MISTAKES)
