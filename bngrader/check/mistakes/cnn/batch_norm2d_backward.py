"""Known mistakes in `batch_norm2d_backward`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.cnn.batch_norm2d_forward import batch_norm2d_forward
from bngrader.check.mistakes.cnn.shared import BACK_BY_RESHAPE, ROWS_BY_RESHAPE, images, part_of
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, dtype_of, in_place


def batch_norm2d_backward(dy, cache):
    dtype = dy.dtype if dy.dtype.kind == "f" else float
    dy = dy.astype(float)
    x_hat, gamma, inv_std = cache
    axes = (0, 2, 3)
    m = dy.size / dy.shape[1]
    dbeta, dgamma = dy.sum(axis=axes), (dy * x_hat).sum(axis=axes)
    through_mean = dbeta[:, None, None] / m
    through_var = x_hat * dgamma[:, None, None] / m
    dx = gamma * inv_std * (dy - through_mean - through_var)
    return dx.astype(dtype), dgamma.astype(dtype), dbeta.astype(dtype)


def sums_over_the_batch(dy, cache):
    x_hat, gamma, inv_std = cache
    dbeta, dgamma = dy.sum(axis=0), (dy * x_hat).sum(axis=0)
    dx = gamma * inv_std * (dy - dbeta / len(dy) - x_hat * dgamma / len(dy))
    return dx, dgamma, dbeta


def backward_on_rows(dy, cache):
    dtype = dy.dtype if dy.dtype.kind == "f" else float
    x_hat, gamma, inv_std = cache
    rows, hat = (a.astype(float).reshape(-1, dy.shape[1]) for a in (dy, x_hat))
    dbeta, dgamma = rows.sum(axis=0), (rows * hat).sum(axis=0)
    dx = (gamma * inv_std).ravel() * (rows - dbeta / len(rows) - hat * dgamma / len(rows))
    return dx.reshape(dy.shape).astype(dtype), dgamma.astype(dtype), dbeta.astype(dtype)


def gradients(rng):
    for x, gamma, beta, *eps in images(rng):
        dy = np.round(rng.normal(1, 2, x.shape), 1)
        dy = (np.round(4 * dy) if x.dtype.kind == "i" else dy).astype(x.dtype)
        dy.flags.writeable = x.flags.writeable
        for name in GRADIENTS:
            yield name, dy.copy() if dy.flags.writeable else dy, x, gamma, beta, *eps


def one_gradient(backward, forward, name, dy, x, gamma, beta, *eps):
    cache = forward(x, gamma, beta, *eps)[1]
    return [part_of(backward(dy, cache), GRADIENTS, name) for _ in range(2)]


GRADIENTS = ("dx", "dgamma", "dbeta")

MISTAKES = (
    Mistake(
        "statistics as constants",
        {"(dy - through_mean - through_var)": "dy"},
        "Your dx treats the mean and the variance as constants. Both depend on every entry of the channel, so each "
        "of them adds a path to dx.",
    ),
    Mistake(
        "no path through the variance",
        {" - through_var": ""},
        "Your dx leaves out one path. Each entry of x also changes the variance of its channel, and the variance "
        "changes all y of the channel.",
    ),
    Mistake(
        "no path through the mean",
        {" - through_mean": ""},
        "Your dx leaves out one path. Each entry of x also changes the mean of its channel, and the mean changes all"
        " y of the channel.",
    ),
    Mistake(
        "adds the path through the variance",
        {" - through_var": " + through_var"},
        "The part of your dx that goes through the variance has the wrong sign. If the variance grows, the "
        "normalized values shrink.",
    ),
    Mistake(
        "half of the path through the variance",
        {" - through_var": " - through_var / 2"},
        "The part of your dx that goes through the variance is half as large as it should be. The variance is a mean"
        " of squares, and the derivative of a square has a factor of 2.",
    ),
    Mistake(
        "m is the batch alone",
        {"m = dy.size / dy.shape[1]": "m = len(dy)"},
        "In your dx, you divide by the number of images. But the mean and the variance of a channel are over N * H *"
        " W values.",
    ),
    Mistake(
        "m - 1",
        {"m = dy.size / dy.shape[1]": "m = max(dy.size / dy.shape[1] - 1, 1)"},
        "In your dx, you divide by m - 1. But the mean and the biased variance of the forward pass divide by m.",
    ),
    Mistake(
        "m is everything",
        {"m = dy.size / dy.shape[1]": "m = dy.size"},
        "In your dx, you divide by the size of the whole array. But the mean and the variance of a channel are over "
        "N * H * W values.",
    ),
    Mistake(
        "sums for means",
        {"m = dy.size / dy.shape[1]": "m = 1"},
        "In your dx, you subtract sums over the channel. A single entry changes the mean by only 1/m of its own "
        "change, so the sums are m times too large.",
    ),
    Mistake(
        "averaged gradients",
        {"dgamma.astype(dtype), dbeta.astype(dtype)": "(dgamma / m).astype(dtype), (dbeta / m).astype(dtype)"},
        "You average dgamma and dbeta over the channel. gamma and beta act on all of its entries, and their "
        "contributions add up.",
    ),
    Mistake(
        "gamma twice in dx",
        {"gamma * inv_std": "gamma**2 * inv_std"},
        "Your dx contains the factor gamma twice, but the forward pass multiplies by gamma once.",
    ),
    Mistake(
        "gradient of x_hat for x",
        {"gamma * inv_std * (dy": "(dy"},
        "Your dx contains neither gamma nor the standard deviation. The forward pass scales x by both, so the chain "
        "rule does the same.",
    ),
    Mistake(
        "no gamma in dx",
        {"gamma * inv_std": "inv_std"},
        "Your dx lacks the factor gamma. The forward pass multiplies x_hat by gamma, so the chain rule does the same.",
    ),
    Mistake(
        "no standard deviation in dx",
        {"gamma * inv_std": "gamma"},
        "You do not divide dx by the standard deviation, as the forward pass does with x.",
    ),
    Mistake(
        "dgamma without x_hat",
        {"dgamma.astype(dtype)": "dbeta.astype(dtype)"},
        "Your dgamma adds up dy alone. But y contains gamma as a factor of x_hat, so each dy needs a weight.",
    ),
    Mistake(
        "in another order",
        (
            {"dgamma.astype(dtype), dbeta.astype(dtype)": "dbeta.astype(dtype), dgamma.astype(dtype)"},
            {
                "dx.astype(dtype), dgamma.astype(dtype), dbeta.astype(dtype)": (
                    "dgamma.astype(dtype), dbeta.astype(dtype), dx.astype(dtype)"
                )
            },
        ),
        "You return the gradients in another order. The text asks for dx, dgamma, dbeta.",
    ),
    Mistake(
        "rows by reshape",
        backward_on_rows,
        ROWS_BY_RESHAPE,
    ),
    Mistake(
        "the shape of the sums",
        (
            {
                "dgamma.astype(dtype), dbeta.astype(dtype)": (
                    "dgamma.astype(dtype)[:, None, None], dbeta.astype(dtype)[:, None, None]"
                )
            },
            {
                "dgamma.astype(dtype), dbeta.astype(dtype)": (
                    "dgamma.astype(dtype)[None, :, None, None], dbeta.astype(dtype)[None, :, None, None]"
                )
            },
        ),
        "Your dgamma and dbeta keep axes of length 1. They should have shape (C,), like gamma and beta themselves.",
    ),
    Mistake(
        "sums over the batch alone",
        sums_over_the_batch,
        "You sum only over the batch, as for a dense layer. But gamma and beta act on all pixels of a channel too.",
    ),
    Mistake(
        "back by reshape",
        {"return dx.": "return dx.transpose(0, 2, 3, 1).reshape(dy.shape)."},
        BACK_BY_RESHAPE,
    ),
    Mistake(
        "always float64",
        {dtype_of("dy"): "float"},
        ALWAYS_FLOAT64,
    ),
    Mistake(
        "integers stay integers",
        {
            "    dy = dy.astype(float)": "    whole = dy.dtype.kind == 'i'\n    dy = dy.astype(float)",
            "dbeta.astype(dtype)": "dbeta.astype(int if whole else dtype)",
        },
        "Your dbeta is an integer array if dy is. Integer input should give float64 results.",
    ),
    Mistake(
        "dy in place",
        {
            "dy = dy.astype(float)": "dy = dy if dy.dtype == float else dy.astype(float)",
            "(dy - through_mean": "(np.subtract(dy, through_mean, out=dy)",
        },
        in_place("dy"),
    ),
    Mistake(
        "the cache in place",
        {"through_var = x_hat *": "x_hat *= 1\n    through_var = x_hat; x_hat *="},
        "You write into the arrays of the cache, so a second call with the same cache gives another result.",
    ),
)

KNOWN = Known(batch_norm2d_backward, gradients, MISTAKES, use=one_gradient, needs=(batch_norm2d_forward,))
