"""A pool of processes on this machine."""

import functools
import itertools
import multiprocessing
import signal
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

import nbformat

from bngrader.course.folders import CourseError
from bngrader.engine.errors import SandboxMissing
from bngrader.engine.plan import make_plan
from bngrader.engine.processes.launcher import Source, use
from bngrader.engine.settings import Engine
from bngrader.gradebook.records import Outcome
from bngrader.grading.grade_submission import Job, grade_one
from bngrader.grading.pool import LOST, Map

GRACE = 60  # seconds over the engine's own limit, after which a process that has not answered is ended


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
        plan = make_plan(nbformat.reads(source.decode(), as_version=4), Engine())
        self._sources = [(packages, Source(packages)) for packages in plan.package_sets]
        # Not this process: it has threads. Nothing but what a fork is given is inherited, so that its end is seen.
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["bngrader.__main__", "bngrader.grading.grade_submission"])
        forkserver.ensure_running()

    def connect(self) -> list[tuple[Sequence[str], socket.socket]]:
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


def _serve(pipe: Connection, zygotes: list[tuple[Sequence[str], socket.socket]]) -> None:
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
