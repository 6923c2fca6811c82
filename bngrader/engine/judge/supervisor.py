"""On the judge's side: asks the grading process to start, interrupt and end the student's process."""

import json
import socket

from bngrader.engine.protocol.channel import Channel

# Orders to the grading process; GONE means that the process hung up and has a moment to end by itself.
START, INTERRUPT, END, GONE = b"start", b"interrupt", b"end", b"gone"


class Supervisor:
    """The judge's end of the socket pair to the grading process."""

    def __init__(self, sock: socket.socket, max_bytes: int) -> None:
        self.sock, self.max_bytes = sock, max_bytes

    def start(self) -> Channel:
        """Start a new process, and return a channel to it."""
        self.sock.send(START)
        _, fds, _, _ = socket.recv_fds(self.sock, 16, 1)
        return Channel(socket.socket(fileno=fds[0]), self.max_bytes)

    def interrupt(self) -> None:
        """Interrupt the process as Ctrl-C does."""
        self.sock.send(INTERRUPT)
        self.sock.recv(16)

    def end(self, gone: bool = False) -> str:
        """End the process. If it seems to be `gone` already, return the reason: a limit, or its own doing."""
        self.sock.send(GONE if gone else END)
        return str(json.loads(self.sock.recv(1 << 16)))
