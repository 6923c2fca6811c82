"""A zygote: a process that has imported what notebooks use, and forks a ready process for each submission or judge.

It never sees a submission or a test. Submissions and judges have separate zygotes, so that they differ in the layout of
their memory and in the secrets of their hashes: what a submission learns about its own process is no use against a
judge.

`python -m bngrader.engine.processes.zygote SOCKET KIND GROUP PACKAGES` receives on that socket one end of another
socket for each process that grades, and answers requests on these: options as JSON, with the file descriptors for the
new process. When a process that grades is gone, the zygote ends its forks.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bngrader.engine.cells.shell import Shell, make_shell
from bngrader.engine.processes.launcher import JUDGES
from bngrader.engine.sandbox import allowed_imports, filesystem, seccomp
from bngrader.engine.sandbox.cgroups import remove_groups
from bngrader.engine.sandbox.monitor import die_with_parent
from bngrader.engine.sandbox.namespaces import enclose

Begin = Callable[[Shell, dict[str, Any], list[int]], None]
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
    allowed_imports.hidden_modules(tuple(packages), tuple(filesystem.packages()))  # all fill caches that forks need
    with contextlib.suppress(OSError):  # it says what is missing when a sandbox is made
        filesystem.plan(packages)
        seccomp.program()
    gc.collect()
    gc.freeze()
    return shell


def become(begin: Begin, shell: Shell, options: dict[str, Any], fds: list[int]) -> None:
    """In a fork: drop what belongs to the zygote, and begin."""
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
    begin(shell, options, fds)


def reseed() -> None:
    """Give each fork its own random numbers."""
    random.seed()
    np.random.seed()  # noqa: NPY002
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(secrets.randbits(63))


class Server:
    """A server of the requests of all processes that grade."""

    def __init__(self, control: socket.socket, begin: Begin, shell: Shell, group: str) -> None:
        self.begin, self.shell, self.group = begin, shell, group
        threads = Path("/proc/self/task")
        self.fit = not threads.exists() or len(list(threads.iterdir())) == 1  # a fork would lack the other threads
        self.selector = selectors.DefaultSelector()
        self.selector.register(control, selectors.EVENT_READ, self._connect)
        self.forked: dict[socket.socket, dict[int, int]] = {}  # the pidfds of each client's forks, by their pid
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
            self.forked[client] = {}
            self.selector.register(client, selectors.EVENT_READ, self._answer)

    def _answer(self, client: socket.socket) -> None:
        try:
            raw, fds, _, _ = socket.recv_fds(client, 1 << 16, 8)
            request = json.loads(raw) if raw else {}
            if "signal" in request:
                self._send(client, request["to"], request["signal"])
            elif raw:
                self._fork(client, request, fds)
            else:
                self._leave(client)
        except ConnectionError:
            self._leave(client)

    def _fork(self, client: socket.socket, options: dict[str, Any], fds: list[int]) -> None:
        pid = os.fork() if self.fit else -1
        if pid == 0:
            try:
                become(self.begin, self.shell, options | {"group": self.group}, fds)
            finally:
                os._exit(1)
        for fd in fds:
            os.close(fd)
        if pid > 0:
            self._watch(client, pid)
        client.send(str(pid).encode())

    def _watch(self, client: socket.socket, pid: int) -> None:
        """Keep a pidfd of a fork until it ends, if the system has pidfds: unlike a pid it never means another one."""
        with contextlib.suppress(AttributeError, OSError):
            pidfd = self.forked[client][pid] = os.pidfd_open(pid)
            self.selector.register(pidfd, selectors.EVENT_READ, lambda _: self._ended(client, pid))

    def _ended(self, client: socket.socket, pid: int) -> None:
        pidfd = self.forked[client].pop(pid)
        self.selector.unregister(pidfd)
        os.close(pidfd)

    def _send(self, client: socket.socket, pid: int, number: int) -> None:
        """Send a signal to one of a client's forks, if it is still there."""
        with contextlib.suppress(ProcessLookupError):
            if pid in self.forked[client]:
                signal.pidfd_send_signal(self.forked[client][pid], number)
            elif not hasattr(os, "pidfd_open"):
                os.kill(pid, number)

    def _leave(self, client: socket.socket) -> None:
        for pid in list(self.forked[client]):
            self._send(client, pid, signal.SIGKILL)
            self._ended(client, pid)
        del self.forked[client]
        self.selector.unregister(client)
        client.close()


def main() -> None:
    """Import the packages, and serve."""
    number, kind, group, packages = sys.argv[1:]
    sock = socket.socket(fileno=int(number))
    begin = importlib.import_module(f"bngrader.engine.processes.{kind}").begin
    shell = preload(json.loads(packages))
    if kind == JUDGES:
        enclose()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    try:
        Server(sock, begin, shell, group).serve()
    finally:
        remove_groups(group)


if __name__ == "__main__":
    with contextlib.suppress(ConnectionError):  # the process that asked for forks is gone
        main()
