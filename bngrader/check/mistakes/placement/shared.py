"""Inputs that both passes of batch normalization share."""

import numpy as np

from bngrader.check.mistakes.common import frozen


def batches(rng):
    factors = np.array([2.0, -0.5]), np.array([1.0, 3.0])
    yield np.array([[1.0], [3.0]]) + rng.integers(9), np.array([4.0]), np.array([10.0]), 3.0
    yield (rng.normal(1, 0.3, (3, 2)), *factors, 1e-5)
    yield (rng.normal(2, 0.3, (4, 4)), *rng.uniform(1, 2, (2, 4)), 0.5)
    yield np.full((3, 1), 0.1), np.array([2.0]), np.array([5.0]), 1e-5
    yield (1e-3 * rng.normal(size=(4, 2)), *factors, 1e-3)
    yield (np.array([[3.0, 4.0]]), *factors, 1e-5)
    yield (*(a.astype(np.float32) for a in (rng.normal(1, 0.3, (5, 2)), *factors)), 0.5)
    yield (*(a.astype(int) for a in (rng.permutation(9)[:6].reshape(3, 2), *factors)), 0.5)
    yield (1e6 + rng.normal(size=(6, 2)), *factors, 0.5)
    yield *frozen(rng.normal(size=(8, 4))[::2, ::2], *(a.copy() for a in factors)), 0.5
