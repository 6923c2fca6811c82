"""Known mistakes in `standardize`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import (
    ALWAYS_FLOAT64,
    CONSTANT_COLUMN,
    INTEGERS,
    ONE_MEAN_AND_STD,
    ONE_PASS,
    STD_N_MINUS_1,
    dtype_of,
    in_place,
)
from bngrader.check.mistakes.scaling.shared import SMALL, tables


def standardize(x):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    constant = (x == x[0]).all(axis=0)
    mean = np.where(constant, x[0], x.mean(axis=0))
    std = np.where(constant, 0, x.std(axis=0))
    z = (x - mean) / np.where(constant, 1, std)
    return z.astype(dtype), mean.astype(dtype), std.astype(dtype)


def standardize_by_row(x):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    mean, std = x.mean(axis=1), x.std(axis=1)
    z = (x - mean[:, None]) / std[:, None]
    return z.astype(dtype), mean.astype(dtype), std.astype(dtype)


def standardize_by_row_keeping_dimensions(x):
    mean, std = x.mean(axis=1, keepdims=True), x.std(axis=1, keepdims=True)
    return (x - mean) / std, mean, std


def standardize_by_two_numbers(x):
    mean, std = x.mean(), x.std()
    return (x - mean) / std, mean, std


MISTAKES = (
    Mistake(
        "divides by N - 1",
        {"x.std(axis=0)": "x.std(axis=0, ddof=min(1, len(x) - 1))"},
        STD_N_MINUS_1,
    ),
    Mistake(
        "one mean for the whole table",
        ({"x.mean(axis=0)": "x.mean()", "x.std(axis=0)": "x.std()"}, standardize_by_two_numbers),
        ONE_MEAN_AND_STD,
    ),
    Mistake(
        "by row",
        (standardize_by_row, standardize_by_row_keeping_dimensions),
        (
            "You compute one mean and one std per row. They should describe the columns, because each column is one "
            "feature."
        ),
    ),
    Mistake(
        "no care for constant columns",
        {"constant = (x == x[0]).all(axis=0)": "constant = np.zeros(x.shape[1], bool)"},
        CONSTANT_COLUMN,
        loose=True,
    ),
    Mistake(
        "trusts the rounded mean",
        {"constant = (x == x[0]).all(axis=0)": "constant = x.std(axis=0) == 0"},
        "You look for std == 0 to find a constant column. Because of rounding, the std can come out slightly above 0 "
        "and the mean slightly off the column's value, even though all entries are equal.",
        loose=True,
    ),
    Mistake(
        "takes 1 for the std of a constant column",
        (
            {"np.where(constant, 0, x.std(axis=0))": "np.where(constant, 1, x.std(axis=0))"},
            {
                "constant = (x == x[0]).all(axis=0)": "constant = x.std(axis=0) == 0",
                "np.where(constant, 0, x.std(axis=0))": "np.where(constant, 1, x.std(axis=0))",
            },
        ),
        (
            "For a constant column you return 1 as std. That is the number you divide by, but the standard deviation "
            "of the column is 0."
        ),
        loose=True,
    ),
    Mistake(
        "replaces nan after a division by 0",
        {
            "constant = (x == x[0]).all(axis=0)": "constant = np.zeros(x.shape[1], bool)",
            "z = (x - mean) / np.where(constant, 1, std)": "z = np.nan_to_num((x - mean) / std)",
        },
        (
            "You divide by a std of 0 and replace the nan afterwards. By then NumPy has already warned, and a std "
            "that rounding left slightly above 0 gives no nan at all."
        ),
        loose=True,
    ),
    Mistake(
        "adds a small number to std",
        tuple({"/ np.where(constant, 1, std)": f"/ (std + {small})"} for small in SMALL),
        (
            "You add a small number to std before you divide. This makes z too small in a column whose spread is not "
            "much larger than that number."
        ),
    ),
    Mistake(
        "adds eps to the variance",
        (
            {"/ np.where(constant, 1, std)": "/ np.sqrt(std**2 + 1e-5)"},
            {"x.std(axis=0))": "np.sqrt(x.var(axis=0) + 1e-5))"},
            {
                "constant = (x == x[0]).all(axis=0)": "constant = False",
                "x.std(axis=0)": "np.sqrt(x.var(axis=0) + 1e-5)",
            },
        ),
        (
            "You add an eps to the variance, as batch normalization does. The formula here has no eps, and with it "
            "columns with a small spread come out wrong."
        ),
    ),
    Mistake(
        "takes small spreads for constant",
        {"constant = (x == x[0]).all(axis=0)": "constant = np.ptp(x, axis=0) < 1e-6"},
        (
            "You treat a column that varies only a little as constant. A column is constant only if all its entries "
            "are equal."
        ),
    ),
    Mistake(
        "one pass",
        {"x.std(axis=0)": "np.sqrt(np.maximum((x**2).mean(axis=0) - x.mean(axis=0) ** 2, 0))"},
        ONE_PASS,
        loose=True,
    ),
    Mistake(
        "divides by the variance",
        {"x.std(axis=0)": "x.var(axis=0)"},
        "The std that you return is the variance, because the square root is missing.",
    ),
    Mistake("always float64", {dtype_of("x"): "float"}, ALWAYS_FLOAT64),
    Mistake(
        "integers stay integers",
        {dtype_of("x"): "x.dtype"},
        INTEGERS,
    ),
    Mistake(
        "works in place",
        {
            "x = x.astype(float)": 'x = x if x.dtype.kind == "f" else x.astype(float)',
            "z = (x - mean) / np.where(constant, 1, std)": "x -= mean\n    x /= np.where(constant, 1, std)",
            "z.astype(dtype)": "x",
        },
        in_place("x"),
    ),
    Mistake(
        "keeps the dimensions",
        {"return z.astype(dtype), ": "mean, std = mean[None], std[None]\n    return z.astype(dtype), "},
        (
            "Your mean and std have shape (1, D) instead of (D,). They should hold one number per column, along a "
            "single axis."
        ),
    ),
    Mistake(
        "returns z alone",
        {"return z.astype(dtype), mean.astype(dtype), std.astype(dtype)": "return z.astype(dtype)"},
        "You return only z, but the caller expects three results: z, the mean and the std.",
    ),
    Mistake(
        "forgets to return",
        {"return ": "result = "},
        "Your function ends without a return statement, so its result is None.",
    ),
)

KNOWN = Known(standardize, tables, MISTAKES)
