"""Known mistakes in `inverse_standardize`."""

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, dtype_of
from bngrader.check.mistakes.scaling.shared import tables_with_statistics


def inverse_standardize(z, mean, std):
    dtype = z.dtype if z.dtype.kind == "f" else float
    x = z.astype(float) * std + mean
    return x.astype(dtype)


MISTAKES = (
    Mistake(
        "shifts before it scales",
        {"z.astype(float) * std + mean": "(z.astype(float) + mean) * std"},
        "You add the mean before you multiply by std, so the mean is multiplied as well.",
    ),
    Mistake(
        "standardizes again",
        {"z.astype(float) * std + mean": "(z.astype(float) - mean) / np.where(std == 0, 1, std)"},
        "You subtract the mean and divide by std a second time. This function should undo both steps.",
    ),
    Mistake(
        "takes std 0 for 1",
        {"* std": "* np.where(std == 0, 1, std)"},
        (
            "You replace a std of 0 by 1. That protects a division, but nothing is divided here, and the column "
            "should come back as its mean."
        ),
    ),
    Mistake("forgets the mean", {" + mean": ""}, "You do not add the mean back, so each column comes back shifted."),
    Mistake(
        "multiplies by the variance",
        {"* std": "* std**2"},
        "You multiply by the variance, the square of std, so each column comes back with the wrong spread.",
    ),
    Mistake("always float64", {dtype_of("z"): "float"}, ALWAYS_FLOAT64),
)

KNOWN = Known(inverse_standardize, tables_with_statistics, MISTAKES)
