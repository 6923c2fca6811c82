"""Known mistakes in the assignment on normalization types."""

import numpy as np

from bngrader.mistakes import Known, Mistake


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
    z = np.linalg.solve(np.linalg.cholesky(covariance), centred.T).T
    return z.astype(dtype)


def whiten_correlations(x, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    centred = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(x))
    z = centred @ vectors / np.sqrt(values + eps) @ vectors.T
    return z.astype(dtype)


def whitened(function, x, eps, part):
    z = function(x) if eps is None else function(x, eps)
    return z if part == "z" else z.T.astype(float) @ z / len(z)


def images(rng, c=3):
    """Batches of images with gamma, beta and perhaps eps: each but the first three for one idea."""
    ones, zeros, gamma, beta = np.ones(c), np.zeros(c), rng.uniform(2, 3, c), rng.uniform(3, 5, c)
    far = np.arange(c)[:, None, None] * 4 + rng.integers(1, 4, (2, 1, 1, 1))
    yield rng.integers(-4, 5, (2, c, 1, 2)) + far + np.zeros(1), ones, zeros
    yield rng.normal(size=(2, c, 3, 2)) + far, ones, zeros
    yield rng.normal(size=(2, c, 2, 4)) + far, gamma, zeros
    yield rng.normal(size=(2, c, 2, 4)) + far, ones, beta
    yield rng.normal(size=(2, c, 2, c)) + far, gamma, beta
    yield rng.normal(size=(2, c, 2, 4)) + far, ones, zeros, 0.7
    yield 1e-3 * (rng.normal(size=(2, c, 2, 4)) + far), ones, zeros
    yield tuple(a.astype(np.float32) for a in (rng.normal(size=(2, c, 2, 4)) + far, ones, zeros))
    yield tuple(a.astype(int) for a in (rng.integers(-9, 9, (2, c, 2, 4)) + far, ones, zeros))
    yield 1e6 + rng.normal(size=(2, c, 5, 4)), ones, zeros
    frozen = (rng.normal(size=(4, 2 * c, 2, 4))[::2, ::2] + far)[:, :, ::-1]
    frozen.flags.writeable = False
    yield frozen, ones, zeros


def images_in_groups(rng):
    for x, *rest in images(rng, c=6):
        yield x, 3, *rest
    for c, groups in [(4, 1), (4, 4), (4, 2)]:
        yield rng.normal(size=(2, c, 2, 3)) + np.arange(c)[:, None, None], groups, np.ones(c), np.zeros(c)
    for c, groups in [(3, 2), (2, 4)]:
        yield rng.normal(size=(1, c, 2, 2)), groups, np.ones(c), np.zeros(c)


def tables(rng):
    """Tables with an eps, or None for the default, and which part of the result is looked at."""
    x = rng.permutation(16)[:8].reshape(4, 2) + 3.0
    mix = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    yield x, None, "z"
    yield x, None, "covariance"
    yield rng.normal(size=(4, 1)) * 3, None, "z"
    yield rng.normal(size=(4, 1)) * 3 + 5, None, "z"
    yield rng.normal(size=(12, 3)) @ mix, None, "z"
    yield rng.normal(size=(12, 3)) @ mix, None, "covariance"
    yield rng.normal(size=(12, 3)) @ mix, 0.7, "covariance"
    yield 1e-3 * rng.normal(size=(12, 1)), None, "z"
    yield rng.normal(size=(12, 1)).astype(np.float32), None, "z"
    yield rng.integers(-9, 9, (12, 1)), None, "z"
    yield 1e6 + rng.normal(size=(12, 1)), None, "z"


SPLIT = "x.reshape(n, groups, c // groups, height, width)"
DTYPE = 'x.dtype if x.dtype.kind == "f" else float'
AXES = {batch_norm: (0, 2, 3), layer_norm: (1, 2, 3), instance_norm: (2, 3), group_norm: (2, 3, 4)}
ALWAYS_FLOAT64 = "Your result is float64 whatever comes in. float32 in, float32 out."
INTEGERS = "Your result has the integers' dtype, and is cut off. Integers are taken as float64."
IN_PLACE = "You write into the argument x: the caller's own data are changed. Work on a new array."


