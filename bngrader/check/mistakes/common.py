"""Hints, parts of edits and inputs that mistakes of several assignments share."""

ALWAYS_FLOAT64 = "You return float64 even for float32 input. float32 input should give float32 results."
INTEGERS = "For integer input you return integers and lose the fractions. Integer input should give float64 results."
ONE_PASS = (
    "You compute the variance as the mean of the squares minus the square of the mean. If the mean is large compared "
    "with the spread, these two numbers are nearly equal, and their difference keeps hardly any correct digits."
)
EPS_OUTSIDE = "You add eps to the standard deviation. It should be added to the variance, inside the square root."


def in_place(argument: str) -> str:
    """Write the hint for a function that changes one of its arguments."""
    return f"You write into the argument {argument}, which changes the caller's array."


def dtype_of(argument: str) -> str:
    """Write the expression by which right answers choose the dtype of what they return."""
    return f'{argument}.dtype if {argument}.dtype.kind == "f" else float'


def frozen(*arrays):
    """Make arrays read-only, so that an input shows an answer that writes into it."""
    for array in arrays:
        array.flags.writeable = False
    return arrays
