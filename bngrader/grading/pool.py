"""The interface of a pool of workers: it takes jobs, and yields their outcomes as they are ready."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

from bngrader.gradebook.records import GradingOutcome
from bngrader.grading.grade_submission import GradingJob

Map = Callable[[Iterable[GradingJob]], Iterator[GradingOutcome]]
Workers = Callable[[bytes], AbstractContextManager[Map]]  # takes the source notebook, to get ready for it

LOST = (
    "could not be graded: the process that graded it died twice. Grade again; if that happens again, look at its code."
)
TOO_LONG = "could not be graded: it took longer than {:g} seconds and was stopped. Look at its cells, or grade again."


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
