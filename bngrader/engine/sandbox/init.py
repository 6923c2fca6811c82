"""The first process of a submission's PID namespace: trusted code that starts the submission's own process.

The kernel kills every process of a namespace when its first process ends. If the submission were the first process, it
could tell the kernel not to end it along with its monitor, and stay on the machine. The submission has no such power
over this process: it can neither kill it, nor trace it, nor change what happens when its parent ends.
"""

import contextlib
import os
import select
import signal
from collections.abc import Callable
from typing import NoReturn

from bngrader.engine.sandbox.system_calls import set_dumpable


def be_init(start: Callable[[], object], lifeline: int, report: int) -> NoReturn:
    """Fork a process that calls `start`, wait for its end, write its exit code to `report`, and end everything.

    `lifeline` is the reading end of a pipe that the monitor holds open: if the monitor is gone, this process ends. The
    signal SIGUSR1 interrupts the submission's process as Ctrl-C does.
    """
    set_dumpable(False)  # so that /proc/1/mem is closed to the submission
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    interrupted: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _: interrupted.append(number))
    child = os.fork()
    if child == 0:
        try:
            set_dumpable(True)  # so that it can read its own /proc/self
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGUSR1):
                signal.signal(number, signal.SIG_DFL)
            for fd in (woken, wake, lifeline, report):
                os.close(fd)
            start()
        finally:
            os._exit(1)
    code = _wait(child, woken, lifeline, interrupted)
    with contextlib.suppress(OSError):
        os.write(report, str(code).encode())
    os._exit(0)


def _wait(child: int, woken: int, lifeline: int, interrupted: list[int]) -> int:
    """Reap all processes that end until `child` does; return its exit code, or minus the signal that ended it."""
    while True:
        ready, _, _ = select.select([woken, lifeline], [], [])
        if lifeline in ready:  # nothing is ever written to it, so this is its end
            os._exit(1)
        os.read(woken, 1 << 12)
        while interrupted:
            interrupted.pop()
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGINT)
        for pid, status in _ended():
            if pid == child:
                return os.waitstatus_to_exitcode(status)


def _ended() -> list[tuple[int, int]]:
    """Reap the processes that have ended: orphans become children of the first process."""
    found = []
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(ended)
    return found
