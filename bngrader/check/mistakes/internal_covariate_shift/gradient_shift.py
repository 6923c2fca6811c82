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
    """Combine a mistake with two more: a division by norms of 0, and arithmetic in the integers' dtype."""
    return edits, {**edits, NORMS: ""}, {**edits, NORMS: "", Every(".astype(float)"): ""}


NORMS = " if norms > 0 else 0.0"

MISTAKES = (
    Mistake(
        "squared",
        careless({"l2 = np.linalg.norm(b - a)": "l2 = np.sum((b - a) ** 2)"}),
        "Your l2 is the sum of the squared differences. The square root is missing.",
    ),
    Mistake(
        "sum of absolute values",
        careless({"l2 = np.linalg.norm(b - a)": "l2 = np.abs(b - a).sum()"}),
        ("Your l2 is the sum of the absolute differences. It should be the square root of the sum of their squares."),
    ),
    Mistake(
        "a mean",
        careless({"l2 = np.linalg.norm(b - a)": "l2 = np.sqrt(np.mean((b - a) ** 2))"})
        + careless({"l2 = np.linalg.norm(b - a)": "l2 = np.mean((b - a) ** 2)"}),
        (
            "Your l2 uses the mean of the squared differences, so it does not grow with the number of entries as a "
            "norm does. It should use their sum."
        ),
    ),
    Mistake(
        "relative",
        careless({"np.linalg.norm(b - a)": "np.linalg.norm(b - a) / max(np.linalg.norm(a), 1e-300)"}),
        ("You divide l2 by the norm of the gradient. It should be the norm of the difference, without any division."),
    ),
    Mistake(
        "difference of norms",
        careless({"np.linalg.norm(b - a)": "abs(np.linalg.norm(b) - np.linalg.norm(a))"}),
        (
            "Your l2 compares only the lengths of the two gradients. It should be the norm of their difference, which "
            "also sees a change of direction."
        ),
    ),
    Mistake(
        "other order",
        careless({"return l2, cosine": "return cosine, l2"}),
        "You return the cosine first, but the caller expects l2 first.",
    ),
    Mistake(
        "distance of directions",
        careless({"return l2, cosine": "return l2, 1 - cosine"}),
        "You return 1 minus the cosine. The second result should be the cosine itself.",
    ),
    Mistake(
        "angle",
        careless({"return l2, cosine": "return l2, np.arccos(np.clip(cosine, -1, 1))"}),
        "You return the angle between the gradients. The second result should be the cosine of this angle.",
    ),
    Mistake(
        "no sign",
        careless({"return l2, cosine": "return l2, abs(cosine)"}),
        ("Your cosine is never negative. It should be negative when the two gradients point in opposite directions."),
    ),
    Mistake(
        "not divided",
        (
            {"a @ b / norms": "a @ b"},
            {Every(".astype(float)"): "", "a @ b / norms if norms > 0 else 0.0": "np.sum(a * b)"},
        ),
        (
            "Your cosine is only the sum of products. Because you do not divide by the two norms, it grows with the "
            "length of the gradients."
        ),
    ),
    Mistake(
        "divided by one norm",
        careless({"a @ b / norms": "a @ b / np.linalg.norm(a) ** 2"})
        + careless({"a @ b / norms": "a @ b / np.linalg.norm(a)"}),
        "You divide your cosine by the norm of only one gradient. It depends on the norms of both.",
    ),
    Mistake(
        "a correlation",
        {
            "    return": "    a, b = a - a.mean(), b - b.mean()\n    norms = np.linalg.norm(a) * np.linalg.norm(b)\n"
            "    cosine = a @ b / norms if norms > 0 else 0.0\n    return"
        },
        (
            "You subtract the mean of each gradient before you compute the cosine, which turns the cosine into a "
            "correlation."
        ),
    ),
    Mistake(
        "divides by 0",
        {"a @ b / norms if norms > 0 else 0.0": "a @ b / norms"},
        "You divide by a norm that can be 0, which gives nan. In this case the cosine should be 0.",
    ),
    Mistake(
        "1 for 0",
        {"else 0.0": "else 1.0"},
        "Your cosine is 1 if a norm is 0. It should be 0, because a gradient of 0 has no direction.",
    ),
    Mistake(
        "adds a small number",
        tuple(
            {"a @ b / norms if norms > 0 else 0.0": f"a @ b / (norms + {eps})"} for eps in (1e-8, 1e-10, 1e-12, 1e-5)
        ),
        ("You add a small number to the norms before you divide. This makes the cosine of small gradients wrong."),
    ),
    Mistake(
        "takes small for 0",
        {"norms > 0": "norms > 1e-12"},
        "You treat a small norm as if it were 0. The cosine is set to 0 only if a norm is exactly 0.",
    ),
    Mistake(
        "by row",
        gradient_shift_by_row,
        ("You treat each row separately. The arrays should be flattened, so that there is only one l2 and one cosine."),
    ),
    Mistake(
        "matrix product",
        gradient_shift_of_matrices,
        (
            "You compute a matrix product. The arrays should be flattened first, so that the sum of products is a "
            "single number."
        ),
    ),
    Mistake(
        "integers overflow",
        {Every(".astype(float)"): "", "b - a)": "b - a + 0.0)"},
        "You compute in the dtype of small integers, where results do not fit and wrap around.",
    ),
    Mistake(
        "changes an argument",
        {"l2 = ": "g_after -= g\n    l2 = "},
        "You write the difference into an argument, so you change the gradient of the caller.",
    ),
)

KNOWN = Known(gradient_shift, gradients, MISTAKES)
