"""Known mistakes in the assignment on scaling."""

import numpy as np

from bngrader.mistakes import Known, Mistake


def standardize(x):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    constant = (x == x[0]).all(axis=0)
    mean = np.where(constant, x[0], x.mean(axis=0))
    std = np.where(constant, 0, x.std(axis=0))
    scale = np.where(constant, 1, std)
    z = (x - mean) / scale
    return z.astype(dtype), mean.astype(dtype), std.astype(dtype)


def tables(rng):
    yield (np.array([[1.0], [4.0]]) * rng.uniform(1, 2),)
    yield (rng.normal(3, 2, (3, 2)),)
    yield (rng.normal(-5, 3, (4, 4)),)
    yield (np.full((3, 1), 0.1),)
    yield (np.full((6, 1), 0.1, np.float32),)
    yield (rng.normal(3, 2, (3, 2)).astype(np.float32),)
    yield (rng.integers(-9, 9, (5, 2)),)
    yield (np.array([[200], [250], [100]], np.uint8),)
    yield (1e-100 * rng.normal(size=(3, 2)),)
    yield (1e7 + rng.integers(-50, 51, (100, 2)),)


KNOWN = (
    Known(
        standardize,
        fresh=tables,
        mistakes=(
            Mistake(
                "divides by N - 1",
                {"x.std(axis=0)": "x.std(axis=0, ddof=min(1, len(x) - 1))"},
                "Your std divides the sum of squares by N - 1. The biased standard deviation divides it by N.",
            ),
            Mistake(
                "one mean for the whole table",
                {"x.mean(axis=0)": "x.mean()", "x.std(axis=0)": "x.std()"},
                "You take one mean and one std for the whole table. Each column has its own.",
            ),
        ),
    ),
)
