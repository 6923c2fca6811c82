"""The monitor of a submission's processes: watches their limits, passes signals on, and reports how they ended.

It stays outside the submission's namespaces. Inside, `init.be_init` starts the submission's own process.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from bngrader.engine.sandbox.cgroups import Cgroup
from bngrader.engine.sandbox.resources import Meter

POLL_SECONDS = 0.05  # between two looks at what a submission uses
HANG_UP_SECONDS = 2.0  # that a process which hung up has to end by itself, on a busy machine too
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Have this process killed when the process that forked it ends, if the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Monitor:
    """A monitor of one submission, until it ends.

    `pid` is the first process of its namespace, whose end is the end of all others, or without a sandbox the first
    process of its group.
    """

    def __init__(self, pid: int, limits: dict[str, Any], meter: Meter | Cgroup | None) -> None:
        self.pid, self.limits, self.meter = pid, limits, meter
        self.reason: str | None = None
        self.until = float("inf")
        signal.signal(signal.SIGUSR1, lambda *_: self._send(signal.SIGUSR1))
        signal.signal(signal.SIGUSR2, self._wait_a_little)
        signal.signal(signal.SIGTERM, lambda *_: self.kill(""))

    def _wait_a_little(self, *_: Any) -> None:
        self.until = time.monotonic() + HANG_UP_SECONDS

    def _send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
            if number == signal.SIGKILL and self.meter is None:
                os.killpg(self.pid, number)

    def kill(self, reason: str) -> None:
        """End the process, and with it everything that it started."""
        if self.reason is None:
            self.reason = reason
        self._send(signal.SIGKILL)

    def watch(self, report: int, status: int) -> None:
        """Wait for the end, and write the reason to the file descriptor `status`.

        The first process writes the exit code of the submission's own process to the pipe that `report` reads.
        """
        has_ended = _waiting(self.pid)
        while not has_ended():
            if time.monotonic() > self.until:
                self.kill("the process hung up")
            if over := self._over():
                self.kill(over)
        code = os.read(report, 100).decode()
        os.write(status, json.dumps(self._reason(int(code or -signal.SIGKILL))).encode())

    def _reason(self, code: int) -> str:
        if self.reason is not None:
            return self.reason
        if code == -signal.SIGKILL and isinstance(self.meter, Cgroup) and self.meter.ran_out_of_memory():
            return self._too_much_memory()
        if code < 0:
            return f"the submission's process was ended by signal {signal.Signals(-code).name}"
        return f"the submission ended its own process, with exit code {code}"

    def _over(self) -> str | None:
        """Return which limit the submission is over.

        When a control group runs out of memory, the kernel ends one of its processes, which need not be the first.
        """
        if self.meter is None:
            return None
        if isinstance(self.meter, Meter):
            self.meter.read(most := self.limits["memory_mb"] << 20)
            if self.meter.memory_bytes > most:
                return self._too_much_memory()
        elif self.meter.ran_out_of_memory():
            return self._too_much_memory()
        cpu = self.meter.cpu_seconds()
        if cpu > self.limits["cpu_seconds"]:
            return f"the submission used more than the {self.limits['cpu_seconds']:g} CPU seconds that it may use"
        return None

    def _too_much_memory(self) -> str:
        return f"the submission used more than the {self.limits['memory_mb']:,} MB of memory that it may use"


def _waiting(pid: int) -> Callable[[], bool]:
    """Make a function that waits a moment for the end of a process, and returns whether it has ended."""
    ready = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None

    def has_ended() -> bool:
        select.select([ready] if ready is not None else [], [], [], POLL_SECONDS)
        return bool(os.waitpid(pid, os.WNOHANG)[0])

    return has_ended
