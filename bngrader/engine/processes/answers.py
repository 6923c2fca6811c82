"""The forks of the zygote for answers: the monitor of a submission, and the processes inside its sandbox.

The zygote imports this module, and with it the student's side, so that no fork has to. It never imports the judge's
side, since a submission inherits the zygote's memory.
"""

import contextlib
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from bngrader.engine.cells.shell import Shell
from bngrader.engine.protocol.channel import Channel
from bngrader.engine.sandbox.allowed_imports import OURS
from bngrader.engine.sandbox.cgroups import Cgroup, find_place
from bngrader.engine.sandbox.environment import IMPORT_PATH
from bngrader.engine.sandbox.init import be_init
from bngrader.engine.sandbox.monitor import Monitor, die_with_parent
from bngrader.engine.sandbox.namespaces import Sandbox
from bngrader.engine.sandbox.resources import Meter, ProcessMemory, memory, set_limits
from bngrader.engine.student import student

# Room for pages that a submission shares with the zygote until it writes to them. With it, a process that wants too
# much gets a MemoryError from its own limit before the kernel ends it.
COPIED_BYTES = 128 << 20
ENVIRONMENT = ("LANG", "PATH", "MPLBACKEND", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def begin(shell: Shell, options: dict[str, Any], fds: list[int]) -> None:
    """Start the submission's processes in their sandbox, and watch them."""
    sock, status = fds
    base, pipes = memory(), _Pipes()
    group = None if options["unsafe_no_sandbox"] else _group(options)
    sandbox = None if options["unsafe_no_sandbox"] else Sandbox()
    folder = tempfile.mkdtemp(prefix="submission-") if sandbox is None else None
    pid = os.fork()
    if pid == 0:
        os.close(status)
        os.setsid()  # so that no signal to its group reaches the monitor
        _begin(shell, options, sock, pipes, group, sandbox or folder, base)
    os.close(sock)
    pipes.close_inner()
    monitor = Monitor(pid, options, None if sandbox is None else group or Meter(base.resident))
    problem = os.read(pipes.problem, 1000)  # nothing, once the sandbox is closed
    if problem:
        monitor.kill(problem.decode())
    monitor.watch(pipes.report, status)
    if group:
        group.remove()
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


class _Pipes:
    """The pipes between the monitor and the first process inside: each closes the ends that belong to the other."""

    def __init__(self) -> None:
        self.problem, self.tell = os.pipe()  # what is wrong with the sandbox
        self.report, self.write_report = os.pipe()  # how the submission's process ended
        self.lifeline, self.hold = os.pipe()  # its end is the end of the monitor

    def close_inner(self) -> None:
        """Close the ends of the first process."""
        for fd in (self.tell, self.write_report, self.lifeline):
            os.close(fd)

    def close_outer(self) -> None:
        """Close the ends of the monitor."""
        for fd in (self.problem, self.report, self.hold):
            os.close(fd)


def _group(options: dict[str, Any]) -> Cgroup | None:
    """Make a control group for the submission, if this machine allows that."""
    place = find_place()
    if place is None:
        return None
    memory_bytes = (options["memory_mb"] << 20) + COPIED_BYTES
    with contextlib.suppress(OSError):
        return Cgroup(place, f"{options['group']}/{os.getpid()}", memory_bytes, options["processes"] + 2)
    return None


def _begin(
    shell: Shell,
    options: dict[str, Any],
    sock: int,
    pipes: _Pipes,
    group: Cgroup | None,
    place: Sandbox | str | None,
    base: ProcessMemory,
) -> None:
    """Close the sandbox around this process, and start the process that serves the judge."""
    pipes.close_outer()
    try:
        if sys.platform == "linux":  # if memory runs out, the kernel ends a submission first
            Path("/proc/self/oom_score_adj").write_text("1000")
        if group:
            group.join()
        if isinstance(place, Sandbox):
            place.close(options["folder_mb"], options["packages"], options["private"])
        else:
            os.chdir(str(place))
        die_with_parent()  # after the change of user, which undoes it
    except OSError as error:
        os.write(pipes.tell, f"the sandbox cannot be made: {error}".encode())
        os._exit(1)

    def serve() -> None:
        die_with_parent()
        _limit(options, base, isinstance(place, Sandbox))
        _forget()
        student.main(Channel(socket.socket(fileno=sock)), shell, options)

    os.close(pipes.tell)
    be_init(serve, pipes.lifeline, pipes.write_report)


def _limit(options: dict[str, Any], before: ProcessMemory, isolated: bool) -> None:
    limits = {
        "RLIMIT_FSIZE": options["file_mb"] << 20,
        "RLIMIT_NOFILE": options["open_files"],
        "RLIMIT_DATA": before.data + (options["memory_mb"] << 20),
        "RLIMIT_CPU": int(options["cpu_seconds"]) + 5,
        "RLIMIT_CORE": 0,
    }
    if isolated:  # otherwise the limit would count all processes of the user
        limits["RLIMIT_NPROC"] = options["processes"] + 3  # the monitor, the first process and the submission's own
    set_limits(limits)


def _forget() -> None:
    """Remove the engine from what can be imported, and all but harmless names from the environment."""
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, HOME=os.getcwd())
    sys.path[:] = ["", *(path for path in sys.path if path not in ("/", str(IMPORT_PATH)))]
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]
