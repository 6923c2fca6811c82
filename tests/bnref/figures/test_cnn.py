"""Tests that the figures of the chapter on CNNs show their results."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from bnref.experiments import cnn as experiments
from bnref.experiments import cnn_training as training
from bnref.figures import cnn as figures


@pytest.fixture
def panels():
    plt.switch_backend("agg")
    yield lambda *shape: plt.subplots(*shape)[1]
    plt.close("all")


@pytest.fixture
def maps():
    rng = np.random.default_rng(0)
    before = rng.normal(2, 3, size=(5, 6, 8, 8))
    after = experiments.by_channel(before)
    return experiments.FeatureMaps(rng.random((5, 4, 8, 8)), rng.normal(size=(6, 4, 3, 3)), before, after)


def test_schema_frames_values_that_share_statistics(panels, maps):
    ax = panels()
    figures.draw_channels(ax, maps, filters=[0, 1, 5])
    notes = [text.get_text() for text in ax.texts]
    for number in (0, 1, 5):
        channel = maps.before[:, number]
        assert f"channel {number + 1}\nmean {channel.mean():.2f}\nstd {channel.std():.2f}" in notes
    for note in ("N = 5 images", "C = 6 channels", "image 1", "image 5", "each map: H = 8 rows, W = 8 columns"):
        assert note in notes
    assert "one frame = N H W = 320 values that share a mean and a std" in notes
    pictures = [image.get_array() for image in ax.images]
    for image, number in ((0, 0), (2, 1), (4, 5)):
        assert any(np.array_equal(picture, maps.before[image, number]) for picture in pictures)
    assert any(np.array_equal(picture, maps.weight[1, 0]) for picture in pictures)


def test_each_frame_holds_all_maps_of_its_channel_and_no_other(panels, maps):
    ax = panels()
    figures.draw_channels(ax, maps, filters=[0, 1, 5])
    frames = [p for p in ax.patches if isinstance(p, Rectangle) and p.get_width() > 2]
    assert len(frames) == 3
    for frame, number in zip(frames, (0, 1, 5), strict=True):
        inside = []
        for picture in ax.images:
            left, right, bottom, top = picture.get_extent()
            if frame.contains_point(ax.transData.transform(((left + right) / 2, (bottom + top) / 2))):
                inside.append(picture.get_array())
        shown = [maps.before[image, number] for image in (0, 1, 2, -1)]
        assert len(inside) == len(shown)
        assert all(np.array_equal(a, b) for a, b in zip(inside, shown, strict=True))


def test_maps_before_and_after_each_share_a_scale(panels, maps):
    axes = panels(2, 6)
    figures.draw_maps(axes, maps, channels=[4, 2])
    np.testing.assert_array_equal(axes[1, 0].images[0].get_array(), maps.before[0, 2])
    np.testing.assert_array_equal(axes[0, 5].images[0].get_array(), maps.after[2, 4])
    assert axes[0, 4].get_title() == "channel 5 after BN\nmean 0.00, std 1.00"
    assert len({ax.images[0].get_clim() for ax in axes[:, :3].flat}) == 1


def test_translation_draws_means_and_every_seed(panels):
    ax = panels()
    results = [
        experiments.Translation((0, 1), (0.9, 0.9), (0.8, 0.2)),
        experiments.Translation((0, 1), (0.7, 0.7), (0.6, 0.4)),
    ]
    figures.draw_translation(ax, results)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.8, 0.8])
    seeds = [line.get_ydata() for line in ax.lines if line.get_marker() == "."]
    np.testing.assert_allclose(seeds, [[0.9, 0.9], [0.7, 0.7], [0.8, 0.2], [0.6, 0.4]])


def test_effective_values_are_drawn_with_number_of_places(panels):
    axes = panels(2)
    e = experiments.EffectiveValues(1, 64, np.array([9.0, 5.0]), np.ones(2), np.array([70.0, 80.0]))
    figures.draw_effective_values(axes, [e])
    assert axes[0].lines[0].get_ydata().tolist() == [5, 9]
    assert axes[1].lines[0].get_ydata().tolist() == [70, 80]
    assert list(axes[1].lines[1].get_ydata()) == [64, 64]


def test_effective_table_has_medians_over_channels():
    e = experiments.EffectiveValues(1, 64, np.array([9.0, 5.0, 6.0]), np.ones(3), np.array([70.0, 80.0, 90.0]))
    assert figures.effective_table([e]).data.splitlines()[-1] == "| 1 | 64 | 6 | 80 |"


def test_counts_table_has_learned_numbers_and_state():
    row = figures.counts_table([(16, 32, 8)]).data.splitlines()[-1]
    assert row == "| 16 to 32 | 8 x 8 | 4,640 | 4,672 | 64 | 4,096 |"


def test_speed_draws_means_and_depth_draws_every_seed(panels):
    axes = panels(2)
    curves = np.arange(8.0).reshape(2, 2, 2) / 10
    result = training.Curves((0.1, 1.0), (5, 10), curves, curves / 2)
    figures.draw_speed(axes, result)
    np.testing.assert_allclose(axes[1].lines[1].get_ydata(), curves[:, 1].mean(axis=0) / 2)
    assert [text.get_text() for text in axes[0].figure.legends[0].get_texts()] == ["0.1", "1"]
    ax = panels()
    figures.draw_depth(ax, result)
    drawn = [line.get_ydata() for line in ax.lines[:4]]
    np.testing.assert_allclose(drawn, [*curves[:, 1], *curves[:, 1] / 2])


def test_folding_table_has_differences_in_both_precisions():
    table = figures.folding_table([training.Folding(0.984, 14.8, 3e-5, 7e-15, 0, 3.3)]).data
    assert table.splitlines()[-1] == "| 0.984 | 14.8 | 3e-05 | 7e-15 | 0 | 3.3 |"
