"""Known mistakes in `BatchNorm`."""

import numpy as np

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.common import (
    ALWAYS_FLOAT64,
    EPS_IGNORED,
    EPS_OUTSIDE,
    INTEGERS,
    NO_BETA,
    NO_EPS,
    NO_GAMMA,
    NO_GAMMA_AND_BETA,
    NO_ROOT,
    ONE_MEAN_AND_VARIANCE,
    dtype_of,
    frozen,
    in_place,
)


class BatchNorm:
    def __init__(self, num_features, decay=0.9, eps=1e-5):
        self.decay = decay
        self.eps = eps
        self.gamma = np.ones(num_features)
        self.beta = np.zeros(num_features)
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)
        self.training = True

    def __call__(self, x):
        dtype = x.dtype if x.dtype.kind == "f" else float
        x = x.astype(float)
        mean, var = self.running_mean, self.running_var
        if self.training:
            n = len(x)
            if n == 1:
                raise ValueError("a batch of one sample has no variance")
            mean, var = x.mean(axis=0), x.var(axis=0)
            unbiased = var * n / (n - 1)
            self.running_mean = self.decay * self.running_mean + (1 - self.decay) * mean
            self.running_var = self.decay * self.running_var + (1 - self.decay) * unbiased
        y = self.gamma * (x - mean) / np.sqrt(var + self.eps) + self.beta
        return y.astype(dtype)


def observed(layer, what, x, decay, eps):
    """Return one attribute of a layer, or its output. `what` names the moment and the attribute."""
    when, wanted = what.split()
    d = x.shape[1]
    if when == "new":
        return getattr(layer(d), wanted)
    norm = layer(d, decay, eps)
    norm.gamma, norm.beta = np.linspace(2, 3, d), np.linspace(-1, 1, d)
    if when == "evaluating":
        norm.running_mean, norm.running_var = np.linspace(0.1, 0.2, d), np.linspace(0.5, 0.1, d)
        norm.training = False
    y = norm(x)
    return y if wanted == "y" else getattr(norm, wanted)


def uses(rng):
    one = np.array([[1.0], [3.0]]) + rng.integers(9)
    x = rng.normal(0, 0.3, (4, 2))
    yield "training y", one, 0.9, 3.0
    yield "training running_mean", 2 * one, 0.5, 1e-5
    yield "training running_var", 2 * one, 0.5, 1e-5
    yield "training running_mean", 2 * one, 0.8, 1e-5
    yield "training running_var", np.full((3, 1), 2.0), 0.8, 1e-5  # its variance is 0, biased or not
    yield "training y", x, 0.5, 1e-5
    yield "training y", 0.03 * x, 0.9, 1e-3
    yield "evaluating y", x[:1], 0.9, 1e-5
    yield "evaluating y", x, 0.9, 0.5
    yield "evaluating running_mean", x, 0.9, 1e-5
    yield "evaluating running_var", x, 0.9, 1e-5
    yield "training running_mean", x[:1], 0.9, 1e-5
    for name in ("gamma", "beta", "running_mean", "running_var", "training"):
        yield f"new {name}", x, 0.9, 1e-5
    yield "training y", x.astype(np.float32), 0.9, 0.5
    yield "evaluating y", x.astype(np.float32), 0.9, 0.5
    yield "training y", rng.permutation(9)[:6].reshape(3, 2), 0.9, 0.5
    yield "training y", *frozen(rng.normal(size=(8, 4))[::2, ::2]), 0.9, 0.5


OLD_MEAN = "self.decay * self.running_mean"
OLD_VAR = "self.decay * self.running_var"
SWAPPED_MEAN = {f"{OLD_MEAN} + (1 - self.decay) * mean": "(1 - self.decay) * self.running_mean + self.decay * mean"}
SWAPPED_VAR = {f"{OLD_VAR} + (1 - self.decay) * unb": "(1 - self.decay) * self.running_var + self.decay * unb"}
BY_RUNNING = "        mean, var = self.running_mean, self.running_var\n        y = "
UPDATE_ANYWAY = """        if not self.training and len(x) > 1:
            self.running_mean = self.decay * self.running_mean + (1 - self.decay) * x.mean(axis=0)
            self.running_var = self.decay * self.running_var + (1 - self.decay) * x.var(axis=0, ddof=1)
        y = """

