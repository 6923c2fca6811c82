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
        "Your l2 is the sum of squares. It should be its square root.",
    ),
    Mistake(
        "sum of absolute values",
        careless({"l2 = np.linalg.norm(b - a)": "l2 = np.abs(b - a).sum()"}),
        "Your l2 is the sum of absolute differences. It should be the square root of the sum of squares.",
    ),
    Mistake(
        "a mean",
        careless({"l2 = np.linalg.norm(b - a)": "l2 = np.sqrt(np.mean((b - a) ** 2))"})
        + careless({"l2 = np.linalg.norm(b - a)": "l2 = np.mean((b - a) ** 2)"}),
        "Your l2 uses the mean of the squares. It should use their sum.",
    ),
    Mistake(
        "relative",
        careless({"np.linalg.norm(b - a)": "np.linalg.norm(b - a) / max(np.linalg.norm(a), 1e-300)"}),
        "You divide l2 by the norm of the gradient. It should be the norm of the difference itself.",
    ),
    Mistake(
        "difference of norms",
        careless({"np.linalg.norm(b - a)": "abs(np.linalg.norm(b) - np.linalg.norm(a))"}),
        "Your l2 is the difference of two norms. It should be the norm of the difference of the two gradients.",
    ),
    Mistake(
        "other order",
        careless({"return l2, cosine": "return cosine, l2"}),
        "You return the cosine first. l2 comes first.",
    ),
    Mistake(
        "distance of directions",
        careless({"return l2, cosine": "return l2, 1 - cosine"}),
        "You return 1 minus the cosine. The second result should be the cosine itself.",
    ),
    Mistake(
        "angle",
        careless({"return l2, cosine": "return l2, np.arccos(np.clip(cosine, -1, 1))"}),
        "You return the angle. The second result should be its cosine.",
    ),
    Mistake(
        "no sign",
        careless({"return l2, cosine": "return l2, abs(cosine)"}),
        "Your cosine is never negative. It should be if the gradient reverses its direction.",
    ),
    Mistake(
        "not divided",
        (
            {"a @ b / norms": "a @ b"},
            {Every(".astype(float)"): "", "a @ b / norms if norms > 0 else 0.0": "np.sum(a * b)"},
        ),
        "Your cosine is only the sum of products, not divided by the two norms.",
    ),
    Mistake(
        "divided by one norm",
        careless({"a @ b / norms": "a @ b / np.linalg.norm(a) ** 2"})
        + careless({"a @ b / norms": "a @ b / np.linalg.norm(a)"}),
        "Your cosine is not divided by the norms of both gradients.",
    ),
    Mistake(
        "a correlation",
        {
            "    return": "    a, b = a - a.mean(), b - b.mean()\n    norms = np.linalg.norm(a) * np.linalg.norm(b)\n"
            "    cosine = a @ b / norms if norms > 0 else 0.0\n    return"
        },
        "You subtract the mean before you compute the cosine, which makes it a correlation.",
    ),
    Mistake(
        "divides by 0",
        {"a @ b / norms if norms > 0 else 0.0": "a @ b / norms"},
        "You divide by a norm that may be 0. The cosine should be 0 in that case.",
    ),
    Mistake("1 for 0", {"else 0.0": "else 1.0"}, "Your cosine is 1 if a norm is 0. It should be 0."),
    Mistake(
        "adds a small number",
        tuple(
            {"a @ b / norms if norms > 0 else 0.0": f"a @ b / (norms + {eps})"} for eps in (1e-8, 1e-10, 1e-12, 1e-5)
        ),
        "You add a small number to the norms. This makes the cosine of small gradients wrong.",
    ),
    Mistake(
        "takes small for 0",
        {"norms > 0": "norms > 1e-12"},
        "You treat small norms as 0. The cosine is set to 0 only if a norm is exactly 0.",
    ),
    Mistake(
        "by row",
        gradient_shift_by_row,
        "You treat each row separately. The arrays are flattened, so there is one l2 and one cosine.",
    ),
    Mistake(
        "matrix product",
        gradient_shift_of_matrices,
        "You compute a matrix product. The arrays are flattened, so the sum of the products of their entries is one "
        "number.",
    ),
    Mistake(
        "integers overflow",
        {Every(".astype(float)"): "", "b - a)": "b - a + 0.0)"},
        "You compute in the dtype of small integers, where results wrap around.",
    ),
    Mistake(
        "changes an argument",
        {"l2 = ": "g_after -= g\n    l2 = "},
        "You write the difference into an argument, which changes the caller's gradient.",
    ),
)

KNOWN = Known(gradient_shift, gradients, MISTAKES)
