"""A pool of worker processes on this machine."""

import functools
import itertools
import multiprocessing
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

import nbformat

from bngrader.course.folders import CourseError
from bngrader.engine.errors import SandboxMissing
from bngrader.engine.plan import make_plan
from bngrader.engine.processes.launcher import Source
from bngrader.engine.settings import Engine
from bngrader.gradebook.records import GradingOutcome
from bngrader.grading.grade_submission import GradingJob
from bngrader.grading.outcome_text import MAX_OUTCOME_CHARACTERS, from_text
from bngrader.grading.pool import LOST, TOO_LONG, Map
from bngrader.grading.worker import Connected, serve

Zygotes = tuple[tuple[str, tuple[str, ...]], ...]
GRACE_SECONDS = 60  # beyond the engine's own limit, until a process that does not answer is killed


@contextmanager
def in_processes(source: bytes, count: int) -> Iterator[Map]:
    """Do jobs in `count` processes, and yield the outcomes as they are ready.

    The zygotes for submissions to `source` start at once, in the background. If a process dies, its job is tried once
    more in another. Closing the iterator of outcomes stops the processes.
    """
    workers = ForkedWorkers(zygotes_for(source))
    try:
        yield functools.partial(_spread, workers=workers, count=count)
    finally:
        workers.close()


def _spread(jobs: Iterable[GradingJob], workers: "Workers", count: int) -> Iterator[GradingOutcome]:
    queue = iter(jobs)
    slots: list[Slot] = []
    try:
        for job in itertools.islice(queue, count):
            slots.append(Slot(workers))
            slots[-1].take(job)
        while busy := [slot for slot in slots if slot.job]:
            wait([slot.pipe for slot in busy], timeout=1)
            for slot in busy:
                if outcome := slot.outcome():
                    slot.take(next(queue, None))
                    yield outcome
    except SandboxMissing as missing:
        raise CourseError(str(missing)) from missing
    finally:
        for slot in slots:
            slot.end()


def zygotes_for(source: bytes) -> Zygotes:
    """Return kind and packages of each zygote that submissions to an assignment need."""
    return tuple(make_plan(nbformat.reads(source.decode(), as_version=4), Engine()).zygotes)


class Workers(ABC):
    """A way to start worker processes, and the zygotes that all of them share.

    Each process would need seconds to start its own zygotes, since these import torch.
    """

    def __init__(self, zygotes: Zygotes) -> None:
        self._sources = {wanted: Source(*wanted) for wanted in zygotes}

    @abstractmethod
    def start(self, pipe: Connection) -> Any:
        """Start a worker that does the jobs which come through a pipe."""

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


class ForkedWorkers(Workers):
    """Workers from a fork server, which imports this package once.

    They are not forked from this process, because it has threads. From the fork server they inherit only the
    descriptors that they are given, so that the end of a pipe is noticed.
    """

    def __init__(self, zygotes: Zygotes) -> None:
        super().__init__(zygotes)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["bngrader.__main__", "bngrader.grading.worker"])
        forkserver.ensure_running()

    def start(self, pipe: Connection) -> Any:
        """Fork a worker."""
        zygotes = self.connect()
        process = self.context.Process(target=serve, args=(pipe, zygotes), daemon=True)
        process.start()
        for *_, sock in zygotes:
            sock.close()
        return process


class Slot:
    """A process that does one job after another, and is replaced when it dies."""

    def __init__(self, workers: Workers) -> None:
        self.job: GradingJob | None = None
        self._workers = workers
        self._start()

    def _start(self) -> None:
        self.pipe, other_end = multiprocessing.Pipe()
        self._process = self._workers.start(other_end)
        other_end.close()

    def take(self, job: GradingJob | None) -> None:
        """Start a job, if there is one."""
        self.job, self._tries = job, 0
        if job:
            self._send(job)

    def _send(self, job: GradingJob) -> None:
        self._tries += 1
        self._seconds = job.settings.get("notebook_seconds", 0) + GRACE_SECONDS
        self._until = time.monotonic() + self._seconds
        try:
            self.pipe.send(job)
        except OSError:
            return  # the process is dead, which outcome() will notice

    def outcome(self) -> GradingOutcome | None:
        """Return the outcome of the running job, or None if it is not ready.

        Raises SandboxMissing if this machine cannot grade.
        """
        assert self.job is not None
        try:
            if self.pipe.poll():
                return from_text(self.pipe.recv_bytes(MAX_OUTCOME_CHARACTERS).decode(), self.job.student)
            too_long = time.monotonic() >= self._until
            if not too_long and self._process.is_alive():
                return None
        except (EOFError, OSError, ValueError):  # it is dead, or sent anything but an outcome
            too_long = False
        self.end()
        self._start()
        if too_long:  # a second try would only take as long again
            return GradingOutcome(self.job.student, error=TOO_LONG.format(self._seconds))
        if self._tries > 1:
            return GradingOutcome(self.job.student, error=LOST)
        self._send(self.job)
        return None

    def end(self) -> None:
        """Kill the process at once if it has a job; otherwise let it exit by itself."""
        self.pipe.close()
        if not self.job:
            self._process.join(5)
        self._process.kill()
        self._process.join()
