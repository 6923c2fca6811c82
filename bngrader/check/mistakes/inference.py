"""Known mistakes in the assignment on inference with batch normalization."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake


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


def population_statistics(batches):
    means, variances = [], []
    for batch in batches:
        m = len(batch)
        dtype = batch.dtype if batch.dtype.kind == "f" else float
        means.append(batch.mean(axis=0, dtype=float))
        variances.append(batch.var(axis=0, dtype=float))
    mean = np.mean(means, axis=0)
    var = np.mean(variances, axis=0) * m / (m - 1)
    return mean.astype(dtype), var.astype(dtype)


def pooled_statistics(batches):
    rows = np.concatenate(list(batches))
    dtype = rows.dtype if rows.dtype.kind == "f" else float
    return rows.mean(axis=0, dtype=float).astype(dtype), rows.var(axis=0, dtype=float).astype(dtype)


def pooled_unbiased_statistics(batches):
    rows = np.concatenate(list(batches))
    dtype = rows.dtype if rows.dtype.kind == "f" else float
    return rows.mean(axis=0, dtype=float).astype(dtype), rows.var(axis=0, dtype=float, ddof=1).astype(dtype)


def pooled_corrected_statistics(batches):
    batches = list(batches)
    rows, m = np.concatenate(batches), len(batches[0])
    dtype = rows.dtype if rows.dtype.kind == "f" else float
    return rows.mean(axis=0, dtype=float).astype(dtype), (rows.var(axis=0, dtype=float) * m / (m - 1)).astype(dtype)


def statistics_in_two_readings(batches):
    means = [batch.mean(axis=0, dtype=float) for batch in batches]
    m = len(next(iter(batches)))
    variances = [batch.var(axis=0, dtype=float) for batch in batches]
    dtype = batches[0].dtype if batches[0].dtype.kind == "f" else float
    return np.mean(means, axis=0).astype(dtype), (np.mean(variances, axis=0) * m / (m - 1)).astype(dtype)


def fold_linear(weight, bias, gamma, beta, mean, var, eps=1e-5):
    dtype = weight.dtype if weight.dtype.kind == "f" else float
    scale = gamma / np.sqrt(var.astype(float) + eps)
    old = np.zeros(len(weight)) if bias is None else bias
    new_weight = weight * scale[:, None]
    new_bias = (old - mean) * scale + beta
    return new_weight.astype(dtype), new_bias.astype(dtype)


def steps_to_forget(decay, tolerance):
    share, steps = 1.0, 0
    while share > tolerance:
        share *= decay
        steps += 1
    return steps


def observed(layer, what, x, decay, eps):
    """One thing about a layer, so that two mistakes in it can be told apart: `what` is when, and what is looked at."""
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


def of_iterable(statistics, kind, batches):
    return statistics(batches if kind == "list" else iter(batches))


def folded(fold, which, *args):
    returned = fold(*args)
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        return ["not weight and bias", returned]
    return returned[which]


def uses(rng):
    one = np.array([[1.0], [3.0]]) + rng.integers(9)
    x = rng.normal(0, 0.3, (4, 2))
    yield "training y", one, 0.9, 3.0
    yield "training running_mean", 2 * one, 0.5, 1e-5
    yield "training running_var", 2 * one, 0.5, 1e-5
    yield "training running_mean", 2 * one, 0.8, 1e-5
    yield "training running_var", np.full((3, 1), 2.0), 0.8, 1e-5  # whose variance is 0, biased or not
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
    frozen = rng.normal(size=(8, 4))[::2, ::2]
    frozen.flags.writeable = False
    yield "training y", frozen, 0.9, 0.5


def sets_of_batches(rng):
    yield "list", [np.array([[1.0], [3.0]]) + rng.integers(5), np.array([[6.0], [10.0]])]
    yield "list", list(rng.normal(1, 2, (3, 4, 2)))
    yield "list", list(rng.normal(1, 2, (2, 5, 2)))
    yield "iterator", list(rng.normal(1, 2, (3, 4, 2)))
    yield "list", list(rng.normal(1, 2, (3, 4, 2)).astype(np.float32))
    yield "list", list(rng.integers(0, 9, (2, 3, 2)))
    yield "list", list(1e6 + rng.normal(0, 1, (2, 4, 2)))


def layers(rng):
    def drawn(n_out, n_in, spread=0.3):
        weight, bias = rng.normal(size=(n_out, n_in)), rng.normal(size=n_out)
        return [weight, bias, rng.normal(2, 1, n_out), *rng.normal(size=(2, n_out)), spread * rng.uniform(1, 2, n_out)]

    ones = [np.array([a]) for a in ([2.0], 3.0, 4.0, 10.0, 1.0, 1.0)]
    for which in (0, 1):
        yield which, *ones, 3.0
        yield which, *drawn(3, 2), 1e-5
        yield which, *drawn(3, 3), 0.5
        yield which, *drawn(2, 3, 1e-4), 1e-3
        weight, _, *rest = drawn(3, 2)
        yield which, weight, None, *rest, 0.5
        yield which, weight.astype(np.float32), None, *(a.astype(np.float32) for a in rest), 0.5
        yield which, *(a.astype(np.float32) for a in drawn(3, 2)), 0.5
        yield which, *(np.abs(np.round(9 * a)).astype(int) for a in drawn(3, 2)), 0.5
        frozen = drawn(3, 2)
        for array in frozen:
            array.flags.writeable = False
        yield which, *frozen, 0.5


def decays(rng):
    yield 0.5, 0.25
    yield 0.5, 1.0
    yield 0.5, 0.3
    yield 0.9, 0.95
    yield 0.9, 0.01
    yield 0.99, 0.5
    yield 0.3, float(np.round(rng.uniform(0.1, 0.2), 2))
    yield 0.25, 2.0**-6
    yield 0.5, 2.0**-29
    yield 0.125, 2.0**-21


DTYPE = '{0}.dtype if {0}.dtype.kind == "f" else float'
ALWAYS_FLOAT64 = "Your result is float64 whatever comes in. float32 in, float32 out."
INTEGERS = "Your result has the integers' dtype and is cut off. Integers are taken as float64."
OLD_MEAN, OLD_VAR = "self.decay * self.running_mean", "self.decay * self.running_var"
SWAPPED_MEAN = {f"{OLD_MEAN} + (1 - self.decay) * mean": "(1 - self.decay) * self.running_mean + self.decay * mean"}
SWAPPED_VAR = {f"{OLD_VAR} + (1 - self.decay) * unb": "(1 - self.decay) * self.running_var + self.decay * unb"}
BY_RUNNING = "        mean, var = self.running_mean, self.running_var\n        y = "
UPDATE_ANYWAY = """        if not self.training and len(x) > 1:
            self.running_mean = self.decay * self.running_mean + (1 - self.decay) * x.mean(axis=0)
            self.running_var = self.decay * self.running_var + (1 - self.decay) * x.var(axis=0, ddof=1)
        y = """

LAYER = (
    Mistake(
        "decay swapped",
        (SWAPPED_MEAN | SWAPPED_VAR, SWAPPED_MEAN, SWAPPED_VAR),
        "A running statistic of yours keeps the share 1 - decay of its old value. decay is the share of the OLD value.",
    ),
    Mistake(
        "a decay of its own",
        tuple({"self.decay = decay": f"self.decay = {decay}"} for decay in (0.9, 0.99)),
        "Your running statistics move at the same pace whatever decay the caller gives.",
    ),
    Mistake(
        "biased running variance",
        {"var * n / (n - 1)": "var"},
        "Your running variance takes up the biased variance of the batch. What is kept for evaluation is the unbiased "
        "one.",
    ),
    Mistake(
        "normalizes by the unbiased variance",
        {"            self.running_mean = ": "            var = unbiased\n            self.running_mean = "},
        "In training you normalize by the unbiased variance. The batch itself is normalized by the biased one.",
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
        "In training you normalize by the running statistics. A training batch is normalized by its own.",
    ),
    Mistake(
        "normalizes by the batch in evaluation",
        {"        if self.training:": "        mean, var = x.mean(axis=0), x.var(axis=0)\n        if self.training:"},
        "In evaluation you normalize by the statistics of the batch: what a sample becomes then depends on its "
        "company.",
    ),
    Mistake(
        "ignores training",
        ({"if self.training:": "if True:"}, {"if self.training:": "if True:", "n == 1": "n == 0"}),
        "Your layer does the same in evaluation as in training: it does not look at the attribute training.",
    ),
    Mistake(
        "always in evaluation",
        {"if self.training:": "if False:"},
        "Your layer does the same in training as in evaluation: it goes by the running statistics, which never move.",
    ),
    Mistake(
        "never updates",
        {
            "            self.running_mean = ": "            mean_now = ",
            "            self.running_var = ": "            var_now = ",
        },
        "Your running statistics never move. In training each batch updates them.",
    ),
    Mistake(
        "keeps the last batch alone",
        {f"{OLD_MEAN} + (1 - self.decay) * mean": "mean", f"{OLD_VAR} + (1 - self.decay) * unb": "unb"},
        "Your running statistics are those of the last batch alone. They keep the share decay of their old value.",
    ),
    Mistake(
        "keeps the dimensions",
        (
            {"(num_features)": "((1, num_features))"},
            {"x.mean(axis=0), x.var(axis=0)": "x.mean(axis=0, keepdims=True), x.var(axis=0, keepdims=True)"},
        ),
        "An attribute of yours has one row, shape (1, D). All four arrays have shape (D,), also after a call.",
    ),
    Mistake("forgets to return", {"        return y.astype(dtype)\n": ""}, "A call of your layer returns nothing."),
    Mistake(
        "updates in evaluation",
        {"        y = ": UPDATE_ANYWAY},
        "Your running statistics change in evaluation too. There they are used and stay as they are.",
    ),
    Mistake(
        "takes one sample in training",
        ({"n == 1": "n == 0"}, {"n == 1": "n == 0", "(n - 1)": "max(n - 1, 1)"}),
        "In training you take a batch of one sample, which has no unbiased variance. It should raise ValueError.",
    ),
    Mistake(
        "refuses one sample in evaluation",
        {
            "        x = x.astype(float)\n": "        x = x.astype(float)\n        if len(x) == 1:\n"
            "            raise ValueError('one sample')\n"
        },
        "You refuse a batch of one sample in evaluation too. There it is as good as any.",
    ),
    Mistake(
        "eps outside of the root",
        {"np.sqrt(var + self.eps)": "(np.sqrt(var) + self.eps)"},
        "You add eps to the standard deviation. It belongs to the variance, inside the square root.",
    ),
    Mistake("no eps", {"var + self.eps": "var"}, "You leave eps out: where the variance is 0 or small, it matters."),
    Mistake(
        "no eps in evaluation",
        {"var + self.eps": "var + (self.eps if self.training else 0)"},
        "You leave eps out in evaluation. It is added there as well as in training.",
    ),
    Mistake(
        "an eps of its own",
        tuple({"self.eps = eps": f"self.eps = {eps}"} for eps in (1e-5, 1e-8)),
        "You use the same eps, whatever eps the caller gives.",
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + self.eps)": "(var + self.eps)"},
        "You divide by the variance plus eps: the square root is missing.",
    ),
    Mistake(
        "keeps the standard deviation",
        {"var * n / (n - 1)": "np.sqrt(var * n / (n - 1))"},
        "Your running variance takes up standard deviations. It should take up variances.",
    ),
    Mistake(
        "one mean for the whole batch",
        {"x.mean(axis=0), x.var(axis=0)": "x.mean(), x.var()"},
        "You take one mean and one variance of all entries together. Each feature, a column, has its own.",
    ),
    Mistake("forgets gamma", {"self.gamma * (x": "(x"}, "Your y lacks the scaling by gamma."),
    Mistake("forgets beta", {" + self.beta": ""}, "Your y lacks the shift by beta."),
    Mistake(
        "neither scale nor shift",
        {"self.gamma * (x": "(x", " + self.beta": ""},
        "Your y lacks both the scaling by gamma and the shift by beta.",
    ),
    Mistake(
        "another start",
        (
            {"running_var = np.ones": "running_var = np.zeros"},
            {"running_mean = np.zeros": "running_mean = np.ones"},
            {"gamma = np.ones": "gamma = np.zeros"},
            {"beta = np.zeros": "beta = np.ones"},
        ),
        "Your gamma, beta, running_mean or running_var starts from other values than the text says.",
    ),
    Mistake(
        "starts in evaluation",
        {"self.training = True": "self.training = False"},
        "A new layer of yours starts in evaluation. It should start in training.",
    ),
    Mistake(
        "float32 state",
        ({"(num_features)": "(num_features, np.float32)"}, {"zeros(num_features)": "zeros(num_features, np.float32)"}),
        "Your gamma, beta or running statistics start as float32. They are float64, whatever the dtype of x.",
    ),
    Mistake("always float64", {DTYPE.format("x"): "float"}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {DTYPE.format("x"): "x.dtype"}, INTEGERS),
    Mistake(
        "works in place",
        {
            "x = x.astype(float)": 'x = x if x.dtype.kind == "f" else x.astype(float)',
            "        y = self.gamma * (x - mean)": "        x -= mean\n        y = self.gamma * x",
        },
        "You write into the argument x: the caller's own batch is changed. Work on a new array.",
    ),
)

POPULATION = (
    Mistake(
        "biased",
        {" * m / (m - 1)": ""},
        "Your variance is the average of the biased variances. The factor m / (m - 1) is missing.",
    ),
    Mistake(
        "unbiased twice",
        {"dtype=float))\n    mean": "dtype=float, ddof=1))\n    mean"},
        "You correct the variance twice: once by ddof=1 in each batch, and once more by m / (m - 1).",
    ),
    Mistake(
        "corrected by the number of batches",
        {"m / (m - 1)": "len(means) / (len(means) - 1)"},
        "Your correction uses the number of batches. The m in m / (m - 1) is the number of samples in a batch.",
    ),
    Mistake(
        "all rows together",
        (pooled_statistics, pooled_unbiased_statistics, pooled_corrected_statistics),
        "You take the variance of all rows together. What is asked is the average of the batches' own variances, which "
        "leaves out how far their means lie apart.",
    ),
    Mistake(
        "averages standard deviations",
        (
            {"batch.var(": "batch.std(", "np.mean(variances, axis=0)": "np.mean(variances, axis=0) ** 2"},
            {"batch.var(axis=0, dtype=float)": "batch.std(axis=0, dtype=float, ddof=1)", " * m / (m - 1)": ""},
        ),
        "You average the batches' standard deviations. What is averaged is the variances.",
    ),
    Mistake(
        "returns the standard deviation",
        {"return mean": "var = np.sqrt(var)\n    return mean"},
        "You return the standard deviation. What is asked is the variance.",
    ),
    Mistake(
        "the variance of the means",
        {"np.mean(variances, axis=0) * m / (m - 1)": "np.var(means, axis=0)"},
        "What you return for the variance says how far the batches' means lie apart. Asked is the average of the "
        "variances within the batches.",
    ),
    Mistake(
        "sums for means",
        {"np.mean(means, axis=0)": "np.sum(means, axis=0)", "np.mean(variances": "np.sum(variances"},
        "You add up the batches' statistics and do not divide by the number of batches.",
    ),
    Mistake(
        "the last batch alone",
        {"np.mean(means, axis=0)": "means[-1]", "np.mean(variances, axis=0)": "variances[-1]"},
        "You return the statistics of the last batch alone.",
    ),
    Mistake(
        "reads twice",
        (
            statistics_in_two_readings,
            {"    for batch in batches:": "    n = len(batches)\n    for batch in batches:"},
            {"        variances": "    for batch in batches:\n        variances"},
            {"    for batch in batches:": "    D = batches[0].shape[1]\n    for batch in batches:"},
        ),
        "You read the batches more than once, or ask for their number or an index. What comes may be a generator, "
        "which can be read only once, from the start to the end.",
    ),
    Mistake(
        "one mean for all features",
        {"batch.mean(axis=0, ": "batch.mean(", "batch.var(axis=0, ": "batch.var("},
        "You take one mean and one variance of all entries together. Each feature, a column, has its own.",
    ),
    Mistake(
        "one pass",
        {"batch.var(axis=0, dtype=float)": "(batch.astype(float) ** 2).mean(axis=0) - means[-1] ** 2"},
        "Your variance is the mean of the squares less the square of the mean. Where the mean is large against the "
        "spread, two nearly equal numbers are subtracted, and the digits are gone.",
        loose=True,
    ),
    Mistake("always float64", {DTYPE.format("batch"): "float"}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {DTYPE.format("batch"): "batch.dtype"}, INTEGERS),
)

FOLD = (
    Mistake(
        "scales the columns",
        ({"scale[:, None]": "scale"}, {"scale[:, None]": "np.resize(scale, weight.shape[1])"}),
        "You scale the columns of the weight, which belong to its inputs. BN scales the outputs, which are its rows.",
    ),
    Mistake("no eps", {"(float) + eps": "(float)"}, "You leave eps out: where the variance is small, it matters."),
    Mistake(
        "eps outside of the root",
        {"np.sqrt(var.astype(float) + eps)": "(np.sqrt(var.astype(float)) + eps)"},
        "You add eps to the standard deviation. It belongs to the variance, inside the square root.",
    ),
    Mistake(
        "an eps of its own",
        tuple({"+ eps)": f"+ {eps})"} for eps in (1e-5, 1e-8)),
        "You use the same eps, whatever eps the caller gives.",
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var.astype(float) + eps)": "(var.astype(float) + eps)"},
        "You divide by the variance plus eps: the square root is missing.",
    ),
    Mistake("no gamma", {"gamma / np": "1 / np"}, "Your weight and bias lack the factor gamma."),
    Mistake(
        "no gamma in the bias",
        {"(old - mean) * scale": "(old - mean) / np.sqrt(var + eps)"},
        "Your bias lacks the factor gamma where it takes up the old bias and the mean.",
    ),
    Mistake(
        "the weight stays",
        {"weight * scale[:, None]": "weight * np.ones((len(weight), 1))"},
        "You return the weight as it was. BN's scale belongs into it too.",
    ),
    Mistake(
        "the weight takes gamma alone",
        {"weight * scale[:, None]": "weight * (1.0 * gamma[:, None])"},
        "You multiply the weight by gamma, but do not divide it by sqrt(var + eps).",
    ),
    Mistake(
        "gamma and beta swapped",
        {"gamma / np": "beta / np", "scale + beta": "scale + gamma"},
        "You scale by beta and shift by gamma: the two are swapped.",
    ),
    Mistake(
        "the old bias is not scaled",
        {"(old - mean) * scale": "old - mean * scale"},
        "You add the old bias as it was. BN scales it with the rest.",
    ),
    Mistake(
        "the mean is not scaled",
        (
            {"(old - mean) * scale": "old * scale - mean"},
            {"    return": "    new_bias = beta * 1.0 - mean if bias is None else new_bias\n    return"},
        ),
        "You subtract the mean as it was. It is subtracted before BN scales.",
    ),
    Mistake("forgets the old bias", {"(old - mean)": "(-mean)"}, "Your bias does not contain the old bias."),
    Mistake("forgets the mean", {"(old - mean)": "old"}, "Your bias does not contain the mean that BN subtracts."),
    Mistake("adds the mean", {"(old - mean)": "(old + mean)"}, "You add the mean. BN subtracts it."),
    Mistake("forgets beta", {" + beta": ""}, "Your bias does not contain beta."),
    Mistake(
        "scales beta",
        {"(old - mean) * scale + beta": "(old - mean + beta) * scale"},
        "You scale beta. It is added after BN has scaled.",
    ),
    Mistake(
        "no bias, none out",
        {"    return": "    if bias is None:\n        return new_weight.astype(dtype), None\n    return"},
        "Without a bias you return none. BN shifts the output, and this shift needs one.",
    ),
    Mistake(
        "no bias, only beta",
        {"    return": "    new_bias = beta * 1.0 if bias is None else new_bias\n    return"},
        "Without a bias, your new bias is beta alone. BN subtracts the mean all the same.",
    ),
    Mistake(
        "no care for None",
        {"np.zeros(len(weight)) if bias is None else bias": "bias"},
        "You calculate with bias where it is None. Without a bias the layer adds nothing.",
    ),
    Mistake(
        "always float64",
        (
            {DTYPE.format("weight"): "float"},
            {"new_bias.astype(dtype)": "new_bias"},
            {"new_weight.astype(dtype)": "new_weight"},
            {"new_bias.astype(dtype)": "new_bias.astype(float if bias is None else dtype)"},
        ),
        ALWAYS_FLOAT64,
    ),
    Mistake("integers stay integers", {DTYPE.format("weight"): "weight.dtype"}, INTEGERS),
    Mistake(
        "works in place",
        (
            {"new_weight = weight * scale[:, None]": "weight *= scale[:, None]", "new_weight.astype(dtype)": "weight"},
            {
                " if bias is None else bias": " if bias is None else bias.copy()",
                "    new_weight = ": "    if bias is not None:\n        bias -= mean\n    new_weight = ",
            },
        ),
        "You write into an argument: the caller's own layer is changed. Work on new arrays.",
    ),
    Mistake(
        "another order",
        {"new_weight.astype(dtype), new_bias.astype(dtype)": "new_bias.astype(dtype), new_weight.astype(dtype)"},
        "You return the bias first. The order is weight, bias.",
    ),
)

LOOP = """    share, steps = 1.0, 0
    while share > tolerance:
        share *= decay
        steps += 1
    return steps"""
RATIO = "np.log(tolerance) / np.log(decay)"
STEPS = (
    Mistake(
        "rounds down",
        {LOOP: f"    return int({RATIO})"},
        "You cut off the fraction of log(tolerance) / log(decay): after so few updates too much is left.",
    ),
    Mistake(
        "rounds to the nearest",
        {LOOP: f"    return round({RATIO})"},
        "You round log(tolerance) / log(decay) to the nearest whole number, which may be too few updates.",
    ),
    Mistake(
        "rounding of a logarithm",
        (
            {LOOP: f"    return int(np.ceil({RATIO}))"},
            {LOOP: "    import math\n\n    return math.ceil(math.log(tolerance, decay))"},
            {LOOP: "    return int(np.ceil(np.log10(tolerance) / np.log10(decay)))"},
        ),
        "Where the share is exactly the tolerance, your ratio of logarithms comes out a little too large, and rounding "
        "up adds an update: check the number that you found against its neighbour.",
    ),
    Mistake(
        "less than the tolerance",
        ({"share > tolerance": "share >= tolerance"}, {LOOP: f"    return int(np.floor(np.round({RATIO}, 9))) + 1"}),
        "You go on until the share is below the tolerance. At most the tolerance is enough.",
    ),
    Mistake(
        "one too many",
        {"return steps": "return steps + 1"},
        "You return one update too many: after no update the share is 1, after one it is decay.",
    ),
    Mistake("one too few", {"return steps": "return max(steps - 1, 0)"}, "You return one update too few."),
    Mistake(
        "at least one",
        {"return steps": "return max(steps, 1)"},
        "With tolerance 1 nothing has to be forgotten: that takes no update.",
    ),
    Mistake(
        "the share of the new value",
        {"share *= decay": "share *= 1 - decay"},
        "You multiply by 1 - decay, the share of the new value. What is left of the old one shrinks by decay.",
    ),
    Mistake(
        "1 - tolerance",
        {LOOP: "    return int(np.ceil(np.log(1 - tolerance) / np.log(decay))) if tolerance < 1 else 0"},
        "You use 1 - tolerance. The tolerance is how much of the old value may be left, not how much has to go.",
    ),
    Mistake(
        "a rule of thumb",
        tuple({LOOP: f"    return int({rounding}(1 / (1 - decay)))"} for rounding in ("np.ceil", "round", "")),
        "You return 1 / (1 - decay), after which about a third of the old value is left. The tolerance has to count.",
    ),
    Mistake(
        "a real number",
        ({LOOP: f"    return {RATIO}"}, {LOOP: LOOP.replace("return steps", "return float(steps)")}),
        "You return a number with a fraction, or a float. The number of updates is an int.",
    ),
)

KNOWN = (
    Known(BatchNorm, uses, LAYER, use=observed),
    Known(population_statistics, sets_of_batches, POPULATION, use=of_iterable),
    Known(fold_linear, layers, FOLD, use=folded),
    Known(steps_to_forget, decays, STEPS),
)
