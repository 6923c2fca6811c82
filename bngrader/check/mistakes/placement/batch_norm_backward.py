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
        "Your dx leaves out one path. Each entry of x also changes the mean of its column, and the mean changes "
        "every y of that column.",
    ),
    Mistake(
        "no path through the variance",
        {" - by_var": ""},
        "Your dx leaves out one path. Each entry of x also changes the variance of its column, and the variance "
        "changes every y of that column.",
    ),
    Mistake(
        "mean and variance as constants",
        {" - by_mean - by_var": ""},
        "Your dx treats the mean and the variance as constants. Both depend on x, so each of them adds a path to dx.",
    ),
    Mistake(
        "wrong sign of the variance's path",
        {" - by_var": " + by_var"},
        "The part of your dx that goes through the variance has the wrong sign. If the variance grows, the "
        "normalized values shrink.",
    ),
    Mistake(
        "sums for means",
        {"dy.mean(axis=0)": "dy.sum(axis=0)", "(dy * x_hat).mean(axis=0)": "(dy * x_hat).sum(axis=0)"},
        "In your dx, the parts through the mean and the variance are N times too large. A single entry changes the "
        "mean of its column by only 1/N of its own change.",
    ),
    Mistake(
        "N - 1 in the variance's path",
        {"(dy * x_hat).mean(axis=0)": "(dy * x_hat).sum(axis=0) / max(len(dy) - 1, 1)"},
        "The part of your dx that goes through the variance divides by N - 1, but the variance in the forward pass "
        "divides by N.",
    ),
    Mistake(
        "one mean for the whole batch",
        {"dy.mean(axis=0)": "dy.mean()", "(dy * x_hat).mean(axis=0)": "(dy * x_hat).mean()"},
        "In your dx, you average over all entries of the batch. Each column has its own mean and variance, so the "
        "averages belong to the columns too.",
    ),
    Mistake(
        "dx without gamma",
        {"gamma / std": "1 / std"},
        "Your dx lacks the factor gamma. The forward pass multiplies x_hat by gamma, so the chain rule does the same.",
    ),
    Mistake(
        "dx without the scale",
        {"gamma / std": "gamma"},
        "Your dx lacks the factor 1 / sqrt(var + eps), by which the forward pass scales x.",
    ),
    Mistake(
        "std without eps",
        {"gamma / std": "gamma / (std * x_hat.std(axis=0))"},
        "Your dx divides by a standard deviation without eps, but the forward pass has eps under the root.",
    ),
    Mistake(
        "dx divided by N",
        {"dx = gamma / std": "dx = gamma / std / len(dy)"},
        "Your dx is N times too small, because you divide it by N once too often.",
    ),
    Mistake(
        "dgamma is a mean",
        (
            {"dy.sum(axis=0)": "dy.mean(axis=0)", "(dy * x_hat).sum(axis=0)": "(dy * x_hat).mean(axis=0)"},
            {"(dy * x_hat).sum(axis=0)": "(dy * x_hat).mean(axis=0)"},
            {"dy.sum(axis=0)": "dy.mean(axis=0)"},
        ),
        "Your dgamma or dbeta is an average over the batch. gamma and beta act on every sample, and the "
        "contributions of the samples add up.",
    ),
    Mistake(
        "dgamma without the normalized x",
        {"dgamma = (dy * x_hat)": "dgamma = (dy * 1)"},
        "Your dgamma adds up dy alone. But y contains gamma as a factor of the normalized x, so each dy needs a "
        "weight.",
    ),
    Mistake(
        "dgamma times gamma",
        {"dgamma = (dy * x_hat)": "dgamma = (dy * gamma * x_hat)"},
        "Your dgamma contains gamma as a factor. But y is linear in gamma, so its derivative does not depend on gamma.",
    ),
    Mistake(
        "another order",
        {"dgamma.astype(dtype), dbeta.astype(dtype)": "dbeta.astype(dtype), dgamma.astype(dtype)"},
        "You return dbeta before dgamma. The text asks for dx, dgamma, dbeta, in this order.",
    ),
    Mistake(
        "not summed",
        {"dy.sum(axis=0)": "dy.copy()", "(dy * x_hat).sum(axis=0)": "dy * x_hat"},
        "Your dgamma and dbeta have one entry per sample. But gamma and beta are shared by all samples, so their "
        "contributions add up.",
    ),
    Mistake(
        "divides by the variance",
        {"gamma / std": "gamma / std**2"},
        "Your dx divides by the variance. The forward pass divides by its square root, the standard deviation.",
    ),
    Mistake(
        "the variance's path without the normalized x",
        {"by_var = x_hat * ": "by_var = "},
        "The part of your dx that goes through the variance is the same for all samples of a column. But how much a "
        "sample changes the variance depends on its distance from the mean.",
    ),
    Mistake(
        "keeps the dimensions",
        {
            "dbeta = dy.sum(axis=0)": "dbeta = dy.sum(axis=0, keepdims=True)",
            "dgamma = (dy * x_hat).sum(axis=0)": "dgamma = (dy * x_hat).sum(axis=0, keepdims=True)",
        },
        "Your dgamma and dbeta have shape (1, D). They should have shape (D,), like gamma and beta themselves.",
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
        "You write into the arrays of the cache, so a second call with the same cache gives another result.",
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
