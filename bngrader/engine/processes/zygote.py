"""The zygote: a process that has imported what notebooks use, and forks a ready process for each submission and judge.

It never sees a submission or a test. `python -m bngrader.engine.processes.zygote SOCKET PACKAGES` receives on that
socket one end of another socket for each process that grades, and answers requests on these: a role and its options as
JSON, with the file descriptors for the new process. When a process that grades is gone, the zygote ends its forks.
"""

import contextlib
import gc
import importlib
import json
import os
import random
import secrets
import selectors
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bngrader.engine.cells.shell import Shell, make_shell
from bngrader.engine.processes.roles import ROLES
from bngrader.engine.sandbox import allowed_imports, filesystem
from bngrader.engine.sandbox.monitor import die_with_parent

# Cells that are slow the first time only: a figure with all its fonts, and a traceback. There is no backward() among
# them, because torch forbids it in a fork of a process that has done one.
WARM_UP_CELLS = (
    """
import matplotlib.pyplot as plt
import numpy as np
figure, axes = plt.subplots(2, 1)
axes[0].plot([1, 2], label="a")
axes[1].loglog([1e-9, 1e9], [1e-9, 1e9], label="b")
axes[1].set(xlabel="c", ylabel="d", title="e", xticks=10.0 ** np.arange(-9, 10), yticks=10.0 ** np.arange(-9, 10))
axes[1].legend()
plt.show()
""",
    "1 / 0",
)


def preload(packages: list[str]) -> Shell:
    """Import the packages that are installed, and make a shell; no thread may be left."""
    shell = make_shell()
    for package in packages:
        with contextlib.suppress(ImportError):
            importlib.import_module(package)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    for cell in WARM_UP_CELLS:
        shell.run(cell, lambda output: None)
    shell.start_again()
    # These fill caches that all forks need.
    filesystem.plan(packages)
    allowed_imports.hidden_modules(tuple(packages), tuple(filesystem.packages()))
    gc.collect()
    gc.freeze()
    return shell


def become(shell: Shell, role: str, options: dict[str, Any], fds: list[int]) -> None:
    """In a fork: drop what belongs to the zygote, and play the role."""
    die_with_parent()
    os.setsid()
    os.dup2(0, 2)  # 0 and 1 are /dev/null
    keep = {0, 1, 2, *fds}
    for fd in map(int, os.listdir("/dev/fd")):
        if fd not in keep:
            with contextlib.suppress(OSError):
                os.close(fd)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    reseed()
    ROLES[role](shell, options, fds)


def reseed() -> None:
    """Give each fork random numbers of its own."""
    random.seed()
    np.random.seed()  # noqa: NPY002
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(secrets.randbits(63))


class Server:
    """A server of the requests of all processes that grade."""

    def __init__(self, control: socket.socket, shell: Shell) -> None:
        self.shell = shell
        threads = Path("/proc/self/task")
        self.fit = not threads.exists() or len(list(threads.iterdir())) == 1  # a fork would lack the other threads
        self.selector = selectors.DefaultSelector()
        self.selector.register(control, selectors.EVENT_READ, self._connect)
        self.forked: dict[socket.socket, set[int]] = {}  # the pidfds of each client's forks
        self.open = True

    def serve(self) -> None:
        """Answer requests until the process that started this one is gone."""
        while self.open:
            for key, _ in self.selector.select():
                key.data(key.fileobj)

    def _connect(self, control: socket.socket) -> None:
        raw, fds, _, _ = socket.recv_fds(control, 1, 1)
        self.open = bool(raw)
        for fd in fds:
            client = socket.socket(fileno=fd)
            self.forked[client] = set()
            self.selector.register(client, selectors.EVENT_READ, self._answer)

    def _answer(self, client: socket.socket) -> None:
        try:
            raw, fds, _, _ = socket.recv_fds(client, 1 << 16, 8)
            if raw:
                self._fork(client, json.loads(raw), fds)
            else:
                self._leave(client)
        except ConnectionError:
            self._leave(client)

    def _fork(self, client: socket.socket, request: dict[str, Any], fds: list[int]) -> None:
        pid = os.fork() if self.fit else -1
        if pid == 0:
            try:
                become(self.shell, request["role"], request["options"], fds)
            finally:
                os._exit(1)
        for fd in fds:
            os.close(fd)
        socket.send_fds(client, [str(pid).encode()], self._watched(client, pid))

    def _watched(self, client: socket.socket, pid: int) -> list[int]:
        """Return a pidfd of a fork and watch it, or nothing if the system has none or the process has ended."""
        try:
            pidfd = os.pidfd_open(pid)
        except (AttributeError, OSError):
            return []
        self.forked[client].add(pidfd)
        self.selector.register(pidfd, selectors.EVENT_READ, lambda _: self._ended(client, pidfd))
        return [pidfd]

    def _ended(self, client: socket.socket, pidfd: int) -> None:
        self.selector.unregister(pidfd)
        self.forked[client].discard(pidfd)
        os.close(pidfd)

    def _leave(self, client: socket.socket) -> None:
        for pidfd in list(self.forked[client]):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            self._ended(client, pidfd)
        del self.forked[client]
        self.selector.unregister(client)
        client.close()


def main() -> None:
    """Import the packages, and serve."""
    sock = socket.socket(fileno=int(sys.argv[1]))
    shell = preload(json.loads(sys.argv[2]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    Server(sock, shell).serve()


if __name__ == "__main__":
    with contextlib.suppress(ConnectionError):  # the process that asked for forks is gone
        main()
