"""Known mistakes in `domain_auc`."""

import numpy as np

from bngrader.check.mistakes import Known, Mistake
from bngrader.check.mistakes.common import frozen


def domain_auc(train_scores, test_scores):
    ordered = np.sort(train_scores)
    below = np.searchsorted(ordered, test_scores, side="left")
    tied = np.searchsorted(ordered, test_scores, side="right") - below
    wins = np.sum(below + 0.5 * tied)
    n, m = len(train_scores), len(test_scores)
    return float(wins / (n * m))


def auc_in_pairs(train_scores, test_scores):
    return float(np.mean((test_scores > train_scores) + 0.5 * (test_scores == train_scores)))


def auc_in_short_pairs(train_scores, test_scores):
    return sum((b > a) + 0.5 * (b == a) for a, b in zip(train_scores, test_scores, strict=False)) / len(train_scores)


def auc_against_the_mean(train_scores, test_scores):
    return float(np.mean(test_scores > train_scores.mean()))


def pairs_of_scores(rng):
    yield np.array([1.0, 2.0]), np.array([3.0, 4.0]) - 1.5
    yield np.array([5.0, 6.0, 8.0]), np.array([3.0, 5.5]) + rng.uniform(0, 0.4)
    yield np.array([4.0, 1.0, 2.0]), np.array([3.0, 5.0]) + rng.uniform(0, 0.9)
    yield np.array([1.0, 2.0]), np.array([2.0, 4.0])
    yield np.array([1.0, 1.0, 1.0, 3.0]), np.array([2.0, 2.5])
    yield np.array([1.0, 2.0, 3.0]), np.array([1.0 + 1e-9, 3.5])
    yield np.sort(rng.normal(size=6)), rng.normal(1, 1, 6)
    yield np.sort(rng.normal(size=5)), rng.normal(-1, 1, 9)
    yield np.array([-3, -1, 2]), np.array([-2, 0, 4, 5])
    yield frozen(rng.normal(size=9)[::2], rng.normal(size=8)[::2])


MISTAKES = (
    Mistake(
        "ties count nothing",
        {"0.5 * tied": "0 * tied"},
        (
            "You count only pairs in which the test score is higher, so ties count nothing. A pair with equal scores "
            "counts half."
        ),
    ),
    Mistake(
        "ties count in full",
        {"0.5 * tied": "tied"},
        "You count a pair with equal scores in full, as if the test score were higher. A tie counts half.",
    ),
    Mistake(
        "the other way round",
        tuple(
            {"0.5 * tied": ties, "float(wins / (n * m))": "float(1 - wins / (n * m))"}
            for ties in ("0.5 * tied", "tied", "0 * tied")
        ),
        "You count how often the training score is higher. The AUC counts how often the test score is higher.",
    ),
    Mistake(
        "never below a half",
        {"float(wins / (n * m))": "float(max(wins / (n * m), 1 - wins / (n * m)))"},
        (
            "Your AUC is never below 0.5. It should be below 0.5 when the test scores are mostly lower than the "
            "training scores."
        ),
    ),
    Mistake(
        "the wrong number of pairs",
        {"(n * m)": "(n * n)"},
        (
            "You divide by the square of one of the two numbers of scores. There are n times m pairs, and n and m can "
            "differ."
        ),
    ),
    Mistake(
        "only pairs at the same place",
        (auc_in_pairs, auc_in_short_pairs),
        (
            "You compare only scores at the same position. Each test score should be compared with every training "
            "score, and the two arrays can differ in length."
        ),
    ),
    Mistake(
        "against the mean",
        auc_against_the_mean,
        (
            "You compare the test scores with the mean of the training scores. Each test score should be compared "
            "with every single training score."
        ),
    ),
    Mistake(
        "the whole rank sum",
        tuple(
            {"0.5 * tied": ties, "wins / (n * m)": "(wins + m * (m + 1) / 2) / (n * m)"}
            for ties in ("0.5 * tied", "tied", "0 * tied")
        ),
        (
            "You use the whole sum of ranks. It also counts pairs of two test scores, and these contribute m (m + 1) "
            "/ 2."
        ),
    ),
    Mistake(
        "ranks from 0",
        tuple(
            {"0.5 * tied": ties, "wins / (n * m)": "(wins - m) / (n * m)"}
            for ties in ("0.5 * tied", "tied", "0 * tied")
        ),
        "Your ranks start at 0, but the formula with m (m + 1) / 2 expects the lowest score to have rank 1.",
    ),
    Mistake(
        "rounds the scores",
        {"ordered =": "train_scores, test_scores = np.round(train_scores, 6), np.round(test_scores, 6)\n    ordered ="},
        "You treat scores that are merely close as ties. Two scores tie only if they are exactly equal.",
    ),
    Mistake(
        "each score once",
        {"np.sort(train_scores)": "np.unique(train_scores)"},
        "You count equal training scores only once. A score that occurs three times should count three times.",
    ),
    Mistake(
        "does not sort",
        {"np.sort(train_scores)": "train_scores"},
        "You search in the training scores as if they were sorted, but they can come in any order.",
    ),
    Mistake(
        "sorts in place",
        {"ordered = np.sort(train_scores)": "ordered = train_scores\n    ordered.sort()"},
        "You sort an argument in place, so you change the order of the caller's scores.",
    ),
)

KNOWN = Known(domain_auc, pairs_of_scores, MISTAKES)
