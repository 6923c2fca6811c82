"""A pool of workers on a dask.distributed cluster."""

import functools
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from bngrader.course.folders import CourseError
from bngrader.engine.errors import SandboxMissing
from bngrader.gradebook.records import GradingOutcome
from bngrader.grading.grade_submission import GradingJob, grade_one
from bngrader.grading.pool import LOST, Map

JOBS_PER_THREAD = 4  # sent before the first is done, so that no thread waits for the network


@contextmanager
def on_cluster(source: bytes, address: str) -> Iterator[Map]:
    """Do jobs on the workers of the dask.distributed scheduler at `address`, which need this package.

    If a worker dies, Dask gives its job to another.

    Raises CourseError if the scheduler cannot be reached or the connection is lost.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise CourseError("--scheduler needs Dask: pip install 'bncourse[cluster]'") from error
    try:
        client = Client(address, timeout="20s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise CourseError(f"--scheduler {address}: no scheduler answers at this address ({error})") from error
    with client:
        yield functools.partial(_send, client=client, address=address)


def _send(jobs: Iterable[GradingJob], client: Any, address: str) -> Iterator[GradingOutcome]:
    from distributed import as_completed

    queue = iter(jobs)
    ahead = max(8, JOBS_PER_THREAD * sum(client.nthreads().values()))
    students = {_submit(client, job): job.student for job in itertools.islice(queue, ahead)}
    done = as_completed(list(students), loop=client.loop)
    for future in done:
        if future.status in ("lost", "pending"):  # its worker died before the result was fetched; Dask repeats the job
            done.add(future)
            continue
        outcome = _result(future, students.pop(future), address)
        for job in itertools.islice(queue, 1):
            students[sent := _submit(client, job)] = job.student
            done.add(sent)
        yield outcome


def _submit(client: Any, job: GradingJob) -> Any:
    return client.submit(grade_one, job, pure=False)


def _result(future: Any, student: str, address: str) -> GradingOutcome:
    from distributed import KilledWorker

    if future.status not in ("finished", "error"):
        raise CourseError(
            f"--scheduler {address}: the connection was lost. Run the command again: it continues with the rest"
        )
    error = future.exception()
    if isinstance(error, SandboxMissing):
        raise CourseError(f"a worker of {address} reports: {error}")
    if isinstance(error, KilledWorker):
        return GradingOutcome(student, error=LOST)
    if error is not None:
        return GradingOutcome(student, error=f"could not be graded ({type(error).__name__}: {error})")
    outcome = future.result()
    assert isinstance(outcome, GradingOutcome)
    return outcome
