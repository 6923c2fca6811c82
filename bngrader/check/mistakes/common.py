"""Hints, parts of edits and inputs that the mistakes of several assignments share."""

ALWAYS_FLOAT64 = (
    "Your function returns float64 even for float32 input. The results should keep the dtype of the input, so "
    "float32 should give float32."
)
INTEGERS = (
    "For integer input you return integers, so the fractions are lost. Integer input should give float64 results."
)

STD_N_MINUS_1 = "Your std divides the sum of squares by N - 1. The biased standard deviation divides it by N."
VAR_N_MINUS_1 = "Your variance divides the sum of squares by N - 1. The biased variance divides it by N."
ONE_MEAN_AND_STD = (
    "You compute one mean and one standard deviation over all entries of the table. Each column needs its "
    "own, because the features have different scales."
)
ONE_MEAN_AND_VARIANCE = (
    "You compute one mean and one variance over all entries of the table. Each column needs its own."
)
ONE_PASS = (
    "You compute the variance as the mean of the squares minus the square of the mean. If the mean is large "
    "compared with the spread, these two numbers are nearly equal, so their difference keeps hardly any "
    "correct digits."
)
NO_ROOT = "You divide by the variance instead of by its square root, the standard deviation."
CONSTANT_COLUMN = (
    "You divide by the std of a constant column. It is 0, or a tiny number left over from rounding, so the "
    "column turns into nan or into enlarged rounding errors."
)
ROUNDED_CONSTANT = (
    "You rely on the computed mean and std of a constant column. Because of rounding, the std can come out "
    "slightly above 0 and the mean slightly off the column's value, even though all entries are equal."
)

NO_EPS = (
    "You leave out eps. Without it, the result is wrong where the variance is small and not even finite where "
    "the variance is 0."
)
EPS_OUTSIDE = (
    "You add eps to the standard deviation. In the formula, eps is added to the variance, under the square root."
)
EPS_IGNORED = "You ignore the argument eps and always use the same value, so the caller cannot choose another."
EPS_DEFAULT = "Your function goes wrong when it is called without eps. Its default should be 1e-5."
EPS_AS_LOWER_BOUND = (
    "You use eps as a lower bound for the variance. In the formula, eps is added to the variance even where "
    "the variance is large."
)

NO_GAMMA = "You do not multiply by gamma, so the scale that the layer learns has no effect."
NO_BETA = "You do not add beta, so the shift that the layer learns has no effect."
NO_GAMMA_AND_BETA = "You return the normalized values as they are, so gamma and beta have no effect."
BETA_TIMES_GAMMA = "You add beta before you multiply by gamma, so beta is multiplied as well."
GAMMA_BETA_SWAPPED = (
    "You multiply by beta and add gamma. The two are swapped: gamma is the scale, and beta is the shift."
)


def in_place(argument: str) -> str:
    """Return the hint for a function that changes one of its arguments."""
    return f"You write into the argument {argument}, so you change the array of the caller."


def dtype_of(argument: str) -> str:
    """Return the expression by which right answers choose the dtype of their result."""
    return f'{argument}.dtype if {argument}.dtype.kind == "f" else float'


def frozen(*arrays):
    """Make arrays read-only, so that the input exposes an answer that writes into it."""
    for array in arrays:
        array.flags.writeable = False
    return arrays
