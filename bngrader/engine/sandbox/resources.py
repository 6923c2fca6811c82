"""Limits of single processes, and the use of a submission as a whole where the machine has no control groups.

The numbers come from /proc, which in the sandbox shows only the processes of the submission. A process that lives for
less time than there is between two looks is not seen.
"""

import os
import re
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

PAGE_BYTES, TICKS_PER_SECOND = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
SOCKET_BYTES = 425_984  # that a socket can hold in its buffers with Linux's usual limits: they belong to no process


@dataclass(frozen=True)
class ProcessMemory:
    """The bytes of a process that are in memory, and the bytes of its data."""

    resident: int
    data: int


def memory() -> ProcessMemory:
    """Return what this process has now, or zeros if the system does not tell."""
    if sys.platform != "linux":
        return ProcessMemory(0, 0)
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return ProcessMemory(*(int(fields[name].split()[0]) << 10 for name in ("VmRSS", "VmData")))


def set_limits(limits: dict[str, int]) -> None:
    """Set limits of this process by their names in the module `resource`, but none above what it may have."""
    for name, most in limits.items():
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(number, (value, value))


class Meter:
    """A meter of what the processes in /proc use.

    The first of them began with `base` bytes that it shares with the zygote; their forks share them too.
    """

    def __init__(self, base: int) -> None:
        self.base = base
        self.memory_bytes = 0
        self._cpu: dict[tuple[str, str], float] = {}  # of each process that was seen, by its id and its start

    def cpu_seconds(self) -> float:
        """Return the CPU time of all processes that were seen, including those that have ended."""
        return sum(self._cpu.values())

    def read(self, max_memory_bytes: int) -> None:
        """Look at all processes, and measure their memory exactly only if it could be more than `max_memory_bytes`."""
        resident, pids = 0, [entry for entry in os.listdir("/proc") if entry.isdigit()]
        for pid in pids:
            fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
            if fields:
                # A parent that ignores the end of its children never gets their time, so each is counted by itself.
                self._cpu[pid, fields[19]] = sum(map(int, fields[11:13])) / TICKS_PER_SECOND
                resident += int(fields[21]) * PAGE_BYTES
        sockets = _socket_bytes()
        if resident + sockets - self.base > max_memory_bytes:
            resident = sum(_proportional(pid) for pid in pids if pid != "1")  # the first process is not the student's
        self.memory_bytes = max(0, resident + sockets - self.base)


def _proportional(pid: str) -> int:
    """Return the memory of a process in bytes, with a page that several processes share divided among them."""
    for path, name in (("smaps_rollup", "Pss"), ("status", "VmRSS")):  # a process can close the first one
        if found := re.search(rf"^{name}:\s+(\d+) kB$", _read(f"/proc/{pid}/{path}"), re.MULTILINE):
            return int(found[1]) << 10
    return 0


def _socket_bytes() -> int:
    """Return the most that the sockets of this network namespace can hold."""
    found = re.search(r"^sockets: used (\d+)", _read("/proc/1/net/sockstat"), re.MULTILINE)
    return int(found[1]) * SOCKET_BYTES if found else 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # the process has ended
        return ""
