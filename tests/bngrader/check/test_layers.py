"""Tests of the slopes that tests of backward passes expect, against PyTorch's automatic gradients."""

import numpy as np
import pytest
import torch

from bngrader.check.layers import normalized

SLIPS = [(0, True), (1, True), (0, False), (0, None)]  # what torch subtracts from N, and where eps is added


@pytest.mark.parametrize("shape", [(7, 3), (2, 1), (3, 2, 4, 5), (4, 3, 1, 1)])
@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_slopes_are_those_of_automatic_gradients(shape, eps):
    rng = np.random.default_rng(0)
    x, dy, (gamma, beta) = rng.normal(size=shape), rng.normal(size=shape), rng.normal(size=(2, shape[1]))
    axes, form = [k for k in range(len(shape)) if k != 1], (-1, *[1] * (len(shape) - 2))
    for (correction, inside), (y, slopes) in zip(SLIPS, normalized(x, gamma, beta, dy, eps), strict=True):
        leaves = [torch.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
        var, mean = torch.var_mean(leaves[0], axes, correction=correction, keepdim=True)
        std = torch.sqrt(var + (eps if inside else 0)) + (eps if inside is False else 0)
        want = leaves[1].reshape(form) * (leaves[0] - mean) / std + leaves[2].reshape(form)
        np.testing.assert_allclose(y, want.detach().numpy(), atol=1e-9)
        for one, other in zip(slopes, torch.autograd.grad(want, leaves, torch.tensor(dy)), strict=True):
            np.testing.assert_allclose(one, other.numpy(), rtol=1e-6, atol=1e-6)


def test_a_column_of_equal_values_divides_by_the_root_of_eps():
    x, one = np.full((2, 1), 0.1), np.ones(1)
    y, (dx, dgamma, dbeta) = normalized(x, 4 * one, 10 * one, np.array([[3.0], [1.0]]), 4.0)[0]
    assert (y.tolist(), dx.tolist(), dgamma.tolist(), dbeta.tolist()) == ([[10], [10]], [[2], [-2]], [0], [4])
