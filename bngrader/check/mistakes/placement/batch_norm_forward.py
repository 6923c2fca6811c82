"""Known mistakes in `batch_norm_forward`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import (
    ALWAYS_FLOAT64,
    BETA_TIMES_GAMMA,
    EPS_AS_LOWER_BOUND,
    EPS_IGNORED,
    EPS_OUTSIDE,
    INTEGERS,
    NO_BETA,
    NO_EPS,
    NO_GAMMA,
    NO_GAMMA_AND_BETA,
    NO_ROOT,
    ONE_MEAN_AND_VARIANCE,
    ONE_PASS,
    dtype_of,
    in_place,
)
from bngrader.check.mistakes.placement.shared import batches


def batch_norm_forward(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    mean = x.mean(axis=0)
    var = x.var(axis=0)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    y = gamma * x_hat + beta
    return y.astype(dtype), (x_hat, std, gamma)


def batch_norm_by_row(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    std = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    x_hat = (x - x.mean(axis=1, keepdims=True)) / std
    return (gamma * x_hat + beta).astype(dtype), (x_hat, std, gamma)


def normalized(forward, x, gamma, beta, eps):
    returned = forward(x, gamma, beta, eps)
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        return ["not y and cache", returned]
    return returned[0] if isinstance(returned[0], np.ndarray) else "something else comes first"


NO_PAIR = (
    "You do not return two things. The caller expects y first, and then a cache with what the backward pass will need."
)

MISTAKES = (
    Mistake(
        "divides by N - 1",
        {"x.var(axis=0)": "x.var(axis=0, ddof=min(1, len(x) - 1))"},
        "Your variance divides the sum of squares by N - 1. A batch is normalized by its biased variance, which "
        "divides the sum by N.",
    ),
    Mistake(
        "eps outside the root",
        {"np.sqrt(var + eps)": "np.sqrt(var) + eps"},
        EPS_OUTSIDE,
    ),
    Mistake("no eps", {"var + eps": "var"}, NO_EPS),
    Mistake(
        "always the same eps",
        tuple({"var + eps": f"var + {eps}"} for eps in (1e-5, 1e-8)),
        EPS_IGNORED,
    ),
    Mistake(
        "the larger of variance and eps",
        {"var + eps": "np.maximum(var, eps)"},
        EPS_AS_LOWER_BOUND,
    ),
    Mistake(
        "one mean for the whole batch",
        {"x.mean(axis=0)": "x.mean()", "x.var(axis=0)": "x.var()"},
        ONE_MEAN_AND_VARIANCE,
    ),
    Mistake(
        "by row",
        batch_norm_by_row,
        "You compute the mean and the variance of each row, as layer normalization does. Batch normalization "
        "computes them for each feature, over the samples.",
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + eps)": "var + eps"},
        NO_ROOT,
    ),
    Mistake("forgets beta", {" + beta": ""}, NO_BETA),
    Mistake("forgets gamma", {"gamma * x_hat": "x_hat"}, NO_GAMMA),
    Mistake(
        "shifts before it scales",
        {"gamma * x_hat + beta": "gamma * (x_hat + beta)"},
        BETA_TIMES_GAMMA,
    ),
    Mistake(
        "forgets the mean",
        {"(x - mean) / std": "x / std"},
        "You divide by the standard deviation, but you do not subtract the mean first.",
    ),
    Mistake(
        "one pass",
        {"x.var(axis=0)": "np.maximum((x**2).mean(axis=0) - mean**2, 0)"},
        ONE_PASS,
        loose=True,
    ),
    Mistake("always float64", {dtype_of("x"): "float"}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {dtype_of("x"): "x.dtype"}, INTEGERS),
    Mistake(
        "works in place",
        {
            "x = x.astype(float)": 'x = x if x.dtype.kind == "f" else x.astype(float)',
            "x_hat = (x - mean) / std": "x -= mean\n    x /= std\n    x_hat = x",
        },
        in_place("x"),
    ),
    Mistake(
        "another order",
        {"y.astype(dtype), (x_hat, std, gamma)": "(x_hat, std, gamma), y.astype(dtype)"},
        "You return the cache first. The text asks for y first and the cache second.",
    ),
    Mistake(
        "neither scale nor shift",
        {"gamma * x_hat + beta": "x_hat"},
        NO_GAMMA_AND_BETA,
    ),
    Mistake("returns y alone", {"(dtype), (x_hat, std, gamma)": "(dtype)"}, NO_PAIR),
)

KNOWN = Known(batch_norm_forward, batches, MISTAKES, use=normalized)
