"""Run a command and measure it with all the processes that it starts: seconds, CPU seconds, memory."""

import os
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil


@dataclass(frozen=True)
class Cost:
    """What a command took: wall and CPU seconds, and the most memory (PSS) of all its processes at one time, in MB."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def measure(command: Sequence[str | Path], folder: Path, every: float = 0.2) -> Cost:
    """Run a command in a folder.

    Raises RuntimeError, with what the command said, if it fails.
    """
    ended, samples = threading.Event(), [0.0]
    with (folder / "benchmark.log").open("w+b") as log:
        start = perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        watch = threading.Thread(target=_sample, args=(process.pid, ended, every, samples))
        watch.start()
        # Unlike Popen.wait, this gives the CPU time of the process and of all that it has waited for.
        _, status, used = os.wait4(process.pid, 0)
        seconds = perf_counter() - start
        ended.set()
        watch.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            raise RuntimeError(f"{command} failed: {log.read().decode(errors='replace')[-3000:]}")
    return Cost(seconds, used.ru_utime + used.ru_stime, max(samples))


def _sample(pid: int, ended: threading.Event, every: float, samples: list[float]) -> None:
    while not ended.wait(every):
        samples.append(_tree_mb(pid))


def _tree_mb(pid: int) -> float:
    """The PSS of a process and its descendants: memory that processes share counts once."""
    with suppress(psutil.Error):
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return sum(_pss_kb(member.pid) for member in family) / 1e3
    return 0.0


def _pss_kb(pid: int) -> int:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return 0
