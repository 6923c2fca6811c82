"""Known mistakes in `train_linear`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.batches.shared import NO_RNG
from bngrader.check.mistakes.common import dtype_of


def train_linear(x, y, lr, batch_size, epochs, rng):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x, y = x.astype(float), y.astype(float)
    n, d = x.shape
    w, losses = np.zeros(d), []
    for _ in range(epochs):
        order = rng.permutation(n)
        for start in range(0, n, batch_size):
            batch = order[start : start + batch_size]
            error = x[batch] @ w - y[batch]
            losses.append(np.mean(error**2))
            w = w - lr * 2 / len(batch) * x[batch].T @ error
    return w.astype(dtype), losses


def trained(function, x, y, lr, batch_size, epochs, seed, what="results"):
    """Return the results of training, or the next number that rng draws."""
    rng = np.random.default_rng(seed)
    results = function(x, y, lr, batch_size, epochs, rng)
    return results if what == "results" else rng.integers(2**40)


def train_once_an_epoch(x, y, lr, batch_size, epochs, rng):
    w, losses = np.zeros(x.shape[1]), []
    for _ in range(epochs):
        losses.append(np.mean((x @ w - y) ** 2))
        w = w - lr * 2 / len(x) * x.T @ (x @ w - y)
    return w.astype(x.dtype if x.dtype.kind == "f" else float), losses


def trainings(rng):
    x, y, seed = rng.integers(-3, 4, (7, 2)) + 0.5, rng.integers(1, 5, 7) + 0.25, int(rng.integers(10**6))
    yield x[:1], y[:1], 0.01, 1, 1, seed
    yield x[:3], y[:3], 0.01, 3, 1, seed
    yield x[:3], y[:3], 0.01, 3, 4, seed
    yield x[:6], y[:6], 0.01, 2, 1, seed
    yield x[:6], y[:6], 0.01, 2, 3, seed
    yield x[:5], y[:5], 0.01, 3, 1, seed
    yield x[:3], y[:3], 0.01, 4, 1, seed
    yield x, y, 0.01, 3, 4, seed
    yield np.array([[12, -12], [24, 36]]), np.array([1, 2]), 0.25, 2, 1, seed  # w has no fractions after the one step
    yield x[:4].astype(np.float32), y[:4].astype(np.float32), 0.01, 4, 2, seed
    yield x[:6], y[:6], 0.01, 2, 1, seed, "next draw"


STEP = "w = w - lr * 2 / len(batch) * x[batch].T @ error"
LOOP = "    for _ in range(epochs):\n"
LOSS = "            losses.append(np.mean(error**2))\n"
ORDER = "        order = rng.permutation(n)\n"

MISTAKES = (
    Mistake(
        "half the gradient",
        {"lr * 2 / len(batch)": "lr / len(batch)"},
        (
            "Your steps are only half as long as they should be, because the gradient of a squared error has a "
            "factor of 2."
        ),
    ),
    Mistake(
        "the gradient of the sum",
        {"lr * 2 / len(batch)": "lr * 2"},
        (
            "You use the gradient of the summed error. The loss is the mean over the batch, so its gradient is "
            "smaller by the number of samples in the batch."
        ),
    ),
    Mistake(
        "divides by the batch size",
        {"lr * 2 / len(batch)": "lr * 2 / batch_size"},
        "You divide the gradient by batch_size, but the last batch of an epoch can have fewer samples.",
    ),
    Mistake(
        "divides by all samples",
        {"lr * 2 / len(batch)": "lr * 2 / n"},
        (
            "You divide the gradient of a batch by the number of all samples, so your steps are too short. The loss "
            "of a step is the mean over its batch."
        ),
    ),
    Mistake(
        "uphill",
        {"w = w - lr": "w = w + lr"},
        "Your steps go along the gradient instead of against it, so the loss grows.",
    ),
    Mistake(
        "the loss after the step",
        {
            LOSS: "",
            STEP: f"{STEP}\n            losses.append(np.mean((x[batch] @ w - y[batch]) ** 2))",
        },
        (
            "You record each loss after its step. It should be the loss before the step, so the first entry belongs "
            "to w = 0."
        ),
    ),
    Mistake(
        "the loss of the whole set",
        {"np.mean(error**2)": "np.mean((x @ w - y) ** 2)"},
        "You record the loss on the whole data set. Each entry should be the loss on the batch of its step.",
    ),
    Mistake(
        "half the loss",
        {"np.mean(error**2)": "np.mean(error**2) / 2"},
        "Your losses are only half the mean squared error. The loss in the text has no factor of 1/2.",
    ),
    Mistake(
        "the summed loss",
        {"np.mean(error**2)": "np.sum(error**2)"},
        "Your losses are sums of squared errors. They should be means over the batch.",
    ),
    Mistake(
        "one order for all epochs",
        {
            "        order = rng.permutation(n)\n": "",
            LOOP: f"    order = rng.permutation(n)\n{LOOP}",
        },
        "You shuffle only once, before the first epoch. Each epoch needs a new permutation.",
    ),
    Mistake(
        "no shuffle",
        {"rng.permutation(n)": "np.arange(n)"},
        "You go through the samples in their original order. Each epoch needs a random permutation.",
    ),
    Mistake(
        "leaves out the short batch",
        {"range(0, n, batch_size)": "range(0, n - n % batch_size, batch_size)"},
        "You leave out the last, shorter batch of each epoch, so some samples go unused. Here this batch takes part "
        "like any other.",
    ),
    Mistake(
        "rng not used",
        (
            {LOOP: f"    rng = __import__('copy').deepcopy(rng)\n{LOOP}"},
            {ORDER: ORDER.replace("rng.", "np.random.default_rng(0).")},
        ),
        NO_RNG,
    ),
    Mistake(
        "shuffles what is shuffled",
        {ORDER: f"{ORDER}        x, y, order = x[order], y[order], np.arange(n)\n"},
        (
            "You shuffle rows that are already shuffled. Each permutation should apply to the rows in their original"
            " order."
        ),
    ),
    Mistake(
        "shuffles x without y",
        (
            {"x[batch] @ w - y[batch]": "x[batch] @ w - y[start : start + batch_size]"},
            {ORDER: f"{ORDER}        x, order = x[order], np.arange(n)\n"},
        ),
        "You reorder the rows of x but not of y, so samples get the wrong targets.",
    ),
    Mistake(
        "one step per epoch",
        train_once_an_epoch,
        "You take one step per epoch, with all samples. There should be one step per batch.",
    ),
    Mistake(
        "does not start at 0",
        (
            {"np.zeros(d)": "np.ones(d)"},
            {"np.zeros(d)": "rng.normal(size=d)"},
            {"np.zeros(d)": "rng.standard_normal(d) * 0.01"},
            {"np.zeros(d)": "rng.random(d)"},
        ),
        "Your w does not start at 0, so even your first loss is different.",
    ),
    Mistake(
        "one loss per epoch",
        (
            {
                "order = rng.permutation(n)": "order, part = rng.permutation(n), []",
                "losses.append(np.mean(error**2))": "part.append(np.mean(error**2))",
                f"            {STEP}\n": f"            {STEP}\n        losses.append(np.mean(part))\n",
            },
            {
                LOSS: "",
                ORDER: f"{ORDER}        losses.append(np.mean((x @ w - y) ** 2))\n",
            },
            {
                LOSS: "",
                STEP: f"{STEP}\n        losses.append(np.mean((x @ w - y) ** 2))",
            },
        ),
        "You record one loss per epoch. There should be one loss per step.",
    ),
    Mistake(
        "always float64",
        {dtype_of("x"): "float"},
        "Your w is float64 even when x is float32. It should have the dtype of x.",
    ),
    Mistake(
        "whole weights",
        (
            {dtype_of("x"): "x.dtype"},
            {
                dtype_of("x"): "x.dtype",
                "np.zeros(d), []": "np.zeros(d, dtype), []",
                "w = w - lr": "w -= lr",
            },
        ),
        "Your w has the integer dtype of x, so its fractions are lost. For integer x, it should be float64.",
    ),
    Mistake(
        "w alone",
        {"return w.astype(dtype), losses": "return w.astype(dtype)"},
        "You return only w. The list of losses is missing.",
    ),
)

KNOWN = Known(train_linear, trainings, MISTAKES, use=trained)
