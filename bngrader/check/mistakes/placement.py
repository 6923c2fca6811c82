"""Known mistakes in the assignment on the placement of batch normalization."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake


def batch_norm_forward(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    mean = x.mean(axis=0)
    var = x.var(axis=0)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    y = gamma * x_hat + beta
    return y.astype(dtype), (x_hat, std, gamma)


def batch_norm_by_row(x, gamma, beta, eps=1e-5):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    std = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    x_hat = (x - x.mean(axis=1, keepdims=True)) / std
    return (gamma * x_hat + beta).astype(dtype), (x_hat, std, gamma)


def batch_norm_backward(dy, cache):
    x_hat, std, gamma = cache
    dtype = dy.dtype if dy.dtype.kind == "f" else float
    dy = dy.astype(float)
    dbeta = dy.sum(axis=0)
    dgamma = (dy * x_hat).sum(axis=0)
    by_mean = dy.mean(axis=0)
    by_var = x_hat * (dy * x_hat).mean(axis=0)
    dx = gamma / std * (dy - by_mean - by_var)
    return dx.astype(dtype), dgamma.astype(dtype), dbeta.astype(dtype)


def tanh_linearity(x):
    x = x.astype(float).ravel()
    t = np.tanh(x)
    if x.min() == x.max() or t.min() == t.max():
        return 1.0
    x_dev, t_dev = x - x.mean(), t - t.mean()
    r = (x_dev @ t_dev) / np.sqrt((x_dev @ x_dev) * (t_dev @ t_dev))
    return float(r**2)


def linearity_by_column(x):
    parts = []
    for column in x.astype(float).T:
        t = np.tanh(column)
        varies = column.min() < column.max() and t.min() < t.max()
        parts.append(np.corrcoef(column, t)[0, 1] ** 2 if varies else 1.0)
    return float(sum(parts) / len(parts))


def make_block(in_features, out_features, placement):
    import torch

    if placement not in ("pre", "post"):
        raise ValueError(f"placement must be 'pre' or 'post', not {placement!r}")
    linear = torch.nn.Linear(in_features, out_features, bias=placement == "post")
    norm = torch.nn.BatchNorm1d(out_features)
    tanh = torch.nn.Tanh()
    layers = [linear, norm, tanh] if placement == "pre" else [linear, tanh, norm]
    return torch.nn.Sequential(*layers)


def normalized(forward, x, gamma, beta, eps):
    returned = forward(x, gamma, beta, eps)
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        return ["not y and cache", returned]
    return returned[0] if isinstance(returned[0], np.ndarray) else "something else comes first"


def gradients(backward, forward, x, gamma, beta, dy, eps):
    cache, kept = forward(x, gamma, beta, eps)[1], dy.copy()
    return [backward(dy, cache), backward(kept, cache)]


def asked(make, what, *args):
    """One thing about a block, so that two mistakes in it can be told apart."""
    block = make(*args)
    if what == "kind":
        return type(block).__name__
    kinds = ("Linear", "BatchNorm1d", "Tanh", "ReLU", "Sigmoid")
    layers = {type(layer).__name__: layer for layer in block.modules() if type(layer).__name__ in kinds}
    if what == "order":
        return list(layers)
    if what == "bias":
        return 0 if layers["Linear"].bias is None else 1
    if what == "sizes":
        return [layers["Linear"].in_features, layers["Linear"].out_features, layers["BatchNorm1d"].num_features]
    return getattr(layers["BatchNorm1d"], what)


def batches(rng):
    factors = np.array([2.0, -0.5]), np.array([1.0, 3.0])
    yield np.array([[1.0], [3.0]]) + rng.integers(9), np.array([4.0]), np.array([10.0]), 3.0
    yield (rng.normal(1, 0.3, (3, 2)), *factors, 1e-5)
    yield (rng.normal(2, 0.3, (4, 4)), *rng.uniform(1, 2, (2, 4)), 0.5)
    yield np.full((3, 1), 0.1), np.array([2.0]), np.array([5.0]), 1e-5
    yield (1e-3 * rng.normal(size=(4, 2)), *factors, 1e-3)
    yield (np.array([[3.0, 4.0]]), *factors, 1e-5)
    yield (*(a.astype(np.float32) for a in (rng.normal(1, 0.3, (5, 2)), *factors)), 0.5)
    yield (*(a.astype(int) for a in (rng.permutation(9)[:6].reshape(3, 2), *factors)), 0.5)
    yield (1e6 + rng.normal(size=(6, 2)), *factors, 0.5)
    frozen = [rng.normal(size=(8, 4))[::2, ::2], *(a.copy() for a in factors)]
    for array in frozen:
        array.flags.writeable = False
    yield (*frozen, 0.5)


def batches_with_slopes(rng):
    for x, gamma, beta, eps in batches(rng):
        dy = np.round(rng.normal(1, 2, x.shape), 1) * 10
        dy = (dy if x.dtype.kind == "i" else dy / 10).astype(x.dtype)
        dy.flags.writeable = x.flags.writeable
        yield x, gamma, beta, dy, eps


def activations(rng):
    yield (np.array([[0.0], [1.0], [3.0]]) + rng.uniform(0, 0.1),)
    yield (rng.normal(1, 1, (3, 3)),)
    yield (rng.normal(0, 5, (4, 2)),)
    yield (rng.normal([-2, 2], 1, (4, 2)),)
    yield (np.full((2, 2), 0.5),)
    yield (np.full((3, 1), 0.1),)
    yield (rng.uniform(30, 60, (2, 2)),)
    yield (1 + 1e-6 * rng.normal(size=(3, 2)),)
    yield (rng.permutation(7)[:4].reshape(2, 2) - 3,)
    yield (rng.normal(1, 1, (3, 2)).astype(np.float32),)


def blocks(rng):
    n_in, n_out = (int(n) for n in rng.permutation(7)[:2] + 2)
    for placement in ("pre", "post"):
        for what in ("kind", "order", "bias", "sizes", "eps", "momentum", "affine", "track_running_stats"):
            yield what, n_in, n_out, placement
    yield from (("order", n_in, n_out, placement) for placement in ("middle", "Pre"))


DTYPE = 'x.dtype if x.dtype.kind == "f" else float'
DY_DTYPE = DTYPE.replace("x.", "dy.")
ALWAYS_FLOAT64 = "Your result is float64 whatever comes in. float32 in, float32 out."
INTEGERS = "Your result has the integers' dtype and is cut off. Integers are taken as float64."
NO_PAIR = "You do not return two things. The first is y, and the second is what the backward pass will need."

FORWARD = (
    Mistake(
        "divides by N - 1",
        {"x.var(axis=0)": "x.var(axis=0, ddof=min(1, len(x) - 1))"},
        "Your variance divides the sum of squares by N - 1. What normalizes a batch is the biased one, divided by N.",
    ),
    Mistake(
        "eps outside of the root",
        {"np.sqrt(var + eps)": "np.sqrt(var) + eps"},
        "You add eps to the standard deviation. It belongs to the variance, inside the square root.",
    ),
    Mistake("no eps", {"var + eps": "var"}, "You leave eps out: where the variance is 0 or small, it matters."),
    Mistake(
        "an eps of its own",
        tuple({"var + eps": f"var + {eps}"} for eps in (1e-5, 1e-8)),
        "You use 1e-5, whatever eps the caller gives.",
    ),
    Mistake(
        "the larger of variance and eps",
        {"var + eps": "np.maximum(var, eps)"},
        "You use eps only where the variance is smaller than it. It is always added.",
    ),
    Mistake(
        "one mean for the whole batch",
        {"x.mean(axis=0)": "x.mean()", "x.var(axis=0)": "x.var()"},
        "You take one mean and one variance of all entries together. Each feature, a column, has its own.",
    ),
    Mistake(
        "by row",
        batch_norm_by_row,
        "You take mean and variance along each row, as layer normalization does. Batch normalization takes them "
        "down each column, over the samples.",
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + eps)": "var + eps"},
        "You divide by the variance plus eps: the square root is missing.",
    ),
    Mistake("forgets beta", {" + beta": ""}, "Your y lacks the shift by beta."),
    Mistake("forgets gamma", {"gamma * x_hat": "x_hat"}, "Your y lacks the scaling by gamma."),
    Mistake(
        "shifts before it scales",
        {"gamma * x_hat + beta": "gamma * (x_hat + beta)"},
        "You add beta before you multiply by gamma, so beta is scaled too. The shift comes last.",
    ),
    Mistake(
        "forgets the mean",
        {"(x - mean) / std": "x / std"},
        "You divide by the standard deviation but do not subtract the mean.",
    ),
    Mistake(
        "one pass",
        {"x.var(axis=0)": "np.maximum((x**2).mean(axis=0) - mean**2, 0)"},
        "Your variance is the mean of the squares less the square of the mean. Where the mean is large against the "
        "spread, two nearly equal numbers are subtracted, and the digits are gone.",
        loose=True,
    ),
    Mistake("always float64", {DTYPE: "float"}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {DTYPE: "x.dtype"}, INTEGERS),
    Mistake(
        "works in place",
        {
            "x = x.astype(float)": 'x = x if x.dtype.kind == "f" else x.astype(float)',
            "x_hat = (x - mean) / std": "x -= mean\n    x /= std\n    x_hat = x",
        },
        "You write into the argument x: the caller's own batch is changed. Work on a new array.",
    ),
    Mistake(
        "another order",
        {"y.astype(dtype), (x_hat, std, gamma)": "(x_hat, std, gamma), y.astype(dtype)"},
        "You return the cache first. The order is y, cache.",
    ),
    Mistake(
        "neither scale nor shift",
        {"gamma * x_hat + beta": "x_hat"},
        "You return the normalized x, without the scaling by gamma and the shift by beta.",
    ),
    Mistake("returns y alone", {"(dtype), (x_hat, std, gamma)": "(dtype)"}, NO_PAIR),
)

BACKWARD = (
    Mistake(
        "no path through the mean",
        {" - by_mean": ""},
        "Your dx leaves out that the batch's mean depends on x: an entry also acts on y through the mean.",
    ),
    Mistake(
        "no path through the variance",
        {" - by_var": ""},
        "Your dx leaves out that the batch's variance depends on x: an entry also acts on y through the variance.",
    ),
    Mistake(
        "mean and variance as constants",
        {" - by_mean - by_var": ""},
        "Your dx takes mean and variance for constants. Both depend on x, and each adds a path to dx.",
    ),
    Mistake(
        "wrong sign of the variance's path",
        {" - by_var": " + by_var"},
        "The part of your dx that comes through the variance has the wrong sign.",
    ),
    Mistake(
        "sums for means",
        {"dy.mean(axis=0)": "dy.sum(axis=0)", "(dy * x_hat).mean(axis=0)": "(dy * x_hat).sum(axis=0)"},
        "In your dx the parts through mean and variance are N times too large: a single entry moves the mean by 1/N.",
    ),
    Mistake(
        "N - 1 in the variance's path",
        {"(dy * x_hat).mean(axis=0)": "(dy * x_hat).sum(axis=0) / max(len(dy) - 1, 1)"},
        "The part of your dx that comes through the variance divides by N - 1. The forward pass divides by N.",
    ),
    Mistake(
        "one mean for the whole batch",
        {"dy.mean(axis=0)": "dy.mean()", "(dy * x_hat).mean(axis=0)": "(dy * x_hat).mean()"},
        "In your dx you average over all entries together. Each column has a mean and a variance of its own.",
    ),
    Mistake("dx without gamma", {"gamma / std": "1 / std"}, "Your dx lacks the factor gamma."),
    Mistake("dx without the scale", {"gamma / std": "gamma"}, "Your dx lacks the factor 1 / sqrt(var + eps)."),
    Mistake(
        "std without eps",
        {"gamma / std": "gamma / (std * x_hat.std(axis=0))"},
        "Your dx divides by a standard deviation without eps, other than the forward pass.",
    ),
    Mistake(
        "dx divided by N", {"dx = gamma / std": "dx = gamma / std / len(dy)"}, "Your dx is divided by N once too often."
    ),
    Mistake(
        "dgamma is a mean",
        (
            {"dy.sum(axis=0)": "dy.mean(axis=0)", "(dy * x_hat).sum(axis=0)": "(dy * x_hat).mean(axis=0)"},
            {"(dy * x_hat).sum(axis=0)": "(dy * x_hat).mean(axis=0)"},
            {"dy.sum(axis=0)": "dy.mean(axis=0)"},
        ),
        "Your dgamma or your dbeta is an average over the batch. Each sample adds to the loss, so both are sums.",
    ),
    Mistake(
        "dgamma without the normalized x",
        {"dgamma = (dy * x_hat)": "dgamma = (dy * 1)"},
        "Your dgamma does not see that gamma is multiplied by the normalized x.",
    ),
    Mistake(
        "dgamma times gamma",
        {"dgamma = (dy * x_hat)": "dgamma = (dy * gamma * x_hat)"},
        "Your dgamma has gamma as a factor. y is linear in gamma, so its slope does not depend on gamma.",
    ),
    Mistake(
        "another order",
        {"dgamma.astype(dtype), dbeta.astype(dtype)": "dbeta.astype(dtype), dgamma.astype(dtype)"},
        "You return dbeta before dgamma. The order is dx, dgamma, dbeta.",
    ),
    Mistake(
        "not summed",
        {"dy.sum(axis=0)": "dy.copy()", "(dy * x_hat).sum(axis=0)": "dy * x_hat"},
        "Your dgamma and dbeta have an entry for every sample. gamma and beta act on all samples: their slopes add up.",
    ),
    Mistake(
        "divides by the variance",
        {"gamma / std": "gamma / std**2"},
        "Your dx divides by the variance plus eps: the square root is missing.",
    ),
    Mistake(
        "the variance's path without the normalized x",
        {"by_var = x_hat * ": "by_var = "},
        "The part of your dx that comes through the variance is the same for all samples of a column. How much a "
        "sample moves the variance depends on how far it is from the mean.",
    ),
    Mistake(
        "keeps the dimensions",
        {"dy.sum(axis=0)": "dy.sum(axis=0, keepdims=True)", ".sum(axis=0)\n": ".sum(axis=0, keepdims=True)\n"},
        "Your dgamma and dbeta have one row, shape (1, D). They should have shape (D,), as gamma and beta.",
    ),
    Mistake(
        "always float64",
        (
            {DY_DTYPE: "float"},
            {"dx.astype(dtype), dgamma.astype(dtype)": "dx, dgamma"},
            {"dx.astype(dtype)": "dx"},
            {"dgamma.astype(dtype)": "dgamma"},
            {"dgamma.astype(dtype), dbeta.astype(dtype)": "dgamma, dbeta"},
        ),
        ALWAYS_FLOAT64,
    ),
    Mistake("integers stay integers", {DY_DTYPE: "dy.dtype"}, INTEGERS),
    Mistake(
        "changes the cache",
        {"by_var = x_hat *": "x_hat *=", ".mean(axis=0)\n    dx": ".mean(axis=0)\n    by_var = x_hat\n    dx"},
        "You write into the arrays of the cache: a second call with the same cache gives something else.",
    ),
    Mistake(
        "works in place",
        (
            {
                "dy = dy.astype(float)": 'dy = dy if dy.dtype.kind == "f" else dy.astype(float)',
                "dx = ": "dy -= by_mean + by_var\n    dx = ",
                "(dy - by_mean - by_var)": "dy",
            },
            {
                "dy = dy.astype(float)": 'dy = dy if dy.dtype.kind == "f" else dy.astype(float)',
                "dx = gamma / std * (dy - by_mean - by_var)": "dy -= by_mean + by_var\n    dy *= gamma / std",
                "dx.astype(dtype)": "dy",
            },
        ),
        "You write into the argument dy: the caller's own array is changed. Work on a new array.",
    ),
)

LINEARITY = (
    Mistake("R, not R squared", {"r**2": "r"}, "You return the correlation itself. R^2 is its square."),
    Mistake("1 - R squared", {"r**2": "1 - r**2"}, "You return the share that the line does not explain, 1 - R^2."),
    Mistake(
        "a line through the origin",
        (
            {"x - x.mean(), t - t.mean()": "x, t"},
            {"float(r**2)": "float(1 - ((t - x * (x @ t) / (x @ x)) ** 2).sum() / (t_dev @ t_dev))"},
        ),
        "You fit a line through the origin. The line has an intercept.",
    ),
    Mistake(
        "against the line y = x",
        {"float(r**2)": "float(1 - (t - x) @ (t - x) / (t_dev @ t_dev))"},
        "You measure how far tanh(x) is from x itself. The line is fitted: it has a slope and an intercept of its own.",
    ),
    Mistake(
        "the slope",
        {"np.sqrt((x_dev @ x_dev) * (t_dev @ t_dev))": "(x_dev @ x_dev)", "r**2": "r"},
        "You return the slope of the fitted line. Asked is how well it fits, R^2.",
    ),
    Mistake(
        "by column", linearity_by_column, "You fit a line to each column and average. All entries belong to one fit."
    ),
    Mistake(
        "no care for a constant",
        {"if x.min() == x.max() or t.min() == t.max()": "if False"},
        "You divide 0 by 0, or what rounding left of it, where x or tanh(x) is constant.",
        loose=True,
    ),
    Mistake(
        "no care for a saturated tanh",
        {" or t.min() == t.max()": ""},
        "Where all of x is large, tanh(x) is the same number everywhere though x is not: you divide 0 by 0.",
        loose=True,
    ),
    Mistake("0 where constant", {"return 1.0": "return 0.0"}, "Where x or tanh(x) is constant, you return 0."),
    Mistake(
        "one pass",
        {
            "(x_dev @ t_dev) /": "((x * t).mean() - x.mean() * t.mean()) /",
            "np.sqrt((x_dev @ x_dev) * (t_dev @ t_dev))": "np.sqrt(((x * x).mean() - x.mean() ** 2) * ((t * t).mean()"
            " - t.mean() ** 2))",
        },
        "You subtract the product of the means from the mean of the products. Where the mean is large against the "
        "spread, the digits are gone: subtract the means from x and tanh(x) first.",
        loose=True,
    ),
)

PRE, POST = "[linear, norm, tanh]", "[linear, tanh, norm]"
BLOCK = (
    Mistake(
        "pre and post swapped",
        {'placement == "pre"': 'placement != "pre"'},
        '"pre" and "post" are swapped: "pre" means that BN comes before the activation.',
    ),
    Mistake(
        "BN before the linear layer",
        {PRE: "[torch.nn.BatchNorm1d(in_features), linear, tanh]"},
        'With you, "pre" puts BN before the linear layer. It stands between the linear layer and the activation.',
    ),
    Mistake(
        "always a bias",
        {', bias=placement == "post"': ""},
        "With you, the linear layer has a bias even where BN subtracts it again with the mean.",
    ),
    Mistake(
        "never a bias",
        {'placement == "post"': "False"},
        "With you, the linear layer never has a bias. In one of the two orders BN does not make it redundant: look at "
        "what stands between the two.",
    ),
    Mistake(
        "a bias in the wrong place",
        {'placement == "post"': 'placement == "pre"'},
        "The linear layer has a bias in the order that makes it redundant, and none in the other.",
    ),
    Mistake(
        "any other placement",
        ({'placement not in ("pre", "post")': "False"}, {"raise ValueError(f": "return None and (f"}),
        'A placement that is neither "pre" nor "post" makes a block all the same. It should raise ValueError.',
    ),
    Mistake(
        "another error",
        {"raise ValueError": "raise KeyError"},
        "An unknown placement raises another error than ValueError.",
    ),
    Mistake(
        "sizes swapped",
        {"Linear(in_features, out_features": "Linear(out_features, in_features", "1d(out_features": "1d(in_features"},
        "The linear layer goes from out_features to in_features: the two sizes are swapped.",
    ),
    Mistake("ReLU", {"torch.nn.Tanh()": "torch.nn.ReLU()"}, "Your block has an activation other than Tanh."),
    Mistake(
        "decay for momentum",
        tuple({"1d(out_features)": f"1d(out_features, momentum={m})"} for m in (0.9, 0.99, 0.01)),
        "Your BN layer has a momentum of its own. PyTorch's default was asked for (it is 1 - decay).",
    ),
    Mistake(
        "an eps of its own",
        tuple({"1d(out_features)": f"1d(out_features, eps={eps})"} for eps in (1e-3, 1e-8)),
        "Your BN layer has an eps of its own. PyTorch's default was asked for.",
    ),
    Mistake(
        "no gamma and beta",
        {"1d(out_features)": "1d(out_features, affine=False)"},
        "Your BN layer has no gamma and beta: affine=False is not PyTorch's default.",
    ),
    Mistake(
        "a list", {"torch.nn.Sequential(*layers)": "layers"}, "You return the layers in a list, not in a Sequential."
    ),
)

KNOWN = (
    Known(batch_norm_forward, batches, FORWARD, use=normalized),
    Known(batch_norm_backward, batches_with_slopes, BACKWARD, use=gradients, needs=(batch_norm_forward,)),
    Known(tanh_linearity, activations, LINEARITY),
    Known(make_block, blocks, BLOCK, use=asked),
)
