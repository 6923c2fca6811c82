"""Inputs and mistakes that the four normalizations share."""

import itertools

import numpy as np

from bngrader.check.mistakes import Every, Mistake
from bngrader.check.mistakes.common import (
    ALWAYS_FLOAT64,
    BETA_TIMES_GAMMA,
    EPS_DEFAULT,
    EPS_IGNORED,
    EPS_OUTSIDE,
    INTEGERS,
    NO_BETA,
    NO_GAMMA_AND_BETA,
    NO_ROOT,
    ONE_PASS,
    dtype_of,
    frozen,
    in_place,
)


def images(rng, c=3, two=(2, 3, 1, 1)):
    """Draw batches of images with gamma, beta and sometimes eps. In the shape `two`, each mean is over two entries."""
    ones, zeros, gamma, beta = np.ones(c), np.zeros(c), rng.uniform(2, 3, c), rng.uniform(3, 5, c)
    far = np.arange(c)[:, None, None] * 4 + rng.integers(1, 4, (2, 1, 1, 1))
    yield np.round(rng.normal(size=(2, c, 2, 1)) * 4) + far + 0.5, ones, zeros
    yield rng.normal(size=(2, c, 3, 2)) + far, ones, zeros
    yield rng.normal(size=(2, c, 2, 4)) + far, gamma, zeros
    yield rng.normal(size=(2, c, 2, 4)) + far, ones, beta
    yield rng.normal(size=(2, c, 2, c)) + far, gamma, beta
    yield rng.normal(size=(2, c, 2, 4)) + far, ones, zeros, 0.7
    yield 1e-3 * (rng.normal(size=(2, c, 2, 4)) + far), ones, zeros
    yield tuple(a.astype(np.float32) for a in (rng.normal(size=(2, c, 2, 4)) + far, ones, zeros))
    yield tuple(a.astype(int) for a in (rng.integers(-9, 9, (2, c, 2, 4)) + far, ones, zeros))
    # Two entries, ten billion and two more, whose squares are the same number in float64.
    yield 1e10 + np.arange(two[0] * two[1] * two[2] * two[3]).reshape(two) % 2 * 2.0, ones[: two[1]], zeros[: two[1]]
    yield *frozen((rng.normal(size=(4, 2 * c, 2, 4))[::2, ::2] + far)[:, :, ::-1]), ones, zeros


def listed(axes):
    *first, last = (WORDS[axis] for axis in axes)
    return f"{', '.join(first)} and {last}" if first else last


def over_other_axes(norm):
    """Yield a mistake for every wrong choice of axes for the statistics."""
    right = AXES[norm]
    for size in (1, 2, 3, 4):
        for axes in itertools.combinations(range(4), size):
            if axes != right:
                called = f", which is {NAMES[axes]}" if axes in NAMES else ""
                rule = f"{norm.capitalize()} computes one mean and one variance {SETS[norm]}, over the {listed(right)}"
                hint = f"You average over the {listed(axes)}{called}. {rule}."
                yield Mistake(f"over {listed(axes)}", {f"axes = {right}": f"axes = {axes}"}, hint)


AXES = {"batch norm": (0, 2, 3), "layer norm": (1, 2, 3), "instance norm": (2, 3)}
SETS = {"batch norm": "per channel", "layer norm": "per sample", "instance norm": "per channel of each sample"}
NAMES = {axes: norm for norm, axes in AXES.items()}
WORDS = ("samples", "channels", "rows", "columns")
OTHER_EPS = ("1e-8", "1e-3", "1e-6", "1e-12")
# Mistakes that are possible in each of the four normalizations.
COMMON = (
    Mistake(
        "divides by m - 1",
        {"x.var(axis=axes, keepdims=True)": "x.var(axis=axes, keepdims=True, ddof=1)"},
        "Your variance divides the sum of squares by m - 1. The biased variance divides it by m.",
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + eps)": "(var + eps)"},
        NO_ROOT,
    ),
    Mistake(
        "eps outside the root",
        {"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
        EPS_OUTSIDE,
    ),
    Mistake(
        "no eps",
        {"np.sqrt(var + eps)": "np.sqrt(var)"},
        (
            "You leave out eps. Without it, the result is wrong where the variance is small and not even finite where "
            "the variance is 0."
        ),
    ),
    Mistake(
        "eps fixed",
        tuple({"var + eps": f"var + {eps}"} for eps in ("1e-5", *OTHER_EPS[:-1])),
        EPS_IGNORED,
    ),
    Mistake(
        "another default for eps",
        tuple({"eps=1e-5": f"eps={eps}"} for eps in OTHER_EPS),
        EPS_DEFAULT,
    ),
    Mistake(
        "forgets gamma",
        {"gamma[:, None, None] * h": "h"},
        "You do not multiply the channels by gamma, so the scale that the layer learns has no effect.",
    ),
    Mistake("forgets beta", {" + beta[:, None, None]": ""}, NO_BETA),
    Mistake(
        "neither gamma nor beta",
        {"gamma[:, None, None] * h + beta[:, None, None]": "h"},
        NO_GAMMA_AND_BETA,
    ),
    Mistake(
        "shifts before it scales",
        {"gamma[:, None, None] * h + beta[:, None, None]": "gamma[:, None, None] * (h + beta[:, None, None])"},
        BETA_TIMES_GAMMA,
    ),
    Mistake(
        "gamma by column",
        {"gamma[:, None, None] * h + beta[:, None, None]": "gamma * h + beta"},
        (
            "Your gamma and beta run along the last axis, which holds the columns of an image. They belong to the "
            "channels."
        ),
    ),
    Mistake(
        "gamma into the statistics",
        {"x = x.astype(float)\n": "x = x.astype(float) * gamma[:, None, None]\n", "gamma[:, None, None] * h": "h"},
        (
            "You multiply by gamma before you normalize. So gamma enters the mean and the variance, and normalizing "
            "undoes the scaling, wholly or in part."
        ),
    ),
    Mistake(
        "one pass",
        {
            "x.var(axis=axes, keepdims=True)": "((x**2).mean(axis=axes, keepdims=True) - "
            "x.mean(axis=axes, keepdims=True) ** 2)"
        },
        ONE_PASS,
    ),
    Mistake(
        "means without their dimensions",
        {Every("axis=axes, keepdims=True"): "axis=axes"},
        (
            "Your mean and variance have lost the axes that you averaged over, so NumPy aligns them with the wrong "
            "axes of x."
        ),
    ),
    Mistake(
        "computes in float32",
        (
            {"x = x.astype(float)\n": "x = x.astype(np.float32)\n"},
            {dtype_of("x"): "np.float32", "x = x.astype(float)\n": "x = x.astype(np.float32)\n"},
            {dtype_of("x"): "np.float32"},
        ),
        "You convert values to float32. float64 input should give float64 results with all their digits.",
    ),
    Mistake("always float64", {dtype_of("x"): "float"}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {dtype_of("x"): "x.dtype"}, INTEGERS),
    Mistake(
        "works in place",
        {
            "x = x.astype(float)\n": 'x = x if x.dtype.kind == "f" else x.astype(float)\n',
            "h = (x - mean) / np.sqrt(var + eps)": "x -= mean\n    x /= np.sqrt(var + eps)\n    h = x",
        },
        in_place("x"),
    ),
)
