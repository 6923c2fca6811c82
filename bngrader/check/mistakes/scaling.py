"""Known mistakes in the assignment on scaling."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake


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


def min_max_scale(x):
    dtype = x.dtype if x.dtype.kind == "f" else float
    x = x.astype(float)
    low, high = x.min(axis=0), x.max(axis=0)
    z = (x - low) / np.where(high == low, 1, high - low)
    return z.astype(dtype), low.astype(dtype), high.astype(dtype)


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


def inverse_standardize(z, mean, std):
    dtype = z.dtype if z.dtype.kind == "f" else float
    x = z.astype(float) * std + mean
    return x.astype(dtype)


def tables(rng):
    yield (np.array([[0.0], [4.0]]) + rng.integers(9),)
    yield (np.full((2, 1), 5.0),)
    yield (np.full((3, 1), 0.1),)
    yield (np.full((6, 1), 0.1, np.float32),)
    yield (np.round(rng.normal(3, 2, (3, 2)), 1),)
    yield (rng.normal(-5, 3, (4, 4)),)
    yield (rng.normal(3, 2, (3, 2)).astype(np.float32),)
    yield (rng.permutation(9)[:6].reshape(3, 2),)
    yield (np.array([[100], [-100], [rng.integers(50)]], np.int8),)
    yield (1e-100 * (rng.permutation(9)[:6] + 1.0).reshape(3, 2),)
    yield (1e-7 * (rng.permutation(9)[:6] + 1.0).reshape(3, 2),)
    yield (1e7 + rng.integers(-15, 16, (50, 1)),)
    frozen = rng.normal(size=(8, 4))[::2, ::2]
    frozen.flags.writeable = False
    yield (frozen,)


def tables_with_statistics(rng):
    mean, std = np.array([3.0, -1.0]), np.array([2.0, 0.5])
    yield np.array([[7.0, 1.0]]), mean, std
    yield np.array([[7.0, 1.0], [2.0, 2.0]]), mean, np.zeros(2)
    yield rng.normal(1, 3, (4, 2)), mean + rng.normal(size=2), std
    for dtype in (np.float32, int):
        yield tuple(a.astype(dtype) for a in (np.array([[7.0, 1.0], [5.0, 2.0]]), mean, 4 * std))
    yield 1e-7 * rng.normal(size=(4, 2)), np.zeros(2), np.array([2e-7, 3e-8])
    frozen = [rng.normal(size=(4, 4))[::2, ::2], mean.copy(), std.copy()]
    for array in frozen:
        array.flags.writeable = False
    yield tuple(frozen)


SMALL = (1e-8, 1e-5, 1e-6, 1e-7, 1e-10, 1e-12)
DTYPE = 'x.dtype if x.dtype.kind == "f" else float'
ALWAYS_FLOAT64 = "Your results are float64 whatever comes in. float32 in, float32 out."
IN_PLACE = "You write into the argument x: the caller's own table is changed. Work on a new array."

KNOWN = (
    Known(
        standardize,
        tables,
        (
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
            Mistake("always float64", {DTYPE: "float"}, ALWAYS_FLOAT64),
            Mistake(
                "integers stay integers",
                {DTYPE: "x.dtype"},
                "Your results have the integers' dtype, and are cut off. Integers are taken as float64.",
            ),
            Mistake(
                "works in place",
                {
                    "x = x.astype(float)": 'x = x if x.dtype.kind == "f" else x.astype(float)',
                    "z = (x - mean) / np.where(constant, 1, std)": "x -= mean\n    x /= np.where(constant, 1, std)",
                    "z.astype(dtype)": "x",
                },
                IN_PLACE,
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
        ),
    ),
    Known(
        min_max_scale,
        tables,
        (
            Mistake(
                "divides by the highest",
                {"np.where(high == low, 1, high - low)": "np.where(high == low, 1, high)"},
                "You divide by the highest entry. The range of a column begins at its lowest.",
            ),
            Mistake(
                "one range for the whole table",
                {"x.min(axis=0), x.max(axis=0)": "np.full(x.shape[1], x.min()), np.full(x.shape[1], x.max())"},
                "You take one lowest and one highest entry for the whole table. Each column has its own.",
            ),
            Mistake(
                "no care for constant columns",
                {"np.where(high == low, 1, high - low)": "(high - low)"},
                "You divide by the range of a constant column, which is 0.",
            ),
            Mistake(
                "adds a small number to the range",
                tuple({"np.where(high == low, 1, high - low)": f"(high - low + {small})"} for small in SMALL),
                "You add a small number to the range before you divide. A column whose range is smaller than "
                "that does not reach 1: here nothing is added.",
            ),
            Mistake(
                "integers wrap around",
                {"x = x.astype(float)": "x = x[:]"},
                "You subtract small integers in their own dtype, where 100 - (-100) does not fit: it wraps around.",
            ),
            Mistake(
                "scales to -1 and 1",
                {"z = (x - low)": "z = -1 + 2 * (x - low)"},
                "Your z runs from -1 to 1. It should run from 0 to 1.",
            ),
            Mistake(
                "a constant column becomes 1",
                {"z = (x - low)": "z = np.where(high == low, 1, x - low)"},
                "A constant column becomes 1 with you. Its entries are the lowest as much as the highest, and the "
                "statement says which of the two counts.",
            ),
            Mistake("always float64", {DTYPE: "float"}, ALWAYS_FLOAT64),
            Mistake(
                "works in place",
                {
                    "x = x.astype(float)": 'x = x if x.dtype.kind == "f" else x.astype(float)',
                    "z = (x - low) / np.where(high == low, 1, high - low)": "x -= low\n"
                    "    x /= np.where(high == low, 1, high - low)",
                    "z.astype(dtype)": "x",
                },
                IN_PLACE,
            ),
        ),
    ),
    Known(
        apply_standardize,
        tables_with_statistics,
        (
            Mistake(
                "by the new data's own statistics",
                apply_own_statistics,
                "You standardize the new data by their own mean and std. The given ones have to be used.",
            ),
            Mistake("divides by 0", {"np.where(std == 0, 1.0, std)": "std"}, "You divide by std also where it is 0."),
            Mistake(
                "0 where std is 0",
                {"return z": "z = np.where(std == 0, 0, z)\n    return z"},
                "Where std is 0 you return 0. A new value may differ from the mean there, and that is to be seen.",
            ),
            Mistake(
                "adds a small number to std",
                tuple({"/ scale": f"/ (scale + {small})"} for small in SMALL),
                "You add a small number to std before you divide. That changes columns with a small std.",
            ),
            Mistake(
                "scales before it shifts",
                {"(x.astype(float) - mean) / scale": "x.astype(float) / scale - mean"},
                "You divide x by std first and subtract the mean afterwards. The mean is in the units of x.",
            ),
            Mistake(
                "divides by the variance", {"/ scale": "/ scale**2"}, "You divide by the variance, the square of std."
            ),
            Mistake("always float64", {DTYPE: "float"}, ALWAYS_FLOAT64),
            Mistake(
                "changes std",
                {"scale = np.where(std == 0, 1.0, std)": "std[std == 0] = 1\n    scale = std"},
                "You write into the argument std: the caller's own statistics are changed.",
            ),
        ),
    ),
    Known(
        inverse_standardize,
        tables_with_statistics,
        (
            Mistake(
                "shifts before it scales",
                {"z.astype(float) * std + mean": "(z.astype(float) + mean) * std"},
                "You add the mean first and multiply afterwards, so the mean is multiplied too.",
            ),
            Mistake(
                "standardizes again",
                {"z.astype(float) * std + mean": "(z.astype(float) - mean) / np.where(std == 0, 1, std)"},
                "You subtract the mean and divide by std once more. This function goes the other way.",
            ),
            Mistake(
                "takes std 0 for 1",
                {"* std": "* np.where(std == 0, 1, std)"},
                "You replace a std of 0 by 1. There is no division here that would need it.",
            ),
            Mistake("forgets the mean", {" + mean": ""}, "The mean is not added back."),
            Mistake(
                "multiplies by the variance", {"* std": "* std**2"}, "You multiply by the variance, the square of std."
            ),
            Mistake("always float64", {DTYPE.replace("x", "z"): "float"}, ALWAYS_FLOAT64),
        ),
    ),
)
