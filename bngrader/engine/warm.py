"""The worker's side of the zygote: starts it when it is first needed, and has it fork."""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGES = [
    "numpy.testing",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "sklearn.datasets",
    "sklearn.model_selection",
    "torch",
    "torch.nn.functional",
    "torch.optim",
    "torch.utils.data",
    "sympy",  # the first backward() imports it
    "stack_data",  # IPython's tracebacks
    "pygments.formatters.terminal256",
]
THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PASSED_ON = ("HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
START_SECONDS = 120


class ZygoteError(RuntimeError):
    """The zygote did not start, or is gone."""


@dataclass(frozen=True)
class Forked:
    """A process that the zygote forked."""

    pid: int
    pidfd: int | None  # which means this process for ever, where the system has such

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
    """One zygote, of this process and not of its forks."""

    def __init__(self, packages: list[str]) -> None:
        self.owner = os.getpid()
        self.lock = threading.Lock()
        self.sock, theirs = socket.socketpair()  # each message is the answer to another
        command = [sys.executable, "-m", "bngrader.engine.zygote", str(theirs.fileno()), json.dumps(packages)]
        self.process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            env=_environment(),
            cwd="/",
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        self.sock.settimeout(START_SECONDS)
        if self._receive() != b"1":
            raise ZygoteError("the process that starts the others has threads of its own")

    def _receive(self) -> bytes:
        try:
            said = self.sock.recv(1 << 16)
        except OSError as error:
            raise ZygoteError(f"the process that starts the others does not answer: {error}") from error
        if not said:
            raise ZygoteError("the process that starts the others ended")
        return said

    def fork(self, role: str, options: dict[str, Any], sockets: list[int]) -> Forked:
        """Fork a process for a role. The descriptors go to it; close them here afterwards."""
        with self.lock:
            socket.send_fds(self.sock, [json.dumps({"role": role, "options": options}).encode()], sockets)
            pid = int(self._receive())
            return Forked(pid, os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None)

    def close(self) -> None:
        """End the zygote, and with it what it forked."""
        if os.getpid() == self.owner:
            self.sock.close()
            self.process.kill()
            self.process.wait()


def _environment() -> dict[str, str]:
    """Nothing of the environment that could be a secret."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return kept | THREADS | {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


_zygotes: dict[tuple[str, ...], Zygote] = {}
_starting = threading.Lock()


def zygote(packages: list[str]) -> Zygote:
    """This process's zygote with these packages, which is started where there is none."""
    with _starting:
        known = _zygotes.get(tuple(packages))
        if known is None or known.owner != os.getpid() or known.process.poll() is not None:
            known = _zygotes[tuple(packages)] = Zygote(packages)
            atexit.register(known.close)
        return known
