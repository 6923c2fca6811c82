"""How the judge has the student's process started, interrupted and ended, by the process that started the judge."""

import json
import socket

from bngrader.engine.protocol.channel import Channel

START, INTERRUPT, END, GONE = b"start", b"interrupt", b"end", b"gone"


class Supervisor:
    """The judge's end."""

    def __init__(self, sock: socket.socket, most_bytes: int) -> None:
        self.sock, self.most_bytes = sock, most_bytes

    def start(self) -> Channel:
        """A channel to a new process."""
        self.sock.send(START)
        _, fds, _, _ = socket.recv_fds(self.sock, 16, 1)
        return Channel(socket.socket(fileno=fds[0]), self.most_bytes)

    def interrupt(self) -> None:
        """Send the process what Ctrl-C sends."""
        self.sock.send(INTERRUPT)
        self.sock.recv(16)

    def end(self, gone: bool = False) -> str:
        """End the process. Where it is `gone`, as it seems, gives the reason: a limit, or what it did itself."""
        self.sock.send(GONE if gone else END)
        return str(json.loads(self.sock.recv(1 << 16)))
