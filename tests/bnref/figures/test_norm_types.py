"""Tests that the figures of the chapter on normalization types show their results."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex

from bnref.experiments.norm_types import NORMS, Invariance, batch, shared_with
from bnref.experiments.norm_types_batch_size import Errors
from bnref.experiments.norm_types_dropout import Dropped, Shift
from bnref.experiments.norm_types_regularization import NETWORKS, RATES, SIZES, Noisy
from bnref.experiments.norm_types_whitening import Decorrelated, Neighbours
from bnref.figures import norm_types as figures
from bnref.figures.style import BLUE, RED

PANELS = 4  # read by the fixture `axes`
CHANGES = ("other samples", "sample x 10", "sample + 10", "channel x 10", "channel + 10")


def test_lit_entries_share_statistics_and_do_not_overlap(axes):
    figures.draw_normalization(axes)
    for ax, norm, count in zip(axes, NORMS, (9, 12, 3, 6), strict=True):
        assert ax.get_title() == norm
        texts = [text.get_text() for text in ax.texts]
        assert texts[0] == f"{figures.SETS[norm]}:\n{count} of 36 values"
        assert texts[1:] == ["channels", "samples", "positions"]
        (cells,) = ax.collections
        colours = np.array([to_hex(colour) for colour in cells.get_facecolor()]).reshape(3, 4, 3)
        shares = shared_with(norm, (3, 4, 3), (1, 1, 1))
        np.testing.assert_array_equal(np.isin(colours, (BLUE, RED)), shares)
        assert colours[1, 1, 1] == RED
    corners = [path.vertices for path in axes[0].collections[0].get_paths()]
    assert len({tuple(corner[0].round(6)) for corner in corners}) == 36
    walls = np.array_split(np.array(corners)[..., 0], 3)
    assert all(before.max() < after.min() for before, after in itertools.pairwise(walls))


def test_scatter_plots_show_every_digit_and_moments(axes):
    result = batch()
    figures.draw_standardization(axes[:2], result)
    figures.draw_whitening(axes[2:], result)
    shown = [result.before, result.standardized, result.standardized, result.whitened]
    for ax, values in zip(axes, shown, strict=True):
        points = np.concatenate([line.get_xydata() for line in ax.lines[:3]])
        np.testing.assert_array_equal(np.sort(points, axis=0), np.sort(values, axis=0))
    labels = [ax.get_xlabel().splitlines() for ax in axes]
    assert labels[0] == ["means 0.44, -0.65", "stds 0.38, 0.34", "correlation -0.78"]
    assert labels[1] == labels[2] == ["means 0.00, 0.00", "stds 1.00, 1.00", "correlation -0.78"]
    assert labels[3] == ["means 0.00, 0.00", "stds 1.00, 1.00", "correlation 0.00"]


def test_errors_are_means_with_a_band(axes):
    errors = Errors("batch norm", (32, 2), ((2.0, 4.0), (50.0, 60.0)))
    figures.draw_errors(axes[:1], [[errors]], ["dense"])
    np.testing.assert_array_equal(axes[0].lines[0].get_xydata(), [[32, 3], [2, 55]])
    band = axes[0].collections[0].get_paths()[0].vertices
    assert {tuple(corner) for corner in band} >= {(32, 2), (32, 4), (2, 50), (2, 60)}


def test_measured_variance_shift_lies_on_its_curve(axes):
    figures.draw_shift(axes[0], [Shift(0.5, 1.0, 1 / 3, (0.33, 0.34))])
    curve, dots = axes[0].lines
    assert np.interp(0.5, *curve.get_xydata().T) == pytest.approx(1 / 3)
    assert dots.get_xydata().tolist() == [[0.5, 0.33], [0.5, 0.34]]


def test_neighbours_are_means_over_seeds(axes):
    results = [Neighbours(n, (0.9, 0.8), (0.3, 0.1), (0.5, 0.6)) for n in (10, 20)]
    figures.draw_neighbours(axes[0], results, features=15)
    drawn = {line.get_label(): line.get_ydata() for line in axes[0].lines[:3]}
    np.testing.assert_allclose(drawn["standardized"], 0.85)
    np.testing.assert_allclose(drawn["whitened"], 0.2)
    np.testing.assert_allclose(drawn["partly whitened"], 0.55)
    assert axes[0].lines[3].get_xdata() == [15, 15]


def noisy(network, size, accuracy, rate=RATES[0]):
    return Noisy(network, rate, size, accuracy, tuple(a / 2 for a in accuracy))


def test_memorizing_shows_means_and_ranges_at_one_rate(axes):
    results = [noisy(network, size, (0.5, 0.9)) for network in NETWORKS for size in SIZES]
    results += [noisy(network, size, (0.1, 0.1), RATES[1]) for network in NETWORKS for size in SIZES]
    figures.draw_memorizing(axes[:2], results, RATES[0])
    for ax, mean, half in ((axes[0], 0.7, 0.2), (axes[1], 0.35, 0.1)):
        assert [bar.get_label() for bar in ax.containers] == ["BN", "BN without noise", "LN", "no norm"]
        for bar in ax.containers:
            line, _, (ranges,) = bar
            np.testing.assert_allclose(line.get_ydata(), mean)
            np.testing.assert_allclose([np.ptp(s[:, 1]) for s in ranges.get_segments()], 2 * half)


def rows(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.data.splitlines()]


def test_invariance_table_names_changes_and_norms():
    results = [Invariance(n, c, (d,)) for n, d in (("a", 0.0), ("b", 1.0)) for c in CHANGES]
    header, _, *lines = rows(figures.invariance_table(results))
    assert header == ["Change of the input", "a", "b"]
    assert [line[1:] for line in lines] == [["ignores it", "changes"]] * 5


def test_dropout_table_has_no_ratio_without_batch_norm():
    norms = [Dropped(norm, "nowhere", 0.0, (0.9, 0.8), (0.5, 0.7), (1.0, 0.9)) for norm in ("BN", "LN")]
    _, _, bn, ln = rows(figures.dropout_table(norms))
    assert bn == ["batch norm", "none", "0%", "0.60", "15.0% (10.0 to 20.0)", "5.0% (0.0 to 10.0)"]
    assert ln == ["layer norm", "none", "0%", "", "15.0% (10.0 to 20.0)", ""]


def test_noise_table_lists_every_setting():
    results = [noisy(network, size, (size / 1000,), rate) for rate in RATES for network in NETWORKS for size in SIZES]
    _, _, *lines = rows(figures.noise_table(results))
    assert len(lines) == 2 * len(NETWORKS)
    assert all(line[2:] == ["0.01", "0.03", "0.13"] for line in lines)


def test_moments_table_has_mean_0_and_std_1_after_batch_norm():
    _, _, before, after = rows(figures.moments_table(batch()))
    assert before[1:4] == ["-0.65", "0.34", "0.21"]
    assert after[1:4] == ["0.00", "1.00", "0.21"]
    assert after[4] != after[5]


def test_tables_of_whitening_and_layers():
    _, _, line = rows(figures.whitening_table([Decorrelated("whitening", 0.3, (0.1, 0.2), (0.9, 0.9))]))
    assert line == ["whitening", "0.3", "0.1500", "10.0% (10.0 to 10.0)"]
    _, _, *lines = rows(figures.layer_table([("A", 1e-5, (6,)), ("B", None, None)]))
    assert lines == [["`A`", "1e-05", "(6,)"], ["`B`", "machine precision", "none"]]
