"""Known mistakes in `batch_norm_backward`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, INTEGERS, dtype_of
from bngrader.check.mistakes.placement.batch_norm_forward import batch_norm_forward
from bngrader.check.mistakes.placement.shared import batches


def batch_norm_backward(dy, cache):
    x_hat, std, gamma = cache
    dtype = dy.dtype if dy.dtype.kind == "f" else float
    dy = dy.astype(float)
    dbeta = dy.sum(axis=0)
    dgamma = (dy * x_hat).sum(axis=0)
    by_mean = dy.mean(axis=0)
    by_var = x_hat * (dy * x_hat).mean(axis=0)
    dx = gamma / std * (dy - by_mean - by_var)
    return dx.astype(dtype), dgamma.astype(dtype), dbeta.astype(dtype)


def gradients(backward, forward, x, gamma, beta, dy, eps):
    cache, kept = forward(x, gamma, beta, eps)[1], dy.copy()
    return [backward(dy, cache), backward(kept, cache)]


def batches_with_slopes(rng):
    for x, gamma, beta, eps in batches(rng):
        dy = np.round(rng.normal(1, 2, x.shape), 1) * 10
        dy = (dy if x.dtype.kind == "i" else dy / 10).astype(x.dtype)
        dy.flags.writeable = x.flags.writeable
        yield x, gamma, beta, dy, eps


MISTAKES = (
    Mistake(
        "no path through the mean",
        {" - by_mean": ""},
        "Your dx leaves out that the batch's mean depends on x: an entry also acts on y through the mean.",
    ),
    Mistake(
        "no path through the variance",
        {" - by_var": ""},
        "Your dx leaves out that the batch's variance depends on x: an entry also acts on y through the variance.",
    ),
    Mistake(
        "mean and variance as constants",
        {" - by_mean - by_var": ""},
        "Your dx takes mean and variance for constants. Both depend on x, and each adds a path to dx.",
    ),
    Mistake(
        "wrong sign of the variance's path",
        {" - by_var": " + by_var"},
        "The part of your dx that comes through the variance has the wrong sign.",
    ),
    Mistake(
        "sums for means",
        {"dy.mean(axis=0)": "dy.sum(axis=0)", "(dy * x_hat).mean(axis=0)": "(dy * x_hat).sum(axis=0)"},
        "In your dx the parts through mean and variance are N times too large: a single entry moves the mean by 1/N.",
    ),
    Mistake(
        "N - 1 in the variance's path",
        {"(dy * x_hat).mean(axis=0)": "(dy * x_hat).sum(axis=0) / max(len(dy) - 1, 1)"},
        "The part of your dx that comes through the variance divides by N - 1. The forward pass divides by N.",
    ),
    Mistake(
        "one mean for the whole batch",
        {"dy.mean(axis=0)": "dy.mean()", "(dy * x_hat).mean(axis=0)": "(dy * x_hat).mean()"},
        "In your dx you average over all entries together. Each column has a mean and a variance of its own.",
    ),
    Mistake("dx without gamma", {"gamma / std": "1 / std"}, "Your dx lacks the factor gamma."),
    Mistake("dx without the scale", {"gamma / std": "gamma"}, "Your dx lacks the factor 1 / sqrt(var + eps)."),
    Mistake(
        "std without eps",
        {"gamma / std": "gamma / (std * x_hat.std(axis=0))"},
        "Your dx divides by a standard deviation without eps, other than the forward pass.",
    ),
    Mistake(
        "dx divided by N", {"dx = gamma / std": "dx = gamma / std / len(dy)"}, "Your dx is divided by N once too often."
    ),
    Mistake(
        "dgamma is a mean",
        (
            {"dy.sum(axis=0)": "dy.mean(axis=0)", "(dy * x_hat).sum(axis=0)": "(dy * x_hat).mean(axis=0)"},
            {"(dy * x_hat).sum(axis=0)": "(dy * x_hat).mean(axis=0)"},
            {"dy.sum(axis=0)": "dy.mean(axis=0)"},
        ),
        "Your dgamma or your dbeta is an average over the batch. Each sample adds to the loss, so both are sums.",
    ),
    Mistake(
        "dgamma without the normalized x",
        {"dgamma = (dy * x_hat)": "dgamma = (dy * 1)"},
        "Your dgamma does not see that gamma is multiplied by the normalized x.",
    ),
    Mistake(
        "dgamma times gamma",
        {"dgamma = (dy * x_hat)": "dgamma = (dy * gamma * x_hat)"},
        "Your dgamma has gamma as a factor. y is linear in gamma, so its slope does not depend on gamma.",
    ),
    Mistake(
        "another order",
        {"dgamma.astype(dtype), dbeta.astype(dtype)": "dbeta.astype(dtype), dgamma.astype(dtype)"},
        "You return dbeta before dgamma. The order is dx, dgamma, dbeta.",
    ),
    Mistake(
        "not summed",
        {"dy.sum(axis=0)": "dy.copy()", "(dy * x_hat).sum(axis=0)": "dy * x_hat"},
        "Your dgamma and dbeta have an entry for every sample. gamma and beta act on all samples: their slopes add up.",
    ),
    Mistake(
        "divides by the variance",
        {"gamma / std": "gamma / std**2"},
        "Your dx divides by the variance plus eps: the square root is missing.",
    ),
    Mistake(
        "the variance's path without the normalized x",
        {"by_var = x_hat * ": "by_var = "},
        "The part of your dx that comes through the variance is the same for all samples of a column. How much a "
        "sample moves the variance depends on how far it is from the mean.",
    ),
    Mistake(
        "keeps the dimensions",
        {
            "dbeta = dy.sum(axis=0)": "dbeta = dy.sum(axis=0, keepdims=True)",
            "dgamma = (dy * x_hat).sum(axis=0)": "dgamma = (dy * x_hat).sum(axis=0, keepdims=True)",
        },
        "Your dgamma and dbeta have one row, shape (1, D). They should have shape (D,), as gamma and beta.",
    ),
    Mistake(
        "always float64",
        (
            {dtype_of("dy"): "float"},
            {"dx.astype(dtype), dgamma.astype(dtype)": "dx, dgamma"},
            {"dx.astype(dtype)": "dx"},
            {"dgamma.astype(dtype)": "dgamma"},
            {"dgamma.astype(dtype), dbeta.astype(dtype)": "dgamma, dbeta"},
        ),
        ALWAYS_FLOAT64,
    ),
    Mistake("integers stay integers", {dtype_of("dy"): "dy.dtype"}, INTEGERS),
    Mistake(
        "changes the cache",
        {"by_var = x_hat *": "x_hat *=", ".mean(axis=0)\n    dx": ".mean(axis=0)\n    by_var = x_hat\n    dx"},
        "You write into the arrays of the cache: a second call with the same cache gives something else.",
    ),
    Mistake(
        "works in place",
        (
            {
                "dy = dy.astype(float)": 'dy = dy if dy.dtype.kind == "f" else dy.astype(float)',
                "dx = ": "dy -= by_mean + by_var\n    dx = ",
                "(dy - by_mean - by_var)": "dy",
            },
            {
                "dy = dy.astype(float)": 'dy = dy if dy.dtype.kind == "f" else dy.astype(float)',
                "dx = gamma / std * (dy - by_mean - by_var)": "dy -= by_mean + by_var\n    dy *= gamma / std",
                "dx.astype(dtype)": "dy",
            },
        ),
        "You write into the argument dy: the caller's own array is changed. Work on a new array.",
    ),
)

KNOWN = Known(batch_norm_backward, batches_with_slopes, MISTAKES, use=gradients, needs=(batch_norm_forward,))
