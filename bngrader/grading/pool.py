"""What a pool of workers does: take jobs, and yield their outcomes as they are ready."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

from bngrader.gradebook.records import Outcome
from bngrader.grading.grade_submission import Job

Map = Callable[[Iterable[Job]], Iterator[Outcome]]
Workers = Callable[[bytes], AbstractContextManager[Map]]  # makes itself ready for submissions to a source notebook

LOST = "could not be graded: the process that graded it ended, twice. Grade again; if it is so again, look at its code."


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
