"""Known mistakes in `batch_norm_forward`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, INTEGERS, dtype_of
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


NO_PAIR = "You do not return two things. The first is y, and the second is what the backward pass will need."

MISTAKES = (
    Mistake(
        "divides by N - 1",
        {"x.var(axis=0)": "x.var(axis=0, ddof=min(1, len(x) - 1))"},
        "Your variance divides the sum of squares by N - 1. What normalizes a batch is the biased one, divided by N.",
    ),
    Mistake(
        "eps outside of the root",
        {"np.sqrt(var + eps)": "np.sqrt(var) + eps"},
        "You add eps to the standard deviation. It belongs to the variance, inside the square root.",
    ),
    Mistake("no eps", {"var + eps": "var"}, "You leave eps out: where the variance is 0 or small, it matters."),
    Mistake(
        "an eps of its own",
        tuple({"var + eps": f"var + {eps}"} for eps in (1e-5, 1e-8)),
        "You use 1e-5, whatever eps the caller gives.",
    ),
    Mistake(
        "the larger of variance and eps",
        {"var + eps": "np.maximum(var, eps)"},
        "You use eps only where the variance is smaller than it. It is always added.",
    ),
    Mistake(
        "one mean for the whole batch",
        {"x.mean(axis=0)": "x.mean()", "x.var(axis=0)": "x.var()"},
        "You take one mean and one variance of all entries together. Each feature, a column, has its own.",
    ),
    Mistake(
        "by row",
        batch_norm_by_row,
        "You take mean and variance along each row, as layer normalization does. Batch normalization takes them "
        "down each column, over the samples.",
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + eps)": "var + eps"},
        "You divide by the variance plus eps: the square root is missing.",
    ),
    Mistake("forgets beta", {" + beta": ""}, "Your y lacks the shift by beta."),
    Mistake("forgets gamma", {"gamma * x_hat": "x_hat"}, "Your y lacks the scaling by gamma."),
    Mistake(
        "shifts before it scales",
        {"gamma * x_hat + beta": "gamma * (x_hat + beta)"},
        "You add beta before you multiply by gamma, so beta is scaled too. The shift comes last.",
    ),
    Mistake(
        "forgets the mean",
        {"(x - mean) / std": "x / std"},
        "You divide by the standard deviation but do not subtract the mean.",
    ),
    Mistake(
        "one pass",
        {"x.var(axis=0)": "np.maximum((x**2).mean(axis=0) - mean**2, 0)"},
        "Your variance is the mean of the squares less the square of the mean. Where the mean is large against the "
        "spread, two nearly equal numbers are subtracted, and the digits are gone.",
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
        "You write into the argument x: the caller's own batch is changed. Work on a new array.",
    ),
    Mistake(
        "another order",
        {"y.astype(dtype), (x_hat, std, gamma)": "(x_hat, std, gamma), y.astype(dtype)"},
        "You return the cache first. The order is y, cache.",
    ),
    Mistake(
        "neither scale nor shift",
        {"gamma * x_hat + beta": "x_hat"},
        "You return the normalized x, without the scaling by gamma and the shift by beta.",
    ),
    Mistake("returns y alone", {"(dtype), (x_hat, std, gamma)": "(dtype)"}, NO_PAIR),
)

KNOWN = Known(batch_norm_forward, batches, MISTAKES, use=normalized)
