"""A worker process: does one job after another, in a sandbox and within its own limits.

`python -m bngrader.grading.worker PIPE ZYGOTES` does so for a process that may not fork: PIPE is a file descriptor, and
ZYGOTES lists kind, packages and file descriptor of each zygote as JSON.
"""

import json
import signal
import socket
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection

from bngrader.engine.errors import SandboxMissing
from bngrader.engine.processes.launcher import ZygoteLost, use
from bngrader.engine.sandbox.namespaces import enclose
from bngrader.gradebook.records import GradingOutcome
from bngrader.grading.limits import WorkerLimits
from bngrader.grading.outcome_text import to_text

Connected = tuple[str, Sequence[str], socket.socket]  # a zygote's kind and packages, and a connection to it


def serve(pipe: Connection, zygotes: list[Connected]) -> None:
    """Do the jobs from the pipe until it is closed, which happens even if the parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    limits = WorkerLimits()
    enclose()  # a worker parses whatever students hand in, and needs no file of the class
    for kind, packages, sock in zygotes:
        use(kind, packages, sock)
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):  # the command is gone, perhaps before it read an outcome
            return
        try:
            answer: GradingOutcome | SandboxMissing = limits.grade(job)
        except SandboxMissing as missing:
            answer = missing
        except ZygoteLost:
            return  # the process that started it replaces this one, and sends the job again
        try:
            pipe.send_bytes(to_text(answer).encode())  # the command unpickles nothing that a worker sends
        except OSError:
            return


if __name__ == "__main__":
    listed = [(kind, packages, socket.socket(fileno=fd)) for kind, packages, fd in json.loads(sys.argv[2])]
    serve(Connection(int(sys.argv[1])), listed)
