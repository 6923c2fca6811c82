"""Known mistakes in `activation_percentiles`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import ALWAYS_FLOAT64, INTEGERS, frozen, in_place


def activation_percentiles(h, q=(15, 50, 85)):
    dtype = h.dtype if h.dtype.kind == "f" else float
    p = np.percentile(h.astype(float), list(q), axis=0)
    return p.astype(dtype)


def percentiles_of_a_bell(h, q=(15, 50, 85)):
    from statistics import NormalDist

    h = h * 1.0
    z = [NormalDist().inv_cdf(min(max(one / 100, 1e-9), 1 - 1e-9)) for one in q]
    return np.stack([h.mean(axis=0) + one * h.std(axis=0) for one in z]).astype(h.dtype)


def entry_below(h, q=(15, 50, 85)):
    ordered = np.sort(h * 1.0, axis=0)
    return np.stack([ordered[min(int(len(h) * one / 100), len(h) - 1)] for one in q]).astype(ordered.dtype)


def position_in_n(h, q=(15, 50, 85)):
    ordered = np.sort(h * 1.0, axis=0)
    place = np.minimum(np.array(q) / 100 * len(h), len(h) - 1)
    low = place.astype(int)
    high = np.minimum(low + 1, len(h) - 1)
    return (ordered[low] + (place - low)[:, None] * (ordered[high] - ordered[low])).astype(ordered.dtype)


def not_sorted(h, q=(15, 50, 85)):
    h = h * 1.0
    place = np.array(q) / 100 * (len(h) - 1)
    low = place.astype(int)
    high = np.minimum(low + 1, len(h) - 1)
    return (h[low] + (place - low)[:, None] * (h[high] - h[low])).astype(h.dtype)


def batches_and_q(rng):
    yield (np.array([[1.0], [2.0], [4.0], [8.0]]) + rng.integers(9),)
    yield np.array([[1.0], [2.0], [4.0], [8.0]]) * rng.integers(2, 9), (25, 50)
    yield np.array([[3.0], [7.0], [5.0]]), (80, 10)
    yield (rng.normal(3, 2, (5, 2)),)
    yield rng.normal(3, 2, (3, 6)), (30,)
    yield (rng.normal(3, 2, (4, 2)).astype(np.float32),)
    yield (rng.permutation(9)[:8].reshape(4, 2),)
    yield np.array([[100], [-100], [rng.integers(80)]], np.int8), (25, 90)
    yield (np.array([[5.0, -2.0]]),)
    yield frozen(rng.normal(size=(8, 4))[::2, ::2])


MISTAKES = (
    Mistake(
        "along each row",
        ({"axis=0": "axis=1"}, {"axis=0": "axis=1", "p.astype": "p.T.astype"}),
        ("You compute the percentiles of each sample over its units. They should describe each unit over the batch."),
    ),
    Mistake(
        "of the whole table",
        ({"axis=0": "axis=None"}, {", axis=0)": ")[:, None] * np.ones(h.shape[1])"}),
        "You compute the percentiles of all activations together. Each unit needs its own.",
    ),
    Mistake(
        "takes an entry",
        (
            *({"axis=0": f"axis=0, method={way!r}"} for way in ("nearest", "lower", "higher", "inverted_cdf")),
            entry_below,
        ),
        (
            "You return one of the activations themselves. A percentile that falls between two activations is "
            "interpolated linearly."
        ),
    ),
    Mistake(
        "the middle of two entries",
        {"axis=0": "axis=0, method='midpoint'"},
        (
            "You return the midpoint of two activations, no matter where between them the percentile falls. It should "
            "be interpolated linearly."
        ),
    ),
    Mistake(
        "another position",
        (
            *({"axis=0": f"axis=0, method={way!r}"} for way in ("weibull", "hazen", "interpolated_inverted_cdf")),
            position_in_n,
        ),
        (
            "You interpolate, but at a different position than the text asks for. Counted from 0, the percentile q "
            "lies at q / 100 times (N - 1)."
        ),
    ),
    Mistake(
        "does not sort",
        not_sorted,
        ("You look up positions in the unsorted batch. Percentiles refer to the sorted activations of each unit."),
    ),
    Mistake(
        "always the same q",
        {"list(q)": "[15, 50, 85]"},
        "You ignore the argument q and always compute the percentiles 15, 50 and 85.",
    ),
    Mistake(
        "sorts q",
        {"list(q)": "sorted(q)"},
        "You sort q. The rows of the result should be in the order in which the caller passes q.",
    ),
    Mistake(
        "counts from above",
        {"list(q)": "[100 - one for one in q]"},
        "You count q from the highest activation down, so the 15th percentile comes out as the 85th.",
    ),
    Mistake(
        "q as a share",
        {"np.percentile": "np.quantile"},
        "You treat q as fractions from 0 to 1, but they are percentages from 0 to 100.",
    ),
    Mistake(
        "units in rows",
        {"p.astype(dtype)": "p.T.astype(dtype)"},
        "Your result has one row per unit. It should have one row per percentile and one column per unit.",
    ),
    Mistake(
        "of a bell curve",
        percentiles_of_a_bell,
        (
            "You compute the percentiles from the mean and the std, as if the activations were normally distributed. "
            "They need not be."
        ),
    ),
    Mistake("always float64", {"p.astype(dtype)": "p"}, ALWAYS_FLOAT64),
    Mistake("integers stay integers", {'if h.dtype.kind == "f" else float': ""}, INTEGERS),
    Mistake(
        "integers overflow",
        {"h.astype(float)": "h"},
        "You interpolate in the dtype of small integers, where differences do not fit and wrap around.",
    ),
    Mistake("sorts in place", {"p = ": "h.sort(axis=0)\n    p = "}, in_place("h")),
)

KNOWN = Known(activation_percentiles, batches_and_q, MISTAKES)
