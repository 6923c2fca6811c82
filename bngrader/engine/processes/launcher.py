"""The grading process's side of a zygote: starts it when it is first needed, and has it fork."""

import atexit
import contextlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bngrader.engine.processes.outer_wall import walled
from bngrader.engine.sandbox.cgroups import PREFIX, remove_abandoned, remove_groups
from bngrader.engine.sandbox.environment import clean_environment

ANSWERS, JUDGES = "answers", "judges"  # the two kinds of zygotes: a submission inherits nothing of a judge's
START_SECONDS = 120  # that a zygote may take to import its packages


class ZygoteError(RuntimeError):
    """A zygote that did not start, or that is gone."""


class ZygoteLost(ZygoteError):
    """A zygote of another process that is gone: only that process can start it again."""


@dataclass(frozen=True)
class Forked:
    """A process that a zygote forked. Only the zygote can send it a signal: it may live in another PID namespace."""

    zygote: "Zygote"
    number: int  # under which the zygote knows it

    def send(self, signal_number: int) -> None:
        """Send a signal if the process is still there."""
        self.zygote.signal(self.number, signal_number)

    def close(self) -> None:
        """Kill the process."""
        self.send(signal.SIGKILL)


class Zygote:
    """A connection to a zygote. It belongs to this process, and not to its forks."""

    def __init__(self, sock: socket.socket, borrowed: bool = False) -> None:
        self.owner, self.borrowed = os.getpid(), borrowed
        self.lock = threading.Lock()
        self.sock = sock  # carries one answer for each request
        self.sock.settimeout(START_SECONDS)

    def gone(self) -> bool:
        """Return whether the zygote has ended: an idle socket is readable only at its end."""
        return bool(select.select([self.sock], [], [], 0)[0])

    def fork(self, options: dict[str, Any], sockets: list[int]) -> Forked:
        """Fork a process, which gets the descriptors; close them here afterwards."""
        with self.lock:
            try:
                socket.send_fds(self.sock, [json.dumps(options).encode()], sockets)
                answer = self.sock.recv(64)
            except OSError as error:
                raise ZygoteError(f"the process that starts the others does not answer: {error}") from error
            if not answer:
                raise ZygoteError("the process that starts the others ended")
            if answer == b"-1":
                raise ZygoteError("the process that starts the others has threads, so that it cannot be forked safely")
            return Forked(self, int(answer))

    def signal(self, number: int, signal_number: int) -> None:
        """Have the zygote send a signal to one of its forks."""
        with self.lock, contextlib.suppress(OSError):  # if the zygote is gone, so are its forks
            self.sock.send(json.dumps({"to": number, "signal": signal_number}).encode())


class Source:
    """A zygote that this process has started, and that other processes may use too."""

    def __init__(self, kind: str, packages: Sequence[str]) -> None:
        self.control, zygotes_end = _pair()
        remove_abandoned()
        self.group = f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        module = [sys.executable, "-m", "bngrader.engine.processes.zygote"]
        command = [*module, str(zygotes_end.fileno()), kind, self.group, json.dumps(packages)]
        self.process = subprocess.Popen(
            walled(command) if kind == ANSWERS else command,
            pass_fds=[zygotes_end.fileno()],
            env=clean_environment(),
            cwd="/",
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        zygotes_end.close()
        atexit.register(self.close, os.getpid())

    def connect(self) -> socket.socket:
        """Return a new connection to the zygote, which answers once it has imported its packages."""
        client, server = _pair()
        with contextlib.suppress(OSError):  # the zygote is gone, as whoever uses the connection will find
            socket.send_fds(self.control, [b"1"], [server.fileno()])
        server.close()
        return client

    def close(self, owner: int | None = None) -> None:
        """End the zygote, and with it all processes that it forked."""
        if owner in (None, os.getpid()):
            self.control.close()
            self.process.kill()
            self.process.wait()
            remove_groups(self.group)


def _pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, getattr(socket, "SOCK_SEQPACKET", socket.SOCK_STREAM))


_zygotes: dict[tuple[str, tuple[str, ...]], Zygote] = {}
_starting = threading.Lock()


def use(kind: str, packages: Sequence[str], sock: socket.socket) -> None:
    """Have `zygote` return a connection to a zygote that another process has started."""
    _zygotes[kind, tuple(packages)] = Zygote(sock, borrowed=True)


def zygote(kind: str, packages: Sequence[str]) -> Zygote:
    """Return this process's zygote for ANSWERS or JUDGES with these packages, and start it if there is none.

    Raises ZygoteLost if another process started it and it is gone.
    """
    name = kind, tuple(packages)
    with _starting:
        known = _zygotes.get(name)
        if known is None or known.owner != os.getpid() or known.gone():
            if known and known.owner == os.getpid() and known.borrowed:
                raise ZygoteLost("the process that starts the others ended")
            known = _zygotes[name] = Zygote(Source(kind, packages).connect())
        return known
