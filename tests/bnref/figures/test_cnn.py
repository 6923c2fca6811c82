"""Tests that the figures of the chapter on CNNs show their results."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

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


def test_schema_shows_filters_and_channel_statistics(panels, maps):
    ax = panels()
    figures.draw_channels(ax, maps, filters=[5, 1])
    notes = [text.get_text() for text in ax.texts]
    for number in (5, 1):
        channel = maps.before[:, number]
        assert f"channel {number}\nmean {channel.mean():.2f}\nstd {channel.std():.2f}" in notes
    pictures = [image.get_array() for image in ax.images]
    assert any(np.array_equal(picture, maps.before[3, 5]) for picture in pictures)
    assert any(np.array_equal(picture, maps.weight[1, 0]) for picture in pictures)


def test_maps_before_and_after_each_share_a_scale(panels, maps):
    axes = panels(2, 6)
    figures.draw_maps(axes, maps, channels=[4, 2])
    np.testing.assert_array_equal(axes[1, 0].images[0].get_array(), maps.before[0, 2])
    np.testing.assert_array_equal(axes[0, 5].images[0].get_array(), maps.after[2, 4])
    assert axes[0, 4].get_title() == "channel 4 after BN\nmean 0.00, std 1.00"
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


def test_speed_and_depth_draw_means_over_seeds(panels):
    axes = panels(2)
    curves = np.arange(8.0).reshape(2, 2, 2) / 10
    figures.draw_speed(axes, training.Speed((0.1, 1.0), (5, 10), curves, curves / 2))
    np.testing.assert_allclose(axes[1].lines[1].get_ydata(), curves[:, 1].mean(axis=0) / 2)
    assert [text.get_text() for text in axes[0].figure.legends[0].get_texts()] == ["0.1", "1"]
    ax = panels()
    figures.draw_depth(ax, training.Depth((4, 8), (0.01, 0.1), curves, curves / 2))
    np.testing.assert_allclose(ax.lines[0].get_ydata(), curves[:, :, 1].mean(axis=0))
