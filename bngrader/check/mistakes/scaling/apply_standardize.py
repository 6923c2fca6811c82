"""Known mistakes in `apply_standardize`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, dtype_of, in_place
from bngrader.check.mistakes.scaling.shared import SMALL, tables_with_statistics


def apply_standardize(x, mean, std):
    dtype = x.dtype if x.dtype.kind == "f" else float
    scale = np.where(std == 0, 1.0, std)
    z = (x.astype(float) - mean) / scale
    return z.astype(dtype)


def apply_own_statistics(x, mean, std):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    constant = (x == x[0]).all(axis=0)
    z = (x - np.where(constant, x[0], x.mean(axis=0))) / np.where(constant, 1, x.std(axis=0))
    return z.astype(dtype)


MISTAKES = (
    Mistake(
        "by the new data's own statistics",
        apply_own_statistics,
        (
            "You standardize the new data with its own mean and std, so you ignore the mean and std of the training "
            "data that the caller passes."
        ),
    ),
    Mistake(
        "divides by 0",
        {"np.where(std == 0, 1.0, std)": "std"},
        "You divide by std even where it is 0, so these columns turn into nan or inf.",
    ),
    Mistake(
        "0 where std is 0",
        {"return z": "z = np.where(std == 0, 0, z)\n    return z"},
        (
            "You return 0 where std is 0. But a new value can differ from the mean even there, and your result hides "
            "this difference."
        ),
    ),
    Mistake(
        "adds a small number to std",
        tuple({"/ scale": f"/ (scale + {small})"} for small in SMALL),
        ("You add a small number to std before you divide. This changes the result in columns with a small std."),
    ),
    Mistake(
        "scales before it shifts",
        {"(x.astype(float) - mean) / scale": "x.astype(float) / scale - mean"},
        (
            "You divide x by std and subtract the mean afterwards. The mean is in the units of x, but x divided by "
            "std no longer is."
        ),
    ),
    Mistake(
        "divides by the variance",
        {"/ scale": "/ scale**2"},
        "You divide by the variance, the square of std. The result should count standard deviations.",
    ),
    Mistake("always float64", {dtype_of("x"): "float"}, ALWAYS_FLOAT64),
    Mistake(
        "changes std",
        {"scale = np.where(std == 0, 1.0, std)": "std[std == 0] = 1\n    scale = std"},
        in_place("std"),
    ),
)

KNOWN = Known(apply_standardize, tables_with_statistics, MISTAKES)
