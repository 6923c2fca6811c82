"""Known mistakes in `batch_norm`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.norm_types.shared import COMMON, images, over_other_axes


def batch_norm(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    axes = (0, 2, 3)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    h = (x - mean) / np.sqrt(var + eps)
    y = gamma[:, None, None] * h + beta[:, None, None]
    return y.astype(dtype)


MISTAKES = (
    *over_other_axes("batch norm"),
    Mistake(
        "channels last",
        {
            "axes = (0, 2, 3)": "axes = (0, 1, 2)",
            "gamma[:, None, None] * h + beta[:, None, None]": "gamma * h + beta",
        },
        (
            "You treat the last axis as the channels. Here the channels are axis 1, because the axes are samples, "
            "channels, rows, columns."
        ),
    ),
    *COMMON,
)

KNOWN = Known(batch_norm, images, MISTAKES)
