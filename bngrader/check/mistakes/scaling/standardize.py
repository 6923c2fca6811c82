"""Known mistakes in `standardize`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, dtype_of, in_place
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
        "Your std divides the sum of squares by N - 1. The biased standard deviation divides it by N.",
    ),
    Mistake(
        "one mean for the whole table",
        ({"x.mean(axis=0)": "x.mean()", "x.std(axis=0)": "x.std()"}, standardize_by_two_numbers),
        "You take one mean and one std of all entries together. Each column has its own.",
    ),
    Mistake(
        "by row",
        (standardize_by_row, standardize_by_row_keeping_dimensions),
        "You take mean and std along each row. A feature is a column: there is one mean for each column.",
    ),
    Mistake(
        "no care for constant columns",
        {"constant = (x == x[0]).all(axis=0)": "constant = np.zeros(x.shape[1], bool)"},
        "You divide by the std of a constant column, which is 0 or what rounding left of it.",
        loose=True,
    ),
    Mistake(
        "trusts the rounded mean",
        {"constant = (x == x[0]).all(axis=0)": "constant = x.std(axis=0) == 0"},
        "You look for std == 0 to find a constant column. Rounding can leave a std that is nearly 0, "
        "and a mean that is nearly the column's value: compare the entries themselves.",
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
        "You return the number that you divide by. For a constant column that is not its std, which is 0.",
        loose=True,
    ),
    Mistake(
        "mends the division by 0 afterwards",
        {
            "constant = (x == x[0]).all(axis=0)": "constant = np.zeros(x.shape[1], bool)",
            "z = (x - mean) / np.where(constant, 1, std)": "z = np.nan_to_num((x - mean) / std)",
        },
        "You divide by a std of 0 and replace the nan afterwards: the warning has come by then.",
        loose=True,
    ),
    Mistake(
        "adds a small number to std",
        tuple({"/ np.where(constant, 1, std)": f"/ (std + {small})"} for small in SMALL),
        "You add a small number to std before you divide. A column whose spread is smaller than that "
        "comes out flat: here nothing is added.",
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
        "You add an eps to the variance, as batch normalization does. The statement here has none.",
    ),
    Mistake(
        "takes small spreads for constant",
        {"constant = (x == x[0]).all(axis=0)": "constant = np.ptp(x, axis=0) < 1e-6"},
        "You take a column that varies little for a constant one. Constant means that all entries are equal.",
    ),
    Mistake(
        "one pass",
        {"x.std(axis=0)": "np.sqrt(np.maximum((x**2).mean(axis=0) - x.mean(axis=0) ** 2, 0))"},
        "Your variance is the mean of the squares less the square of the mean. Where the mean is large "
        "against the spread, two nearly equal numbers are subtracted, and the digits are gone.",
        loose=True,
    ),
    Mistake(
        "divides by the variance",
        {"x.std(axis=0)": "x.var(axis=0)"},
        "What you call std is the variance: its square root is missing.",
    ),
    Mistake("always float64", {dtype_of("x"): "float"}, ALWAYS_FLOAT64),
    Mistake(
        "integers stay integers",
        {dtype_of("x"): "x.dtype"},
        "Your results have the integers' dtype, and are cut off. Integers are taken as float64.",
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
        "Your mean and std have one row, shape (1, D). They should have shape (D,).",
    ),
    Mistake(
        "returns z alone",
        {"return z.astype(dtype), mean.astype(dtype), std.astype(dtype)": "return z.astype(dtype)"},
        "You return z alone. The function returns three things.",
    ),
    Mistake("forgets to return", {"return ": "result = "}, "Your function ends without a return statement."),
)

KNOWN = Known(standardize, tables, MISTAKES)