MISTAKES = (
    Mistake(
        "decay swapped",
        (SWAPPED_MEAN | SWAPPED_VAR, SWAPPED_MEAN, SWAPPED_VAR),
        "At least one of your running statistics keeps only the share 1 - decay of its old value. Here decay is the "
        "share of the old value, unlike the momentum of PyTorch.",
    ),
    Mistake(
        "always the same decay",
        tuple({"self.decay = decay": f"self.decay = {decay}"} for decay in (0.9, 0.99)),
        "You ignore the argument decay and always use the same value, so the caller cannot choose another.",
    ),
    Mistake(
        "biased running variance",
        {"var * n / (n - 1)": "var"},
        "You update running_var with the biased variance of the batch, which is too small on average. The formula "
        "for running_var has another factor.",
    ),
    Mistake(
        "normalizes by the unbiased variance",
        {"            self.running_mean = ": "            var = unbiased\n            self.running_mean = "},
        "In training you normalize the batch by its unbiased variance. Only running_var uses the unbiased variance, "
        "and the formula for y uses the biased one.",
    ),
    Mistake(
        "normalizes by the running statistics in training",
        (
            {"        y = ": BY_RUNNING},
            {
                "        if self.training:": "        old = mean, var\n        if self.training:",
                "        y = ": "        mean, var = old\n        y = ",
            },
        ),
        "In training you normalize by the running statistics. These are for evaluation, and a training batch is "
        "normalized by its own statistics.",
    ),
    Mistake(
        "normalizes by the batch in evaluation",
        {"        if self.training:": "        mean, var = x.mean(axis=0), x.var(axis=0)\n        if self.training:"},
        "In evaluation you normalize by the statistics of the batch, so the result for a sample depends on the other"
        " samples in its batch.",
    ),
    Mistake(
        "ignores training",
        ({"if self.training:": "if True:"}, {"if self.training:": "if True:", "n == 1": "n == 0"}),
        "Your layer ignores the attribute training, so it still normalizes by the batch and updates its running "
        "statistics in evaluation.",
    ),
    Mistake(
        "always in evaluation",
        {"if self.training:": "if False:"},
        "Your layer behaves in training as in evaluation: it normalizes by the running statistics, which never change.",
    ),
    Mistake(
        "never updates",
        {
            "            self.running_mean = ": "            mean_now = ",
            "            self.running_var = ": "            var_now = ",
        },
        "Your running statistics never change, so evaluation still uses their initial values. In training, each call"
        " should update them.",
    ),
    Mistake(
        "keeps the last batch alone",
        {f"{OLD_MEAN} + (1 - self.decay) * mean": "mean", f"{OLD_VAR} + (1 - self.decay) * unb": "unb"},
        "You replace the running statistics with the statistics of the last batch. They should keep the share decay "
        "of their old value, so that all batches count.",
    ),
    Mistake(
        "keeps the dimensions",
        (
            {Every("(num_features)"): "((1, num_features))"},
            {"x.mean(axis=0), x.var(axis=0)": "x.mean(axis=0, keepdims=True), x.var(axis=0, keepdims=True)"},
        ),
        "At least one of gamma, beta, running_mean and running_var has shape (1, D). All four should have shape "
        "(D,), even after a call.",
    ),
    Mistake(
        "forgets to return",
        {"        return y.astype(dtype)\n": ""},
        "A call of your layer returns None, because its method ends without a return statement.",
    ),
    Mistake(
        "updates in evaluation",
        {"        y = ": UPDATE_ANYWAY},
        "Your running statistics change in evaluation too. Then the test data influence the layer, and the answer "
        "for a sample depends on earlier batches.",
    ),
    Mistake(
        "takes one sample in training",
        ({"n == 1": "n == 0"}, {"n == 1": "n == 0", "(n - 1)": "max(n - 1, 1)"}),
        "In training you accept a batch of one sample. A single sample has no unbiased variance, so the text asks "
        "for an error.",
    ),
    Mistake(
        "refuses one sample in evaluation",
        {
            "        x = x.astype(float)\n": "        x = x.astype(float)\n        if len(x) == 1:\n"
            "            raise ValueError('one sample')\n"
        },
        "You refuse a batch of one sample in evaluation too. There the layer needs no variance of the batch, so a "
        "single sample is valid.",
    ),
    Mistake(
        "eps outside the root",
        {"np.sqrt(var + self.eps)": "(np.sqrt(var) + self.eps)"},
        EPS_OUTSIDE,
    ),
    Mistake("no eps", {"var + self.eps": "var"}, NO_EPS),
    Mistake(
        "no eps in evaluation",
        {"var + self.eps": "var + (self.eps if self.training else 0)"},
        "You leave out eps in evaluation. The formula adds it to the variance in both modes.",
    ),
    Mistake(
        "always the same eps",
        tuple({"self.eps = eps": f"self.eps = {eps}"} for eps in (1e-5, 1e-8)),
        EPS_IGNORED,
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + self.eps)": "(var + self.eps)"},
        NO_ROOT,
    ),
    Mistake(
        "keeps the standard deviation",
        {"var * n / (n - 1)": "np.sqrt(var * n / (n - 1))"},
        "You update running_var with the standard deviation of the batch. It should average variances, without a "
        "square root.",
    ),
    Mistake(
        "one mean for the whole batch",
        {"x.mean(axis=0), x.var(axis=0)": "x.mean(), x.var()"},
        ONE_MEAN_AND_VARIANCE,
    ),
    Mistake("forgets gamma", {"self.gamma * (x": "(x"}, NO_GAMMA),
    Mistake("forgets beta", {" + self.beta": ""}, NO_BETA),
    Mistake(
        "neither scale nor shift",
        {"self.gamma * (x": "(x", " + self.beta": ""},
        NO_GAMMA_AND_BETA,
    ),
    Mistake(
        "another start",
        (
            {"running_var = np.ones": "running_var = np.zeros"},
            {"running_mean = np.zeros": "running_mean = np.ones"},
            {"gamma = np.ones": "gamma = np.zeros"},
            {"beta = np.zeros": "beta = np.ones"},
        ),
        "At least one of gamma, beta, running_mean and running_var has the wrong initial value. Compare all four "
        "with the text.",
    ),
    Mistake(
        "starts in evaluation",
        {"self.training = True": "self.training = False"},
        "Your new layer starts in evaluation mode, but the text says that it starts in training mode.",
    ),
    Mistake(
        "float32 state",
        (
            {Every("(num_features)"): "(num_features, np.float32)"},
            {Every("zeros(num_features)"): "zeros(num_features, np.float32)"},
        ),
        "At least one of gamma, beta, running_mean and running_var starts as float32. The state should be float64, "
        "whatever the dtype of the batches is.",
    ),
    Mistake("always float64", {dtype_of("x"): "float"}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {dtype_of("x"): "x.dtype"}, INTEGERS),
    Mistake(
        "works in place",
        {
            "x = x.astype(float)": 'x = x if x.dtype.kind == "f" else x.astype(float)',
            "        y = self.gamma * (x - mean)": "        x -= mean\n        y = self.gamma * x",
        },
        in_place("x"),
    ),
)

KNOWN = Known(BatchNorm, uses, MISTAKES, use=observed)
