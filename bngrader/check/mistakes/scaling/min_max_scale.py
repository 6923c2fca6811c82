"""Known mistakes in `min_max_scale`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, dtype_of, in_place
from bngrader.check.mistakes.scaling.shared import SMALL, tables


def min_max_scale(x):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    low, high = x.min(axis=0), x.max(axis=0)
    z = (x - low) / np.where(high == low, 1, high - low)
    return z.astype(dtype), low.astype(dtype), high.astype(dtype)


MISTAKES = (
    Mistake(
        "divides by the highest",
        {"np.where(high == low, 1, high - low)": "np.where(high == low, 1, high)"},
        (
            "You divide by the highest entry instead of by the range, which begins at the lowest entry. So the "
            "highest entry does not become 1."
        ),
    ),
    Mistake(
        "one range for the whole table",
        {"x.min(axis=0), x.max(axis=0)": "np.full(x.shape[1], x.min()), np.full(x.shape[1], x.max())"},
        (
            "You use one lowest and one highest entry for the whole table. Each column needs its own, or it does not"
            " run from 0 to 1."
        ),
    ),
    Mistake(
        "no care for constant columns",
        {"np.where(high == low, 1, high - low)": "(high - low)"},
        "You divide by the range of a constant column. This range is 0, so the column turns into nan, and NumPy warns.",
    ),
    Mistake(
        "adds a small number to the range",
        tuple({"np.where(high == low, 1, high - low)": f"(high - low + {small})"} for small in SMALL),
        (
            "You add a small number to the range before you divide. A column whose range is not much larger than "
            "that number never reaches 1."
        ),
    ),
    Mistake(
        "integers wrap around",
        {"x = x.astype(float)": "x = x[:]"},
        (
            "You subtract small integers in their own dtype. int8 cannot hold 100 - (-100) = 200, so the result "
            "wraps around to a wrong number."
        ),
    ),
    Mistake(
        "scales to -1 and 1",
        {"z = (x - low)": "z = -1 + 2 * (x - low)"},
        "You map each column onto the interval from -1 to 1. The text asks for the interval from 0 to 1.",
    ),
    Mistake(
        "a constant column becomes 1",
        {"z = (x - low)": "z = np.where(high == low, 1, x - low)"},
        (
            "You turn a constant column into ones. Its value is the lowest and the highest entry at once, and the "
            "text decides this case the other way."
        ),
    ),
    Mistake("always float64", {dtype_of("x"): "float"}, ALWAYS_FLOAT64),
    Mistake(
        "works in place",
        {
            "x = x.astype(float)": 'x = x if x.dtype.kind == "f" else x.astype(float)',
            "z = (x - low) / np.where(high == low, 1, high - low)": "x -= low\n"
            "    x /= np.where(high == low, 1, high - low)",
            "z.astype(dtype)": "x",
        },
        in_place("x"),
    ),
)

KNOWN = Known(min_max_scale, tables, MISTAKES)
