"""Plain data crosses between answers and tests unchanged, and nothing forged does."""

import numpy as np
import pytest
import torch

from bngrader.engine.errors import ProtocolError
from bngrader.engine.judge.random_state import move_on
from bngrader.engine.protocol.array_memory import region_of
from bngrader.engine.protocol.random_state import Twin, state_of
from bngrader.engine.protocol.values import Packer, Unpacker
from tests.bngrader.engine.protocol.packing import export, resolve


def crossed(value):
    packer = Packer(export)
    node = packer.pack(value)
    return Unpacker([bytearray(buffer) for buffer in packer.arrays.finish()], resolve, []).unpack(node)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2**80,
        -1.5,
        1 + 2j,
        "text",
        b"bytes",
        (1, [2, {"a": {3}}], frozenset({4})),
        slice(1, None, 2),
        range(3),
        ...,
        np.float32,
        np.dtype("int8"),
        torch.float64,
    ],
)
def test_plain_values_come_back_equal_and_of_their_type(value):
    back = crossed(value)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i1", "u8", "?", "c16", "f2", "U3"])
def test_arrays_keep_dtype_layout_and_flags(dtype):
    array = np.arange(24).reshape(4, 6).astype(dtype)[::2, ::-3]
    array.flags.writeable = False
    back = crossed(array)
    assert np.array_equal(back, array)
    assert (back.dtype, back.strides, back.flags.writeable) == (array.dtype, array.strides, False)


def test_scalars_stay_scalars_and_empty_arrays_keep_their_shape():
    assert type(crossed(np.float32(1.5))) is np.float32
    assert crossed(np.zeros((0, 3), np.int8)).shape == (0, 3)
    assert crossed(np.array(2.0)).shape == ()


def test_views_of_one_array_share_memory_on_the_other_side_too():
    whole = np.arange(10.0)
    left, right, other = crossed((whole[:6], whole[4:], whole.copy()))
    left[5] = -1
    assert right[1] == -1
    assert not np.may_share_memory(left, other)


def test_a_result_in_an_arguments_memory_is_a_view_of_it():
    argument = np.arange(10.0)
    packer = Packer(export)
    node = packer.pack(argument)
    buffers = [bytearray(buffer) for buffer in packer.arrays.finish()]
    there = Unpacker(buffers, resolve, []).unpack(node)
    answer = Packer(export, [region_of(buffer) for buffer in buffers])
    reply = answer.pack(there[2:5])
    assert answer.arrays.finish() == []
    back = Unpacker([], resolve, packer.arrays.regions).unpack(reply)
    assert np.may_share_memory(back, argument)
    assert list(back) == [2, 3, 4]


def test_tensors_keep_gradients():
    tensor = torch.ones(3, 2, dtype=torch.bfloat16, requires_grad=True)
    tensor.grad = torch.full_like(tensor, 2)
    back = crossed(tensor.T)
    assert (back.dtype, back.stride()) == (torch.bfloat16, (1, 2))
    back = crossed(tensor)
    assert back.requires_grad
    assert torch.equal(back.grad, tensor.grad)


class Liar(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class LyingArray(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)


def test_lies_do_not_cross():
    assert crossed(Liar(1)) != 2
    assert type(crossed(np.ones(2).view(LyingArray))) is np.ndarray
    assert not (crossed([np.ones(2).view(LyingArray)])[0] == 2).any()


def array(dtype="<f8", shape=(2,), strides=(8,), writeable=True, buffer=0, offset=0):
    return ["n", dtype, list(shape), list(strides), writeable, buffer, offset]


@pytest.mark.parametrize(
    "node",
    [
        array(offset=8),
        array(shape=(3,)),
        array(strides=(16,)),
        array(strides=(-8,)),
        array(shape=(-2,)),
        array(shape=(1 << 40,), strides=(0,)),
        array(dtype="|O"),
        array(dtype="V8"),
        array(buffer=1),
        array(buffer=-1),
        array(buffer=None),
        array(shape=(2.0,)),
        array(shape=(2,), strides=()),
        ["n"],
        ["d", 1],
        ["d", ["l"], 1],
        ["d", *range(100_000)],
        ["s", *range(100_000)],
        ["range", 0, 10**12, 1],
        ["type", "builtins.eval"],
        ["torch.dtype", "load"],
        ["unknown"],
        [1],
        [],
        {"a": 1},
        ["T", "float32", 1, True, None, None],
        ["T", "load", array(), True, None, None],
    ],
)
def test_forged_nodes_are_refused(node):
    with pytest.raises(ProtocolError):
        Unpacker([bytearray(16)], resolve, []).unpack(node)


def test_deep_nodes_are_refused():
    node = ["l"]
    for _ in range(1000):
        node = ["l", node]
    with pytest.raises(ProtocolError):
        Unpacker([], resolve, []).unpack(node)


def test_a_result_outside_of_its_argument_is_refused():
    packer = Packer(export)
    packer.pack(np.arange(4.0))
    packer.arrays.finish()
    for node in (array(buffer=-1, offset=24), array(buffer=-1, shape=(5,)), array(buffer=-1, strides=(-8,))):
        with pytest.raises(ProtocolError):
            Unpacker([], resolve, packer.arrays.regions).unpack(node)


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.PCG64DXSM])
def test_a_generator_moves_on_as_far_as_its_twin_drew(kind):
    mine, twin = (np.random.Generator(kind(5)) for _ in range(2))
    twin.normal(size=100_000)
    twin.integers(3, dtype=np.int32)
    move_on(Twin(mine), state_of(twin))
    assert mine.integers(1 << 40) == twin.integers(1 << 40)


def test_a_generator_cannot_be_moved_to_another_state():
    mine, other = np.random.default_rng(5), np.random.default_rng(6)
    state = state_of(mine)
    same_stream = [state[0], state_of(other)[1], *state[2:]]
    for forged in (state_of(other), same_stream, state[:4], [*state[:4], 1 << 40], None):
        with pytest.raises(ProtocolError):
            move_on(Twin(mine), forged)
