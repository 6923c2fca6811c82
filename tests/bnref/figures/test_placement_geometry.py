"""Tests that the pictures of batch norm's gradient show its components and its steps."""

import numpy as np

from bnref.experiments.placement_geometry import components, rays
from bnref.figures import placement_geometry as figures

PANELS = 1  # read by the fixture `axes`


def test_components_are_labelled_with_their_lengths(axes):
    parts = components(np.array([1.0, 2.0, 6.0]), np.array([1.0, 0.0, 0.0]))
    figures.draw_components(axes, parts)
    labels = "\n".join(text.get_text() for text in axes.texts)
    for name, part in (("along 1", parts.by_mean), ("what remains", parts.rest), ("gradient at $y$", parts.gradient)):
        assert f"{name}: {np.linalg.norm(part):.2f}" in labels
    assert f"along $\\hat x$: {np.linalg.norm(parts.by_var):.2f}" in labels


def test_view_is_a_projection_that_keeps_right_angles(axes):
    lengths = np.linalg.svd(figures.VIEW)[1]
    np.testing.assert_allclose(lengths, 1)


def test_rays_draw_both_steps_and_the_path(axes):
    result = rays(points=10, steps=4)
    figures.draw_rays(axes, result)
    arrows = [text for text in axes.texts if text.arrow_patch]
    tips = [arrow.xy for arrow in arrows]
    np.testing.assert_allclose(tips, result.at + result.steps)
    np.testing.assert_allclose(np.transpose(axes.lines[-1].get_data()), result.path)
    assert {"$w$", "$2w$", "start"} <= {text.get_text() for text in axes.texts}
