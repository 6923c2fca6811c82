"""Data types for claims, findings and verdicts."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bnref.claims.effect import Effect


class Kind(Enum):
    """The kind of evidence that a claim can have."""

    IDENTITY = "identity"  # algebra, which an experiment checks to rounding
    TESTED = "tested"  # an effect, measured over seeds
    NOT_TESTABLE = "not testable here"  # needs data or machines that the book does not have


class Verdict(Enum):
    """The outcome of an experiment for a claim; `bnref.claims.rule` decides it."""

    CONTRADICTED = "contradicted here"  # an effect the other way, in every setting
    MIXED = "depends on the setting"  # an effect in some settings only, or one that changes its sign
    NOT_SHOWN = "not shown here"  # in no setting an effect that the interval separates from zero
    NO_TEST = "no test"  # the control does not fail, so the experiment cannot tell
    SHOWN = "shown here"  # the effect, in every setting


@dataclass(frozen=True)
class Finding:
    """A measurement in words and numbers, the effects behind it, and the resulting verdict."""

    measured: str
    verdict: Verdict
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class Claim:
    """A published statement and its test.

    `name` is its anchor: the chapter has `claim-<name>` before the experiment. `source` is a key in references.bib, and
    `where` the place in that source. `published` is the paper's own number with its setting, or empty if there is none.
    `experiment` takes no arguments and returns a plain dataclass; `judge` turns it into the finding. `limits` is a
    sentence about what the experiment cannot tell.
    """

    name: str
    says: str
    source: str
    where: str
    published: str
    chapter: str
    experiment: Callable[[], Any]
    judge: Callable[[Any], Finding]
    kind: Kind = Kind.TESTED
    limits: str = ""

    def find(self) -> Finding:
        """Run the experiment, or load its stored result, and judge it."""
        return self.judge(self.experiment())


def spread(values: ArrayLike, digits: int = 3) -> str:
    """Format values over seeds as text: their mean, with the lowest and highest in parentheses."""
    v = np.asarray(values, dtype=float)
    return f"{v.mean():.{digits}f} ({v.min():.{digits}f} to {v.max():.{digits}f})"
