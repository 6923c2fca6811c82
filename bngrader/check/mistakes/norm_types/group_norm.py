"""Known mistakes in `group_norm`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.norm_types.shared import COMMON, images


def group_norm(x, groups, gamma, beta, eps=1e-5):
    n, c, height, width = x.shape
    if c % groups:
        raise ValueError("groups must divide the channels")
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    x = x.reshape(n, groups, c // groups, height, width)
    axes = (2, 3, 4)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    h = (x - mean) / np.sqrt(var + eps)
    h = h.reshape(n, c, height, width)
    y = gamma[:, None, None] * h + beta[:, None, None]
    return y.astype(dtype)


def group_norm_of_entries(x, groups, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    v = x.astype(float).reshape(len(x), groups, -1)
    h = (v - v.mean(axis=2, keepdims=True)) / np.sqrt(v.var(axis=2, keepdims=True) + eps)
    y = gamma[:, None, None] * h.reshape(x.shape) + beta[:, None, None]
    return y.astype(dtype)


def images_in_groups(rng):
    for x, *rest in images(rng, c=6, two=(1, 6, 1, 1)):
        yield x, 3, *rest
    for c, groups in [(4, 1), (4, 4), (4, 2)]:
        yield rng.normal(size=(2, c, 2, 3)) + np.arange(c)[:, None, None], groups, np.ones(c), np.zeros(c)
    for c, groups in [(3, 2), (2, 4)]:
        yield rng.normal(size=(1, c, 2, 2)), groups, np.ones(c), np.zeros(c)


SPLIT = "x.reshape(n, groups, c // groups, height, width)"

MISTAKES = (
    Mistake(
        "groups of so many channels",
        {SPLIT: "x.reshape(n, c // groups, groups, height, width)"},
        "You take the argument groups for the number of channels in a group. It is the number of groups.",
    ),
    Mistake(
        "every k-th channel",
        {
            SPLIT: "x.reshape(n, c // groups, groups, height, width).swapaxes(1, 2)",
            "h = h.reshape(": "h = h.swapaxes(1, 2).reshape(",
        },
        "Your groups take every k-th channel. Each group should consist of neighboring channels.",
    ),
    Mistake(
        "no error",
        group_norm_of_entries,
        ("You accept a number of groups that does not divide the number of channels. This should raise a ValueError."),
    ),
    Mistake(
        "another error",
        (
            {"raise ValueError": "raise AssertionError"},
            {"raise ValueError": "raise Exception"},
            {"raise ValueError": "raise TypeError"},
        ),
        (
            "You raise an error when the number of groups does not divide the number of channels, but it is not a "
            "ValueError."
        ),
    ),
    Mistake(
        "over the samples too",
        {"axes = (2, 3, 4)": "axes = (0, 2, 3, 4)"},
        ("You average over the samples as well. In group norm, the samples of a batch do not affect each other."),
    ),
    Mistake(
        "by channel in a group",
        {"axes = (2, 3, 4)": "axes = (3, 4)"},
        ("You give each channel its own mean, which is instance norm. The channels of a group should share one mean."),
    ),
    Mistake(
        "by position",
        {"axes = (2, 3, 4)": "axes = (2,)"},
        (
            "You average only over the channels of a group, so each position has its own mean. The average should "
            "include the rows and columns."
        ),
    ),
    Mistake(
        "groups ignored",
        {"axes = (2, 3, 4)": "axes = (1, 2, 3, 4)"},
        "You average over all channels of a sample, which is layer norm. Each group should have its own mean.",
    ),
    *COMMON,
)

KNOWN = Known(group_norm, images_in_groups, MISTAKES)
