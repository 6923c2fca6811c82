"""Tests of the geometry of batch norm's gradient."""

import numpy as np
import pytest

from bnref.experiments.placement_geometry import components, rays
from bnref.placement import batch_norm_backward, batch_norm_forward


@pytest.fixture(scope="module")
def result():
    return rays(points=30)


def test_components_are_orthogonal_and_add_up():
    x, dy = np.random.default_rng(0).normal(size=(2, 7))
    parts = components(x, dy, eps=0)
    np.testing.assert_allclose(parts.by_mean + parts.by_var + parts.rest, dy)
    for a, b in ((parts.by_mean, parts.by_var), (parts.by_mean, parts.rest), (parts.by_var, parts.rest)):
        assert a @ b == pytest.approx(0, abs=1e-12)


def test_rest_is_what_the_backward_pass_keeps():
    x, dy = np.random.default_rng(1).normal(size=(2, 7))
    gamma, eps = 1.7, 1e-5
    _, cache = batch_norm_forward(x[:, None], np.array([gamma]), np.zeros(1), eps=eps)
    kept = batch_norm_backward(dy[:, None], cache)[0][:, 0]
    np.testing.assert_allclose(gamma / np.sqrt(x.var() + eps) * components(x, dy, eps).rest, kept, atol=1e-12)


def test_lengths_match_alt_text():
    parts = components(np.array([1.0, 2.0, 6.0]), np.array([1.0, 0.0, 0.0]))
    lengths = [np.linalg.norm(part) for part in (parts.by_mean, parts.by_var, parts.rest)]
    np.testing.assert_allclose(lengths, [0.58, 0.53, 0.62], atol=0.005)


def test_loss_is_constant_along_rays(result):
    middle, end = len(result.grid) // 2, len(result.grid) - 1
    np.testing.assert_allclose(result.loss[middle, middle], result.loss[end, end], atol=1e-8)
    np.testing.assert_allclose(result.loss[middle, middle - 1], result.loss[end, 0], atol=1e-8)
    assert np.ptp(result.loss) > 0.5


def test_steps_are_at_right_angles_and_shrink_with_the_weights(result):
    for w, step in zip(result.at, result.steps, strict=True):
        assert w @ step == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(result.steps[0], 2 * result.steps[1], rtol=1e-6)


def test_path_leads_outward_in_smaller_and_smaller_turns(result):
    lengths = np.linalg.norm(result.path, axis=1)
    assert (np.diff(lengths) > 0).all()
    steps = np.diff(result.path, axis=0)
    np.testing.assert_allclose(lengths[1:] ** 2, lengths[:-1] ** 2 + (steps**2).sum(axis=1), rtol=1e-6)
    turns = np.linalg.norm(steps, axis=1) / lengths[:-1]
    assert (np.diff(turns) < 0).all()
