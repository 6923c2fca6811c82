"""Known mistakes in the assignment on normalization types."""

import itertools

import numpy as np

from bngrader.check.mistakes import Known, Mistake


def batch_norm(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    axes = (0, 2, 3)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    h = (x - mean) / np.sqrt(var + eps)
    y = gamma[:, None, None] * h + beta[:, None, None]
    return y.astype(dtype)


def layer_norm(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    axes = (1, 2, 3)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    h = (x - mean) / np.sqrt(var + eps)
    y = gamma[:, None, None] * h + beta[:, None, None]
    return y.astype(dtype)


def instance_norm(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    axes = (2, 3)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    h = (x - mean) / np.sqrt(var + eps)
    y = gamma[:, None, None] * h + beta[:, None, None]
    return y.astype(dtype)


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


def zca_whiten(x, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    centred = x - x.mean(axis=0)
    covariance = centred.T @ centred / len(x)
    values, vectors = np.linalg.eigh(covariance)
    z = centred @ vectors / np.sqrt(values + eps) @ vectors.T
    return z.astype(dtype)


def whiten_by_cholesky(x, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    centred = x - x.mean(axis=0)
    covariance = centred.T @ centred / len(x) + eps * np.eye(x.shape[1])
    z = centred @ np.linalg.inv(np.linalg.cholesky(covariance)).T
    return z.astype(dtype)


def whiten_by_svd(x, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    centred = x - x.mean(axis=0)
    left, s, _ = np.linalg.svd(centred, full_matrices=False)
    z = left * s / np.sqrt(s**2 / len(x) + eps)
    return z.astype(dtype)


def whiten_correlations(x, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    centred = (x - x.mean(axis=0)) / x.std(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(x))
    z = centred @ vectors / np.sqrt(values + eps) @ vectors.T
    return z.astype(dtype)


def images(rng, c=3, two=(2, 3, 1, 1)):
    """Batches of images with gamma, beta and perhaps eps, each for one idea; `two` is a shape with sets of two."""
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
    # Two entries, ten billion and two more: their squares are the same number.
    yield 1e10 + np.arange(two[0] * two[1] * two[2] * two[3]).reshape(two) % 2 * 2.0, ones[: two[1]], zeros[: two[1]]
    frozen = (rng.normal(size=(4, 2 * c, 2, 4))[::2, ::2] + far)[:, :, ::-1]
    frozen.flags.writeable = False
    yield frozen, ones, zeros


def samples_of_two(rng):
    return images(rng, two=(3, 1, 2, 1))


def channels_of_two(rng):
    return images(rng, two=(1, 3, 2, 1))


def images_in_groups(rng):
    for x, *rest in images(rng, c=6, two=(1, 6, 1, 1)):
        yield x, 3, *rest
    for c, groups in [(4, 1), (4, 4), (4, 2)]:
        yield rng.normal(size=(2, c, 2, 3)) + np.arange(c)[:, None, None], groups, np.ones(c), np.zeros(c)
    for c, groups in [(3, 2), (2, 4)]:
        yield rng.normal(size=(1, c, 2, 2)), groups, np.ones(c), np.zeros(c)


def tables(rng):
    mix = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    yield (np.array([[3.0, 1.0], [-3.0, -1.0], [1.0, 3.0], [-1.0, -3.0]]) * rng.uniform(1, 2) + 5,)
    yield (rng.normal(size=(12, 3)) @ mix,)
    yield (rng.normal(size=(12, 3)) @ mix + 5,)
    yield rng.normal(size=(12, 3)) @ mix, 0.7
    yield (1e-3 * rng.normal(size=(12, 3)) @ mix,)
    yield ((rng.normal(size=(12, 3)) @ mix).astype(np.float32),)
    yield (rng.integers(-9, 9, (12, 3)),)
    yield (1e10 + np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]]),)
    frozen = rng.normal(size=(12, 6))[:, ::2] @ mix
    frozen.flags.writeable = False
    yield (frozen,)


EIGH, ZCA = "values, vectors = np.linalg.eigh(covariance)", "centred @ vectors / np.sqrt(values + eps) @ vectors.T"
SPLIT = "x.reshape(n, groups, c // groups, height, width)"
DTYPE = 'x.dtype if x.dtype.kind == "f" else float'
AXES = {batch_norm: (0, 2, 3), layer_norm: (1, 2, 3), instance_norm: (2, 3), group_norm: (2, 3, 4)}
NAMES = {axes: function.__name__.replace("_", " ") for function, axes in AXES.items()}
WORDS = ("samples", "channels", "rows", "columns")
OTHER_EPS = ("1e-8", "1e-3", "1e-6", "1e-12")
ALWAYS_FLOAT64 = "Your result is float64 whatever comes in. float32 in, float32 out."
INTEGERS = "Your result has the integers' dtype, and is cut off. Integers are taken as float64."
IN_PLACE = "You write into the argument x: the caller's own data are changed. Work on a new array."


def over(function, name, axes, hint):
    """A mistake: the statistics of other axes than the function's."""
    return Mistake(name, {f"axes = {AXES[function]}": f"axes = {axes}"}, hint)


def listed(axes):
    *first, last = (WORDS[axis] for axis in axes)
    return f"{', '.join(first)} and {last}" if first else last


def over_other_axes(function):
    """The statistics of every other choice of axes, a mistake each."""
    right = AXES[function]
    for size in (1, 2, 3, 4):
        for axes in itertools.combinations(range(4), size):
            if axes != right:
                called = f": that is {NAMES[axes]}" if axes in NAMES else ""
                hint = f"You average over the {listed(axes)}{called}. In {NAMES[right]} it is over {listed(right)}."
                yield over(function, f"over {listed(axes)}", axes, hint)


# What goes wrong in each of the four normalizations.
COMMON = (
    Mistake(
        "divides by m - 1",
        {"x.var(axis=axes, keepdims=True)": "x.var(axis=axes, keepdims=True, ddof=1)"},
        "Your variance divides the sum of squares by m - 1. The biased variance divides it by m.",
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + eps)": "(var + eps)"},
        "You divide by the variance and not by its square root.",
    ),
    Mistake(
        "eps outside the root",
        {"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
        "You add eps to the standard deviation. It is added to the variance, before the root is taken.",
    ),
    Mistake("no eps", {"np.sqrt(var + eps)": "np.sqrt(var)"}, "You leave eps out: nothing is added to the variance."),
    Mistake(
        "eps fixed",
        tuple({"var + eps": f"var + {eps}"} for eps in ("1e-5", *OTHER_EPS[:-1])),
        "You always add the same number to the variance: the argument eps is not used.",
    ),
    Mistake(
        "another default for eps",
        tuple({"eps=1e-5": f"eps={eps}"} for eps in OTHER_EPS),
        "With an eps that is given you are right, without one you are not: the default should be 1e-5.",
    ),
    Mistake(
        "forgets gamma", {"gamma[:, None, None] * h": "h"}, "You do not multiply by gamma, or not all of the channels."
    ),
    Mistake("forgets beta", {" + beta[:, None, None]": ""}, "You do not add beta."),
    Mistake(
        "neither gamma nor beta",
        {"gamma[:, None, None] * h + beta[:, None, None]": "h"},
        "You normalize, but neither scale by gamma nor shift by beta afterwards.",
    ),
    Mistake(
        "shifts before it scales",
        {"gamma[:, None, None] * h + beta[:, None, None]": "gamma[:, None, None] * (h + beta[:, None, None])"},
        "You add beta first and multiply by gamma afterwards, so beta is multiplied too.",
    ),
    Mistake(
        "gamma by column",
        {"gamma[:, None, None] * h + beta[:, None, None]": "gamma * h + beta"},
        "Your gamma and beta run along the last axis, the columns of an image. They belong to the channels.",
    ),
    Mistake(
        "gamma into the statistics",
        {"x = x.astype(float)\n": "x = x.astype(float) * gamma[:, None, None]\n", "gamma[:, None, None] * h": "h"},
        "You multiply by gamma before you normalize, and the normalization takes it out again.",
    ),
    Mistake(
        "one pass",
        {
            "x.var(axis=axes, keepdims=True)": "((x**2).mean(axis=axes, keepdims=True) - "
            "x.mean(axis=axes, keepdims=True) ** 2)"
        },
        "Your variance is the mean of the squares less the square of the mean. Where the mean is large against the "
        "spread, two nearly equal numbers are subtracted, and the digits are gone.",
    ),
    Mistake(
        "means without their dimensions",
        {"axis=axes, keepdims=True": "axis=axes"},
        "Your mean and variance have lost the axes that you average over, and meet the wrong axes of x.",
    ),
    Mistake(
        "computes in float32",
        (
            {"x = x.astype(float)\n": "x = x.astype(np.float32)\n"},
            {DTYPE: "np.float32", "x = x.astype(float)\n": "x = x.astype(np.float32)\n"},
            {DTYPE: "np.float32"},
        ),
        "You turn everything into float32. float64 in, float64 out, with its digits.",
    ),
    Mistake("always float64", {DTYPE: "float"}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {DTYPE: "x.dtype"}, INTEGERS),
    Mistake(
        "works in place",
        {
            "x = x.astype(float)\n": 'x = x if x.dtype.kind == "f" else x.astype(float)\n',
            "h = (x - mean) / np.sqrt(var + eps)": "x -= mean\n    x /= np.sqrt(var + eps)\n    h = x",
        },
        IN_PLACE,
    ),
)

KNOWN = (
    Known(
        batch_norm,
        images,
        (
            *over_other_axes(batch_norm),
            Mistake(
                "channels last",
                {
                    "axes = (0, 2, 3)": "axes = (0, 1, 2)",
                    "gamma[:, None, None] * h + beta[:, None, None]": "gamma * h + beta",
                },
                "You take the last axis for the channels. Here they are axis 1: samples, channels, rows, columns.",
            ),
            *COMMON,
        ),
    ),
    Known(layer_norm, samples_of_two, (*over_other_axes(layer_norm), *COMMON)),
    Known(instance_norm, channels_of_two, (*over_other_axes(instance_norm), *COMMON)),
    Known(
        group_norm,
        images_in_groups,
        (
            Mistake(
                "groups of so many channels",
                {SPLIT: "x.reshape(n, c // groups, groups, height, width)"},
                "You make groups of `groups` channels each. It is the number of groups, not their size.",
            ),
            Mistake(
                "every k-th channel",
                {
                    SPLIT: "x.reshape(n, c // groups, groups, height, width).swapaxes(1, 2)",
                    "h = h.reshape(": "h = h.swapaxes(1, 2).reshape(",
                },
                "Your groups take every k-th channel. A group has neighbouring channels.",
            ),
            Mistake(
                "no error",
                group_norm_of_entries,
                "You accept a number of groups that does not divide the number of channels.",
            ),
            Mistake(
                "another error",
                (
                    {"raise ValueError": "raise AssertionError"},
                    {"raise ValueError": "raise Exception"},
                    {"raise ValueError": "raise TypeError"},
                ),
                "You raise an error where the groups do not divide the channels, but it is not a ValueError.",
            ),
            over(
                group_norm,
                "over the samples too",
                (0, 2, 3, 4),
                "You average over the samples too. In group norm a sample does not see the others.",
            ),
            over(
                group_norm,
                "by channel in a group",
                (3, 4),
                "Each channel has its own mean with you: that is instance norm. The channels of a group share one.",
            ),
            over(
                group_norm,
                "by position",
                (2,),
                "You average over the channels of a group alone, so each position "
                "has its own mean. Rows and columns belong to the set too.",
            ),
            over(
                group_norm,
                "groups ignored",
                (1, 2, 3, 4),
                "You average over all channels of a sample: that is layer norm. Each group has its own mean.",
            ),
            *COMMON,
        ),
    ),
    Known(
        zca_whiten,
        tables,
        (
            Mistake(
                "not turned back",
                (
                    {" @ vectors.T": ""},
                    {
                        "eigh(covariance)": "eigh(covariance)\n    values, vectors = values[::-1], vectors[:, ::-1]",
                        " @ vectors.T": "",
                    },
                    {
                        EIGH: "vectors, values, _ = np.linalg.svd(covariance)",
                        " @ vectors.T": "",
                    },
                    {
                        EIGH: "values, vectors = np.linalg.eig(covariance)",
                        " @ vectors.T": "",
                    },
                    whiten_by_svd,
                ),
                "Your z is white, but turned: it is the result of PCA whitening. The features have to be turned back.",
            ),
            Mistake(
                "Cholesky",
                (
                    whiten_by_cholesky,
                    {
                        "centred.T @ centred / len(x)": "centred.T @ centred / len(x) + eps * np.eye(x.shape[1])",
                        ZCA: "centred @ np.linalg.cholesky(np.linalg.inv(covariance))",
                    },
                ),
                "Your z is white by a triangular root, that of Cholesky. The symmetric root is asked for.",
            ),
            Mistake(
                "whitens the correlations",
                (
                    whiten_correlations,
                    {"centred = x - x.mean(axis=0)": "centred = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)"},
                ),
                "You standardize the columns before you take the covariance. The covariance of the centred table "
                "itself is asked for.",
            ),
            Mistake(
                "each feature alone",
                {"centred.T @ centred / len(x)": "np.diag(np.sum(centred**2, axis=0) / len(x))"},
                "You standardize each column by itself. The features stay correlated.",
            ),
            Mistake(
                "not centred",
                {"x - x.mean(axis=0)": "x"},
                "You do not subtract the mean of each column.",
            ),
            Mistake(
                "one mean for all",
                {"x.mean(axis=0)": "x.mean()"},
                "You subtract one mean of the whole table. Each column has its own.",
            ),
            Mistake(
                "whitens x itself",
                {"z = centred @": "z = x @"},
                "You take the covariance of the centred table, and then multiply the table that is not centred.",
            ),
            Mistake(
                "the samples' covariance",
                (
                    {"centred.T @ centred / len(x)": "np.cov(x)"},
                    {"centred.T @ centred / len(x)": "centred @ centred.T / len(x)"},
                ),
                "Your covariance matrix has a row for each sample. It is that of the features, of shape (D, D).",
            ),
            Mistake(
                "the mean added back",
                {"/ np.sqrt(values + eps) @ vectors.T": "/ np.sqrt(values + eps) @ vectors.T + x.mean(axis=0)"},
                "You add the mean back. The result is centred.",
            ),
            Mistake(
                "divides by N - 1",
                {"/ len(x)": "/ (len(x) - 1)"},
                "Your covariance divides by N - 1. The biased covariance divides by N.",
            ),
            Mistake(
                "forgets to divide by N",
                {"/ len(x)": ""},
                "Your covariance is a sum over the samples. It has to be divided by N.",
            ),
            Mistake(
                "no root",
                {"np.sqrt(values + eps)": "(values + eps)"},
                "You divide by the eigenvalues and not by their square roots.",
            ),
            Mistake(
                "multiplies by the root",
                {"/ np.sqrt(values + eps)": "* np.sqrt(values + eps)"},
                "You multiply by the roots of the eigenvalues. Whitening divides by them.",
            ),
            Mistake(
                "rows of eigenvectors",
                {
                    "values, vectors = np.linalg.eigh(covariance)": "values, vectors = np.linalg.eigh(covariance)\n"
                    "    vectors = vectors.T"
                },
                "You take the rows of V for the eigenvectors. They are its columns.",
            ),
            Mistake(
                "eps outside the root",
                {"np.sqrt(values + eps)": "(np.sqrt(np.abs(values)) + eps)"},
                "You add eps to the roots of the eigenvalues. It is added to the eigenvalues.",
            ),
            Mistake(
                "no eps",
                {"np.sqrt(values + eps)": "np.sqrt(np.abs(values))"},
                "You leave eps out: nothing is added to the eigenvalues.",
            ),
            Mistake(
                "eps fixed",
                tuple({"values + eps": f"values + {eps}"} for eps in ("1e-5", *OTHER_EPS[:-1])),
                "You always add the same number to the variance: the argument eps is not used.",
            ),
            Mistake(
                "another default for eps",
                tuple({"eps=1e-5": f"eps={eps}"} for eps in OTHER_EPS),
                "With an eps that is given you are right, without one you are not: the default should be 1e-5.",
            ),
            Mistake(
                "one pass",
                {"centred.T @ centred / len(x)": "x.T @ x / len(x) - np.outer(x.mean(axis=0), x.mean(axis=0))"},
                "Your covariance is the mean of the products less the product of the means. Where the means are large "
                "against the spread, two nearly equal numbers are subtracted, and the digits are gone.",
            ),
            Mistake("always float64", {DTYPE: "float"}, ALWAYS_FLOAT64),
            Mistake("integers stay integers", {DTYPE: "x.dtype"}, INTEGERS),
            Mistake(
                "works in place",
                {
                    "x = x.astype(float)\n": 'x = x if x.dtype.kind == "f" else x.astype(float)\n',
                    "centred = x - x.mean(axis=0)": "x -= x.mean(axis=0)\n    centred = x",
                },
                IN_PLACE,
            ),
        ),
    ),
)