def over(function, name, axes, hint):
    """A mistake: the statistics of other axes than the function's."""
    return Mistake(name, {f"axes = {AXES[function]}": f"axes = {axes}"}, hint)


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
        {"var + eps": "var + 1e-5"},
        "You always add 1e-5. The argument eps is not used, though another value may be given.",
    ),
    Mistake(
        "another default for eps",
        {"eps=1e-5": "eps=1e-8"},
        "With an eps that is given you are right, without one you are not: the default should be 1e-5.",
        loose=True,
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
        loose=True,
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
            over(
                batch_norm,
                "by sample",
                (1, 2, 3),
                "You normalize each sample by itself: that is layer norm. "
                "In batch norm all samples share the mean of a channel.",
            ),
            over(
                batch_norm,
                "by sample and channel",
                (2, 3),
                "You normalize each channel of each sample by itself: "
                "that is instance norm. In batch norm the samples share the mean of a channel.",
            ),
            over(
                batch_norm,
                "by pixel",
                (0,),
                "You average over the samples alone, so each pixel has its own mean. In "
                "a channel all rows and columns share one mean.",
            ),
            over(
                batch_norm,
                "all together",
                (0, 1, 2, 3),
                "You take one mean and variance of all entries. Each channel has its own.",
            ),
            over(
                batch_norm,
                "channels last",
                (0, 1, 2),
                "Your sets run along the last axis, as if the channels came last. Here they are axis 1.",
            ),
            *COMMON,
        ),
    ),
    Known(
        layer_norm,
        images,
        (
            over(
                layer_norm,
                "by channel",
                (0, 2, 3),
                "You normalize each channel over the samples: that is batch "
                "norm. In layer norm a sample does not see the others.",
            ),
            over(
                layer_norm,
                "by sample and channel",
                (2, 3),
                "You normalize each channel of a sample by itself: that "
                "is instance norm. In layer norm the channels of a sample share one mean.",
            ),
            over(
                layer_norm,
                "by position",
                (1,),
                "You average over the channels alone, so each position has its own "
                "mean. Here rows and columns belong to the set too.",
            ),
            over(
                layer_norm, "by the last axis", (3,), "You average over the last axis alone. A set is a whole sample."
            ),
            over(
                layer_norm,
                "all together",
                (0, 1, 2, 3),
                "You take one mean and variance of all entries. Each sample has its own.",
            ),
            *COMMON,
        ),
    ),
    Known(
        instance_norm,
        images,
        (
            over(
                instance_norm,
                "by channel",
                (0, 2, 3),
                "You normalize each channel over all samples: that is batch norm. Here each sample is by itself.",
            ),
            over(
                instance_norm,
                "by sample",
                (1, 2, 3),
                "You normalize each sample over all its channels: that is layer norm. Here each channel is by itself.",
            ),
            over(
                instance_norm,
                "by row",
                (3,),
                "You average over the columns alone, so each row has its own mean. A "
                "set has all rows and columns of a channel.",
            ),
            over(
                instance_norm,
                "by column",
                (2,),
                "You average over the rows alone, so each column has its own mean. "
                "A set has all rows and columns of a channel.",
            ),
            *COMMON,
        ),
    ),
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
                {"raise ValueError": "raise RuntimeError"},
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
                {" @ vectors.T": ""},
                "Your z is white, but turned: the features are not where they were. It is another root of the inverse "
                "covariance than the symmetric one.",
                loose=True,
            ),
            Mistake(
                "Cholesky",
                whiten_by_cholesky,
                "Your z is white by a triangular root, that of Cholesky. The symmetric root is asked for.",
            ),
            Mistake(
                "whitens the correlations",
                whiten_correlations,
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
                {"values + eps": "values + 1e-5"},
                "You always add 1e-5. The argument eps is not used, though another value may be given.",
            ),
            Mistake(
                "another default for eps",
                {"eps=1e-5": "eps=1e-8"},
                "With an eps that is given you are right, without one you are not: the default should be 1e-5.",
                loose=True,
            ),
            Mistake(
                "one pass",
                {"centred.T @ centred / len(x)": "x.T @ x / len(x) - np.outer(x.mean(axis=0), x.mean(axis=0))"},
                "Your covariance is the mean of the products less the product of the means. Where the means are large "
                "against the spread, two nearly equal numbers are subtracted, and the digits are gone.",
                loose=True,
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
        use=whitened,
    ),
)
