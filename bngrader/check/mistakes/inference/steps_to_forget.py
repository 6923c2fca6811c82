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
        "You round log(tolerance) / log(decay) down. After that many updates, more than the tolerance is still left.",
    ),
    Mistake(
        "rounds to the nearest",
        {LOOP: f"    return round({RATIO})"},
        "You round log(tolerance) / log(decay) to the nearest whole number. If that number is below the quotient, "
        "more than the tolerance is still left.",
    ),
    Mistake(
        "rounding of a logarithm",
        (
            {LOOP: f"    return int(np.ceil({RATIO}))"},
            {LOOP: "    import math\n\n    return math.ceil(math.log(tolerance, decay))"},
            {LOOP: "    return int(np.ceil(np.log10(tolerance) / np.log10(decay)))"},
        ),
        "If the share is exactly the tolerance, the quotient of the logarithms should be a whole number. Because of "
        "rounding it comes out slightly larger, and when you round it up, you get one update too many.",
    ),
    Mistake(
        "less than the tolerance",
        ({"share > tolerance": "share >= tolerance"}, {LOOP: f"    return int(np.floor(np.round({RATIO}, 9))) + 1"}),
        "You continue until the share is below the tolerance. But the text says that a share equal to the tolerance "
        "is small enough.",
    ),
    Mistake(
        "one too many",
        {"return steps": "return steps + 1"},
        "You return one update too many. Before the first update the share is 1, and after it the share is decay.",
    ),
    Mistake(
        "one too few",
        {"return steps": "return max(steps - 1, 0)"},
        "You return one update too few. Before the first update the share is 1, and after it the share is decay.",
    ),
    Mistake(
        "at least one",
        {"return steps": "return max(steps, 1)"},
        "You return at least 1. But with a tolerance of 1, nothing has to be forgotten, so no update is needed.",
    ),
    Mistake(
        "the share of the new value",
        {"share *= decay": "share *= 1 - decay"},
        "You multiply the share by 1 - decay in each update. That is the share of the new value, but the question is"
        " about the old value.",
    ),
    Mistake(
        "1 - tolerance",
        {LOOP: "    return int(np.ceil(np.log(1 - tolerance) / np.log(decay))) if tolerance < 1 else 0"},
        "You use 1 - tolerance, the share that has to be forgotten. But the tolerance is the share that may be left.",
    ),
    Mistake(
        "a rule of thumb",
        tuple({LOOP: f"    return int({rounding}(1 / (1 - decay)))"} for rounding in ("np.ceil", "round", "")),
        "You return 1 / (1 - decay). After that many updates about a third of the initial value is left, whatever "
        "the tolerance is.",
    ),
    Mistake(
        "a real number",
        ({LOOP: f"    return {RATIO}"}, {LOOP: LOOP.replace("return steps", "return float(steps)")}),
        "You return a float, but a number of updates is a whole number, and the text asks for an int.",
    ),
)

KNOWN = Known(steps_to_forget, decays, MISTAKES)
