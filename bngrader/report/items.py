"""How hard each test is, and how well it tells students apart, as classical test theory measures it.

*Difficulty* is the share of an item's points that the class earned (Crocker and Algina 1986, chapter 14): 1 is easy.
*Discrimination* is the corrected item-total correlation (Nunnally and Bernstein 1994, chapter 8): Pearson's, between an
item's points and those of all other tests. Around 0, or below, who does well elsewhere does not do well here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bngrader.report.collect import AssignmentData, GradedItem

FEWEST = 5  # submissions, below which a correlation says nothing


@dataclass(frozen=True)
class ItemStatistics:
    """An item of an assignment; what cannot be said of it is None."""

    item: GradedItem
    count: int  # submissions that it is scored in
    difficulty: float | None
    discrimination: float | None


def item_statistics(data: AssignmentData) -> list[ItemStatistics]:
    """The statistics of each item, in the assignment's order."""
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
    """Pearson's correlation, or None where it is not defined or rests on too little."""
    if a.size < FEWEST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _number(score: float | None) -> float:
    return np.nan if score is None else score
