"""Known mistakes in `standardize_activations`."""

import numpy as np

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, INTEGERS, frozen, in_place


def standardize_activations(h, eps=1e-5):
    dtype = h.dtype if h.dtype.kind == "f" else float
    h = h.astype(float)
    mean, var = h.mean(axis=0), h.var(axis=0)
    z = (h - mean) / np.sqrt(var + eps)
    return z.astype(dtype)


def batches(rng):
    yield (np.array([[0.0], [4.0]]) + rng.integers(9),)
    yield np.array([[0.0], [2.0]]), 0.5
    yield (np.full((3, 1), 7.0),)
    yield (rng.normal(1, 3, (4, 2)),)
    yield rng.normal(1, 3, (5, 2)), 1e-3
    yield (1e-3 * rng.normal(size=(4, 2)),)
    yield (np.array([[7.0, 3.0]]),)
    yield (rng.normal(1, 3, (4, 2)).astype(np.float32),)
    yield (rng.permutation(9)[:6].reshape(3, 2),)
    yield (1e7 + rng.integers(-15, 16, (50, 1)),)
    yield frozen(rng.normal(size=(8, 4))[::2, ::2])


MISTAKES = (
    Mistake(
        "divides by N - 1",
        {"h.var(axis=0)": "h.var(axis=0, ddof=min(1, len(h) - 1))"},
        "Your variance divides the sum of squares by N - 1. The biased variance divides it by N.",
    ),
    Mistake(
        "eps outside of the root",
        {"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
        "You add eps to the standard deviation. It is added to the variance, inside the square root.",
    ),
    Mistake(
        "always the same eps",
        tuple({"var + eps": f"var + {eps}"} for eps in (1e-5, 1e-8)),
        "Your eps is always the same number, whatever is passed. Use the argument.",
    ),
    Mistake(
        "no eps",
        ({"var + eps": "var"}, {"var + eps": "np.where(var == 0, 1, var)"}),
        "You leave out eps: a constant unit divides 0 by 0.",
    ),
    Mistake(
        "eps as a lower bound",
        {"var + eps": "np.maximum(var, eps)"},
        "You take eps for a lower bound of the variance. It is added to it, always.",
    ),
    Mistake("eps squared", {"var + eps": "var + eps**2"}, "You square eps before you add it. It is added as it is."),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + eps)": "(var + eps)"},
        "You divide by the variance. Take its square root, with eps inside.",
    ),
    Mistake("shifts only", {" / np.sqrt(var + eps)": ""}, "You subtract the mean and leave the spread as it was."),
    Mistake("scales only", {"(h - mean)": "h"}, "You do not subtract the mean."),
    Mistake(
        "one mean for the whole table",
        {"h.mean(axis=0), h.var(axis=0)": "h.mean(), h.var()"},
        "You take one mean and one variance of all activations together. Each unit has its own.",
    ),
    Mistake(
        "by sample",
        {Every("(axis=0)"): "(axis=1, keepdims=True)"},
        "You take the mean and the variance of each sample: that is layer normalization. Each unit has its own.",
    ),
    Mistake(
        "one pass",
        {"h.var(axis=0)": "np.maximum((h**2).mean(axis=0) - h.mean(axis=0) ** 2, 0)"},
        "You compute the variance as the mean of squares minus the squared mean. Where the mean is large against the "
        "spread, the two nearly cancel, and rounding is what remains.",
        loose=True,
    ),
    Mistake("always float64", {".astype(dtype)": ""}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if h.dtype.kind == "f" else float': ""}, INTEGERS),
    Mistake(
        "changes its argument",
        {"h.astype(float)": "h.astype(float, copy=False)", "(h - mean)": "np.subtract(h, mean, out=h)"},
        in_place("h"),
    ),
)

KNOWN = Known(standardize_activations, batches, MISTAKES)
