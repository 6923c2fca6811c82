"""Tests that the figures of the chapter on batches show their results."""

import numpy as np

from bnref.experiments import batches as experiments
from bnref.experiments.batches_training import EPOCHS, AccumulatedTraining, Accumulation, Course, ScalingRule
from bnref.figures import batches as figures

PANELS = 3  # read by the fixture `axes`


def test_schedule_marks_samples_of_each_iteration(axes):
    schedule = experiments.schedule(6, 2, epochs=2)
    figures.draw_schedule(axes[0], schedule)
    drawn = np.concatenate([mesh.get_array() for mesh in axes[0].collections])
    np.testing.assert_array_equal(drawn, schedule.used)
    assert [text.get_text() for text in axes[0].texts] == ["epoch 1", "epoch 2"]
    assert [tick.get_text() for tick in axes[0].get_yticklabels()] == ["1", "2", "3", "4", "5", "6"]


def test_paths_are_drawn_with_their_number_of_steps(axes):
    bowl = experiments.bowl()
    descents = [experiments.descend(bowl, size, epochs=1) for size in (442, 221, 1)]
    figures.draw_paths(axes, bowl, descents)
    assert [ax.get_title() for ax in axes] == [
        "full batch: 1 steps",
        "batches of 221: 2 steps",
        "batches of 1: 442 steps",
    ]
    for ax, descent in zip(axes, descents, strict=True):
        np.testing.assert_array_equal(ax.lines[0].get_xydata(), descent.weights)
        np.testing.assert_array_equal(ax.lines[1].get_xydata()[0], bowl.best())


def test_measured_noise_is_drawn_next_to_formulas(axes):
    sizes = np.array([2, 8, 32])
    measured = [np.outer([1, 3], row) for row in ([1.0, 0.5, 0.2], [0.9, 0.4, 0.1], [3, 2, 1], [5, 4, 3])]
    noise = experiments.Noise(sizes, *measured, np.array([2, 1, 0.4]), np.array([1.8, 0.8, 0.2]))
    figures.draw_noise(axes[:2], noise, samples=40)
    above = [line.get_ydata() for line in axes[0].lines]
    np.testing.assert_allclose(above[:4], [noise.expected, [2, 1, 0.4], noise.expected_without, [1.8, 0.8, 0.2]])
    below = {line.get_label(): line.get_ydata() for line in axes[1].lines}
    np.testing.assert_allclose(below["gradient"], [10, 8, 6])
    np.testing.assert_allclose(below["variance"], [6, 4, 2])


def test_accumulation_omits_the_whole_batch(axes):
    difference = {name: np.full((2, 3), value) for name, value in (("no norm", 1e-16), ("layer norm", 2e-16))}
    difference["batch norm"] = np.array([[0, 0.2, 0.4], [0, 0.4, 0.6]])
    figures.draw_accumulation(axes[0], Accumulation((1, 2, 4), difference, np.zeros((2, 3))))
    lines = {line.get_label(): line for line in axes[0].lines}
    np.testing.assert_allclose(lines["batch norm"].get_ydata(), [0.3, 0.5])
    assert lines["no norm"].get_xdata().tolist() == [2, 4]
    assert [tick.get_text() for tick in axes[0].get_xticklabels()] == ["2 of 32", "4 of 16"]


def test_scaling_rule_bars_span_lowest_to_highest(axes):
    scaled = np.array([[[0.9, 0.8], [1.0, 0.9]], [[0.7, 0.6], [0.7, 0.6]]])
    rule = ScalingRule(32, (0.1, 0.2), 0.1, (1, 4), scaled, np.array([[0.9, 0.4], [1.0, 0.8]]))
    figures.draw_scaling_rule(axes[0], rule)
    first, second, unscaled = axes[0].containers
    np.testing.assert_allclose(first.lines[0].get_xydata(), [[32, 0.95], [128, 0.85]])
    np.testing.assert_allclose(second.lines[0].get_ydata(), [0.7, 0.6])
    bar = unscaled.lines[2][0].get_segments()[1]
    np.testing.assert_allclose(bar[:, 1], [0.4, 0.8])
    labels = [text.get_text() for text in axes[0].get_legend().get_texts()]
    assert labels == ["0.1 x k", "0.2 x k", "always 0.1"]


def test_courses_are_drawn_by_epochs_and_by_updates(axes):
    course = Course("batches of 640", 640, (10, 20), np.array([[0.8, 0.9], [0.6, 0.9]]))
    figures.draw_courses(axes[:2], [course])
    by_epochs, by_updates = (ax.containers[0].lines[0].get_xydata() for ax in axes[:2])
    np.testing.assert_allclose(by_epochs, [[5, 30], [10, 10]])
    np.testing.assert_allclose(by_updates, [[10, 30], [20, 10]])
    bar = axes[0].containers[0].lines[2][0].get_segments()[0]
    np.testing.assert_allclose(bar[:, 1], [20, 40])


def test_tables_compare_with_the_whole_batch_and_the_large_batch():
    accuracy = np.array([0.9, 0.91, 0.92, 0.93, 0.94])
    runs = [AccumulatedTraining("batch norm", 32, accuracy), AccumulatedTraining("batch norm", 2, accuracy - 0.1)]
    whole, twos = figures.accumulation_table(runs).data.splitlines()[2:]
    assert whole == "| batch normalization | 32 | 0.920 (0.900 to 0.940) |  |"
    assert twos.endswith("| -10.0 (-10.0 to -10.0) |")
    updates = tuple(epochs * 2 for epochs in EPOCHS)
    large = Course("", 640, updates, np.tile(accuracy[:, None], 4))
    better = Course("", 640, updates, large.accuracy + 0.02)
    table = figures.gain_table({"large": large, "small": better, "ghosts_32": large, "ghosts_8": better}).data
    assert table.splitlines()[2] == "| 5 | +2.0 (+2.0 to +2.0) | +0.0 (+0.0 to +0.0) | +2.0 (+2.0 to +2.0) |"
