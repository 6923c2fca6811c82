"""Known mistakes in `iterate_minibatches`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.batches.shared import NO_RNG


def iterate_minibatches(n_samples, batch_size, rng, drop_last=False):
    order = rng.permutation(n_samples)
    end = n_samples - n_samples % batch_size if drop_last else n_samples
    for start in range(0, end, batch_size):
        yield order[start : start + batch_size]


def an_epoch(function, what, n_samples, batch_size, seed, *drop_last):
    """Return the batches of an epoch, or the next number that rng draws."""
    rng = np.random.default_rng(seed)
    batches = list(function(n_samples, batch_size, rng, *drop_last))
    return batches if what == "batches" else rng.integers(2**40)


def epochs_to_cut(rng):
    seed = int(rng.integers(10**6))
    for args in ((1, 1), (6, 6), (8, 4), (10, 4), (3, 5), (13, 4), (8, 4, True), (10, 4, True), (3, 5, True)):
        yield "batches", *args[:2], seed, *args[2:]
    yield "next draw", 6, 6, seed
    yield "next draw", 8, 4, seed


DRAW = "    order = rng.permutation(n_samples)\n"
SLICE = "order[start : start + batch_size]"
LENGTH = "min(batch_size, n_samples - start)"

MISTAKES = (
    Mistake(
        "no shuffle",
        {"rng.permutation(n_samples)": "np.arange(n_samples)"},
        ("You go through the samples in their original order. They should come in the order of a random permutation."),
    ),
    Mistake(
        "drops the short batch always",
        {" if drop_last else n_samples": ""},
        "You always leave out the last, shorter batch. This is right only when drop_last is True.",
    ),
    Mistake(
        "ignores drop_last",
        {"n_samples - n_samples % batch_size if drop_last else n_samples": "n_samples"},
        "You yield the last, shorter batch even when drop_last is True. Then an epoch skips the samples of this batch.",
    ),
    Mistake(
        "drops a full batch",
        {"n_samples - n_samples % batch_size if": "n_samples - (n_samples % batch_size or batch_size) if"},
        "When drop_last is True, you leave out the last batch even if it is full.",
    ),
    Mistake(
        "every k-th sample",
        {
            "range(0, end, batch_size)": "range(-(-end // batch_size))",
            SLICE: "order[:end][start :: -(-end // batch_size)]",
        },
        ("Your batches take every k-th entry of the permutation. Each batch should be a slice of consecutive entries."),
    ),
    Mistake(
        "batches of equal size",
        {
            "range(0, end, batch_size)": "range(-(-end // batch_size))",
            SLICE: "np.array_split(order[:end], -(-end // batch_size))[start]",
        },
        (
            "You make all batches about equally large. All batches except the last should have exactly batch_size "
            "samples."
        ),
    ),
    Mistake(
        "a permutation for each batch",
        (
            {SLICE: "rng.permutation(n_samples)[start : start + batch_size]"},
            {
                DRAW: "",
                SLICE: "rng.permutation(n_samples)[start : start + batch_size]",
            },
            {
                DRAW: "",
                SLICE: f"rng.permutation(n_samples)[:{LENGTH}]",
            },
            {
                DRAW: "",
                SLICE: f"rng.choice(n_samples, {LENGTH}, replace=False)",
            },
        ),
        "You draw again for every batch, so within one epoch some samples occur twice and others never.",
    ),
    Mistake(
        "with replacement",
        (
            {"rng.permutation(n_samples)": "rng.integers(0, n_samples, n_samples)"},
            {
                DRAW: "",
                SLICE: f"rng.integers(0, n_samples, {LENGTH})",
            },
        ),
        "You draw the samples with replacement, so within one epoch some occur twice and others never.",
    ),
    Mistake(
        "rng not used",
        (
            {DRAW: DRAW.replace("rng.", "__import__('copy').deepcopy(rng).")},
            {"rng.permutation(n_samples)": "np.random.default_rng(0).permutation(n_samples)"},
        ),
        NO_RNG,
    ),
    Mistake(
        "draws more",
        (
            {"rng.permutation(n_samples)": "rng.permutation(n_samples)\n    rng.permutation(n_samples)"},
            {"order = rng": "rng.permutation(n_samples)\n    order = rng"},
        ),
        (
            "You draw more from rng than one permutation of the samples, so the next epoch gets a different order "
            "than it should."
        ),
    ),
    Mistake(
        "lists",
        {SLICE: "order[start : start + batch_size].tolist()"},
        "Your batches are lists. Each batch should be a NumPy array of indices.",
    ),
    Mistake(
        "one index at a time",
        (
            {f"yield {SLICE}": f"yield from {SLICE}"},
            {
                "end = n_samples - n_samples % batch_size if drop_last else n_samples": "end = n_samples",
                f"yield {SLICE}": f"yield from {SLICE}",
            },
        ),
        "You yield single indices. Each batch should be one array that holds all its indices.",
    ),
    Mistake(
        "an empty batch at the end",
        {"range(0, end, batch_size)": "range(0, end + 1, batch_size)"},
        (
            "When the batch size divides the number of samples, you yield one more batch, which is empty. Look at "
            "where your last slice starts."
        ),
    ),
    Mistake(
        "shuffles the batches alone",
        {
            "rng.permutation(n_samples)": "np.arange(n_samples)",
            "range(0, end, batch_size)": "rng.permutation(range(0, end, batch_size))",
        },
        "You shuffle only the order of the batches, so each batch always holds the same neighboring samples.",
    ),
    Mistake(
        "the first batch alone",
        {"yield order[start : start + batch_size]": "return [order[:batch_size]]\n    return []"},
        "You return in the first pass of your loop, so there is only one batch.",
    ),
)

KNOWN = Known(iterate_minibatches, epochs_to_cut, MISTAKES, use=an_epoch)
