"""Tests of difficulty and discrimination against their definitions, computed by hand or by SciPy."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from bngrader.report.collect import AssignmentData, GradedItem, Work
from bngrader.report.items import item_statistics

ITEMS = [
    GradedItem("test_f", "f", 2),
    GradedItem("test_f_edges", "f", 1),
    GradedItem("test_g", "g", 3),
    GradedItem("written_x", "written_x", 5),
]


def assignment(rows):
    works = {f"s{i}": Work(dict(zip([item.name for item in ITEMS], row, strict=True))) for i, row in enumerate(rows)}
    return AssignmentData("a", ITEMS, works, set())


def by_name(rows):
    return {one.item.name: one for one in item_statistics(assignment(rows))}


def test_statistics_follow_their_definitions():
    rng = np.random.default_rng(1)
    tests = np.stack([rng.integers(0, most + 1, 40) for most in (2, 1, 3)], axis=1).astype(float)
    tests[:, 2] = np.minimum(3, tests[:, 0] + tests[:, 1])
    found = by_name([[*row, None] for row in tests.tolist()])
    for column, item in enumerate(ITEMS[:3]):
        rest = tests.sum(axis=1) - tests[:, column]
        assert found[item.name].difficulty == pytest.approx(tests[:, column].mean() / item.max_score)
        assert found[item.name].discrimination == pytest.approx(pearsonr(tests[:, column], rest).statistic)
    assert found["test_g"].discrimination > 0.5


def test_an_answer_in_words_is_correlated_with_the_tests():
    rows = [[2, 1, 3, 5], [2, 1, 0, 4], [0, 1, 3, 3], [0, 1, 0, 1], [0, 0, 0, 0], [2, 1, 3, None]]
    written = by_name(rows)["written_x"]
    assert (written.count, written.difficulty) == (5, pytest.approx(13 / 25))
    assert written.discrimination == pytest.approx(pearsonr([5, 4, 3, 1, 0], [6, 3, 4, 1, 0]).statistic)


def test_undefined_statistics_are_none():
    everybody_had_it = by_name([[2, 1, i % 4, None] for i in range(6)])
    assert everybody_had_it["test_f"].difficulty == 1
    assert everybody_had_it["test_f"].discrimination is None
    assert everybody_had_it["written_x"].difficulty is None
    too_few = by_name([[0, 1, 3, 1], [2, 0, 0, 5]])
    assert too_few["test_f"].discrimination is None
