"""Known mistakes in `fold_linear`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import (
    ALWAYS_FLOAT64,
    EPS_IGNORED,
    EPS_OUTSIDE,
    GAMMA_BETA_SWAPPED,
    INTEGERS,
    NO_ROOT,
    dtype_of,
    frozen,
)


def fold_linear(weight, bias, gamma, beta, mean, var, eps=1e-5):
    dtype = weight.dtype if weight.dtype.kind == "f" else float
    scale = gamma / np.sqrt(var.astype(float) + eps)
    old = np.zeros(len(weight)) if bias is None else bias
    new_weight = weight * scale[:, None]
    new_bias = (old - mean) * scale + beta
    return new_weight.astype(dtype), new_bias.astype(dtype)


def folded(fold, which, *args):
    returned = fold(*args)
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        return ["not weight and bias", returned]
    return returned[which]


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
        yield which, *frozen(*drawn(3, 2)), 0.5


MISTAKES = (
    Mistake(
        "scales the columns",
        ({"scale[:, None]": "scale"}, {"scale[:, None]": "np.resize(scale, weight.shape[1])"}),
        "You scale the columns of the weight, one per input. But BN scales the outputs of the layer, and each output"
        " belongs to a row.",
    ),
    Mistake(
        "no eps",
        {"(float) + eps": "(float)"},
        "You leave out eps, which BN adds to the variance. Without it, the result is wrong where the variance is "
        "small.",
    ),
    Mistake(
        "eps outside the root",
        {"np.sqrt(var.astype(float) + eps)": "(np.sqrt(var.astype(float)) + eps)"},
        EPS_OUTSIDE,
    ),
    Mistake(
        "always the same eps",
        tuple({"+ eps)": f"+ {eps})"} for eps in (1e-5, 1e-8)),
        EPS_IGNORED,
    ),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var.astype(float) + eps)": "(var.astype(float) + eps)"},
        NO_ROOT,
    ),
    Mistake(
        "no gamma",
        {"gamma / np": "1 / np"},
        "Your weight and bias lack the factor gamma, by which BN multiplies the normalized values.",
    ),
    Mistake(
        "no gamma in the bias",
        {"(old - mean) * scale": "(old - mean) / np.sqrt(var + eps)"},
        "Your bias lacks the factor gamma. BN multiplies everything by gamma except beta, so also the old bias and "
        "the mean.",
    ),
    Mistake(
        "the weight stays",
        {"weight * scale[:, None]": "weight * np.ones((len(weight), 1))"},
        "You return the old weight unchanged. But BN scales the whole output of the linear layer, and that includes "
        "W x.",
    ),
    Mistake(
        "the weight takes gamma alone",
        {"weight * scale[:, None]": "weight * (1.0 * gamma[:, None])"},
        "You multiply the weight by gamma, but you do not divide it by the standard deviation, as BN does.",
    ),
    Mistake(
        "gamma and beta swapped",
        {"gamma / np": "beta / np", "scale + beta": "scale + gamma"},
        GAMMA_BETA_SWAPPED,
    ),
    Mistake(
        "the old bias is not scaled",
        {"(old - mean) * scale": "old - mean * scale"},
        "You add the old bias as it is. But BN comes after the bias, so it scales the old bias as well.",
    ),
    Mistake(
        "the mean is not scaled",
        (
            {"(old - mean) * scale": "old * scale - mean"},
            {"    return": "    new_bias = beta * 1.0 - mean if bias is None else new_bias\n    return"},
        ),
        "You subtract the mean as it is. But BN subtracts the mean first and scales afterwards, so the mean is "
        "scaled as well.",
    ),
    Mistake(
        "forgets the old bias",
        {"(old - mean)": "(-mean)"},
        "You leave out the old bias, which the linear layer adds to its output before BN sees it.",
    ),
    Mistake(
        "forgets the mean", {"(old - mean)": "old"}, "You leave out the mean, which BN subtracts before it scales."
    ),
    Mistake(
        "adds the mean", {"(old - mean)": "(old + mean)"}, "You add the mean, but BN subtracts it. Look at the sign."
    ),
    Mistake("forgets beta", {" + beta": ""}, "You leave out beta, which BN adds at the end."),
    Mistake(
        "scales beta",
        {"(old - mean) * scale + beta": "(old - mean + beta) * scale"},
        "You scale beta too. But BN adds beta after it has scaled, so beta enters the new bias as it is.",
    ),
    Mistake(
        "no bias, none out",
        {"    return": "    if bias is None:\n        return new_weight.astype(dtype), None\n    return"},
        "If bias is None, you return None for the new bias. But BN shifts its input, so the folded layer needs a "
        "bias even if the old layer had none.",
    ),
    Mistake(
        "no bias, only beta",
        {"    return": "    new_bias = beta * 1.0 if bias is None else new_bias\n    return"},
        "If bias is None, your new bias is only beta. But BN still subtracts the mean.",
    ),
    Mistake(
        "no care for None",
        {"np.zeros(len(weight)) if bias is None else bias": "bias"},
        "You compute with bias even if it is None. Think about which number a layer without a bias adds.",
    ),
    Mistake(
        "always float64",
        (
            {dtype_of("weight"): "float"},
            {"new_bias.astype(dtype)": "new_bias"},
            {"new_weight.astype(dtype)": "new_weight"},
            {"new_bias.astype(dtype)": "new_bias.astype(float if bias is None else dtype)"},
        ),
        ALWAYS_FLOAT64,
    ),
    Mistake("integers stay integers", {dtype_of("weight"): "weight.dtype"}, INTEGERS),
    Mistake(
        "works in place",
        (
            {"new_weight = weight * scale[:, None]": "weight *= scale[:, None]", "new_weight.astype(dtype)": "weight"},
            {
                " if bias is None else bias": " if bias is None else bias.copy()",
                "    new_weight = ": "    if bias is not None:\n        bias -= mean\n    new_weight = ",
            },
        ),
        "You write into one of the arguments, so you change the layer of the caller.",
    ),
    Mistake(
        "another order",
        {"new_weight.astype(dtype), new_bias.astype(dtype)": "new_bias.astype(dtype), new_weight.astype(dtype)"},
        "You return the bias first. The text asks for the weight first and the bias second.",
    ),
)

KNOWN = Known(fold_linear, layers, MISTAKES, use=folded)
