"""A simulated cluster of many workers on one machine, with real scheduling and real notebooks, but no grading.

Instead of being graded, a submission sleeps for the time that grading takes. This measures what scheduling costs.
"""

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from unittest.mock import patch

from distributed import LocalCluster

from bngrader.gradebook.records import GradingOutcome
from bngrader.grading import dask_pool
from bngrader.grading.dask_pool import on_cluster
from bngrader.grading.grade_submission import GradingJob
from tests.grading.sample_class import ASSIGNMENT, submissions

PROCESSES = 2
PAGE = "x" * 250_000  # about the size of a feedback page


@dataclass(frozen=True)
class Simulation:
    """Measured costs of a batch of submissions."""

    submissions: int
    workers: int
    seconds_each: float
    seconds: float
    cpu_each_ms: float  # of the scheduler and the client

    @property
    def ideal(self) -> float:
        """The seconds that a cluster without scheduling overhead would take."""
        return self.submissions * self.seconds_each / self.workers


def pretend(job: GradingJob) -> GradingOutcome:
    """Sleep for the recorded time of a submission, and return as many bytes as grading it would."""
    time.sleep(job.settings["seconds"])
    return GradingOutcome(job.student, graded=job.submission, feedback=PAGE)


def simulate(count: int, seconds_each: float, workers: int) -> Simulation:
    """Map `count` submissions over `workers` sleeping threads, with a real scheduler and a real client."""
    options: dict[str, Any] = {"n_workers": PROCESSES, "threads_per_worker": workers // PROCESSES}
    with (
        LocalCluster(dashboard_address=None, silence_logs=logging.CRITICAL, **options) as local,
        patch.object(dask_pool, "grade_one", pretend),
    ):
        _map(local.scheduler_address, 4 * workers, 0)  # a warm-up, in which the workers import the package
        start, before = perf_counter(), os.times()
        _map(local.scheduler_address, count, seconds_each)
        seconds, after = perf_counter() - start, os.times()
    used = after.user + after.system - before.user - before.system
    return Simulation(count, workers, seconds_each, seconds, 1e3 * used / count)


def _map(address: str, count: int, seconds_each: float) -> None:
    with on_cluster(b"", address) as run:
        done = {outcome.student for outcome in run(_jobs(count, seconds_each))}
    assert len(done) == count


def _jobs(count: int, seconds_each: float) -> Iterator[GradingJob]:
    notebook = submissions()["ada-right"].encode()
    source = notebook * 2  # as large as the instructor's, with solutions and hidden tests
    for number in range(count):
        yield GradingJob(f"student-{number}", ASSIGNMENT, source, notebook, {"seconds": seconds_each})
