"""Inputs and small numbers that the functions on scaling share."""

import numpy as np

from bngrader.check.mistakes.common import frozen


def tables(rng):
    yield (np.array([[0.0], [4.0]]) + rng.integers(9),)
    yield (np.full((2, 1), 5.0),)
    yield (np.full((3, 1), 0.1),)
    yield (np.full((6, 1), 0.1, np.float32),)
    yield (np.round(rng.normal(3, 2, (3, 2)), 1),)
    yield (rng.normal(-5, 3, (4, 4)),)
    yield (rng.normal(3, 2, (3, 2)).astype(np.float32),)
    yield (rng.permutation(9)[:6].reshape(3, 2),)
    yield (np.array([[100], [-100], [rng.integers(50)]], np.int8),)
    yield (1e-100 * (rng.permutation(9)[:6] + 1.0).reshape(3, 2),)
    yield (1e-7 * (rng.permutation(9)[:6] + 1.0).reshape(3, 2),)
    yield (1e7 + rng.integers(-15, 16, (50, 1)),)
    yield frozen(rng.normal(size=(8, 4))[::2, ::2])


def tables_with_statistics(rng):
    mean, std = np.array([3.0, -1.0]), np.array([2.0, 0.5])
    yield np.array([[7.0, 1.0]]), mean, std
    yield np.array([[7.0, 1.0], [2.0, 2.0]]), mean, np.zeros(2)
    yield rng.normal(1, 3, (4, 2)), mean + rng.normal(size=2), std
    for dtype in (np.float32, int):
        yield tuple(a.astype(dtype) for a in (np.array([[7.0, 1.0], [5.0, 2.0]]), mean, 4 * std))
    yield 1e-7 * rng.normal(size=(4, 2)), np.zeros(2), np.array([2e-7, 3e-8])
    yield frozen(rng.normal(size=(4, 4))[::2, ::2], mean.copy(), std.copy())


SMALL = (1e-8, 1e-5, 1e-6, 1e-7, 1e-10, 1e-12)
