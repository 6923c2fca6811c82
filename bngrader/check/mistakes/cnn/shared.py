"""Inputs and hints that several functions on batch normalization in a CNN share."""

import numpy as np

from bngrader.check.mistakes.common import frozen


def images(rng):
    def plain(size):
        return np.ones(size), np.zeros(size)

    two = np.array([2.0, -1.0]), np.array([10.0, 3.0])
    yield np.array([1.0, 5.0]).reshape(2, 1, 1, 1), *plain(1), 1e-5
    yield np.array([1.0, 3.0, 5.0, 8.0]).reshape(2, 1, 1, 2), *plain(1), 1e-5
    yield np.array([1.0, 5.0, 2.0, 4.0]).reshape(2, 2, 1, 1), *two, 1e-5
    yield np.round(rng.normal(3, 2, (2, 2, 2, 2)), 1), *two, 1e-5
    yield rng.normal(3, 2, (2, 3, 1, 4)) + np.arange(3).reshape(3, 1, 1), *plain(3), 1e-5
    yield np.array([7.0, -2.0]).reshape(1, 2, 1, 1), *plain(2), 1e-5
    yield np.full((2, 1, 1, 2), 0.1), np.ones(1), np.full(1, 7.0), 1e-5
    yield 0.01 * rng.normal(size=(3, 1, 1, 2)), *plain(1)
    yield 0.01 * rng.normal(size=(3, 1, 1, 2)), *plain(1), 1e-3
    yield np.array([1, 2, 5], np.float32).reshape(3, 1, 1, 1), np.ones(1, np.float32), np.zeros(1, np.float32), 1e-5
    yield rng.permutation(9)[:6].reshape(3, 1, 1, 2), np.array([2]), np.array([1]), 1e-5
    yield 1e6 + rng.integers(-1024, 1025, (8, 1, 2, 2)) / 1024, *plain(1), 1e-5
    yield *frozen(rng.normal(size=(4, 1, 2, 2))[::2]), *plain(1), 1e-5


def part_of(returned, names, name):
    complete = isinstance(returned, tuple | list) and len(returned) == len(names)
    return returned[names.index(name)] if complete else f"not {len(names)} results"


ROWS_BY_RESHAPE = (
    "You reshape (N, C, H, W) to rows of C numbers. This mixes the channels, because reshape keeps the order in "
    "memory and the channels are not the last axis."
)
BACK_BY_RESHAPE = (
    "You reshape rows of channels directly to (N, C, H, W). This mixes the channels, because they are the last axis "
    "of the rows."
)
