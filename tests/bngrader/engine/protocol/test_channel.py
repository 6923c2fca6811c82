"""Framed messages are bounded in size and in time."""

import socket
import struct
import threading
import time

import msgpack
import pytest

from bngrader.engine.errors import ProtocolError
from bngrader.engine.protocol.channel import MAX_TREE_BYTES, Channel


@pytest.fixture
def ends():
    here, there = socket.socketpair()
    with here, there:
        yield Channel(here, max_bytes=1000), there


def soon():
    return time.monotonic() + 60  # on a busy machine


def test_a_message_crosses_whole():
    here, there = socket.socketpair()
    with here, there:
        large = bytes(3 << 20)
        sending = threading.Thread(target=Channel(there).send, args=({"a": ["ü", 1.5]}, [b"xyz", large]))
        sending.start()
        tree, buffers = Channel(here).receive(soon())
        sending.join()
    assert tree == {"a": ["ü", 1.5]}
    assert buffers == [b"xyz", large]


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack("<II", MAX_TREE_BYTES + 1, 0),
        struct.pack("<II", 1, 1 << 30),
        struct.pack("<IIQ", 1, 1, 1001),
        struct.pack("<IIQQ", 1, 2, 1 << 63, 1 << 63),
        struct.pack("<II", 1, 0) + b"\xc1",
        struct.pack("<II", 3, 0) + msgpack.packb(msgpack.ExtType(5, b"")),
        struct.pack("<II", 5000, 0) + b"\x91" * 5000,
    ],
)
def test_too_large_and_malformed_messages_are_refused(ends, sent):
    channel, there = ends
    there.sendall(sent)
    with pytest.raises(ProtocolError):
        channel.receive(soon())


def test_half_a_message_does_not_hold_up_the_other_end(ends):
    """The deadline is what is tested."""
    channel, there = ends
    there.sendall(struct.pack("<II", 100, 0) + b"half")
    with pytest.raises(TimeoutError):
        channel.receive(time.monotonic() + 0.1)


def test_a_closed_end_is_noticed(ends):
    channel, there = ends
    there.close()
    with pytest.raises(EOFError):
        channel.receive(soon())
