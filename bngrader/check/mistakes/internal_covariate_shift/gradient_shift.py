"""Known mistakes in `gradient_shift`."""

import numpy as np

from bngrader.check.mistakes import Every, Known, Mistake
from bngrader.check.mistakes.common import frozen


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
    yield frozen(rng.normal(size=8)[::2], rng.normal(size=8)[::2])


def careless(edits):
    """The same mistake in three ways: else right, dividing by norms that may be 0, and in the dtype of integers too."""
    return edits, {**edits, NORMS: ""}, {**edits, NORMS: "", Every(".astype(float)"): ""}


NORMS = " if norms > 0 else 0.0"

MISTAKES = (
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
        (
            {"a @ b / norms": "a @ b"},
            {Every(".astype(float)"): "", "a @ b / norms if norms > 0 else 0.0": "np.sum(a * b)"},
        ),
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
        {Every(".astype(float)"): "", "b - a)": "b - a + 0.0)"},
        "You compute in the dtype of small integers, where results wrap round. Take integers as float64.",
    ),
    Mistake(
        "changes an argument",
        {"l2 = ": "g_after -= g\n    l2 = "},
        "You write the difference into an argument: the caller's own gradient is changed. Work on a new array.",
    ),
)

KNOWN = Known(gradient_shift, gradients, MISTAKES)
