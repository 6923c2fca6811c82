"""Grading in a separate process, for a worker of Dask, whose threads share a process with other people's jobs.

The limits of a process, such as its memory, would otherwise hit the worker itself.
"""

import functools
import json
import os
import subprocess
import sys
import threading
from multiprocessing.connection import Connection, wait

from bngrader.gradebook.records import GradingOutcome
from bngrader.grading.grade_submission import GradingJob
from bngrader.grading.process_pool import Slot, Workers, Zygotes, zygotes_for


class _Program:
    """A worker that was started as a program: Dask's processes must not have children by multiprocessing."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.kill = process.kill

    def is_alive(self) -> bool:
        """Return whether the program runs."""
        return self._process.poll() is None

    def join(self, seconds: float | None = None) -> None:
        """Wait for its end, or so many seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return


class _Programs(Workers):
    """Workers that are programs, for all threads of a process."""

    def start(self, pipe: Connection) -> _Program:
        """Start a program."""
        with _starting:  # another thread may be starting a lost zygote again
            zygotes = self.connect()
        listed = json.dumps([(kind, packages, sock.fileno()) for kind, packages, sock in zygotes])
        process = subprocess.Popen(
            [sys.executable, "-m", "bngrader.grading.worker", str(pipe.fileno()), listed],
            pass_fds=[pipe.fileno(), *(sock.fileno() for *_, sock in zygotes)],
            stdin=subprocess.DEVNULL,
        )
        for *_, sock in zygotes:
            sock.close()
        return _Program(process)


_own = threading.local()  # the worker of this thread, and the zygotes that it uses
_shared: dict[tuple[int, Zygotes], _Programs] = {}
_starting = threading.Lock()
_wanted = functools.lru_cache(maxsize=32)(zygotes_for)


def grade_apart(job: GradingJob) -> GradingOutcome:
    """Do a job in another process, which this thread uses for all of its jobs.

    Raises SandboxMissing if no submission can be graded on this machine.
    """
    name = os.getpid(), _wanted(job.source) if job.source else ()
    if getattr(_own, "name", None) != name:
        with _starting:
            if name not in _shared:
                _shared[name] = _Programs(name[1])
        _own.name, _own.slot = name, Slot(_shared[name])
    slot: Slot = _own.slot
    slot.take(job)
    try:
        while (outcome := slot.outcome()) is None:
            wait([slot.pipe], timeout=1)
        return outcome
    finally:
        slot.take(None)
