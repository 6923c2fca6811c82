"""Framed messages over a socket pair: a small tree in msgpack, and the raw memory that it refers to.

The reader does not trust the sender: it checks every size before it takes memory for it.
"""

import socket
import struct
import threading
import time
from collections.abc import Sequence
from typing import Any

import msgpack

from bngrader.engine.errors import ProtocolError
from bngrader.engine.protocol.messages import Message

Buffer = bytes | bytearray | memoryview
HEAD = struct.Struct("<II")  # bytes of the tree, number of buffers
MAX_TREE_BYTES, MAX_BUFFERS = 16 << 20, 10_000
READ_BYTES = 1 << 20


class Channel:
    """One end of a socket pair that carries messages of a tree (plain data) and buffers."""

    def __init__(self, sock: socket.socket, max_bytes: int = 1 << 30) -> None:
        self.sock = sock
        self.max_bytes = max_bytes
        self._sending = threading.Lock()

    def send(self, tree: Message, buffers: Sequence[Buffer] = (), deadline: float | None = None) -> None:
        """Send one message. Raises OSError or TimeoutError if the other end does not take it."""
        # Python's strings may hold half of a surrogate pair, as in print("\\udcff"), which UTF-8 cannot encode.
        head = msgpack.packb(tree, use_bin_type=True, unicode_errors="replace")
        sizes = struct.pack(f"<{len(buffers)}Q", *(memoryview(buffer).nbytes for buffer in buffers))
        with self._sending:
            self._wait(deadline)
            self.sock.sendall(HEAD.pack(len(head), len(buffers)) + sizes + head)
            for buffer in buffers:
                self._wait(deadline)
                self.sock.sendall(buffer)

    def receive(self, deadline: float | None = None) -> tuple[Any, list[bytearray]]:
        """Return the next message. Raises EOFError, TimeoutError or ProtocolError."""
        tree_bytes, count = HEAD.unpack(self._read(HEAD.size, deadline))
        if tree_bytes > MAX_TREE_BYTES or count > MAX_BUFFERS:
            raise ProtocolError(f"a message of {tree_bytes:,} bytes and {count:,} arrays is too large")
        sizes = struct.unpack(f"<{count}Q", self._read(8 * count, deadline))
        if sum(sizes) > self.max_bytes:
            raise ProtocolError(f"{sum(sizes):,} bytes are more than the {self.max_bytes:,} that may be returned")
        tree = _unpack(self._read(tree_bytes, deadline))
        return tree, [self._read(size, deadline) for size in sizes]

    def _read(self, size: int, deadline: float | None) -> bytearray:
        data = bytearray()
        while len(data) < size:
            self._wait(deadline)
            part = bytearray(min(size - len(data), READ_BYTES))
            got = self.sock.recv_into(part)
            if not got:
                raise EOFError("the other process is gone")
            data += memoryview(part)[:got]
        return data

    def _wait(self, deadline: float | None) -> None:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError("no time is left")
        self.sock.settimeout(left)

    def close(self) -> None:
        """Close this end."""
        self.sock.close()


def _unpack(data: bytearray) -> Any:
    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=True, ext_hook=_refuse)
    except Exception as error:
        raise ProtocolError(f"a message cannot be read: {type(error).__name__}") from error


def _refuse(code: int, data: bytes) -> Any:
    raise ProtocolError(f"a message holds an extension of type {code}")
