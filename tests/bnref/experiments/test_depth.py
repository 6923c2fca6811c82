"""Tests of what the page on depth says about its experiments."""

import numpy as np
import pytest

from bnref.experiments import depth
from bnref.experiments.depth import SHOWN, collapses, effective_rank, growths, projections


def by_network():
    return {(c.activation, c.kind): c for c in collapses()}


def test_effective_rank_counts_equal_directions():
    assert effective_rank(np.eye(6)[:, :4]) == pytest.approx(4)
    assert effective_rank(np.ones((5, 3))) == pytest.approx(1)
    assert 1 < effective_rank(np.diag([1.0, 0.1])) < 2


def test_the_rank_collapses_without_a_norm_but_not_with_bn():
    found = by_network()
    for activation in depth.ACTIVATIONS:
        without, with_norm = found[activation, "no norm"].rank, found[activation, "BN"].rank
        assert (without[:, -1] < 0.3 * without[:, 0]).all()
        assert (with_norm[:, -1] > 2 * without[:, -1]).all()


def test_layer_norm_keeps_digits_apart_after_a_relu_only():
    found = by_network()
    assert (found["ReLU", "LN before"].similarity[:, -1] > 0.98).all()
    assert (found["ReLU", "LN after"].similarity[:, -1] < 0.05).all()
    for kind in ("LN before", "LN after"):
        assert (found["tanh", kind].similarity[:, -1] < 0.2).all()


def test_pictures_shrink_where_the_digits_collapse():
    spread = {p.kind: np.linalg.norm(p.planes, axis=2).mean(axis=1) for p in projections()}
    assert all(len(values) == len(SHOWN) for values in spread.values())
    for kind in ("no norm", "LN before"):
        assert spread[kind][-1] < 0.5 * spread[kind][0]
    for kind in ("BN", "LN after"):
        assert spread[kind][-1] > 0.6 * spread[kind][0]


def test_orthogonal_weights_bound_the_gradient_in_large_batches():
    found = {(g.weights, g.inputs, g.batch): g for g in growths()}
    assert (found["orthogonal", "random", 64].far < 2.7).all()
    assert (found["orthogonal", "digits", 64].far > 5).all()
    assert (found["orthogonal", "random", 8].far > 500).all()
    middle = found["orthogonal", "digits", 64].lengths[:, 100] / found["orthogonal", "digits", 64].lengths[:, -1]
    assert (middle < 2.7).all()


@pytest.mark.parametrize("orthogonal", [True, False])
def test_weights_have_variance_one_over_inputs(orthogonal):
    weights = depth._weights(64, orthogonal).numpy()
    assert weights.std() == pytest.approx(1 / 8, rel=0.05)
    identity = np.allclose(weights.T @ weights, np.eye(64), atol=1e-12)
    assert identity is orthogonal
