"""Tests that nothing of a submission outlives its round, whichever process of the grader is interrupted or killed."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

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


def named(words):
    """Make a function that finds a process by words of its command line."""
    return lambda processes: [p for p in processes if words in " ".join(p.cmdline())]


def inside_of(processes):
    """Return the processes that live in another PID namespace than this test, the outermost first."""
    own = os.readlink("/proc/self/ns/pid")
    return [p for p in processes if os.readlink(f"/proc/{p.pid}/ns/pid") != own]


def the_submissions(processes):
    """Return the submission's processes: their command line is a sleep, or they are the parent of one."""
    return [p for p in processes if MARK in " ".join(p.cmdline())]


def ancestors_of_a_sleep(processes):
    """Return the submission's first process, the trusted first process of its namespace, and their monitor."""
    namespace = os.readlink(f"/proc/{the_submissions(processes)[0].pid}/ns/pid")
    members = [p for p in processes if os.readlink(f"/proc/{p.pid}/ns/pid") == namespace]
    first = next(p for p in members if inner_pid(p) == 1)
    own = next(p for p in members if inner_pid(p) == 2)
    return own, first, first.parent()


def inner_pid(process):
    """Return a process's number in its innermost namespace."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1])


# Which process is killed. All of them but the submission's own belong to the grader.
VICTIMS = {
    "the command": lambda command, processes: command,
    "the fork server": lambda command, processes: named("forkserver")(command.children())[0],
    "a worker": lambda command, processes: named("forkserver")(command.children())[0].children()[0],
    "the zygote for answers": lambda command, processes: named("zygote")(named(" answers ")(command.children()))[0],
    "the zygote for judges": lambda command, processes: named("zygote")(named(" judges ")(command.children()))[0],
    "a judge": lambda command, processes: judges(command)[-1],
    "the monitor": lambda command, processes: ancestors_of_a_sleep(processes)[2],
    "the first process inside": lambda command, processes: ancestors_of_a_sleep(processes)[1],
    "the submission's own": lambda command, processes: ancestors_of_a_sleep(processes)[0],
}


def judges(command):
    zygote = named("zygote")(named(" judges ")(command.children()))[0]
    return zygote.children(recursive=True)


@pytest.fixture
def round_(tmp_path):
    """Start to grade a submission that stays, and yield the command and all its processes once it sleeps."""
    if why := namespaces.available():
        lacking("the sandbox", why)
    notebook = filled_in()
    next(cell for cell in notebook.cells if cell.id == "standardize").source = STAYING
    hand_in(tmp_path, "ada", notebook)
    (tmp_path / "nbgrader_config.py").write_text(LIMITS)
    mounts = Path("/proc/self/mountinfo").read_text()
    process = subprocess.Popen(grading(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    command = psutil.Process(process.pid)
    wait_until(lambda: len(the_submissions(descendants(command))) >= 4 or process.poll() is not None)
    assert process.poll() is None, process.stdout.read()
    yield process, command, descendants(command)
    process.kill()
    process.communicate()
    assert Path("/proc/self/mountinfo").read_text() == mounts


def descendants(command):
    return [p for p in [command, *command.children(recursive=True)] if p.status() != psutil.STATUS_ZOMBIE]


def wait_until(true):
    until = time.monotonic() + TIMEOUT_S
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def groups():
    place = cgroups.find_place()
    folders = set(place.folders.values()) if place else set()
    return [path for folder in folders for path in folder.glob(f"{cgroups.PREFIX}*/*") if path.is_dir()]


@pytest.mark.slow
@pytest.mark.parametrize("victim", VICTIMS)
def test_nothing_outlives_a_killed_process_of_the_grader(round_, victim):
    process, command, processes = round_
    staying = [*the_submissions(processes), *ancestors_of_a_sleep(processes)[:2]]
    VICTIMS[victim](command, processes).kill()
    if victim in ("the fork server", "a worker"):  # the round goes on and starts the submission once more
        process.terminate()
    assert psutil.wait_procs(staying, timeout=TIMEOUT_S)[1] == []
    process.kill()
    process.communicate()
    assert psutil.wait_procs(processes, timeout=TIMEOUT_S)[1] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_outlives_an_interrupted_round(round_, number):
    process, _, processes = round_
    process.send_signal(number)
    process.communicate(timeout=TIMEOUT_S)
    assert psutil.wait_procs(processes, timeout=TIMEOUT_S)[1] == []
    wait_until(lambda: groups() == [])
