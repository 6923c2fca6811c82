"""Known mistakes in `batch_norm2d_forward`."""

import numpy as np

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.cnn.shared import images
from bngrader.check.mistakes.common import dtype_of, in_place


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
        "You normalize every pixel by itself, over the batch alone, as a dense layer does. Height and width "
        "belong to the channel's statistics too.",
    ),
    Mistake(
        "instance normalization",
        {"axes = (0, 2, 3)": "axes = (2, 3)"},
        "You normalize each image by itself: that is instance normalization. BN takes one mean for a channel "
        "of all images of the batch.",
    ),
    Mistake(
        "layer normalization",
        {"axes = (0, 2, 3)": "axes = (1, 2, 3)"},
        "You take the statistics over the channels of one image: that is layer normalization. Each channel "
        "has its own mean, over all images.",
    ),
    Mistake(
        "one mean for everything",
        {"axes = (0, 2, 3)": "axes = (0, 1, 2, 3)"},
        "You take one mean and one variance of the whole array. Each channel has its own.",
    ),
    Mistake(
        "channel last",
        {"axes = (0, 2, 3)": "axes = (0, 1, 2)"},
        "You treat the last axis as the channels. Here the channel comes second, as in PyTorch.",
    ),
    Mistake(
        "rows by reshape",
        forward_on_rows,
        "You reshape (N, C, H, W) to rows of C numbers. That mixes the channels: reshape keeps the order in "
        "memory, and the channel axis has to become the last one before.",
    ),
    Mistake(
        "stays in rows",
        forward_to_rows,
        "Your y has one row for each pixel. Bring it back to the shape of x, (N, C, H, W).",
    ),
    Mistake(
        "unbiased variance",
        {"x.var(axis=axes, keepdims=True)": "x.var(axis=axes, keepdims=True, ddof=min(1, x[:, 0].size - 1))"},
        "Your variance divides by m - 1. The variance that normalizes is the biased one: it divides by m.",
    ),
    Mistake(
        "eps outside of the root",
        {"1 / np.sqrt(var + eps)": "1 / (np.sqrt(var) + eps)"},
        "You add eps to the standard deviation. It is added to the variance, inside the square root.",
    ),
    Mistake(
        "no eps",
        {"1 / np.sqrt(var + eps)": "1 / np.sqrt(var)"},
        "You leave eps out: a constant channel is divided by 0, and a channel that varies little comes out too large.",
        loose=True,
    ),
    Mistake(
        "eps not from the argument",
        {"1 / np.sqrt(var + eps)": "1 / np.sqrt(var + 1e-5)"},
        "You use an eps of 1e-5 whatever eps is given.",
    ),
    Mistake(
        "divides by the variance",
        {"1 / np.sqrt(var + eps)": "1 / (var + eps)"},
        "You divide by the variance. The standard deviation is its square root.",
    ),
    Mistake(
        "no gamma and beta",
        {"y = gamma * x_hat + beta": "y = x_hat + 0 * (gamma + beta)"},
        "You return x_hat itself: gamma and beta are not used.",
    ),
    Mistake(
        "shift before scale",
        {"y = gamma * x_hat + beta": "y = gamma * (x_hat + beta)"},
        "You multiply beta by gamma too. x_hat is scaled first, and then shifted.",
    ),
    Mistake(
        "gamma and beta along the width",
        {Every("[:, None, None]"): ""},
        "You let gamma and beta run along the last axis, the width. NumPy lines up axes from the right; "
        "gamma belongs to the channels, the second axis.",
    ),
    Mistake(
        "gamma and beta swapped",
        {"y = gamma * x_hat + beta": "y = beta * x_hat + gamma"},
        "You scale by beta and shift by gamma. It is the other way round.",
    ),
    Mistake(
        "mean of variances",
        {"x.var(axis=axes, keepdims=True)": "x.var(axis=0, keepdims=True).mean(axis=(2, 3), keepdims=True)"},
        "You average the variances of the pixels. How far the pixels' means lie apart is missing: take the "
        "variance of all m values at once.",
    ),
    Mistake(
        "divides by N",
        {
            "x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)": (
                "x.sum(axis=axes, keepdims=True) / len(x), 0\n"
                "    var = ((x - mean) ** 2).sum(axis=axes, keepdims=True) / len(x)"
            )
        },
        "You divide the sums by the number of images. A channel has m = N * H * W values.",
    ),
    Mistake(
        "another default for eps",
        ({"eps=1e-5": "eps=1e-3"}, {"eps=1e-5": "eps=1e-8"}, {"eps=1e-5": "eps"}),
        "Where no eps is given, it is 1e-5.",
    ),
    Mistake(
        "back by reshape",
        {"y.astype(dtype), (x_hat": ("y.transpose(0, 2, 3, 1).reshape(x.shape).astype(dtype), (x_hat")},
        "You go back from rows of channels to (N, C, H, W) by reshape alone. The axes have to be put back "
        "into their order.",
    ),
    Mistake(
        "one pass",
        {
            "x.var(axis=axes, keepdims=True)": (
                "np.maximum((x**2).mean(axis=axes, keepdims=True) - x.mean(axis=axes, keepdims=True) ** 2, 0)"
            )
        },
        "Your variance is the mean of the squares less the square of the mean. Where the mean is large "
        "against the spread, two nearly equal numbers are subtracted, and the digits are gone.",
        loose=True,
    ),
    Mistake(
        "always float64",
        {dtype_of("x"): "float"},
        "Your y is float64 whatever comes in. float32 in, float32 out.",
    ),
    Mistake(
        "integers stay integers",
        forward_in_integers,
        "You return integers where x holds integers, and cut off what is behind the point. Integers are "
        "taken as float64.",
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
        "You return y alone. The backward pass needs a cache, so return both.",
    ),
    Mistake(
        "cache first",
        {"return y.astype(dtype), (x_hat, gamma, inv_std)": "return (x_hat, gamma, inv_std), y.astype(dtype)"},
        "You return the cache first. y comes first, then the cache.",
    ),
)

KNOWN = Known(batch_norm2d_forward, images, MISTAKES, use=normalized)
