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
        (
            "Your odds are upside down, so the samples that look like training data get the large weights. The "
            "samples that look like test data should get them."
        ),
    ),
    Mistake(
        "not scaled",
        ({"odds / odds.mean()": "odds"}, {**NOT_CLIPPED, "odds / odds.mean()": "odds"}),
        "You return the odds as they are. Their mean depends on the data, but the text asks for weights with mean 1.",
    ),
    Mistake(
        "sum 1",
        ({"odds.mean()": "odds.sum()"}, {**NOT_CLIPPED, "odds.mean()": "odds.sum()"}),
        "Your weights add up to 1. They should have mean 1, so their sum is the number of samples.",
    ),
    Mistake(
        "highest 1",
        ({"odds.mean()": "odds.max()"}, {**NOT_CLIPPED, "odds.mean()": "odds.max()"}),
        "You scale the weights so that the highest is 1. Their mean should be 1.",
    ),
    Mistake(
        "not clipped",
        NOT_CLIPPED,
        (
            "You do not clip the probabilities, so a probability of 1 makes you divide by 0, and a probability of 0 "
            "gives a weight of 0."
        ),
    ),
    Mistake(
        "clipped below only",
        {"np.clip(p, 1e-6, 1 - 1e-6)": "np.maximum(p, 1e-6)"},
        "You clip only low probabilities, so a probability of 1 makes you divide by 0. High probabilities are "
        "clipped too.",
    ),
    Mistake(
        "clipped above only",
        {"np.clip(p, 1e-6, 1 - 1e-6)": "np.minimum(p, 1 - 1e-6)"},
        (
            "You clip only high probabilities, so a probability of 0 gives a weight of 0. Low probabilities are "
            "clipped too."
        ),
    ),
    Mistake(
        "other bounds",
        tuple(
            {"p_test.astype(float)": start, "1e-6, 1 - 1e-6": f"{eps}, 1 - {eps}"}
            for eps in (1e-3, 1e-2, 1e-4, 1e-5, 1e-7, 1e-8, 1e-9, 0.05, 0.1)
            for start in ("p_test.astype(float)", "p_test.astype(dtype)")
        ),
        ("You clip to other bounds than the text gives, so the weights near p = 0 and p = 1 come out different."),
    ),
    Mistake(
        "adds a small number",
        tuple({**NOT_CLIPPED, "p / (1 - p)": f"p / (1 - p + {eps})"} for eps in (1e-6, 1e-8, 1e-7, 1e-9, 1e-10)),
        (
            "You add a small number to 1 - p instead of clipping p. This avoids the division by 0, but it gives "
            "other weights near p = 0 and p = 1."
        ),
    ),
    Mistake(
        "not the odds",
        ({"p / (1 - p)": "p"}, {**NOT_CLIPPED, "p / (1 - p)": "p"}),
        (
            "You scale the probabilities themselves. The weight of a sample comes from its odds, which compare p "
            "with 1 - p."
        ),
    ),
    Mistake(
        "one over 1 - p",
        ({"p / (1 - p)": "1 / (1 - p)"}, {**NOT_CLIPPED, "p / (1 - p)": "1 / (1 - p)"}),
        ("You divide 1 by 1 - p, so even a sample with p near 0 gets a sizable weight. The odds compare p with 1 - p."),
    ),
    Mistake(
        "logarithm",
        ({"p / (1 - p)": "np.log(p / (1 - p))"}, {**NOT_CLIPPED, "p / (1 - p)": "np.log(p / (1 - p))"}),
        (
            "You take the logarithm of the odds, which is negative when p is below 0.5. The weights come from the "
            "odds themselves, which are never negative."
        ),
    ),
    Mistake(
        "in float32",
        {"p_test.astype(float)": "p_test.astype(dtype)"},
        (
            "You clip in float32, where 1 - 1e-6 is so coarse that the odds come out 1.3% too low. Only the final "
            "result should be in float32."
        ),
    ),
    Mistake("always float64", {".astype(dtype)": ""}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if p_test.dtype.kind == "f" else float': ""}, INTEGERS),
    Mistake(
        "clips in place",
        {"astype(float)": "astype(float, copy=False)", "1 - 1e-6)": "1 - 1e-6, out=p)"},
        "You clip an argument in place, so you change the array of the caller.",
    ),
)

KNOWN = Known(importance_weights, probabilities, MISTAKES)
