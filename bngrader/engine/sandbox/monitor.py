"""The monitor of a student's process: watches its limits, passes signals on, and reports how it ended."""

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.05  # between two looks at what a submission uses
HANG_UP_SECONDS = 2.0  # that a process which hung up has to end by itself, on a busy machine too
PR_SET_PDEATHSIG = 1
PAGE_BYTES, TICKS_PER_SECOND = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


@dataclass
class ResourceUse:
    """The memory in bytes and the CPU seconds that all processes of a submission use together."""

    memory: int = 0
    cpu: float = 0.0


def used(base: int) -> ResourceUse:
    """Add up what the processes in /proc use; each had `base` bytes resident when it began.

    In the sandbox, /proc shows only the processes of the submission.
    """
    use = ResourceUse()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            use.cpu += sum(map(int, fields[11:15])) / TICKS_PER_SECOND
            use.memory += max(0, int(fields[21]) * PAGE_BYTES - base)
    return use


@dataclass(frozen=True)
class ProcessMemory:
    """The bytes of a process that are in memory, and those of its data."""

    resident: int
    data: int


def memory() -> ProcessMemory:
    """Return what this process has now, or zeros if the system does not tell."""
    if sys.platform != "linux":
        return ProcessMemory(0, 0)
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return ProcessMemory(*(int(fields[name].split()[0]) << 10 for name in ("VmRSS", "VmData")))


def die_with_parent() -> None:
    """Have this process killed when the process that forked it ends, if the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Monitor:
    """A monitor of one process, until it ends."""

    def __init__(self, pid: int, limits: dict[str, Any], base: int, isolated: bool) -> None:
        self.pid, self.limits, self.base, self.isolated = pid, limits, base, isolated
        self.reason: str | None = None
        self.until = float("inf")
        signal.signal(signal.SIGUSR1, lambda *_: self._send(signal.SIGINT))
        signal.signal(signal.SIGUSR2, self._wait_a_little)
        signal.signal(signal.SIGTERM, lambda *_: self.kill(""))

    def _wait_a_little(self, *_: Any) -> None:
        self.until = time.monotonic() + HANG_UP_SECONDS

    def _send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)  # in a sandbox it is the first of its namespace, and takes all others with it
            if number == signal.SIGKILL and not self.isolated:
                os.killpg(self.pid, number)

    def kill(self, reason: str) -> None:
        """End the process, and with it everything that it started."""
        if self.reason is None:
            self.reason = reason
        self._send(signal.SIGKILL)

    def watch(self, status: int) -> None:
        """Wait for the end, and write the reason to the file descriptor `status`."""
        ended = _waiting(self.pid)
        while (code := ended()) is None:
            if time.monotonic() > self.until:
                self.kill("the process hung up")
            if self.isolated and (over := self._over()):
                self.kill(over)
        reason = _how(code) if self.reason is None else self.reason
        os.write(status, json.dumps(reason).encode())

    def _over(self) -> str | None:
        use, limits = used(self.base), self.limits
        if use.memory > limits["memory_mb"] << 20:
            return f"the submission used more than the {limits['memory_mb']:,} MB of memory that it may use"
        if use.cpu > limits["cpu_seconds"]:
            return f"the submission used more than the {limits['cpu_seconds']:g} CPU seconds that it may use"
        return None


def _waiting(pid: int) -> Callable[[], int | None]:
    """Make a function that waits a moment for the end of a process, and returns its exit code if it has ended."""
    ready = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None

    def ended() -> int | None:
        select.select([ready] if ready is not None else [], [], [], POLL_SECONDS)
        done, status = os.waitpid(pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if done else None

    return ended


def _how(code: int) -> str:
    if code < 0:
        return f"the submission's process was ended by signal {signal.Signals(-code).name}"
    return f"the submission ended its own process, with exit code {code}"
