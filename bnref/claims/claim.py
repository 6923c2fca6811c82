"""Data types for claims, findings and verdicts."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


class Verdict(Enum):
    """The outcome of an experiment for a claim."""

    SHOWN = "shown"
    NOT_SHOWN = "not shown here"  # no effect, or one within the spread, at this size
    CONTRADICTED = "contradicted here"  # an effect the other way, beyond the spread


@dataclass(frozen=True)
class Finding:
    """A measurement in words and numbers, with their spread, and the resulting verdict."""

    measured: str
    verdict: Verdict


@dataclass(frozen=True)
class Claim:
    """A published statement and its test.

    `name` is its anchor: the chapter has `claim-<name>` before the experiment. `source` is a key in references.bib, and
    `where` the place in that source. `published` is the paper's own number with its setting, or empty if there is none.
    `experiment` takes no arguments and returns a plain dataclass; `judge` turns it into the finding.
    """

    name: str
    says: str
    source: str
    where: str
    published: str
    chapter: str
    experiment: Callable[[], Any]
    judge: Callable[[Any], Finding]

    def find(self) -> Finding:
        """Run the experiment, or load its stored result, and judge it."""
        return self.judge(self.experiment())


def spread(values: ArrayLike, digits: int = 3) -> str:
    """Format values over seeds as text: their mean, with the lowest and highest in parentheses."""
    v = np.asarray(values, dtype=float)
    return f"{v.mean():.{digits}f} ({v.min():.{digits}f} to {v.max():.{digits}f})"
