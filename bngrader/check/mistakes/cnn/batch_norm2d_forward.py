"""Known mistakes in `batch_norm2d_forward`."""

import numpy as np

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.cnn.shared import BACK_BY_RESHAPE, ROWS_BY_RESHAPE, images
from bngrader.check.mistakes.common import (
    ALWAYS_FLOAT64,
    BETA_TIMES_GAMMA,
    EPS_DEFAULT,
    EPS_IGNORED,
    EPS_OUTSIDE,
    GAMMA_BETA_SWAPPED,
    INTEGERS,
    NO_ROOT,
    ONE_PASS,
    dtype_of,
    in_place,
)


def batch_norm2d_forward(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    axes = (0, 2, 3)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    gamma, beta = gamma.astype(float)[:, None, None], beta.astype(float)[:, None, None]
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = (x - mean) * inv_std
    y = gamma * x_hat + beta
    return y.astype(dtype), (x_hat, gamma, inv_std)


def forward_to_rows(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    rows = x.astype(float).transpose(0, 2, 3, 1).reshape(-1, x.shape[1])
    x_hat = (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + eps)
    return (gamma * x_hat + beta).astype(dtype), (x_hat, gamma, eps)


def forward_on_rows(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    rows = x.astype(float).reshape(-1, x.shape[1])
    inv_std = 1 / np.sqrt(rows.var(axis=0) + eps)
    x_hat = (rows - rows.mean(axis=0)) * inv_std
    y = gamma * x_hat + beta
    return y.reshape(x.shape).astype(dtype), (x_hat, gamma, inv_std)


def forward_in_integers(x, gamma, beta, eps=1e-5):
    mean, var = x.mean(axis=(0, 2, 3), keepdims=True), x.astype(float).var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x.astype(float) - mean) / np.sqrt(var + eps)
    y = gamma.astype(float)[:, None, None] * x_hat + beta.astype(float)[:, None, None]
    return y.astype(x.dtype), (x_hat, gamma, var)


def normalized(forward, x, gamma, beta, *eps):
    returned = forward(x, gamma, beta, *eps)
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        return "no pair"
    return returned[0] if isinstance(returned[0], np.ndarray) else "no array first"


MISTAKES = (
    Mistake(
        "as in a dense layer",
        {"axes = (0, 2, 3)": "axes = (0,)"},
        "You normalize each pixel position separately, over the batch only, as a dense layer does. The statistics of"
        " a channel include all its rows and columns.",
    ),
    Mistake(
        "instance normalization",
        {"axes = (0, 2, 3)": "axes = (2, 3)"},
        "You normalize each image separately, which is instance normalization. BN computes the mean of a channel "
        "over all images in the batch.",
    ),
    Mistake(
        "layer normalization",
        {"axes = (0, 2, 3)": "axes = (1, 2, 3)"},
        "You average over the channels of each image, which is layer normalization. In BN, each channel has its own "
        "mean over all images.",
    ),
    Mistake(
        "one mean for everything",
        {"axes = (0, 2, 3)": "axes = (0, 1, 2, 3)"},
        "You compute one mean and one variance over the whole array. Each channel needs its own, because each comes "
        "from another filter.",
    ),
    Mistake(
        "channel last",
        {"axes = (0, 2, 3)": "axes = (0, 1, 2)"},
        "You treat the last axis as the channels. In this assignment the channels are the second axis, as in PyTorch.",
    ),
    Mistake(
        "rows by reshape",
        forward_on_rows,
        ROWS_BY_RESHAPE,
    ),
    Mistake(
        "stays in rows",
        forward_to_rows,
        "Your y has one row per pixel. It should have the shape of x, (N, C, H, W).",
    ),
    Mistake(
        "unbiased variance",
        {"x.var(axis=axes, keepdims=True)": "x.var(axis=axes, keepdims=True, ddof=min(1, x[:, 0].size - 1))"},
        "Your variance divides the sum of squares by m - 1. BN normalizes by the biased variance, which divides the "
        "sum by m.",
    ),
    Mistake(
        "eps outside the root",
        {"1 / np.sqrt(var + eps)": "1 / (np.sqrt(var) + eps)"},
        EPS_OUTSIDE,
    ),
    Mistake(
        "no eps",
        {"1 / np.sqrt(var + eps)": "1 / np.sqrt(var)"},
        "You leave out eps. So you divide by 0 if a channel is constant, and y is too large if a channel varies only"
        " a little.",
        loose=True,
    ),
    Mistake(
        "eps not from the argument",
        {"1 / np.sqrt(var + eps)": "1 / np.sqrt(var + 1e-5)"},
        EPS_IGNORED,
    ),
    Mistake(
        "divides by the variance",
        {"1 / np.sqrt(var + eps)": "1 / (var + eps)"},
        NO_ROOT,
    ),
    Mistake(
        "no gamma and beta",
        {"y = gamma * x_hat + beta": "y = x_hat + 0 * (gamma + beta)"},
        "You return x_hat as it is, so gamma and beta have no effect.",
    ),
    Mistake(
        "shift before scale",
        {"y = gamma * x_hat + beta": "y = gamma * (x_hat + beta)"},
        BETA_TIMES_GAMMA,
    ),
    Mistake(
        "gamma and beta along the width",
        {Every("[:, None, None]"): ""},
        "Your gamma and beta run along the last axis, the width, because NumPy aligns shapes from the right. They "
        "should run along the channels, the second axis.",
    ),
    Mistake(
        "gamma and beta swapped",
        {"y = gamma * x_hat + beta": "y = beta * x_hat + gamma"},
        GAMMA_BETA_SWAPPED,
    ),
    Mistake(
        "mean of variances",
        {"x.var(axis=axes, keepdims=True)": "x.var(axis=0, keepdims=True).mean(axis=(2, 3), keepdims=True)"},
        "You average the variances of the pixel positions, so you leave out the differences between their means. The"
        " variance of a channel is over all its m values at once.",
    ),
    Mistake(
        "divides by N",
        {
            "x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)": (
                "x.sum(axis=axes, keepdims=True) / len(x), 0\n"
                "    var = ((x - mean) ** 2).sum(axis=axes, keepdims=True) / len(x)"
            )
        },
        "You divide the sums by the number of images. But a channel has N * H * W values.",
    ),
    Mistake(
        "another default for eps",
        ({"eps=1e-5": "eps=1e-3"}, {"eps=1e-5": "eps=1e-8"}, {"eps=1e-5": "eps"}),
        EPS_DEFAULT,
    ),
    Mistake(
        "back by reshape",
        {"y.astype(dtype), (x_hat": ("y.transpose(0, 2, 3, 1).reshape(x.shape).astype(dtype), (x_hat")},
        BACK_BY_RESHAPE,
    ),
    Mistake(
        "one pass",
        {
            "x.var(axis=axes, keepdims=True)": (
                "np.maximum((x**2).mean(axis=axes, keepdims=True) - x.mean(axis=axes, keepdims=True) ** 2, 0)"
            )
        },
        ONE_PASS,
        loose=True,
    ),
    Mistake(
        "always float64",
        {dtype_of("x"): "float"},
        ALWAYS_FLOAT64,
    ),
    Mistake(
        "integers stay integers",
        forward_in_integers,
        INTEGERS,
    ),
    Mistake(
        "in place",
        {
            "x = x.astype(float)": "x = x if x.dtype == float else x.astype(float)",
            "(x - mean)": "np.subtract(x, mean, out=x)",
        },
        in_place("x"),
    ),
    Mistake(
        "y alone",
        {"y.astype(dtype), (x_hat, gamma, inv_std)": "y.astype(dtype)"},
        "You return only y. The caller expects y and the cache, which the backward pass needs.",
    ),
    Mistake(
        "cache first",
        {"return y.astype(dtype), (x_hat, gamma, inv_std)": "return (x_hat, gamma, inv_std), y.astype(dtype)"},
        "You return the cache first. The text asks for y first and the cache second.",
    ),
)

KNOWN = Known(batch_norm2d_forward, images, MISTAKES, use=normalized)
