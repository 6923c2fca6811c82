"""A pool of the workers of a dask.distributed scheduler."""

import functools
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from bngrader.course.folders import CourseError
from bngrader.engine.errors import SandboxMissing
from bngrader.gradebook.records import Outcome
from bngrader.grading.grade_submission import Job, grade_one
from bngrader.grading.pool import LOST, Map

AHEAD = 4  # jobs that are sent for each thread of a cluster before the first is done


@contextmanager
def on_cluster(source: bytes, address: str) -> Iterator[Map]:
    """Do jobs on the workers of the dask.distributed scheduler at `address`, which need this package.

    A job whose worker dies goes to another, as dask does it.

    Raises CourseError if the scheduler cannot be reached, or is lost.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise CourseError("--scheduler needs dask: pip install 'bncourse[cluster]'") from error
    try:
        client = Client(address, timeout="20s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise CourseError(f"--scheduler {address}: no scheduler answers there ({error})") from error
    with client:
        yield functools.partial(_send, client=client, address=address)


def _send(jobs: Iterable[Job], client: Any, address: str) -> Iterator[Outcome]:
    from distributed import as_completed

    queue = iter(jobs)
    ahead = max(8, AHEAD * sum(client.nthreads().values()))
    students = {_submit(client, job): job.student for job in itertools.islice(queue, ahead)}
    done = as_completed(list(students), loop=client.loop)
    for future in done:
        if future.status in ("lost", "pending"):  # its worker died before the result was fetched: dask does it again
            done.add(future)
            continue
        outcome = _result(future, students.pop(future), address)
        for job in itertools.islice(queue, 1):
            students[sent := _submit(client, job)] = job.student
            done.add(sent)
        yield outcome


def _submit(client: Any, job: Job) -> Any:
    return client.submit(grade_one, job, pure=False)


def _result(future: Any, student: str, address: str) -> Outcome:
    from distributed import KilledWorker

    if future.status not in ("finished", "error"):
        raise CourseError(
            f"--scheduler {address}: the connection was lost. Run the command again: it does what is left"
        )
    error = future.exception()
    if isinstance(error, SandboxMissing):
        raise CourseError(f"a worker of {address} says: {error}")
    if isinstance(error, KilledWorker):
        return Outcome(student, error=LOST)
    if error is not None:
        return Outcome(student, error=f"could not be graded ({type(error).__name__}: {error})")
    outcome = future.result()
    assert isinstance(outcome, Outcome)
    return outcome
