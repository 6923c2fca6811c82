"""Hints, parts of edits and inputs that the mistakes of several assignments share."""

ALWAYS_FLOAT64 = "You return float64 even for float32 input. float32 input should give float32 results."
INTEGERS = "For integer input you return integers and lose the fractions. Integer input should give float64 results."

STD_N_MINUS_1 = "Your std divides the sum of squares by N - 1. The biased standard deviation divides it by N."
VAR_N_MINUS_1 = "Your variance divides the sum of squares by N - 1. The biased variance divides it by N."
ONE_MEAN_AND_STD = "You compute one mean and one standard deviation over all entries. Each column has its own."
ONE_MEAN_AND_VARIANCE = "You compute one mean and one variance over all entries. Each column has its own."
ONE_PASS = (
    "You compute the variance as the mean of the squares minus the square of the mean. If the mean is large compared "
    "with the spread, these two numbers are nearly equal, and their difference keeps hardly any correct digits."
)
NO_ROOT = "You divide by the variance instead of the standard deviation, its square root."
CONSTANT_COLUMN = "You divide by the std of a constant column, which is 0 or a tiny number left by rounding."
ROUNDED_CONSTANT = (
    "You rely on the computed mean and std of a constant column. Rounding can leave a std slightly above 0 and a mean "
    "slightly off the column's value, although all entries are equal."
)

NO_EPS = "You leave out eps. It matters if the variance is 0 or small."
EPS_OUTSIDE = "You add eps to the standard deviation. It should be added to the variance, inside the square root."
EPS_IGNORED = "You ignore the argument eps and always use the same value."
EPS_DEFAULT = "Your function goes wrong if no eps is given. The default should be 1e-5."
EPS_AS_LOWER_BOUND = "You use eps as a lower bound of the variance. It is always added to the variance."

NO_GAMMA = "You do not multiply by gamma."
NO_BETA = "You do not add beta."
NO_GAMMA_AND_BETA = "You return the normalized values without multiplying by gamma and adding beta."
BETA_TIMES_GAMMA = "You add beta before you multiply by gamma, so beta is multiplied as well."
GAMMA_BETA_SWAPPED = "You multiply by beta and add gamma: the two are swapped."


def in_place(argument: str) -> str:
    """Return the hint for a function that changes one of its arguments."""
    return f"You write into the argument {argument}, which changes the caller's array."


def dtype_of(argument: str) -> str:
    """Return the expression by which right answers choose the dtype of their result."""
    return f'{argument}.dtype if {argument}.dtype.kind == "f" else float'


def frozen(*arrays):
    """Make arrays read-only, so that the input exposes an answer that writes into it."""
    for array in arrays:
        array.flags.writeable = False
    return arrays
