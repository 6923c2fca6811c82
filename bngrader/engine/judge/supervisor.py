"""On the judge's side: asks the grading process to start, interrupt and end one of the student's processes."""

import json
import socket

from bngrader.engine.protocol.channel import Channel

# Orders to the grading process, each followed by a space and the number of the student's process. GONE means that this
# process hung up and has a moment to end by itself.
START, INTERRUPT, END, GONE = b"start", b"interrupt", b"end", b"gone"


class Supervisor:
    """The judge's end of the socket pair to the grading process, for the student's process of one number."""

    def __init__(self, sock: socket.socket, max_bytes: int, number: int = 0) -> None:
        self.sock, self.max_bytes, self.number = sock, max_bytes, number

    def of(self, number: int) -> "Supervisor":
        """Return the supervisor of another of the student's processes."""
        return Supervisor(self.sock, self.max_bytes, number)

    def _order(self, order: bytes) -> None:
        self.sock.send(order + b" %d" % self.number)

    def start(self) -> Channel:
        """Start a new process, and return a channel to it."""
        self._order(START)
        _, fds, _, _ = socket.recv_fds(self.sock, 16, 1)
        return Channel(socket.socket(fileno=fds[0]), self.max_bytes)

    def interrupt(self) -> None:
        """Interrupt the process as Ctrl-C does."""
        self._order(INTERRUPT)
        self.sock.recv(16)

    def end(self, gone: bool = False) -> str:
        """End the process. If it seems to be `gone` already, return the reason: a limit, or its own doing."""
        self._order(GONE if gone else END)
        return str(json.loads(self.sock.recv(1 << 16)))
