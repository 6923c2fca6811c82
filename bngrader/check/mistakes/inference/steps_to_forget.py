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
        "You cut off the fraction of log(tolerance) / log(decay): after so few updates too much is left.",
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
        "Where the share is exactly the tolerance, your ratio of logarithms comes out a little too large, and rounding "
        "up adds an update: check the number that you found against its neighbour.",
    ),
    Mistake(
        "less than the tolerance",
        ({"share > tolerance": "share >= tolerance"}, {LOOP: f"    return int(np.floor(np.round({RATIO}, 9))) + 1"}),
        "You go on until the share is below the tolerance. At most the tolerance is enough.",
    ),
    Mistake(
        "one too many",
        {"return steps": "return steps + 1"},
        "You return one update too many: after no update the share is 1, after one it is decay.",
    ),
    Mistake("one too few", {"return steps": "return max(steps - 1, 0)"}, "You return one update too few."),
    Mistake(
        "at least one",
        {"return steps": "return max(steps, 1)"},
        "With tolerance 1 nothing has to be forgotten: that takes no update.",
    ),
    Mistake(
        "the share of the new value",
        {"share *= decay": "share *= 1 - decay"},
        "You multiply by 1 - decay, the share of the new value. What is left of the old one shrinks by decay.",
    ),
    Mistake(
        "1 - tolerance",
        {LOOP: "    return int(np.ceil(np.log(1 - tolerance) / np.log(decay))) if tolerance < 1 else 0"},
        "You use 1 - tolerance. The tolerance is how much of the old value may be left, not how much has to go.",
    ),
    Mistake(
        "a rule of thumb",
        tuple({LOOP: f"    return int({rounding}(1 / (1 - decay)))"} for rounding in ("np.ceil", "round", "")),
        "You return 1 / (1 - decay), after which about a third of the old value is left. The tolerance has to count.",
    ),
    Mistake(
        "a real number",
        ({LOOP: f"    return {RATIO}"}, {LOOP: LOOP.replace("return steps", "return float(steps)")}),
        "You return a number with a fraction, or a float. The number of updates is an int.",
    ),
)

KNOWN = Known(steps_to_forget, decays, MISTAKES)
