"""Known mistakes in `steps_to_forget`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake


def steps_to_forget(decay, tolerance):
    share, steps = 1.0, 0
    while share > tolerance:
        share *= decay
        steps += 1
    return steps


def decays(rng):
    yield 0.5, 0.25
    yield 0.5, 1.0
    yield 0.5, 0.3
    yield 0.9, 0.95
    yield 0.9, 0.01
    yield 0.99, 0.5
    yield 0.3, float(np.round(rng.uniform(0.1, 0.2), 2))
    yield 0.25, 2.0**-6
    yield 0.5, 2.0**-29
    yield 0.125, 2.0**-21


LOOP = """    share, steps = 1.0, 0
    while share > tolerance:
        share *= decay
        steps += 1
    return steps"""
RATIO = "np.log(tolerance) / np.log(decay)"

MISTAKES = (
    Mistake(
        "rounds down",
        {LOOP: f"    return int({RATIO})"},
        "You round log(tolerance) / log(decay) down. After so few updates, too much is left.",
    ),
    Mistake(
        "rounds to the nearest",
        {LOOP: f"    return round({RATIO})"},
        "You round log(tolerance) / log(decay) to the nearest whole number, which may be too few updates.",
    ),
    Mistake(
        "rounding of a logarithm",
        (
            {LOOP: f"    return int(np.ceil({RATIO}))"},
            {LOOP: "    import math\n\n    return math.ceil(math.log(tolerance, decay))"},
            {LOOP: "    return int(np.ceil(np.log10(tolerance) / np.log10(decay)))"},
        ),
        "If the share is exactly the tolerance, your quotient of logarithms is slightly too large because of "
        "rounding, and rounding it up adds an update.",
    ),
    Mistake(
        "less than the tolerance",
        ({"share > tolerance": "share >= tolerance"}, {LOOP: f"    return int(np.floor(np.round({RATIO}, 9))) + 1"}),
        "You continue until the share is below the tolerance. A share equal to the tolerance is small enough.",
    ),
    Mistake(
        "one too many",
        {"return steps": "return steps + 1"},
        "You return one update too many: the share is 1 after no update, and decay after one.",
    ),
    Mistake("one too few", {"return steps": "return max(steps - 1, 0)"}, "You return one update too few."),
    Mistake(
        "at least one",
        {"return steps": "return max(steps, 1)"},
        "For a tolerance of 1, nothing has to be forgotten, so the number of updates is 0.",
    ),
    Mistake(
        "the share of the new value",
        {"share *= decay": "share *= 1 - decay"},
        "You multiply by 1 - decay, the share of the new value. The share of the old value shrinks by the factor "
        "decay.",
    ),
    Mistake(
        "1 - tolerance",
        {LOOP: "    return int(np.ceil(np.log(1 - tolerance) / np.log(decay))) if tolerance < 1 else 0"},
        "You use 1 - tolerance. The tolerance is the share of the old value that may be left, not the share that has "
        "to go.",
    ),
    Mistake(
        "a rule of thumb",
        tuple({LOOP: f"    return int({rounding}(1 / (1 - decay)))"} for rounding in ("np.ceil", "round", "")),
        "You return 1 / (1 - decay), after which about a third of the old value is left. The result should depend on "
        "the tolerance.",
    ),
    Mistake(
        "a real number",
        ({LOOP: f"    return {RATIO}"}, {LOOP: LOOP.replace("return steps", "return float(steps)")}),
        "You return a float. The number of updates is an int.",
    ),
)

KNOWN = Known(steps_to_forget, decays, MISTAKES)
