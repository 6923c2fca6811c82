"""The targets of fuzzing: functions of bytes that raise an error if a property does not hold for these bytes.

They read what a submission may have written: messages, the values and arrays in these, and notebooks.
"""

import contextlib
import functools
import json
import socket
import time

import msgpack
import nbformat
import numpy as np
import torch

from bngrader.authoring.notebooks import gradable, read_solution
from bngrader.engine.errors import ProtocolError
from bngrader.engine.protocol import array_memory, values
from bngrader.engine.protocol.array_memory import Region, bounds, region_of
from bngrader.engine.protocol.channel import Channel
from bngrader.engine.protocol.values import Packer, Unpacker
from bngrader.submissions.read import Unreadable
from bngrader.submissions.repair import repair
from tests.bngrader.engine.protocol.packing import export, resolve
from tests.conftest import REPOSITORY
from tests.grading import sample_class
from tests.grading.attacks import forged

MAX_MESSAGE_BYTES = 1 << 16
DTYPES = (
    "<f8",
    "<i8",
    "<f4",
    "<i2",
    "|u1",
    "|b1",
    "<c16",
    "<U3",
    "<U0",
    "|S7",
    "|S9999",
    "<M8[s]",
    "<f16",
    "|O",
    ">f8",
)
CELLS = ("rules", "imports", "standardize", "test_standardize", "about_written_new_patient", "written_new_patient")
SAMPLES = [1, 2**80, "text", b"bytes", (1, [2, {"a": {3}}]), slice(1, None), range(3), ..., np.float32, torch.float64]
ARRAYS = [np.arange(6.0), np.ones((2, 3), bool), np.arange(12).reshape(3, 4)[:, ::3], np.array(["a"]), torch.ones(2, 3)]


def channel(data):
    """Read a message; only a ProtocolError or the end of the connection may come of it."""
    here, there = socket.socketpair()
    with here, there:
        there.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            there.send(data)
        there.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ProtocolError, EOFError):
            _, buffers = Channel(here, MAX_MESSAGE_BYTES).receive(time.monotonic() + 60)
            assert sum(map(len, buffers)) <= len(data)


def value(data):
    """Unpack a tree that may hold arrays of 48 bytes, and pack the result again."""
    with contextlib.suppress(ProtocolError, ValueError, msgpack.exceptions.UnpackException):
        tree = msgpack.unpackb(data, raw=False, strict_map_key=True)
        with contextlib.suppress(ProtocolError):
            _pack_again(Unpacker([bytearray(48), bytearray(7)], resolve, passed()).unpack(tree))


def _pack_again(unpacked):
    packer = Packer(export)
    with contextlib.suppress(TypeError):  # of what only comes from a student's process
        packer.pack(unpacked)
        packer.arrays.finish()


def array(data):
    """Make an array of numbers that the data choose."""
    numbers = np.frombuffer(data[: len(data) // 8 * 8], "<i8").tolist()
    dtype, place, offset, *axes = numbers + [0] * max(0, 3 - len(numbers))
    shape, strides = axes[::2], axes[1::2]
    node = ["n", DTYPES[dtype % len(DTYPES)], shape[: len(strides)], strides, True, place % 6 - 3, offset]
    with contextlib.suppress(ProtocolError):
        Unpacker([bytearray(48), bytearray(7)], resolve, passed()).unpack(node)


def notebook(data):
    """Repair a notebook: the result is valid, or there is a reason."""
    with contextlib.suppress(Unreadable):
        repaired, notes = repair(data, source())
        nbformat.validate(repaired)
        marked = [cell.metadata.nbgrader.grade_id for cell in repaired.cells if "nbgrader" in cell.metadata]
        assert marked == [cell.metadata.nbgrader.grade_id for cell in source().cells]
        assert all("\n" not in note for note in notes)


TARGETS = {"channel": channel, "value": value, "array": array, "notebook": notebook}


def watch_arrays():
    """Check of each array that is made from now on that it lies in its own buffer."""
    values.rebuild = _watched  # the name by which the unpacker finds it


def _watched(body, buffers, known):
    made = array_memory.rebuild(body, buffers, known)
    if made.size:
        place = body[4]
        region = region_of(buffers[place]) if place >= 0 else known[-1 - place]
        if not region.holds(*bounds(made)):
            raise AssertionError(f"the array {body} lies outside of its memory")
    return made


@functools.cache
def passed() -> list[Region]:
    """Return the memory of two arguments: one is dense, and one has gaps."""
    packer = Packer(export)
    packer.pack((np.arange(6.0), np.arange(12.0).reshape(3, 4)[:, ::3]))
    packer.arrays.finish()
    return packer.arrays.regions


@functools.cache
def source():
    """Return a small assignment, which is quick to repair."""
    whole = gradable(read_solution(REPOSITORY / "solutions" / "scaling.py"))
    whole.cells = [cell for cell in whole.cells if cell.metadata.nbgrader.grade_id in CELLS]
    return whole


def seeds(target):
    """Return the inputs that fuzzing begins with: what honest and forged processes send."""
    packed = [_message(sample) for sample in (*SAMPLES, *ARRAYS)]
    if target == "channel":
        here, there = socket.socketpair()
        with here, there:
            for tree, buffers in packed:
                Channel(there).send({"kind": "reply", "id": 0, "value": tree}, buffers)
            return [here.recv(MAX_MESSAGE_BYTES)]
    if target == "value":
        return [msgpack.packb(node) for node in [*(tree for tree, _ in packed), *forged.VALUES]]
    if target == "array":
        nodes = [[0, 3, 0, 3, 16, 2, 8], [1, 3, 209176078, 67307420, -46317327194747], [0, 3, 0, 131073, 1 << 47]]
        return [np.array(node, "<i8").tobytes() for node in nodes]
    return _notebooks()


def _message(sample):
    packer = Packer(export)
    return packer.pack(sample), packer.arrays.finish()


def _notebooks():
    whole = sample_class.filled_in(standardize="def standardize(x):\n    return x\n", written_new_patient="Because.")
    whole.cells = [cell for cell in whole.cells if cell.metadata.nbgrader.grade_id in CELLS]
    text = json.dumps(whole)
    old = nbformat.writes(nbformat.convert(whole, 3), version=3)
    return [text.encode(), text.encode("utf-16"), old.encode(), b'{"cells": [{}]}']
