"""Known mistakes in the assignment on internal covariate shift."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.networks import watched_network
from bngrader.check.observation import beside


def activation_percentiles(h, q=(15, 50, 85)):
    dtype = h.dtype if h.dtype.kind == "f" else float
    p = np.percentile(h.astype(float), list(q), axis=0)
    return p.astype(dtype)


def percentiles_of_a_bell(h, q=(15, 50, 85)):
    from statistics import NormalDist

    h = h * 1.0
    z = [NormalDist().inv_cdf(min(max(one / 100, 1e-9), 1 - 1e-9)) for one in q]
    return np.stack([h.mean(axis=0) + one * h.std(axis=0) for one in z]).astype(h.dtype)


def entry_below(h, q=(15, 50, 85)):
    ordered = np.sort(h * 1.0, axis=0)
    return np.stack([ordered[min(int(len(h) * one / 100), len(h) - 1)] for one in q]).astype(ordered.dtype)


def position_in_n(h, q=(15, 50, 85)):
    ordered = np.sort(h * 1.0, axis=0)
    place = np.minimum(np.array(q) / 100 * len(h), len(h) - 1)
    low = place.astype(int)
    high = np.minimum(low + 1, len(h) - 1)
    return (ordered[low] + (place - low)[:, None] * (ordered[high] - ordered[low])).astype(ordered.dtype)


def not_sorted(h, q=(15, 50, 85)):
    h = h * 1.0
    place = np.array(q) / 100 * (len(h) - 1)
    low = place.astype(int)
    high = np.minimum(low + 1, len(h) - 1)
    return (h[low] + (place - low)[:, None] * (h[high] - h[low])).astype(h.dtype)


def record_activations(model, x):
    import torch

    record, hooks = {}, []

    def watch(name):
        def note(module, inputs, output):
            record[name] = (output.mean().item(), output.std(correction=0).item())

        return note

    for name, module in model.named_modules():
        if not list(module.children()):
            hooks.append(module.register_forward_hook(watch(name)))
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with torch.no_grad():
        model(x.clone())
        for name, buffer in model.named_buffers():
            buffer.copy_(before[name])
    for hook in hooks:
        hook.remove()
    return record


def record_at_the_end(model, x):
    import torch

    outputs, hooks = {}, []
    for name, module in model.named_modules():
        if not list(module.children()):
            note = lambda module, inputs, output, name=name: outputs.update({name: output})  # noqa: E731
            hooks.append(module.register_forward_hook(note))
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with torch.no_grad():
        model(x.clone())
        for name, buffer in model.named_buffers():
            buffer.copy_(before[name])
    for hook in hooks:
        hook.remove()
    return {name: (output.mean().item(), output.std(correction=0).item()) for name, output in outputs.items()}


def gradient_shift(g, g_after):
    a, b = g.ravel().astype(float), g_after.ravel().astype(float)
    l2 = np.linalg.norm(b - a)
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    cosine = a @ b / norms if norms > 0 else 0.0
    return l2, cosine


def gradient_shift_by_row(g, g_after):
    a, b = g.astype(float), g_after.astype(float)
    norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return np.linalg.norm(b - a, axis=-1), np.sum(a * b, axis=-1) / np.where(norms > 0, norms, 1)


def gradient_shift_of_matrices(g, g_after):
    a, b = g.astype(float), g_after.astype(float)
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    return np.linalg.norm(b - a), (np.dot(a, b) / norms if norms > 0 else 0.0)


def standardize_activations(h, eps=1e-5):
    dtype = h.dtype if h.dtype.kind == "f" else float
    h = h.astype(float)
    mean, var = h.mean(axis=0), h.var(axis=0)
    z = (h - mean) / np.sqrt(var + eps)
    return z.astype(dtype)


def frozen(array):
    array.flags.writeable = False
    return array


def batches_and_q(rng):
    yield (np.array([[1.0], [2.0], [4.0], [8.0]]) + rng.integers(9),)
    yield np.array([[1.0], [2.0], [4.0], [8.0]]) * rng.integers(2, 9), (25, 50)
    yield np.array([[3.0], [7.0], [5.0]]), (80, 10)
    yield (rng.normal(3, 2, (5, 2)),)
    yield rng.normal(3, 2, (3, 6)), (30,)
    yield (rng.normal(3, 2, (4, 2)).astype(np.float32),)
    yield (rng.permutation(9)[:8].reshape(4, 2),)
    yield np.array([[100], [-100], [rng.integers(80)]], np.int8), (25, 90)
    yield (np.array([[5.0, -2.0]]),)
    yield (frozen(rng.normal(size=(8, 4))[::2, ::2]),)


def recorded(function, kind, mode, what, x):
    import torch

    network, given = beside(function, watched_network, kind, mode), torch.tensor(x)
    before = getattr(network, what)() if what in ("state", "modes", "hooks", "learning") else None
    record = function(network, given)
    if what == "numbers":
        return [list(record[name]) for name in ("0", "1", "2") if name in record]
    if what == "kinds":
        return [type(number).__name__ for pair in record.values() for number in pair][:2]
    if what == "names":
        return list(record)
    if what == "x":
        return given.numpy().copy()
    return before, getattr(network, what)()


def networks(rng):
    x = rng.normal(size=(3, 3))
    for kind, mode, what in [
        ("plain", "train", "numbers"),
        ("plain", "train", "kinds"),
        ("plain", "train", "passes"),
        ("nested", "train", "names"),
        ("backwards", "train", "names"),
        ("batch_norm", "train", "numbers"),
        ("batch_norm", "eval", "numbers"),
        ("batch_norm", "mixed", "numbers"),
        ("batch_norm", "train", "state"),
        ("plain", "train", "modes"),
        ("plain", "eval", "modes"),
        ("batch_norm", "mixed", "modes"),
        ("plain", "train", "hooks"),
        ("hooked", "train", "hooks"),
        ("plain", "train", "learning"),
        ("in_place", "train", "x"),
        ("in_place", "train", "numbers"),
        ("far", "train", "numbers"),
    ]:
        yield kind, mode, what, x


def gradients(rng):
    yield np.array([3.0, 4.0]) * rng.integers(1, 9), np.array([4.0, 3.0])
    yield np.array([1.0, 2.0, -2.0]), np.array([-4.0, rng.integers(1, 4), 3.0])
    yield np.array([3.0, 4.0]), np.zeros(2)
    yield np.zeros(2), np.zeros(2)
    yield rng.normal(2, 1, 7), rng.normal(3, 1, 7)
    yield rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    yield rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))
    yield 1e-9 * rng.normal(size=3), 1e-9 * rng.normal(size=3)
    yield rng.permutation(9)[:3] + 1, rng.permutation(9)[:3] + 1
    yield np.array([100, -100], np.int8), np.array([-100, -100], np.int8)
    yield frozen(rng.normal(size=8)[::2]), frozen(rng.normal(size=8)[::2])


def batches(rng):
    yield (np.array([[0.0], [4.0]]) + rng.integers(9),)
    yield np.array([[0.0], [2.0]]), 0.5
    yield (np.full((3, 1), 7.0),)
    yield (rng.normal(1, 3, (4, 2)),)
    yield rng.normal(1, 3, (5, 2)), 1e-3
    yield (1e-3 * rng.normal(size=(4, 2)),)
    yield (np.array([[7.0, 3.0]]),)
    yield (rng.normal(1, 3, (4, 2)).astype(np.float32),)
    yield (rng.permutation(9)[:6].reshape(3, 2),)
    yield (1e7 + rng.integers(-15, 16, (50, 1)),)
    yield (frozen(rng.normal(size=(8, 4))[::2, ::2]),)


ALWAYS_FLOAT64 = "Your result is float64 whatever comes in. float32 in, float32 out."
STAY_INTEGERS = "Your result has the dtype of whole numbers where whole numbers come in. Integers are taken as float64."
IN_PLACE = "You write into the argument h: the caller's own activations are changed. Work on a new array."
NORMS = " if norms > 0 else 0.0"


def careless(edits):
    """The same mistake in three ways: else right, dividing by norms that may be 0, and in the dtype of integers too."""
    return edits, {**edits, NORMS: ""}, {**edits, NORMS: "", ".astype(float)": ""}


PERCENTILES = (
    Mistake(
        "along each row",
        ({"axis=0": "axis=1"}, {"axis=0": "axis=1", "p.astype": "p.T.astype"}),
        "You take the percentiles of each sample over its units. They are those of each unit over the batch.",
    ),
    Mistake(
        "of the whole table",
        ({"axis=0": "axis=None"}, {", axis=0)": ")[:, None] * np.ones(h.shape[1])"}),
        "You take the percentiles of all activations together. Each unit has its own.",
    ),
    Mistake(
        "takes an entry",
        (
            *({"axis=0": f"axis=0, method={way!r}"} for way in ("nearest", "lower", "higher", "inverted_cdf")),
            entry_below,
        ),
        "You take one of the activations themselves. Between two of them, interpolate linearly.",
    ),
    Mistake(
        "the middle of two entries",
        {"axis=0": "axis=0, method='midpoint'"},
        "You take the middle of two activations, wherever the percentile lies between them. Interpolate linearly.",
    ),
    Mistake(
        "another position",
        (
            *({"axis=0": f"axis=0, method={way!r}"} for way in ("weibull", "hazen", "interpolated_inverted_cdf")),
            position_in_n,
        ),
        "Your percentiles are interpolated at other positions than q / 100 times N - 1, counted from 0.",
    ),
    Mistake(
        "does not sort",
        not_sorted,
        "You look at positions in the batch as it came. Each unit's activations have to be sorted first.",
    ),
    Mistake("always the same q", {"list(q)": "[15, 50, 85]"}, "You take 15, 50, 85 whatever is asked. Use q."),
    Mistake("sorts q", {"list(q)": "sorted(q)"}, "You sort q. The rows are in the order of q, whatever that is."),
    Mistake("counts from above", {"list(q)": "[100 - one for one in q]"}, "You count q from the highest activation."),
    Mistake(
        "q as a share",
        {"np.percentile": "np.quantile"},
        "You take q for shares from 0 to 1. They are percents, from 0 to 100.",
    ),
    Mistake(
        "units in rows",
        {"p.astype(dtype)": "p.T.astype(dtype)"},
        "Your result has a row for each unit. It has a row for each percentile.",
    ),
    Mistake(
        "of a bell curve",
        percentiles_of_a_bell,
        "You compute percentiles from mean and std, as if the activations were normally distributed. Use the "
        "activations themselves.",
    ),
    Mistake("always float64", {"p.astype(dtype)": "p"}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if h.dtype.kind == "f" else float': ""}, STAY_INTEGERS),
    Mistake(
        "integers overflow",
        {"h.astype(float)": "h"},
        "You interpolate in the dtype of small integers, where differences wrap round. Take integers as float64.",
    ),
    Mistake("sorts in place", {"p = ": "h.sort(axis=0)\n    p = "}, IN_PLACE),
)
RECORD = (
    Mistake(
        "divides by n - 1",
        {"correction=0": "correction=min(1, output.numel() - 1)"},
        "Your std divides the sum of squares by the number of entries less 1, as PyTorch does if it is not told "
        "otherwise. The biased standard deviation divides it by the number of entries.",
    ),
    Mistake(
        "the variance", {"output.std(": "output.var("}, "You record the variance. The standard deviation is asked."
    ),
    Mistake(
        "one pass",
        {"output.std(correction=0)": "((output**2).mean() - output.mean() ** 2).clamp(min=0).sqrt()"},
        "You compute the variance as the mean of squares minus the squared mean. Where the mean is large against the "
        "spread, the two nearly cancel, and rounding is what remains.",
        loose=True,
    ),
    Mistake(
        "for each unit",
        {
            "output.mean().item()": "output.mean(0).numpy()",
            "output.std(correction=0).item()": "output.std(0, False).numpy()",
        },
        "You record a mean and a std for each unit. A leaf has one of each, over all entries of its output.",
    ),
    Mistake(
        "the inputs",
        {"            record[name] =": "            output = inputs[0]\n            record[name] ="},
        "You record what goes into each leaf, and not what comes out.",
    ),
    Mistake(
        "tensors",
        {".item()": ""},
        "Your means and stds are tensors. They have to be numbers of Python's or NumPy's.",
    ),
    Mistake(
        "containers too",
        {"if not list(module.children()):": "if True:"},
        "You record modules that have children, too. Only the leaves are asked.",
    ),
    Mistake(
        "the first level only",
        {"model.named_modules()": "model.named_children()", "if not list(module.children()):": "if True:"},
        "You look at the model's own children alone. A leaf may lie deeper.",
    ),
    Mistake(
        "names of classes",
        {"record[name] =": "record[type(module).__name__] ="},
        "Your keys are not the names of named_modules(): two leaves can be of one class.",
    ),
    Mistake(
        "all under one name",
        {"record[name] =": "record[list(dict(model.named_modules()))[-1]] ="},
        "Your hooks all write under one name. A function made in a loop sees the loop's last value when it is called.",
    ),
    Mistake(
        "the order of registration",
        {"return record\n": "return {name: record[name] for name, _ in model.named_modules() if name in record}\n"},
        "Your record is in the order in which the modules are registered. It has to be in the order in which they run.",
    ),
    Mistake(
        "running statistics move",
        {"            buffer.copy_(before[name])": "            pass"},
        "Your recording moves the running statistics of BN layers in training. They have to be as before.",
    ),
    Mistake(
        "evaluation",
        (
            {
                "    with torch": "    was = model.training\n    model.eval()\n    with torch",
                "    return r": "    model.train(was)\n    return r",
            },
            {
                "    with torch": "    was = [m.training for m in model.modules()]\n    model.eval()\n    with torch",
                "    return r": "    for m, one in zip(model.modules(), was):\n        m.training = one\n    return r",
            },
            {"    with torch": "    model.eval()\n    with torch", "    return r": "    model.train()\n    return r"},
            {"    with torch": "    model.eval()\n    with torch"},
        ),
        "You put the model into evaluation. It runs, and is left, in the mode that it is in.",
    ),
    Mistake(
        "training",
        ({"    with torch": "    model.train()\n    with torch"},),
        "You put the model into training. It runs, and is left, in the mode that it is in.",
    ),
    Mistake(
        "hooks stay",
        {"        hook.remove()": "        pass"},
        "You leave your hooks on the modules: they run again at every later pass.",
    ),
    Mistake(
        "removes all hooks",
        {"for hook in hooks:": "for module in model.modules():", "hook.remove()": "module._forward_hooks.clear()"},
        "You remove hooks that others had put on the modules. Remove your own.",
    ),
    Mistake(
        "with gradients",
        {"    with torch.no_grad():\n        model(x.clone())\n": "    model(x.clone())\n    with torch.no_grad():\n"},
        "The model runs with gradients on. Recording needs none.",
    ),
    Mistake(
        "switches gradients off for good",
        {"    with torch": "    for p in model.parameters():\n        p.requires_grad_(False)\n    with torch"},
        "After your recording the parameters take no gradients any more. They have to be as before.",
    ),
    Mistake(
        "twice",
        {"        model(x.clone())": "        model(x.clone())\n        model(x.clone())"},
        "The model runs more than once.",
    ),
    Mistake(
        "x changes",
        {"x.clone()": "x"},
        "A first layer that works in place overwrites x. It has to be as before.",
    ),
    Mistake(
        "too late",
        record_at_the_end,
        "You keep the outputs and compute the numbers at the end. By then a layer that works in place has overwritten "
        "the output before it.",
    ),
)
SHIFT = (
    Mistake(
        "squared",
        careless({"l2 = np.linalg.norm(b - a)": "l2 = np.sum((b - a) ** 2)"}),
        "Your l2 is the sum of squares. It is the square root of that.",
    ),
    Mistake(
        "sum of absolute values",
        careless({"l2 = np.linalg.norm(b - a)": "l2 = np.abs(b - a).sum()"}),
        "Your l2 is the sum of absolute differences. It is the square root of the sum of squares.",
    ),
    Mistake(
        "a mean",
        careless({"l2 = np.linalg.norm(b - a)": "l2 = np.sqrt(np.mean((b - a) ** 2))"})
        + careless({"l2 = np.linalg.norm(b - a)": "l2 = np.mean((b - a) ** 2)"}),
        "Your l2 takes the mean of the squares. It takes their sum.",
    ),
    Mistake(
        "relative",
        careless({"np.linalg.norm(b - a)": "np.linalg.norm(b - a) / max(np.linalg.norm(a), 1e-300)"}),
        "You divide l2 by the norm of the gradient. It is the norm of the difference itself.",
    ),
    Mistake(
        "difference of norms",
        careless({"np.linalg.norm(b - a)": "abs(np.linalg.norm(b) - np.linalg.norm(a))"}),
        "Your l2 compares two norms. It is the norm of the difference of the two gradients.",
    ),
    Mistake(
        "other order",
        careless({"return l2, cosine": "return cosine, l2"}),
        "You return the cosine first. l2 comes first.",
    ),
    Mistake(
        "distance of directions",
        careless({"return l2, cosine": "return l2, 1 - cosine"}),
        "You return 1 minus the cosine. The cosine itself is asked.",
    ),
    Mistake(
        "angle",
        careless({"return l2, cosine": "return l2, np.arccos(np.clip(cosine, -1, 1))"}),
        "You return the angle. Its cosine is asked.",
    ),
    Mistake(
        "no sign",
        careless({"return l2, cosine": "return l2, abs(cosine)"}),
        "Your cosine is never negative. It is, where the gradient turns round.",
    ),
    Mistake(
        "not divided",
        ({"a @ b / norms": "a @ b"}, {".astype(float)": "", "a @ b / norms if norms > 0 else 0.0": "np.sum(a * b)"}),
        "Your cosine is the sum of products alone. Divide it by the two norms.",
    ),
    Mistake(
        "divided by one norm",
        careless({"a @ b / norms": "a @ b / np.linalg.norm(a) ** 2"})
        + careless({"a @ b / norms": "a @ b / np.linalg.norm(a)"}),
        "Your cosine does not divide by the norms of both gradients.",
    ),
    Mistake(
        "a correlation",
        {
            "    return": "    a, b = a - a.mean(), b - b.mean()\n    norms = np.linalg.norm(a) * np.linalg.norm(b)\n"
            "    cosine = a @ b / norms if norms > 0 else 0.0\n    return"
        },
        "You subtract the mean before you take the cosine: that is a correlation.",
    ),
    Mistake(
        "divides by 0",
        {"a @ b / norms if norms > 0 else 0.0": "a @ b / norms"},
        "You divide by a norm that may be 0. The cosine is taken to be 0 there.",
    ),
    Mistake("1 for 0", {"else 0.0": "else 1.0"}, "Your cosine is 1 where a norm is 0. It is taken to be 0 there."),
    Mistake(
        "adds a small number",
        tuple(
            {"a @ b / norms if norms > 0 else 0.0": f"a @ b / (norms + {eps})"} for eps in (1e-8, 1e-10, 1e-12, 1e-5)
        ),
        "You add a small number to the norms. Small gradients have a cosine too, and it comes out wrong.",
    ),
    Mistake(
        "takes small for 0",
        {"norms > 0": "norms > 1e-12"},
        "You take small norms for 0. Only where a norm is exactly 0 is the cosine taken to be 0.",
    ),
    Mistake(
        "by row",
        gradient_shift_by_row,
        "You treat each row by itself. The arrays are taken flat: there is one l2 and one cosine.",
    ),
    Mistake(
        "matrix product",
        gradient_shift_of_matrices,
        "You multiply matrices. The arrays are taken flat: the sum of products of their entries is one number.",
    ),
    Mistake(
        "integers overflow",
        {".astype(float)": "", "b - a)": "b - a + 0.0)"},
        "You compute in the dtype of small integers, where results wrap round. Take integers as float64.",
    ),
    Mistake(
        "changes an argument",
        {"l2 = ": "g_after -= g\n    l2 = "},
        "You write the difference into an argument: the caller's own gradient is changed. Work on a new array.",
    ),
)
STANDARDIZE = (
    Mistake(
        "divides by N - 1",
        {"h.var(axis=0)": "h.var(axis=0, ddof=min(1, len(h) - 1))"},
        "Your variance divides the sum of squares by N - 1. The biased variance divides it by N.",
    ),
    Mistake(
        "eps outside of the root",
        {"np.sqrt(var + eps)": "(np.sqrt(var) + eps)"},
        "You add eps to the standard deviation. It is added to the variance, inside the square root.",
    ),
    Mistake(
        "always the same eps",
        tuple({"var + eps": f"var + {eps}"} for eps in (1e-5, 1e-8)),
        "Your eps is always the same number, whatever is passed. Use the argument.",
    ),
    Mistake(
        "no eps",
        ({"var + eps": "var"}, {"var + eps": "np.where(var == 0, 1, var)"}),
        "You leave out eps: a constant unit divides 0 by 0.",
    ),
    Mistake(
        "eps as a lower bound",
        {"var + eps": "np.maximum(var, eps)"},
        "You take eps for a lower bound of the variance. It is added to it, always.",
    ),
    Mistake("eps squared", {"var + eps": "var + eps**2"}, "You square eps before you add it. It is added as it is."),
    Mistake(
        "divides by the variance",
        {"np.sqrt(var + eps)": "(var + eps)"},
        "You divide by the variance. Take its square root, with eps inside.",
    ),
    Mistake("shifts only", {" / np.sqrt(var + eps)": ""}, "You subtract the mean and leave the spread as it was."),
    Mistake("scales only", {"(h - mean)": "h"}, "You do not subtract the mean."),
    Mistake(
        "one mean for the whole table",
        {"h.mean(axis=0), h.var(axis=0)": "h.mean(), h.var()"},
        "You take one mean and one variance of all activations together. Each unit has its own.",
    ),
    Mistake(
        "by sample",
        {"(axis=0)": "(axis=1, keepdims=True)"},
        "You take the mean and the variance of each sample: that is layer normalization. Each unit has its own.",
    ),
    Mistake(
        "one pass",
        {"h.var(axis=0)": "np.maximum((h**2).mean(axis=0) - h.mean(axis=0) ** 2, 0)"},
        "You compute the variance as the mean of squares minus the squared mean. Where the mean is large against the "
        "spread, the two nearly cancel, and rounding is what remains.",
        loose=True,
    ),
    Mistake("always float64", {".astype(dtype)": ""}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if h.dtype.kind == "f" else float': ""}, STAY_INTEGERS),
    Mistake(
        "changes its argument",
        {"h.astype(float)": "h.astype(float, copy=False)", "(h - mean)": "np.subtract(h, mean, out=h)"},
        IN_PLACE,
    ),
)
KNOWN = (
    Known(activation_percentiles, batches_and_q, PERCENTILES),
    Known(record_activations, networks, RECORD, use=recorded),
    Known(gradient_shift, gradients, SHIFT),
    Known(standardize_activations, batches, STANDARDIZE),
)
