"""The map over submissions: in processes of this machine, or on the workers of a dask.distributed scheduler."""

import functools
import itertools
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

import nbformat

from bngrader.course.folders import CourseError
from bngrader.engine.errors import SandboxMissing
from bngrader.engine.execute import imports
from bngrader.engine.processes.launcher import Source, use
from bngrader.grading.grade_submission import Job, Outcome, grade_one

Map = Callable[[Iterable[Job]], Iterator[Outcome]]
Workers = Callable[[bytes], AbstractContextManager[Map]]  # makes itself ready for submissions to a source notebook

LOST = "could not be graded: the process that graded it ended, twice. Grade again; if it is so again, look at its code."
GRACE = 60  # seconds over the engine's own limit, after which a process that has not answered is ended
AHEAD = 4  # jobs that are sent for each thread of a cluster before the first is done


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def in_processes(source: bytes, count: int) -> Iterator[Map]:
    """Do jobs in `count` processes; the outcomes come as they are ready.

    What they need for the submissions to `source` begins to start at once, in the background. A job whose process dies
    is tried once more, in another. Whoever stops asking for outcomes stops the processes.
    """
    shared = _Shared(source)
    try:
        yield functools.partial(_spread, shared=shared, count=count)
    finally:
        shared.close()


def _spread(jobs: Iterable[Job], shared: "_Shared", count: int) -> Iterator[Outcome]:
    queue = iter(jobs)
    slots: list[_Slot] = []
    try:
        for job in itertools.islice(queue, count):
            slots.append(_Slot(shared))
            slots[-1].take(job)
        while busy := [slot for slot in slots if slot.job]:
            wait([slot.pipe for slot in busy], timeout=1)
            for slot in busy:
                if outcome := slot.outcome():
                    slot.take(next(queue, None))
                    yield outcome
    finally:
        for slot in slots:
            slot.end()


class _Shared:
    """What all processes of this machine share, since each would need some seconds to start its own.

    These are the zygotes, and the process that theirs are forked of, which has imported what they need.
    """

    def __init__(self, source: bytes) -> None:
        notebook = nbformat.reads(source.decode(), as_version=4)
        self._sources = [(packages, Source(packages)) for packages in imports(notebook)]
        # Not this process: it has threads. Nothing but what a fork is given is inherited, so that its end is seen.
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["bngrader.light", "bngrader.grading.grade_submission"])
        forkserver.ensure_running()

    def connect(self) -> list[tuple[list[str], socket.socket]]:
        """A connection to each zygote."""
        return [(packages, source.connect()) for packages, source in self._sources]

    def close(self) -> None:
        """End the zygotes."""
        for _, source in self._sources:
            source.close()


class _Slot:
    """A process that does one job after the other, and is replaced when it dies."""

    def __init__(self, shared: _Shared) -> None:
        self.job: Job | None = None
        self._shared = shared
        self._start()

    def _start(self) -> None:
        self.pipe, theirs = self._shared.context.Pipe()
        zygotes = self._shared.connect()
        self._process = self._shared.context.Process(target=_serve, args=(theirs, zygotes), daemon=True)
        self._process.start()
        theirs.close()
        for _, sock in zygotes:
            sock.close()

    def take(self, job: Job | None) -> None:
        """Start a job, or none."""
        self.job, self._tries = job, 0
        if job:
            self._send(job)

    def _send(self, job: Job) -> None:
        self._tries += 1
        self._until = time.monotonic() + job.settings.get("notebook_seconds", 0) + GRACE
        try:
            self.pipe.send(job)
        except OSError:
            return  # the process is dead, as outcome() will find

    def outcome(self) -> Outcome | None:
        """The outcome of the job under way, or None while there is none."""
        assert self.job is not None
        try:
            if self.pipe.poll():
                return self._received(self.pipe.recv())
            if time.monotonic() < self._until and self._process.is_alive():
                return None
        except (EOFError, OSError):
            pass
        self.end()
        self._start()
        if self._tries > 1:
            return Outcome(self.job.student, error=LOST)
        self._send(self.job)
        return None

    def _received(self, answer: Any) -> Outcome:
        if isinstance(answer, SandboxMissing):
            raise CourseError(str(answer))
        assert isinstance(answer, Outcome)
        return answer

    def end(self) -> None:
        """End the process: at once if it works, else as it likes."""
        self.pipe.close()
        if not self.job:
            self._process.join(5)
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection, zygotes: list[tuple[list[str], socket.socket]]) -> None:
    """Do the jobs that come through the pipe, until it is closed: the parent closes it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    for packages, sock in zygotes:
        use(packages, sock)
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        try:
            answer: Outcome | SandboxMissing = grade_one(job)
        except SandboxMissing as missing:
            answer = missing
        try:
            pipe.send(answer)
        except OSError:
            return


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
