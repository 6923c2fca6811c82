"""Known mistakes in `fold_conv`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.cnn.shared import part_of
from bngrader.check.mistakes.common import (
    ALWAYS_FLOAT64,
    EPS_DEFAULT,
    EPS_IGNORED,
    EPS_OUTSIDE,
    INTEGERS,
    NO_ROOT,
    dtype_of,
    frozen,
    in_place,
)


def fold_conv(weight, bias, gamma, beta, mean, var, eps=1e-5):
    dtype = weight.dtype if weight.dtype.kind == "f" else float
    weight, gamma, beta = weight.astype(float), gamma.astype(float), beta.astype(float)
    bias = np.zeros(len(weight)) if bias is None else bias.astype(float)
    scale = gamma / np.sqrt(var.astype(float) + eps)
    new_weight = weight * scale[:, None, None, None]
    new_bias = (bias - mean) * scale + beta
    return new_weight.astype(dtype), new_bias.astype(dtype)


def fold_the_input_channels(weight, bias, gamma, beta, mean, var, eps=1e-5):
    dtype = weight.dtype if weight.dtype.kind == "f" else float
    bias = np.zeros(len(weight)) if bias is None else bias.astype(float)
    scale = gamma / np.sqrt(var + eps)
    return (weight * scale[:, None, None]).astype(dtype), ((bias - mean) * scale + beta).astype(dtype)


def convolutions_with_bn(rng):
    def layer(*shape, dtype=float, bias=True):
        weight = rng.permutation(np.prod(shape)).reshape(shape) + 2
        vectors = (rng.permutation(5)[: shape[0]] + 1 for _ in range(5))
        first, *others = [a.astype(dtype) for a in vectors]
        return weight.astype(dtype), first if bias else None, *others

    for name in ("weight", "bias"):
        yield name, *layer(1, 1, 1, 1), 1.0
        yield name, *layer(1, 1, 1, 1, bias=False), 1.0
        yield name, *layer(2, 2, 2, 2), 1e-5
        yield name, *layer(2, 3, 1, 2), 1e-5
        yield name, *layer(1, 1, 1, 1)[:-1], rng.uniform(1, 2, 1) * 1e-4
        yield name, *layer(1, 1, 1, 1)[:-1], rng.uniform(1, 2, 1) * 1e-4, 1e-3
        yield name, *layer(1, 1, 1, 1, dtype=np.float32), 1e-5
        yield name, *layer(1, 1, 1, 1, dtype=np.float32, bias=False), 1e-5
        yield name, *layer(1, 1, 1, 1, dtype=int), 1e-5
        yield name, *frozen(*layer(2, 1, 1, 1)), 1e-5


def one_fold(fold, name, weight, bias, gamma, beta, mean, var, *eps):
    return part_of(fold(weight, bias, gamma, beta, mean, var, *eps), ("weight", "bias"), name)


MISTAKES = (
    Mistake(
        "no eps",
        {" + eps)": ")"},
        "You leave out eps, which BN adds to the variance under the square root.",
    ),
    Mistake(
        "another default for eps",
        ({"eps=1e-5": "eps=1e-3"}, {"eps=1e-5": "eps=1e-8"}, {"eps=1e-5": "eps"}),
        EPS_DEFAULT,
    ),
    Mistake(
        "eps not from the argument",
        {" + eps)": " + 1e-5)"},
        EPS_IGNORED,
    ),
    Mistake(
        "eps outside the root",
        {"np.sqrt(var.astype(float) + eps)": "(np.sqrt(var.astype(float)) + eps)"},
        EPS_OUTSIDE,
    ),
    Mistake(
        "divides by the variance",
        (
            {"np.sqrt(var.astype(float) + eps)": "(var.astype(float) + eps)"},
            {"np.sqrt(var.astype(float) + eps)": "var.astype(float)"},
        ),
        NO_ROOT,
    ),
    Mistake(
        "no gamma",
        {"gamma / np.sqrt": "1 / np.sqrt"},
        "You leave out gamma, by which BN multiplies the normalized values.",
    ),
    Mistake(
        "scales the input channels",
        fold_the_input_channels,
        "You scale the weight by input channel. But BN acts on the output of the convolution, so each filter (the "
        "first axis of the weight) has its own factor.",
    ),
    Mistake(
        "scales along the last axis",
        {"scale[:, None, None, None]": "scale"},
        "You scale the weight along its last axis, because NumPy aligns shapes from the right. But each filter (the "
        "first axis of the weight) has its own factor.",
    ),
    Mistake(
        "the weight is left alone",
        {"weight * scale[:, None, None, None]": "weight + 0"},
        "You return the old weight unchanged. But BN scales everything that a filter produces, so the weight has to "
        "change too.",
    ),
    Mistake(
        "the old bias is not scaled",
        {"(bias - mean) * scale + beta": "bias - mean * scale + beta"},
        "You add the old bias as it is. But BN comes after the bias, so it scales the old bias as well.",
    ),
    Mistake(
        "the old bias is lost",
        {"(bias - mean) * scale + beta": "beta - mean * scale"},
        "You leave out the old bias. The convolution adds it before BN, so it is part of what BN scales.",
    ),
    Mistake(
        "no mean",
        {"(bias - mean) * scale + beta": "bias * scale + beta"},
        "You leave out the running mean, which BN subtracts before it scales.",
    ),
    Mistake(
        "the mean is not scaled",
        {"(bias - mean) * scale + beta": "bias * scale - mean + beta"},
        "You subtract the running mean as it is. But BN subtracts the mean first and scales afterwards, so the mean "
        "is scaled as well.",
    ),
    Mistake(
        "adds the mean",
        {"(bias - mean)": "(bias + mean)"},
        "You add the running mean, but BN subtracts it. Look at the sign.",
    ),
    Mistake(
        "beta is scaled",
        {"(bias - mean) * scale + beta": "(bias - mean + beta) * scale"},
        "You scale beta too. But BN adds beta after it has scaled, so beta enters the new bias as it is.",
    ),
    Mistake(
        "no beta",
        {"(bias - mean) * scale + beta": "(bias - mean) * scale + 0 * beta"},
        "You leave out beta, which BN adds at the end.",
    ),
    Mistake(
        "no bias stays no bias",
        {
            "bias = np.zeros(len(weight)) if bias is None else bias.astype(float)": (
                "bias = mean if bias is None else bias.astype(float)"
            )
        },
        "If bias is None, your new bias is only beta. But BN still subtracts the running mean.",
    ),
    Mistake(
        "None stays None",
        {
            "bias = np.zeros(len(weight)) if bias is None else bias.astype(float)": (
                "none, bias = bias is None, np.zeros(len(weight)) if bias is None else bias.astype(float)"
            ),
            "new_bias.astype(dtype)": "None if none else new_bias.astype(dtype)",
        },
        "If bias is None, you return None for the new bias. But BN shifts its input, so the folded convolution needs"
        " a bias even if the old one had none.",
    ),
    Mistake(
        "float64 for None",
        {
            "bias = np.zeros(len(weight)) if bias is None else bias.astype(float)": (
                "kind = float if bias is None else dtype\n"
                "    bias = np.zeros(len(weight)) if bias is None else bias.astype(float)"
            ),
            "new_bias.astype(dtype)": "new_bias.astype(kind)",
        },
        "If bias is None, your new bias is float64, whatever the dtype of the weight is. Check the default dtype of "
        "the array that you use instead of None.",
    ),
    Mistake(
        "one bias for all",
        {"new_bias.astype(dtype)": "new_bias.astype(dtype)[:, None, None, None]"},
        "Your new bias keeps axes of length 1. It should have shape (out,), like the old bias.",
    ),
    Mistake(
        "swapped",
        {
            "return new_weight.astype(dtype), new_bias.astype(dtype)": (
                "return new_bias.astype(dtype), new_weight.astype(dtype)"
            )
        },
        "You return the bias first. The text asks for the weight first and the bias second.",
    ),
    Mistake(
        "None is an error",
        (
            {"np.zeros(len(weight)) if bias is None else bias.astype(float)": "bias.astype(float)"},
            {"np.zeros(len(weight)) if bias is None else bias.astype(float)": "bias"},
        ),
        "You compute with bias even if it is None. Think about which number a convolution without a bias adds.",
    ),
    Mistake(
        "always float64",
        {dtype_of("weight"): "float"},
        ALWAYS_FLOAT64,
    ),
    Mistake(
        "integers stay integers",
        {dtype_of("weight"): "weight.dtype"},
        INTEGERS,
    ),
    Mistake(
        "in place",
        {
            "weight, gamma, beta = weight.astype(float)": (
                "weight, gamma, beta = weight if weight.dtype == float else weight.astype(float)"
            ),
            "weight * scale[:, None, None, None]": "np.multiply(weight, scale.reshape(-1, 1, 1, 1), weight)",
            "new_weight.astype(dtype)": "new_weight.astype(dtype, copy=False)",
        },
        in_place("weight"),
    ),
)

KNOWN = Known(fold_conv, convolutions_with_bn, MISTAKES, use=one_fold)
