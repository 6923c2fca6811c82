"""Known mistakes in `batch_norm_backward`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, INTEGERS, dtype_of, in_place
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
        "Your dx ignores that the mean of the batch depends on x, so each entry also affects y through the mean.",
    ),
    Mistake(
        "no path through the variance",
        {" - by_var": ""},
        "Your dx ignores that the variance of the batch depends on x, so each entry also affects y through the "
        "variance.",
    ),
    Mistake(
        "mean and variance as constants",
        {" - by_mean - by_var": ""},
        "Your dx treats the mean and the variance as constants. Both depend on x, and each adds a path to dx.",
    ),
    Mistake(
        "wrong sign of the variance's path",
        {" - by_var": " + by_var"},
        "The part of your dx that comes through the variance has the wrong sign.",
    ),
    Mistake(
        "sums for means",
        {"dy.mean(axis=0)": "dy.sum(axis=0)", "(dy * x_hat).mean(axis=0)": "(dy * x_hat).sum(axis=0)"},
        "In your dx, the parts through the mean and the variance are N times too large: a single entry changes the "
        "mean by only 1/N.",
    ),
    Mistake(
        "N - 1 in the variance's path",
        {"(dy * x_hat).mean(axis=0)": "(dy * x_hat).sum(axis=0) / max(len(dy) - 1, 1)"},
        "The part of your dx that comes through the variance divides by N - 1. The forward pass divides by N.",
    ),
    Mistake(
        "one mean for the whole batch",
        {"dy.mean(axis=0)": "dy.mean()", "(dy * x_hat).mean(axis=0)": "(dy * x_hat).mean()"},
        "In your dx, you average over all entries. Each column has its own mean and variance.",
    ),
    Mistake("dx without gamma", {"gamma / std": "1 / std"}, "Your dx lacks the factor gamma."),
    Mistake("dx without the scale", {"gamma / std": "gamma"}, "Your dx lacks the factor 1 / sqrt(var + eps)."),
    Mistake(
        "std without eps",
        {"gamma / std": "gamma / (std * x_hat.std(axis=0))"},
        "Your dx divides by a standard deviation without eps, unlike the forward pass.",
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
        "Your dgamma or dbeta is an average over the batch. Each sample contributes to the loss, so both are sums.",
    ),
    Mistake(
        "dgamma without the normalized x",
        {"dgamma = (dy * x_hat)": "dgamma = (dy * 1)"},
        "Your dgamma ignores that gamma is multiplied by the normalized x.",
    ),
    Mistake(
        "dgamma times gamma",
        {"dgamma = (dy * x_hat)": "dgamma = (dy * gamma * x_hat)"},
        "Your dgamma has gamma as a factor. y is linear in gamma, so the derivative does not depend on gamma.",
    ),
    Mistake(
        "another order",
        {"dgamma.astype(dtype), dbeta.astype(dtype)": "dbeta.astype(dtype), dgamma.astype(dtype)"},
        "You return dbeta before dgamma. The order is dx, dgamma, dbeta.",
    ),
    Mistake(
        "not summed",
        {"dy.sum(axis=0)": "dy.copy()", "(dy * x_hat).sum(axis=0)": "dy * x_hat"},
        "Your dgamma and dbeta have an entry for every sample. gamma and beta act on all samples, so the "
        "contributions add up.",
    ),
    Mistake(
        "divides by the variance",
        {"gamma / std": "gamma / std**2"},
        "Your dx divides by the variance instead of the standard deviation.",
    ),
    Mistake(
        "the variance's path without the normalized x",
        {"by_var = x_hat * ": "by_var = "},
        "The part of your dx that comes through the variance is the same for all samples of a column. How much a "
        "sample changes the variance depends on its distance from the mean.",
    ),
    Mistake(
        "keeps the dimensions",
        {
            "dbeta = dy.sum(axis=0)": "dbeta = dy.sum(axis=0, keepdims=True)",
            "dgamma = (dy * x_hat).sum(axis=0)": "dgamma = (dy * x_hat).sum(axis=0, keepdims=True)",
        },
        "Your dgamma and dbeta have shape (1, D). They should have shape (D,), like gamma and beta.",
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
        "You write into the arrays of the cache, so a second call with the same cache gives a different result.",
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
        in_place("dy"),
    ),
)

KNOWN = Known(batch_norm_backward, batches_with_slopes, MISTAKES, use=gradients, needs=(batch_norm_forward,))
