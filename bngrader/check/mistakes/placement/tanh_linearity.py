"""Known mistakes in `tanh_linearity`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake


def tanh_linearity(x):
    x = x.astype(float).ravel()
    t = np.tanh(x)
    if x.min() == x.max() or t.min() == t.max():
        return 1.0
    x_dev, t_dev = x - x.mean(), t - t.mean()
    r = (x_dev @ t_dev) / np.sqrt((x_dev @ x_dev) * (t_dev @ t_dev))
    return float(r**2)


def linearity_by_column(x):
    parts = []
    for column in x.astype(float).T:
        t = np.tanh(column)
        varies = column.min() < column.max() and t.min() < t.max()
        parts.append(np.corrcoef(column, t)[0, 1] ** 2 if varies else 1.0)
    return float(sum(parts) / len(parts))


def activations(rng):
    yield (np.array([[0.0], [1.0], [3.0]]) + rng.uniform(0, 0.1),)
    yield (rng.normal(1, 1, (3, 3)),)
    yield (rng.normal(0, 5, (4, 2)),)
    yield (rng.normal([-2, 2], 1, (4, 2)),)
    yield (np.full((2, 2), 0.5),)
    yield (np.full((3, 1), 0.1),)
    yield (rng.uniform(30, 60, (2, 2)),)
    yield (1 + 1e-6 * rng.normal(size=(3, 2)),)
    yield (rng.permutation(7)[:4].reshape(2, 2) - 3,)
    yield (rng.normal(1, 1, (3, 2)).astype(np.float32),)


MISTAKES = (
    Mistake("R, not R squared", {"r**2": "r"}, "You return the correlation of x and tanh(x). R^2 is its square."),
    Mistake(
        "1 - R squared",
        {"r**2": "1 - r**2"},
        "You return the share of the variance that the line does not explain. R^2 is the share that it does explain.",
    ),
    Mistake(
        "a line through the origin",
        (
            {"x - x.mean(), t - t.mean()": "x, t"},
            {"float(r**2)": "float(1 - ((t - x * (x @ t) / (x @ x)) ** 2).sum() / (t_dev @ t_dev))"},
        ),
        "Your line goes through the origin. The line in the text also has an intercept b, which least squares may "
        "choose freely.",
    ),
    Mistake(
        "against the line y = x",
        {"float(r**2)": "float(1 - (t - x) @ (t - x) / (t_dev @ t_dev))"},
        "You compare tanh(x) with x itself. R^2 compares it with the fitted line, which has its own slope and "
        "intercept.",
    ),
    Mistake(
        "the slope",
        {"np.sqrt((x_dev @ x_dev) * (t_dev @ t_dev))": "(x_dev @ x_dev)", "r**2": "r"},
        "You return the slope of the fitted line. R^2 does not say how steep the line is, but how well it fits.",
    ),
    Mistake(
        "by column",
        linearity_by_column,
        "You fit one line per column and average the results. The text asks for a single line through all entries.",
    ),
    Mistake(
        "no care for a constant",
        {"if x.min() == x.max() or t.min() == t.max()": "if False"},
        "If x or tanh(x) is constant, you divide 0 by 0, or by a tiny number left over from rounding. The text "
        "treats this case separately.",
        loose=True,
    ),
    Mistake(
        "no care for a saturated tanh",
        {" or t.min() == t.max()": ""},
        "If all entries of x are large, tanh(x) is constant although x is not, so you divide 0 by 0. The text treats"
        " this case separately.",
        loose=True,
    ),
    Mistake(
        "0 where constant",
        {"return 1.0": "return 0.0"},
        "You return 0 if x or tanh(x) is constant. A straight line fits a constant perfectly, and the text says what"
        " to return.",
    ),
    Mistake(
        "one pass",
        {
            "(x_dev @ t_dev) /": "((x * t).mean() - x.mean() * t.mean()) /",
            "np.sqrt((x_dev @ x_dev) * (t_dev @ t_dev))": "np.sqrt(((x * x).mean() - x.mean() ** 2) * ((t * t).mean()"
            " - t.mean() ** 2))",
        },
        "You subtract the product of the means from the mean of the products. If the mean is large compared with the"
        " spread, these two numbers are nearly equal, so their difference keeps hardly any correct digits.",
        loose=True,
    ),
)

KNOWN = Known(tanh_linearity, activations, MISTAKES)
