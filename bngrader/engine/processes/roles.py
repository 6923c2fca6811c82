"""The entry points of a zygote's forks: a judge, or the monitor of a student's process with that process.

The zygote imports this module, and with it the student's side, so that no fork has to. It never imports the judge's
side, since a submission inherits the zygote's memory.
"""

import ctypes
import os
import resource
import shutil
import socket
import sys
import tempfile
from typing import Any

from bngrader.engine.cells.shell import Shell
from bngrader.engine.protocol.channel import Channel
from bngrader.engine.sandbox import filesystem
from bngrader.engine.sandbox.allowed_imports import OURS
from bngrader.engine.sandbox.monitor import Monitor, ProcessMemory, die_with_parent, memory
from bngrader.engine.sandbox.namespaces import Sandbox
from bngrader.engine.student import student

PR_SET_DUMPABLE = 4
JUDGE_BYTES = 2 << 30  # of data that a judge may have in addition to what it starts with and receives
ENVIRONMENT = ("LANG", "PATH", "MPLBACKEND", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def be_judge(shell: Shell, options: dict[str, Any], fds: list[int]) -> None:
    """Run the tests of one submission: `judge.judge` says how."""
    # Imported only now, in the judge's own process.
    from bngrader.engine.judge import judge
    from bngrader.engine.judge.supervisor import Supervisor

    control, commands = (socket.socket(fileno=fd) for fd in fds)
    os.chdir("/")
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # so that no other process of this user reads its memory
    data_bytes = memory().data + 4 * (options["message_mb"] << 20) + JUDGE_BYTES
    _set_limits({"RLIMIT_DATA": data_bytes, "RLIMIT_CORE": 0})
    judge.main(Channel(control), Supervisor(commands, options["message_mb"] << 20), shell)


def be_student(shell: Shell, options: dict[str, Any], fds: list[int]) -> None:
    """Fork the student's process into its sandbox, and watch it."""
    sock, status = fds
    before = memory()
    sandbox = None if options["unsafe_no_sandbox"] else Sandbox()
    folder = tempfile.mkdtemp(prefix="submission-") if sandbox is None else None
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(status)
        os.close(ready)
        os.setsid()  # so that no signal to its group reaches the monitor
        _serve(shell, options, sock, tell, sandbox or folder, before)
    os.close(sock)
    os.close(tell)
    monitor = Monitor(pid, options, before.resident, sandbox is not None)
    problem = os.read(ready, 1000)  # nothing, once the sandbox is closed
    if problem:
        monitor.kill(problem.decode())
    monitor.watch(status)
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _serve(
    shell: Shell, options: dict[str, Any], sock: int, tell: int, place: Sandbox | str | None, before: ProcessMemory
) -> None:
    """Close the sandbox around this process, and serve the judge from inside."""
    checkout = filesystem.checkout()  # asked now, since it cannot be seen from inside
    try:
        if isinstance(place, Sandbox):
            place.close(options["folder_mb"], options["packages"], options["private"])
        else:
            os.chdir(str(place))
        _limit(options, before, isinstance(place, Sandbox))
        die_with_parent()  # after the change of user, which undoes it
        _forget(str(checkout))
    except OSError as error:
        os.write(tell, f"the sandbox cannot be made: {error}".encode())
        os._exit(1)
    os.close(tell)
    try:
        student.main(Channel(socket.socket(fileno=sock)), shell, options)
    finally:
        os._exit(1)


def _limit(options: dict[str, Any], before: ProcessMemory, isolated: bool) -> None:
    limits = {
        "RLIMIT_FSIZE": options["file_mb"] << 20,
        "RLIMIT_NOFILE": options["open_files"],
        "RLIMIT_DATA": before.data + (options["memory_mb"] << 20),
        "RLIMIT_CPU": int(options["cpu_seconds"]) + 5,
        "RLIMIT_CORE": 0,
    }
    if isolated:  # otherwise the limit would count all processes of the user
        limits["RLIMIT_NPROC"] = options["processes"] + 2  # the monitor and the process itself
    _set_limits(limits)


def _set_limits(limits: dict[str, int]) -> None:
    for name, most in limits.items():
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(number, (value, value))


def _forget(checkout: str) -> None:
    """Remove the engine from what can be imported, and all but harmless names from the environment."""
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, HOME=os.getcwd())
    sys.path[:] = ["", *(path for path in sys.path if path not in ("/", checkout))]
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]


ROLES = {"judge": be_judge, "student": be_student}
