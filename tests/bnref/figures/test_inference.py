"""Tests that the figures of the chapter on inference show their results."""

import numpy as np
import pytest

from bnref.experiments.batch_renorm import Renormalized, TinyBatches
from bnref.experiments.inference import LayerState, Modes
from bnref.experiments.inference_averages import Follower, Memory, Precise, Spreads, Trace
from bnref.figures import inference as figures

PANELS = 2  # read by the fixture `axes`


def test_layer_state_has_a_bar_for_each_unit(axes):
    states = [LayerState(*np.random.default_rng(i).normal(size=(4, 5))) for i in range(2)]
    figures.draw_batch_norm_state(axes[0], states)
    strips = axes[0].child_axes
    shown = [[bar.get_height() for bar in strip.patches] for strip in strips]
    kept = [value for s in states for value in (s.gamma, s.beta, s.moving_mean, s.moving_std)]
    np.testing.assert_allclose(shown, kept)
    colors = (
        {strip.patches[0].get_facecolor() for strip in strips[:2]},
        {s.patches[0].get_facecolor() for s in strips[2:4]},
    )
    assert len(colors[0]) == len(colors[1]) == 1
    assert colors[0] != colors[1]


def test_moving_averages_start_at_initial_values(axes):
    trace = Trace(np.full(20, 2.0), np.full(20, 0.5))
    figures.draw_moving_averages(axes, trace, [0.5])
    for ax, start, end in zip(axes, (0, 1), (2, 0.5), strict=True):
        batch, average = (line.get_ydata() for line in ax.lines)
        assert (batch == end).all()
        assert average[0] == start
        assert average[1] == (start + end) / 2
        assert average[-1] == pytest.approx(end, abs=1e-5)


def test_precise_statistics_have_a_line_for_each_method(axes):
    result = Precise((1, 2), (0.9, 0.99), np.arange(12).reshape(3, 2, 2) / 12, np.ones((3, 2)))
    figures.draw_precise(axes[0], result)
    assert [t.get_text() for t in axes[0].figure.legends[0].get_texts()] == [
        "precise statistics",
        r"$\alpha$ = 0.9",
        r"$\alpha$ = 0.99",
    ]
    np.testing.assert_allclose(axes[0].lines[2].get_ydata(), result.moving[:, :, 1].mean(axis=0))


def test_two_paths_normalize_by_batch_and_by_state(axes):
    figures.draw_two_paths(axes[0])
    shown = [text.get_text().replace("\N{MINUS SIGN}", "-") for text in axes[0].texts]
    for column in ("5\n1\n4\n7\n3", "0.5\n-1.5\n0\n1.5\n-0.5", "3\n-5\n1\n7\n-1", "8", "2", "9"):
        assert column in shown
    assert "state\nmoving mean 3\nmoving std 2.5" in shown


def test_tables_have_a_row_for_each_result():
    values = np.array([0.5, 0.7])
    modes = figures.modes_table(Modes(*[values] * 8)).data.splitlines()
    assert len(modes) == 2 + 8
    assert modes[2] == "| evaluation | nothing unusual | 0.600 (0.500 to 0.700) |"
    followers = figures.followers_table([Follower(0.9, 9.0, 9.0, 0.25, 0.25)], lambda decay, share: 44).data
    assert followers.splitlines()[2] == "| 0.9 | 44 | 9 | 0.250 |"
    spreads = figures.spreads_table([Spreads(2, values, values + 0.1, values + 0.2)]).data
    assert spreads.splitlines()[2] == "| 2 | 0.600 | 0.700 | 0.800 |"
    memory = figures.memory_table([Memory(10, 1234.5, 20.2, 3, 0)]).data
    assert memory.splitlines()[2] == "| 10 | 1,234 | 20 | 3 |"
    kind = TinyBatches("4 random images", values, values, values, values + 0.1)
    renorm = figures.renorm_table(Renormalized([kind], values)).data
    assert renorm.splitlines()[2].startswith("| 4 random images | 0.700 (0.600 to 0.800) | 0.600 (")
