"""Measure the seconds, CPU seconds and memory of a command and all the processes that it starts."""

import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

import psutil

CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Cost:
    """Costs of a command: wall and CPU seconds, and the peak memory (PSS) of all its processes together, in MB."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def measure(command: Sequence[str | Path], folder: Path, every: float = 0.25) -> Cost:
    """Run a command in a folder and measure it.

    Raises RuntimeError with the command's output if it fails.
    """
    ended, samples = threading.Event(), [0.0]
    with _accounting() as group, (folder / "benchmark.log").open("w+b") as log:
        start = perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, preexec_fn=lambda: _join(group)
        )
        watch = threading.Thread(target=_sample, args=(process.pid, ended, every, samples))
        watch.start()
        code = process.wait()
        seconds = perf_counter() - start
        ended.set()
        watch.join()
        if code:
            log.seek(0)
            raise RuntimeError(f"{command} failed: {log.read().decode(errors='replace')[-3000:]}")
        return Cost(seconds, _cpu_seconds(group), max(samples))


@contextmanager
def _accounting() -> Iterator[Path]:
    """Create a control group, which also counts the CPU time of processes that no parent waits for.

    Raises RuntimeError if no control group can be created, which needs root.
    """
    parent = CGROUPS / "cpuacct" if (CGROUPS / "cpuacct").is_dir() else CGROUPS
    group = parent / f"bench-grading-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        raise RuntimeError(f"cannot create a control group ({error}): run the benchmark as root") from error
    try:
        yield group
    finally:
        _remove(group)


def _remove(group: Path) -> None:
    for _ in range(50):  # killed processes may take a moment to leave the group
        with suppress(OSError):
            group.rmdir()
            return
        sleep(0.1)


def _join(group: Path) -> None:
    (group / "cgroup.procs").write_text(str(os.getpid()))


def _cpu_seconds(group: Path) -> float:
    if (group / "cpuacct.usage").exists():
        return int((group / "cpuacct.usage").read_text()) / 1e9
    used = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return int(used["usage_usec"]) / 1e6


def _sample(pid: int, ended: threading.Event, every: float, samples: list[float]) -> None:
    while not ended.wait(every):
        samples.append(_tree_mb(pid))


def _tree_mb(pid: int) -> float:
    """Sum the PSS of a process and its descendants, in which shared memory counts only once."""
    with suppress(psutil.Error):
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return sum(_pss_kb(member.pid) for member in family) / 1e3
    return 0.0


def _pss_kb(pid: int) -> int:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return 0
