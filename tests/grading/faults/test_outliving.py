"""Tests that nothing of a submission outlives its round, whichever process of the grader is interrupted or killed."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bngrader.engine.processes import outer_wall
from bngrader.engine.sandbox import cgroups, namespaces
from tests.conftest import TIMEOUT_S, lacking
from tests.grading.commands import grading, hand_in
from tests.grading.sample_class import filled_in

MARK = "86398.25"  # seconds that the submission's processes sleep: it finds them among all processes
# The submission asks the kernel not to end it along with its parent, ignores all signals, and starts more of its kind.
STAYING = f"""
import ctypes, os, signal, subprocess, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
open("/tmp/left", "w").write("left")
for _ in range(3):
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
        os.setsid()
        if os.fork():
            os._exit(0)
        os.execvp("sleep", ["sleep", "{MARK}"])
os.execvp("sleep", ["sleep", "{MARK}"]) if os.fork() == 0 else time.sleep({MARK})
"""
LIMITS = "c = get_config()\nc.Engine.cell_seconds = 900\nc.Engine.notebook_seconds = 900\n"


class Round:
    """A round that grades a submission which stays, and the processes of both at the time when it began to sleep."""

    def __init__(self, process, printed):
        self.process, self.command = process, psutil.Process(process.pid)
        wait_until(lambda: len(sleeping(self.command)) >= 4 or process.poll() is not None)
        assert process.poll() is None, printed.read_text()
        self.processes = living(self.command)
        self.lines = {p: line_of(p) for p in self.processes}
        namespace = os.readlink(f"/proc/{sleeping(self.command)[0].pid}/ns/pid")
        self.submission = [p for p in self.processes if os.readlink(f"/proc/{p.pid}/ns/pid") == namespace]

    def inside(self, number):
        """Return the process of the submission that has this number in its namespace."""
        return next(p for p in self.submission if inner_pid(p) == number)

    def running(self, words, program="python"):
        """Return the processes of a program whose command line contains some words, the outermost first."""
        found = [p for p in self.processes if words in self.lines[p] and p.name().startswith(program)]
        return sorted(found, key=lambda p: len(p.parents()))

    @property
    def worker(self):
        return self.running("forkserver")[1]  # the first one is the fork server


def living(command):
    """Return a process and its descendants, without those that have ended."""
    found = []
    for process in [command, *command.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            found += [process] if process.status() != psutil.STATUS_ZOMBIE else []
    return found


def line_of(process):
    with suppress(psutil.NoSuchProcess):
        return f"{' '.join(process.cmdline())} "
    return ""


def sleeping(command):
    return [process for process in living(command) if MARK in line_of(process)]


def inner_pid(process):
    """Return a process's number in its innermost namespace."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1])


def wait_until(true):
    until = time.monotonic() + TIMEOUT_S
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def groups(processes):
    """Return the control groups that some processes made for submissions. Each can be removed at any moment."""
    place = cgroups.find_place()
    names = [f"{cgroups.PREFIX}{process.pid}-*" for process in processes]
    folders = set(place.folders.values()) if place else set()
    return [path for folder in folders for name in names for path in folder.glob(name)]


# The process that is killed. All of them but the submission's own belong to the grader.
VICTIMS = {
    "the command": lambda round_: round_.command,
    "the fork server": lambda round_: round_.running("forkserver")[0],
    "a worker": lambda round_: round_.worker,
    "the zygote for answers": lambda round_: round_.running("zygote")[0],
    "bubblewrap": lambda round_: (round_.running("zygote", "bwrap") or lacking("bubblewrap", outer_wall.WAY_OUT))[0],
    "the zygote for judges": lambda round_: round_.running(" judges ")[0],
    "a judge": lambda round_: round_.running(" judges ")[-1],
    "the monitor": lambda round_: round_.inside(1).parent(),
    "the first process inside": lambda round_: round_.inside(1),
    "the submission's own": lambda round_: round_.inside(2),
}


def hear_interrupts():
    """Undo what a shell does to a command in the background, such as these tests: it has the command ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def round_(tmp_path):
    """Start to grade a submission that stays, and yield the round once it sleeps."""
    if why := namespaces.available():
        lacking("the sandbox", why)
    notebook = filled_in()
    next(cell for cell in notebook.cells if cell.id == "standardize").source = STAYING
    hand_in(tmp_path, "ada", notebook)
    (tmp_path / "nbgrader_config.py").write_text(LIMITS)
    mounts = Path("/proc/self/mountinfo").read_text()
    printed = tmp_path / "printed"
    with printed.open("w") as file:
        command = grading(tmp_path)
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, preexec_fn=hear_interrupts)
    try:
        yield Round(process, printed)
    finally:
        process.kill()
        process.wait()
    assert Path("/proc/self/mountinfo").read_text() == mounts


@pytest.mark.slow
@pytest.mark.parametrize("victim", VICTIMS)
def test_nothing_outlives_a_killed_process_of_the_grader(round_, victim):
    VICTIMS[victim](round_).kill()
    if victim == "the fork server":  # which only starts the workers
        round_.process.terminate()
    assert psutil.wait_procs(round_.submission, timeout=TIMEOUT_S)[1] == []
    round_.process.kill()
    round_.process.wait()
    assert psutil.wait_procs(round_.processes, timeout=TIMEOUT_S)[1] == []


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, *(pytest.param(number, marks=pytest.mark.slow) for number in (signal.SIGTERM, signal.SIGHUP))],
)
def test_nothing_outlives_an_interrupted_round(round_, number):
    round_.process.send_signal(number)
    assert round_.process.wait(TIMEOUT_S) == 130
    assert psutil.wait_procs(round_.processes, timeout=TIMEOUT_S)[1] == []
    wait_until(lambda: groups(round_.processes) == [])
