"""The form of a claim, and of what became of it here."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


class Verdict(Enum):
    """What the experiment here says of a claim."""

    SHOWN = "shown"
    NOT_SHOWN = "not shown here"  # no effect, or one within the spread, at this size
    CONTRADICTED = "contradicted here"  # an effect the other way, beyond the spread


@dataclass(frozen=True)
class Finding:
    """What was measured, in words and numbers with their spread, and the verdict that follows from them."""

    measured: str
    verdict: Verdict


@dataclass(frozen=True)
class Claim:
    """A sentence that somebody published, and its test.

    `name` is its anchor: `claim-<name>` stands in the chapter before what tests it. `source` is a key of
    references.bib, and `where` the place in it. `published` is the paper's own number with its setting, or empty if it
    gives none. `experiment` takes no arguments and gives a plain dataclass; `judge` makes the finding from it.
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
        """Run the experiment, or take its remembered result, and judge it."""
        return self.judge(self.experiment())


def spread(values: ArrayLike, digits: int = 3) -> str:
    """Values over seeds as text: their mean, and their lowest and highest in brackets."""
    v = np.asarray(values, dtype=float)
    return f"{v.mean():.{digits}f} ({v.min():.{digits}f} to {v.max():.{digits}f})"
