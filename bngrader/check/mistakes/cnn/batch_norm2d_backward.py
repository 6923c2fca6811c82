"""Known mistakes in `batch_norm2d_backward`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.cnn.batch_norm2d_forward import batch_norm2d_forward
from bngrader.check.mistakes.cnn.shared import images, part_of
from bngrader.check.mistakes.common import dtype_of, in_place


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
        "Your dx takes mean and variance for constants. Both depend on every x of the channel, and pass the "
        "gradient on.",
    ),
    Mistake(
        "no path through the variance",
        {" - through_var": ""},
        "Your dx misses the path through the variance: each x moves it, and with it all of the channel.",
    ),
    Mistake(
        "no path through the mean",
        {" - through_mean": ""},
        "Your dx misses the path through the mean: each x moves it, and with it all of the channel.",
    ),
    Mistake(
        "adds the path through the variance",
        {" - through_var": " + through_var"},
        "In your dx the path through the variance has the wrong sign.",
    ),
    Mistake(
        "half of the path through the variance",
        {" - through_var": " - through_var / 2"},
        "In your dx the path through the variance has half its weight: the variance is a mean of squares, and "
        "a square has a factor 2 in its derivative.",
    ),
    Mistake(
        "m is the batch alone",
        {"m = dy.size / dy.shape[1]": "m = len(dy)"},
        "Your dx divides by the number of images. The mean of a channel is taken of m = N * H * W values.",
    ),
    Mistake(
        "m - 1",
        {"m = dy.size / dy.shape[1]": "m = max(dy.size / dy.shape[1] - 1, 1)"},
        "Your dx divides by m - 1. Mean and biased variance divide by m.",
    ),
    Mistake(
        "m is everything",
        {"m = dy.size / dy.shape[1]": "m = dy.size"},
        "Your dx divides by the size of the whole array. A channel has m = N * H * W values.",
    ),
    Mistake(
        "sums for means",
        {"m = dy.size / dy.shape[1]": "m = 1"},
        "Your dx subtracts the sums of the channel. Mean and variance are means: each entry has a share of "
        "1 / m in them.",
    ),
    Mistake(
        "averaged gradients",
        {"dgamma.astype(dtype), dbeta.astype(dtype)": "(dgamma / m).astype(dtype), (dbeta / m).astype(dtype)"},
        "You average dgamma and dbeta over the channel. gamma acts on all of its entries, so their "
        "contributions add up.",
    ),
    Mistake(
        "gamma twice in dx",
        {"gamma * inv_std": "gamma**2 * inv_std"},
        "Your dx has gamma in it twice.",
    ),
    Mistake(
        "gradient of x_hat for x",
        {"gamma * inv_std * (dy": "(dy"},
        "Your dx has neither gamma nor the standard deviation in it: x reaches y through gamma * x_hat, and "
        "x_hat is divided by the standard deviation.",
    ),
    Mistake(
        "no gamma in dx",
        {"gamma * inv_std": "inv_std"},
        "Your dx forgets gamma: x reaches y through gamma * x_hat.",
    ),
    Mistake(
        "no standard deviation in dx",
        {"gamma * inv_std": "gamma"},
        "Your dx forgets to divide by the standard deviation: x reaches x_hat through it.",
    ),
    Mistake(
        "dgamma without x_hat",
        {"dgamma.astype(dtype)": "dbeta.astype(dtype)"},
        "Your dgamma adds up dy alone. gamma is multiplied by x_hat, so each dy counts x_hat times.",
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
        "Your gradients are in another order: return dx, dgamma, dbeta.",
    ),
    Mistake(
        "rows by reshape",
        backward_on_rows,
        "You reshape (N, C, H, W) to rows of C numbers. That mixes the channels: the channel axis has to "
        "become the last one before.",
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
        "Your dgamma and dbeta keep axes of length 1. Each has shape (C,).",
    ),
    Mistake(
        "sums over the batch alone",
        sums_over_the_batch,
        "You add up over the batch alone, as in a dense layer. gamma and beta act on all pixels of a channel, "
        "so height and width are added up too.",
    ),
    Mistake(
        "back by reshape",
        {"return dx.": "return dx.transpose(0, 2, 3, 1).reshape(dy.shape)."},
        "You go back from rows of channels to (N, C, H, W) by reshape alone. The axes have to be put back into "
        "their order.",
    ),
    Mistake(
        "always float64",
        {dtype_of("dy"): "float"},
        "Your gradients are float64 whatever comes in. float32 in, float32 out.",
    ),
    Mistake(
        "integers stay integers",
        {
            "    dy = dy.astype(float)": "    whole = dy.dtype.kind == 'i'\n    dy = dy.astype(float)",
            "dbeta.astype(dtype)": "dbeta.astype(int if whole else dtype)",
        },
        "Where dy holds integers, so does your dbeta. Integers are taken as float64.",
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
        "You write into the cache: a second call with the same cache gives another result.",
    ),
)

KNOWN = Known(batch_norm2d_backward, gradients, MISTAKES, use=one_gradient, needs=(batch_norm2d_forward,))
