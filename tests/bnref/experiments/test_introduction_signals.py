"""Tests of what the introduction says about its pictures."""

import numpy as np
import pytest

from bnref.experiments import introduction_signals as experiments


def test_picture_of_the_layer_has_round_numbers():
    layer = experiments.layer()
    assert (layer.mean, layer.std) == (4, 2)
    np.testing.assert_allclose(layer.normalized, [0.5, -1.5, 0, 1.5, -0.5], atol=1e-9)
    np.testing.assert_allclose(layer.output, [3, -5, 1, 7, -1], atol=1e-9)
    assert (layer.sample_normalized, layer.sample_output) == (2, 9)


def test_bn_moves_tanh_inputs_out_of_the_flat_tails():
    inputs = experiments.tanh_inputs()
    assert inputs.flat(inputs.without) == pytest.approx(0.48, abs=0.01)
    assert inputs.flat(inputs.with_norm) == pytest.approx(0.07, abs=0.01)
    assert inputs.flat(np.array([0.0, 1.0, 1.8, 1.9, -5.0])) == 0.4


def test_signals_shrink_in_both_directions_without_bn():
    without, with_norm = experiments.signals()
    spread = [values.std() for values in without.activations]
    assert spread[0] > 0.2
    assert spread[1] < 0.02
    assert spread[-1] < 1e-6
    size = [np.abs(values).mean() for values in without.gradients]
    assert size[0] < 1e-5 * size[-1]
    assert np.ptp([values.std() for values in with_norm.activations]) < 0.01
    sizes = [np.abs(values).mean() for values in with_norm.gradients]
    assert max(sizes) < 10 * min(sizes)
