"""Gradient descent on halves of two tables: how many steps it needs with each scaling of the columns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_wine

from bnref.experiments.memory import remembered
from bnref.experiments.scaling import Array, bowl, patients, scaled_tables

HALVES = 10


@dataclass(frozen=True)
class Steps:
    """Steps (halves,) of gradient descent on random halves of a table's rows, until a share of the error is left."""

    table: str
    scaling: str
    steps: NDArray[np.int64]


@remembered
def steps_on_halves(tolerance: float = 1e-3) -> list[Steps]:
    """Count the steps for the diabetes patients and for 178 wines, whose cultivar (0, 1 or 2) is predicted.

    The counts follow from the eigenvalues, as for `descents`.
    """
    data, wines = patients(), load_wine()
    tables = {"442 patients": (data.x, data.y), "178 wines": (wines.data, wines.target.astype(float))}
    return [
        Steps(name, scaling, np.array(steps))
        for name, table in tables.items()
        for scaling, steps in _count(*table, tolerance)
    ]


def least_advantage() -> float:
    """Return the smallest factor, over all halves, by which another scaling takes more steps than standardization."""
    found = {(r.table, r.scaling): r.steps for r in steps_on_halves()}
    ratios = [steps / found[table, "standardized"] for (table, name), steps in found.items() if name != "standardized"]
    return float(np.min(ratios))


def _count(x: Array, y: Array, tolerance: float) -> list[tuple[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for seed in range(HALVES):
        half = np.random.default_rng(seed).permutation(len(y))[: len(y) // 2]
        for scaling, features in scaled_tables(x[half]).items():
            found.setdefault(scaling, []).append(bowl(features, y[half]).steps_to(tolerance))
    return list(found.items())
