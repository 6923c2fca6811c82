"""The limits of a worker process, which reads what students hand in with libraries that expect honest files."""

import contextlib
import resource
import signal
import types
from collections.abc import Iterator

from bngrader.engine.sandbox.resources import memory
from bngrader.engine.settings import Engine
from bngrader.gradebook.records import GradingOutcome
from bngrader.grading.grade_submission import GradingJob, grade_one

FILE_BYTES = 100 << 20  # a worker writes no file, but what it prints may go into one
REPEAT_SECONDS = 5.0  # until the end of the time is raised again, since a library may have caught it
CPU = "takes more than the {} CPU seconds that reading and showing a notebook may take"
MEMORY = "takes more than the {:,} MB of memory that reading and showing a notebook may take"
WAY_OUT = "Look at its cells, and ask for a notebook that contains only the assignment."


class _OutOfTime(BaseException):
    """The job's CPU time is used up. It is not an Exception, so that no library takes it for a fault of the file."""


class WorkerLimits:
    """The limits of this process. They end a job, but not the process.

    They are soft limits, since the process that starts the answers, if this process has to start it, inherits them and
    sets its own.
    """

    def __init__(self) -> None:
        self._data_bytes = memory().data  # that this process has before its first job
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_FSIZE, FILE_BYTES)

    def grade(self, job: GradingJob) -> GradingOutcome:
        """Do a job as `grade_one` does; one that reaches a limit of this process fails, and its outcome names it."""
        settings = Engine.from_dict(job.settings)
        if self._data_bytes:  # otherwise the system does not tell
            _limit(resource.RLIMIT_DATA, self._data_bytes + (settings.worker_memory_mb << 20))
        try:
            with _at_most(settings.worker_cpu_seconds):
                return grade_one(job)
        except _OutOfTime:
            reason = CPU.format(f"{settings.worker_cpu_seconds:g}")
        except MemoryError:
            reason = MEMORY.format(settings.worker_memory_mb)
        return GradingOutcome(job.student, error=f"{reason}. {WAY_OUT}")


def _limit(number: int, most: int) -> None:
    hard = resource.getrlimit(number)[1]
    resource.setrlimit(number, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise _OutOfTime if the block takes more CPU time. Must be used in the main thread."""

    def end(number: int, frame: types.FrameType | None) -> None:
        raise _OutOfTime

    signal.signal(signal.SIGPROF, end)
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds, REPEAT_SECONDS)
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
