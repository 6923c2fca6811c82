"""Known mistakes in `instance_norm`."""

import numpy as np

from bngrader.check.mistakes import Known
from bngrader.check.mistakes.norm_types.shared import COMMON, images, over_other_axes


def instance_norm(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    axes = (2, 3)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    h = (x - mean) / np.sqrt(var + eps)
    y = gamma[:, None, None] * h + beta[:, None, None]
    return y.astype(dtype)


def channels_of_two(rng):
    return images(rng, two=(1, 3, 2, 1))


MISTAKES = (*over_other_axes("instance norm"), *COMMON)

KNOWN = Known(instance_norm, channels_of_two, MISTAKES)
