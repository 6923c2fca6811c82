"""The two scalings against scikit-learn's, on tables of several shapes."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from benchmarks.timing import Row, compare
from bnref.scaling import min_max_scale, standardize

SHAPES = [(442, 10), (10_000, 100), (100_000, 20)]
PEERS = [(standardize, StandardScaler), (min_max_scale, MinMaxScaler)]


def rows() -> Iterator[Row]:
    """One comparison for each shape, dtype and scaling."""
    for shape in SHAPES:
        for dtype in ("float32", "float64"):
            x = np.random.default_rng(0).normal(size=shape).astype(dtype)
            for ours, peer in PEERS:
                what = f"{ours.__name__} {shape[0]}x{shape[1]} {dtype}"
                yield compare(what, partial(ours, x), peer.__name__, partial(peer().fit_transform, x))
