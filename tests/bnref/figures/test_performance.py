"""Tests that the figures and tables of the page on performance show their results."""

import matplotlib.pyplot as plt

from bnref.experiments.performance import Timing
from bnref.figures.performance import draw_block_sizes, draw_times, markdown_table


def test_times_are_drawn_relative_to_torchs_kernel():
    seconds = {"bnref": 2.0, "torch's kernel": 1.0, "memcpy": 0.5}
    timings = [
        Timing(task, way, (4, 3), "float32", s)
        for task in ("forward", "evaluation", "backward")
        for way, s in seconds.items()
    ]
    fig, axes = plt.subplots(3, 1)
    draw_times(axes, timings, "float32")
    for ax in axes:
        drawn = {line.get_label(): line.get_xdata()[0] for line in ax.lines if not line.get_label().startswith("_")}
        assert drawn == {"bnref": 2.0, "memcpy": 0.5}
        assert [label.get_text() for label in ax.get_yticklabels()] == ["4 x 3"]
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["bnref", "memcpy"]
    plt.close(fig)


def test_block_sizes_are_drawn_in_kilobytes():
    fig, ax = plt.subplots()
    draw_block_sizes(ax, {"evaluation": {1024: 3.0, 4096: 1.5}})
    assert ax.lines[0].get_xdata().tolist() == [1, 4]
    assert ax.lines[0].get_ydata().tolist() == [3.0, 1.5]
    plt.close(fig)


def test_table_rounds_floats():
    text = markdown_table(["a", "b"], [["x", 1.234], ["y", 2]]).data
    assert text.splitlines() == ["| a | b |", "| --- | --- |", "| x | 1.23 |", "| y | 2 |"]
