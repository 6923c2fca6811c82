"""The worker's side of the zygote: starts it when it is first needed, and has it fork."""

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bngrader.engine.sandbox.environment import clean_environment

START_SECONDS = 120


class ZygoteError(RuntimeError):
    """The zygote did not start, or is gone."""


@dataclass(frozen=True)
class Forked:
    """A process that the zygote forked."""

    pid: int
    pidfd: int | None = None  # which means this process for ever, where the system has such

    def send(self, number: int) -> None:
        """Send a signal, if the process is still there."""
        with contextlib.suppress(ProcessLookupError):
            if self.pidfd is None:
                os.kill(self.pid, number)
            else:
                signal.pidfd_send_signal(self.pidfd, number)

    def close(self) -> None:
        """Kill the process, and let go of it."""
        self.send(signal.SIGKILL)
        if self.pidfd is not None:
            os.close(self.pidfd)


class Zygote:
    """A connection of this process, and not of its forks, to a zygote."""

    def __init__(self, sock: socket.socket) -> None:
        self.owner = os.getpid()
        self.lock = threading.Lock()
        self.sock = sock  # each message is the answer to another
        self.sock.settimeout(START_SECONDS)

    def gone(self) -> bool:
        """Whether it has ended: it says nothing unasked."""
        return bool(select.select([self.sock], [], [], 0)[0])

    def fork(self, role: str, options: dict[str, Any], sockets: list[int]) -> Forked:
        """Fork a process for a role. The descriptors go to it; close them here afterwards."""
        with self.lock:
            try:
                socket.send_fds(self.sock, [json.dumps({"role": role, "options": options}).encode()], sockets)
                said, fds, _, _ = socket.recv_fds(self.sock, 64, 1)
            except OSError as error:
                raise ZygoteError(f"the process that starts the others does not answer: {error}") from error
            if not said:
                raise ZygoteError("the process that starts the others ended")
            if said == b"-1":
                raise ZygoteError("the process that starts the others has threads of its own")
            return Forked(int(said), *fds)


class Source:
    """A zygote that this process has started, and that others may use too."""

    def __init__(self, packages: Sequence[str]) -> None:
        self.control, theirs = _pair()
        command = [sys.executable, "-m", "bngrader.engine.processes.zygote", str(theirs.fileno()), json.dumps(packages)]
        self.process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            env=clean_environment(),
            cwd="/",
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        atexit.register(self.close, os.getpid())

    def connect(self) -> socket.socket:
        """A new connection to it. It answers when it has imported its packages."""
        ours, theirs = _pair()
        with contextlib.suppress(OSError):  # it is gone, as who uses the connection will find
            socket.send_fds(self.control, [b"1"], [theirs.fileno()])
        theirs.close()
        return ours

    def close(self, owner: int | None = None) -> None:
        """End the zygote, and with it what it forked."""
        if owner in (None, os.getpid()):
            self.control.close()
            self.process.kill()
            self.process.wait()


def _pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, getattr(socket, "SOCK_SEQPACKET", socket.SOCK_STREAM))


_zygotes: dict[tuple[str, ...], Zygote] = {}
_starting = threading.Lock()


def use(packages: Sequence[str], sock: socket.socket) -> None:
    """Take a connection to a zygote that another process has started, for `zygote` to give."""
    _zygotes[tuple(packages)] = Zygote(sock)


def zygote(packages: Sequence[str]) -> Zygote:
    """This process's zygote with these packages, which is started where there is none."""
    with _starting:
        known = _zygotes.get(tuple(packages))
        if known is None or known.owner != os.getpid() or known.gone():
            known = _zygotes[tuple(packages)] = Zygote(Source(packages).connect())
        return known
