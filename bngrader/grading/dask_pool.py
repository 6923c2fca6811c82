"""A pool of workers on a dask.distributed cluster."""

import functools
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from bngrader.course.folders import CourseError
from bngrader.course.names import readable
from bngrader.engine.errors import SandboxMissing
from bngrader.gradebook.records import GradingOutcome
from bngrader.grading.apart import grade_apart
from bngrader.grading.dask_client import Scheduler, connected
from bngrader.grading.grade_submission import GradingJob
from bngrader.grading.outcome_text import from_text, to_text
from bngrader.grading.pool import LOST, Map

JOBS_PER_THREAD = 4  # sent before the first is done, so that no thread waits for the network
MAX_MESSAGE_CHARACTERS = 200


@contextmanager
def on_cluster(source: bytes, scheduler: Scheduler) -> Iterator[Map]:
    """Do jobs on the workers of a dask.distributed scheduler, which need this package.

    If a worker dies, Dask gives its job to another.

    Raises CourseError if the scheduler cannot be reached, would let anybody on the network take part, or the connection
    is lost.
    """
    scheduler.check()
    with connected(scheduler) as client:
        yield functools.partial(_send, client=client, address=scheduler.address)


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
    return client.submit(graded_text, job, pure=False)


def graded_text(job: GradingJob) -> str:
    """Do a job on a worker, and return its outcome as JSON, since the command unpickles no object."""
    try:
        return to_text(grade_apart(job))
    except SandboxMissing as missing:
        return to_text(missing)


def _result(future: Any, student: str, address: str) -> GradingOutcome:
    if future.status not in ("finished", "error"):
        raise CourseError(
            f"--scheduler {address}: the connection was lost. Run the command again: it continues with the rest"
        )
    if future.status == "error":
        return GradingOutcome(student, error=_worker_error(future.exception()))
    try:
        return from_text(future.result(), student)
    except SandboxMissing as missing:
        raise CourseError(f"a worker of {address} reports: {missing}") from missing
    except Exception as error:  # Dask raises any kind if a result does not arrive
        return GradingOutcome(student, error=f"could not be graded: a worker sent no valid result ({_short(error)}).")


def _worker_error(error: BaseException) -> str:
    if "KilledWorker" in str(error):
        return LOST
    return f"could not be graded: a worker failed ({_short(error)})."


def _short(error: BaseException) -> str:
    return readable(f"{type(error).__name__}: {error}"[:MAX_MESSAGE_CHARACTERS])
