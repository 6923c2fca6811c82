"""A pool of worker processes on this machine."""

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
from bngrader.engine.processes.launcher import Source, ZygoteLost, use
from bngrader.engine.sandbox.namespaces import enclose
from bngrader.engine.settings import Engine
from bngrader.gradebook.records import GradingOutcome
from bngrader.grading.grade_submission import GradingJob, grade_one
from bngrader.grading.pool import LOST, Map

Connected = tuple[str, Sequence[str], socket.socket]  # a zygote's kind and packages, and a connection to it
GRACE_SECONDS = 60  # beyond the engine's own limit, until a process that does not answer is killed


@contextmanager
def in_processes(source: bytes, count: int) -> Iterator[Map]:
    """Do jobs in `count` processes, and yield the outcomes as they are ready.

    The zygotes for submissions to `source` start at once, in the background. If a process dies, its job is tried once
    more in another. Closing the iterator of outcomes stops the processes.
    """
    shared = _Shared(source)
    try:
        yield functools.partial(_spread, shared=shared, count=count)
    finally:
        shared.close()


def _spread(jobs: Iterable[GradingJob], shared: "_Shared", count: int) -> Iterator[GradingOutcome]:
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
    """The zygotes and the fork server that all worker processes share.

    Each process would need seconds to start its own: zygotes import torch, and the fork server imports this package.
    """

    def __init__(self, source: bytes) -> None:
        plan = make_plan(nbformat.reads(source.decode(), as_version=4), Engine())
        self._sources = {wanted: Source(*wanted) for wanted in plan.zygotes}
        # Workers are not forked from this process, because it has threads. From the fork server they inherit only the
        # descriptors that they are given, so that the end of a pipe is noticed.
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["bngrader.__main__", "bngrader.grading.grade_submission"])
        forkserver.ensure_running()

    def connect(self) -> list[Connected]:
        """Open a connection to each zygote, and start the zygotes again that were lost."""
        for wanted, source in self._sources.items():
            if source.process.poll() is not None:
                source.close()
                self._sources[wanted] = Source(*wanted)
        return [(*wanted, source.connect()) for wanted, source in self._sources.items()]

    def close(self) -> None:
        """End the zygotes."""
        for source in self._sources.values():
            source.close()


class _Slot:
    """A process that does one job after another, and is replaced when it dies."""

    def __init__(self, shared: _Shared) -> None:
        self.job: GradingJob | None = None
        self._shared = shared
        self._start()

    def _start(self) -> None:
        self.pipe, other_end = self._shared.context.Pipe()
        zygotes = self._shared.connect()
        self._process = self._shared.context.Process(target=_serve, args=(other_end, zygotes), daemon=True)
        self._process.start()
        other_end.close()
        for *_, sock in zygotes:
            sock.close()

    def take(self, job: GradingJob | None) -> None:
        """Start a job, if there is one."""
        self.job, self._tries = job, 0
        if job:
            self._send(job)

    def _send(self, job: GradingJob) -> None:
        self._tries += 1
        self._until = time.monotonic() + job.settings.get("notebook_seconds", 0) + GRACE_SECONDS
        try:
            self.pipe.send(job)
        except OSError:
            return  # the process is dead, which outcome() will notice

    def outcome(self) -> GradingOutcome | None:
        """Return the outcome of the running job, or None if it is not ready."""
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
            return GradingOutcome(self.job.student, error=LOST)
        self._send(self.job)
        return None

    def _received(self, answer: Any) -> GradingOutcome:
        if isinstance(answer, SandboxMissing):
            raise CourseError(str(answer))
        assert isinstance(answer, GradingOutcome)
        return answer

    def end(self) -> None:
        """Kill the process at once if it has a job; otherwise let it exit by itself."""
        self.pipe.close()
        if not self.job:
            self._process.join(5)
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection, zygotes: list[Connected]) -> None:
    """Do the jobs from the pipe until it is closed, which happens even if the parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    enclose()  # a worker parses whatever students hand in, and needs no file of the class
    for kind, packages, sock in zygotes:
        use(kind, packages, sock)
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        try:
            answer: GradingOutcome | SandboxMissing = grade_one(job)
        except SandboxMissing as missing:
            answer = missing
        except ZygoteLost:
            return  # the process that started it replaces this one, and sends the job again
        try:
            pipe.send(answer)
        except OSError:
            return
