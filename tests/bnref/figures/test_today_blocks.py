"""Tests that the drawing of the blocks puts the norm and the sum in their places."""

import matplotlib.pyplot as plt

from bnref.figures.today_blocks import draw_blocks


def test_the_norm_precedes_the_branch_or_follows_the_sum():
    fig, axes = plt.subplots(1, 2)
    draw_blocks(axes)
    found = {
        ax.get_title(): [t.get_text() for t in sorted(ax.texts, key=lambda t: t.get_position()[1]) if t.get_text()]
        for ax in axes
    }
    assert found == {
        "post-norm": ["$x_l$", "branch", "+", "norm", "$x_{l+1}$"],
        "pre-norm": ["$x_l$", "norm", "branch", "+", "$x_{l+1}$"],
    }
    plt.close(fig)


def test_the_skip_connection_ends_at_the_sum():
    fig, axes = plt.subplots(1, 2)
    draw_blocks(axes)
    for ax in axes:
        (plus,) = [text for text in ax.texts if text.get_text() == "+"]
        skips = [line for line in ax.lines if len(line.get_xdata()) == 3]
        assert [line.get_ydata()[-1] for line in skips] == [plus.get_position()[1]]
    plt.close(fig)
