"""Tests that the figures of the chapter on scaling show their results."""

import numpy as np
import pytest

from bnref.experiments import scaling as experiments
from bnref.experiments.scaling_halves import Steps
from bnref.figures import scaling as figures
from bnref.scaling import standardize

PANELS = 3  # read by the fixture `axes`


def test_scalings_show_same_counts_on_different_axes(axes):
    figures.draw_scalings(axes, experiments.scalings(np.array([1.0, 2.0, 6.0])), "kg")
    heights = [[bar.get_height() for bar in ax.patches] for ax in axes]
    assert heights[0] == heights[1] == heights[2]
    assert axes[0].get_xlabel() == "mean 3.00, std 2.16\nfrom 1.00 to 6.00"
    assert axes[2].get_xlabel().endswith("from 0.00 to 1.00")


def test_outlier_ends_at_its_bound(axes):
    result = experiments.outlier(np.arange(10.0), np.array([1.0, 1e6]))
    figures.draw_outlier(axes[:2], result)
    line, bound = axes[0].lines
    assert line.get_ydata()[-1] == pytest.approx(3, rel=1e-3)
    assert bound.get_ydata()[0] == 3


def test_descent_legend_states_number_of_steps(axes):
    result = experiments.Descent("raw", 10.0, np.array([1.0, 0.1, 0.01]), 1234)
    figures.draw_descents(axes[0], [result], 1e-3)
    assert [text.get_text() for text in axes[0].figure.legends[0].get_texts()] == ["raw: 1,234 steps"]
    np.testing.assert_array_equal(axes[0].lines[0].get_ydata(), result.gaps)


def test_paths_start_at_0_and_state_condition_numbers(axes):
    x = np.random.default_rng(0).normal(size=(50, 2)) * [1, 5]
    paths = [experiments.two_weight_path(t, x.sum(axis=1), 5) for t in (x, standardize(x)[0])]
    figures.draw_paths(axes[:2], paths, ("a", "b"))
    for ax, path in zip(axes, paths, strict=False):
        assert ax.lines[0].get_xydata()[0].tolist() == [0, 0]
        assert f"{np.linalg.cond(path.hessian):.1f}" in ax.get_title()


def rows(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.data.splitlines()[2:]]


def test_patients_table_has_statistics_of_each_column():
    found = rows(figures.patients_table(experiments.patients()))
    assert len(found) == 10
    assert found[2] == ["Body mass index", "26.4", "4.4", "18.0", "42.2"]


def test_scores_and_descents_tables_state_results_in_words():
    scores = [experiments.TestScore("least squares", "a random quarter", 0.1, 0.2, 0.3, 0.4)]
    assert rows(figures.scores_table(scores)) == [["Least squares", "a random quarter", "0.10", "0.20", "0.30", "0.40"]]
    descent = experiments.Descent("as measured", 52365337.2, np.ones(1), 123109398)
    assert rows(figures.descents_table([descent])) == [["As measured", "52,365,337", "123,109,398"]]


def test_halves_table_has_a_column_per_table():
    results = [
        Steps(table, scaling, np.array([1, 2, 3000]) * factor)
        for table, factor in (("442 patients", 1), ("178 wines", 10))
        for scaling in ("as measured", "standardized")
    ]
    table = figures.halves_table(results)
    assert "Half of 442 patients | Half of 178 wines" in table.data
    assert rows(table)[1] == ["Standardized", "2 (1 to 3,000)", "20 (10 to 30,000)"]


def test_spread_table_has_a_row_per_batch_size():
    found = rows(figures.spread_table([experiments.BatchStatistics(4, 0.8, 2.0)]))
    assert found == [["4", "0.80", "2.00"]]


def test_activations_are_drawn_for_each_unit(axes):
    before = np.random.default_rng(0).normal(size=(20, 4))
    figures.draw_activations(axes[:2], experiments.Activations(before, before, before), [0, 3])
    assert [t.get_text() for t in axes[0].get_legend().get_texts()] == ["unit 0", "unit 3"]
