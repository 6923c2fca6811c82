"""What a fork of the zygote becomes: a judge, or the monitor of a student's process and that process."""

import os
import resource
import socket
import sys
import tempfile
from typing import Any

from bngrader.engine import judge, sandbox, student
from bngrader.engine.channel import Channel
from bngrader.engine.monitor import Monitor, resident
from bngrader.engine.shell import Shell
from bngrader.engine.supervisor import Supervisor

ENVIRONMENT = ("LANG", "PATH", "MPLBACKEND", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
OURS = ("bngrader", "bnref")


def be_judge(shell: Shell, options: dict[str, Any], fds: list[int]) -> None:
    """Run one submission, as `judge` says."""
    control, commands = (socket.socket(fileno=fd) for fd in fds)
    os.chdir(tempfile.gettempdir())
    judge.main(Channel(control), Supervisor(commands, options["message_mb"] << 20), shell)


def be_student(shell: Shell, options: dict[str, Any], fds: list[int]) -> None:
    """Fork the student's process into its sandbox, and watch it."""
    sock, status = fds
    base = resident(os.getpid())
    isolated = sandbox.enter(options) if not options["unsafe_no_sandbox"] else None
    pid = os.fork()
    if pid == 0:
        os.close(status)
        if isolated:
            isolated.build()
        _serve(shell, options, sock)
    os.close(sock)
    Monitor(pid, options, base, isolated is not None).watch(status)
    os._exit(0)


def _serve(shell: Shell, options: dict[str, Any], sock: int) -> None:
    try:
        _limit(options)
        _forget()
        student.main(Channel(socket.socket(fileno=sock)), shell, options)
    finally:
        os._exit(1)


def _limit(options: dict[str, Any]) -> None:
    for name, most in {
        "RLIMIT_FSIZE": options["file_mb"] << 20,
        "RLIMIT_NOFILE": options["open_files"],
        "RLIMIT_CORE": 0,
    }.items():
        resource.setrlimit(getattr(resource, name), (most, most))


def _forget() -> None:
    """Leave nothing of the engine to import, and of the environment only what is harmless."""
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, HOME=os.getcwd())
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]


ROLES = {"judge": be_judge, "student": be_student}
