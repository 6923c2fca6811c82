"""A simulated cluster of many workers on one machine, with real scheduling and real notebooks, but no grading.

Instead of being graded, a submission sleeps for the time that grading takes. This measures what scheduling costs.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from unittest.mock import patch

import psutil
from distributed.deploy.subprocess import SubprocessCluster

from bngrader.gradebook.records import GradingOutcome
from bngrader.grading import dask_pool
from bngrader.grading.dask_client import Scheduler
from bngrader.grading.dask_pool import on_cluster
from bngrader.grading.grade_submission import GradingJob
from bngrader.grading.outcome_text import to_text
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


def pretend(job: GradingJob) -> str:
    """Sleep for the recorded time of a submission, and return as many bytes as grading it would."""
    time.sleep(job.settings["seconds"])
    return to_text(GradingOutcome(job.student, graded=job.submission, feedback=PAGE))


def simulate(count: int, seconds_each: float, workers: int) -> Simulation:
    """Map `count` submissions over `workers` sleeping threads, with a real scheduler and a real client."""
    # The scheduler and the workers have processes of their own, since the client's refuses to unpickle.
    with (
        SubprocessCluster(n_workers=PROCESSES, threads_per_worker=workers // PROCESSES) as local,
        patch.object(dask_pool, "graded_text", pretend),
    ):
        address = local.scheduler_address
        _map(address, 4 * workers, 0)  # a warm-up, in which the workers import the package
        processes = psutil.Process(), psutil.Process(local.scheduler.process.pid)
        start, before = perf_counter(), sum(map(_cpu_seconds, processes))
        _map(address, count, seconds_each)
        seconds, used = perf_counter() - start, sum(map(_cpu_seconds, processes)) - before
    return Simulation(count, workers, seconds_each, seconds, 1e3 * used / count)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _map(address: str, count: int, seconds_each: float) -> None:
    with on_cluster(b"", Scheduler(address)) as run:
        done = {outcome.student for outcome in run(_jobs(count, seconds_each))}
    assert len(done) == count


def _jobs(count: int, seconds_each: float) -> Iterator[GradingJob]:
    notebook = submissions()["ada-right"].encode()
    source = notebook * 2  # as large as the instructor's, with solutions and hidden tests
    for number in range(count):
        yield GradingJob(f"student-{number}", ASSIGNMENT, source, notebook, {"seconds": seconds_each})
