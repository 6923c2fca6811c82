"""Known mistakes in `standardize_activations`."""

import numpy as np

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.common import (
    ALWAYS_FLOAT64,
    EPS_AS_LOWER_BOUND,
    EPS_IGNORED,
    EPS_OUTSIDE,
    INTEGERS,
    NO_ROOT,
    ONE_PASS,
    VAR_N_MINUS_1,
    frozen,
    in_place,
)


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
        VAR_N_MINUS_1,
    ),
    Mistake(
        "eps outside the root",
        {"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
        EPS_OUTSIDE,
    ),
    Mistake(
        "always the same eps",
        tuple({"var + eps": f"var + {eps}"} for eps in (1e-5, 1e-8)),
        EPS_IGNORED,
    ),
    Mistake(
        "no eps",
        ({"var + eps": "var"}, {"var + eps": "np.where(var == 0, 1, var)"}),
        (
            "You leave out eps. A unit with a small variance then comes out too wide, and a constant unit makes you "
            "divide 0 by 0 unless you treat it as a special case."
        ),
    ),
    Mistake(
        "eps as a lower bound",
        {"var + eps": "np.maximum(var, eps)"},
        EPS_AS_LOWER_BOUND,
    ),
    Mistake(
        "eps squared",
        {"var + eps": "var + eps**2"},
        "You square eps before you add it. It should be added to the variance as it is.",
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + eps)": "(var + eps)"},
        NO_ROOT,
    ),
    Mistake(
        "shifts only",
        {" / np.sqrt(var + eps)": ""},
        "You subtract the mean but do not divide by the spread, so the standard deviation does not become 1.",
    ),
    Mistake(
        "scales only",
        {"(h - mean)": "h"},
        "You divide by the spread but do not subtract the mean first, so the mean does not become 0.",
    ),
    Mistake(
        "one mean for the whole table",
        {"h.mean(axis=0), h.var(axis=0)": "h.mean(), h.var()"},
        "You compute one mean and one variance over all activations. Each unit needs its own.",
    ),
    Mistake(
        "by sample",
        {Every("(axis=0)"): "(axis=1, keepdims=True)"},
        (
            "You compute a mean and a variance per sample, which is layer normalization. Here each unit has its own,"
            " over the batch."
        ),
    ),
    Mistake(
        "one pass",
        {"h.var(axis=0)": "np.maximum((h**2).mean(axis=0) - h.mean(axis=0) ** 2, 0)"},
        ONE_PASS,
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
