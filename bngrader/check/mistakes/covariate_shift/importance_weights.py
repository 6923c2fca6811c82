"""Known mistakes in `importance_weights`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, INTEGERS, frozen


def importance_weights(p_test):
    dtype = p_test.dtype if p_test.dtype.kind == "f" else float
    p = p_test.astype(float)
    p = np.clip(p, 1e-6, 1 - 1e-6)
    odds = p / (1 - p)
    weights = odds / odds.mean()
    return weights.astype(dtype)


def probabilities(rng):
    yield (np.array([0.5, 0.8, 0.4]),)
    yield (rng.uniform(0.1, 0.9, 4),)
    yield (np.array([0.0, 0.0, 1e-5]),)
    yield (np.array([1.0, 1.0, 0.99999]),)
    yield (rng.uniform(0.2, 0.8, 3).astype(np.float32),)
    yield (np.array([1.0, 0.9999988], np.float32),)
    yield (np.array([0, 1, 1]),)
    yield frozen(rng.uniform(0.1, 0.9, 8)[::2])


NOT_CLIPPED = {"    p = np.clip(p, 1e-6, 1 - 1e-6)\n": ""}

MISTAKES = (
    Mistake(
        "upside down",
        ({"p / (1 - p)": "(1 - p) / p"}, {**NOT_CLIPPED, "p / (1 - p)": "(1 - p) / p"}),
        "Your odds are upside down: samples that look like the training data get the large weights.",
    ),
    Mistake(
        "not scaled",
        ({"odds / odds.mean()": "odds"}, {**NOT_CLIPPED, "odds / odds.mean()": "odds"}),
        "You return the odds as they are. They are scaled so that their mean is 1.",
    ),
    Mistake(
        "sum 1",
        ({"odds.mean()": "odds.sum()"}, {**NOT_CLIPPED, "odds.mean()": "odds.sum()"}),
        "Your weights have the sum 1. Their mean has to be 1.",
    ),
    Mistake(
        "highest 1",
        ({"odds.mean()": "odds.max()"}, {**NOT_CLIPPED, "odds.mean()": "odds.max()"}),
        "Your highest weight is 1. It is the mean that has to be 1.",
    ),
    Mistake(
        "not clipped",
        NOT_CLIPPED,
        "You do not clip the probabilities: one that is 1 divides by 0, and one that is 0 has no weight at all.",
    ),
    Mistake(
        "clipped below only",
        {"np.clip(p, 1e-6, 1 - 1e-6)": "np.maximum(p, 1e-6)"},
        "You clip low probabilities alone. One that is 1 divides by 0: clip at the upper end too.",
    ),
    Mistake(
        "clipped above only",
        {"np.clip(p, 1e-6, 1 - 1e-6)": "np.minimum(p, 1 - 1e-6)"},
        "You clip high probabilities alone. Clip at the lower end too.",
    ),
    Mistake(
        "other bounds",
        tuple(
            {"p_test.astype(float)": start, "1e-6, 1 - 1e-6": f"{eps}, 1 - {eps}"}
            for eps in (1e-3, 1e-2, 1e-4, 1e-5, 1e-7, 1e-8, 1e-9, 0.05, 0.1)
            for start in ("p_test.astype(float)", "p_test.astype(dtype)")
        ),
        "You clip to other bounds than 1e-6 and 1 - 1e-6.",
    ),
    Mistake(
        "adds a small number",
        tuple({**NOT_CLIPPED, "p / (1 - p)": f"p / (1 - p + {eps})"} for eps in (1e-6, 1e-8, 1e-7, 1e-9, 1e-10)),
        "You add a small number to 1 - p. Clip p instead: a p of 0 has no weight in yours, and one of 1 another.",
    ),
    Mistake(
        "not the odds",
        ({"p / (1 - p)": "p"}, {**NOT_CLIPPED, "p / (1 - p)": "p"}),
        "You scale the probabilities themselves. The weight of a sample is the odds, p against 1 - p.",
    ),
    Mistake(
        "one over 1 - p",
        ({"p / (1 - p)": "1 / (1 - p)"}, {**NOT_CLIPPED, "p / (1 - p)": "1 / (1 - p)"}),
        "You divide 1 by 1 - p. The odds have p above the line.",
    ),
    Mistake(
        "logarithm",
        ({"p / (1 - p)": "np.log(p / (1 - p))"}, {**NOT_CLIPPED, "p / (1 - p)": "np.log(p / (1 - p))"}),
        "You take the logarithm of the odds. The weights are the odds themselves, and never negative.",
    ),
    Mistake(
        "in float32",
        {"p_test.astype(float)": "p_test.astype(dtype)"},
        "You clip in float32, where 1 - 1e-6 is so coarse that the odds come out 1.3% too low. Clip and take the odds "
        "in float64, and return float32.",
    ),
    Mistake("always float64", {".astype(dtype)": ""}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if p_test.dtype.kind == "f" else float': ""}, INTEGERS),
    Mistake(
        "clips in place",
        {"astype(float)": "astype(float, copy=False)", "1 - 1e-6)": "1 - 1e-6, out=p)"},
        "You clip an argument in place: the caller's own probabilities are changed. Work on a new array.",
    ),
)

KNOWN = Known(importance_weights, probabilities, MISTAKES)
