"""Difficulty and discrimination of each test, as classical test theory defines them.

*Difficulty* is the share of an item's points that the class earned (Crocker and Algina 1986, chapter 14): 1 is easy.
*Discrimination* is the corrected item-total correlation (Nunnally and Bernstein 1994, chapter 8): Pearson's, between an
item's points and the points of all other tests. If it is near 0 or negative, students who do well elsewhere do not do
well on this item.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bngrader.report.collect import AssignmentData, GradedItem

MIN_SUBMISSIONS = 5  # for a correlation, which says nothing about fewer


@dataclass(frozen=True)
class ItemStatistics:
    """The statistics of one item; one that is undefined is None."""

    item: GradedItem
    count: int  # of submissions in which it has a score
    difficulty: float | None
    discrimination: float | None


def item_statistics(data: AssignmentData) -> list[ItemStatistics]:
    """Compute the statistics of each item, in the assignment's order."""
    students = sorted(data.works)
    table = {
        item.name: np.array([_number(data.works[student].scores.get(item.name)) for student in students])
        for item in data.items
    }
    tests = [table[item.name] for item in data.items if not item.in_words]
    total = np.nansum([np.zeros(len(students)), *tests], axis=0)
    return [_statistics(item, table[item.name], total) for item in data.items]


def _statistics(item: GradedItem, scores: NDArray[np.float64], total: NDArray[np.float64]) -> ItemStatistics:
    settled = ~np.isnan(scores)
    scores, others = scores[settled], total[settled]
    difficulty = float(scores.mean() / item.max_score) if scores.size and item.max_score else None
    rest = others if item.in_words else others - scores
    return ItemStatistics(item, scores.size, difficulty, correlation(scores, rest))


def correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """Compute Pearson's correlation; None if it is undefined or there are too few submissions."""
    if a.size < MIN_SUBMISSIONS or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _number(score: float | None) -> float:
    return np.nan if score is None else score
