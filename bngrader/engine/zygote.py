"""A process that has imported what notebooks use, and forks a ready process for each submission and each judge.

It never sees a submission or a test. `python -m bngrader.engine.zygote SOCKET PACKAGES` answers requests on the socket:
a role and its options as JSON, with the file descriptors that the new process gets.
"""

import contextlib
import gc
import importlib
import json
import os
import random
import secrets
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bngrader.engine.monitor import die_with_parent
from bngrader.engine.roles import ROLES
from bngrader.engine.shell import Shell, make_shell

# What is slow the first time only: a figure with all its fonts, and a traceback. No backward(): torch forbids it in a
# process that came of a fork, if the process that forked has done one.
FIRST = (
    """
import matplotlib.pyplot as plt
figure, axes = plt.subplots(1, 2)
axes[0].plot([1, 2], label="a")
axes[1].loglog([1, 100], [1, 100], label="b")
axes[1].set(xlabel="c", ylabel="d", title="e")
axes[1].legend()
plt.show()
""",
    "1 / 0",
)


def preload(packages: list[str]) -> Shell:
    """Import the packages that there are, and make a shell; no thread may be left."""
    shell = make_shell()
    for package in packages:
        with contextlib.suppress(ImportError):
            importlib.import_module(package)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    for cell in FIRST:
        shell.run(cell, lambda output: None)
    shell.start_again()
    gc.collect()
    gc.freeze()
    return shell


def become(shell: Shell, role: str, options: dict[str, Any], fds: list[int]) -> None:
    """What a fork does: forget the zygote's own, and play its role."""
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


def main() -> None:
    """Preload, say so, and answer requests until the other end hangs up."""
    sock = socket.socket(fileno=int(sys.argv[1]))
    shell = preload(json.loads(sys.argv[2]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    threads = Path("/proc/self/task")
    sock.send(str(len(list(threads.iterdir())) if threads.exists() else 1).encode())
    while True:
        raw, fds, _, _ = socket.recv_fds(sock, 1 << 16, 8)
        if not raw:
            return
        request = json.loads(raw)
        pid = os.fork()
        if pid == 0:
            try:
                become(shell, request["role"], request["options"], fds)
            finally:
                os._exit(1)
        for fd in fds:
            os.close(fd)
        sock.send(str(pid).encode())


if __name__ == "__main__":
    with contextlib.suppress(ConnectionError):  # the process that asked for forks is gone
        main()
