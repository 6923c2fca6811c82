"""Every array that a message makes lies in its own buffer, or in bytes of an argument that were sent."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bngrader.engine.errors import ProtocolError
from bngrader.engine.protocol.array_memory import bounds, rebuild, region_of
from bngrader.engine.protocol.values import Packer, Unpacker

BUFFER_BYTES = 48
DTYPES = ["<f8", "<i8", "<f4", "<i2", "|u1", "|b1", "<c16", "<U3", "<U0", "|S0", "|S9999", "<U9999", "<M8[s]", "<f16"]
# Small numbers, and those at which sums and products of 64 bits wrap around.
NUMBERS = st.integers(-12, 60) | st.sampled_from(
    [s * (1 << n) + d for s in (1, -1) for n in (31, 47, 61, 63) for d in (-1, 0, 1)]
)
AXES = st.lists(st.tuples(st.integers(0, 6) | NUMBERS, st.sampled_from([1, 2, 4, 8, 16, -8]) | NUMBERS), max_size=4)
PLACES = st.sampled_from([None, 0, 1, 2, -1, -2, -3, 1 << 70])


def no_export(value, packer):
    raise TypeError(type(value).__name__)


def packed(value):
    """Return the node of a value, the buffers of its message, and the packer that made them."""
    packer = Packer(no_export)
    node = packer.pack(value)
    return node, [bytearray(buffer) for buffer in packer.arrays.finish()], packer


def addresses(array):
    """Return the address of each byte of a small array."""
    steps = np.ndarray((*array.shape, array.itemsize), np.uint8)
    places = np.full(steps.shape, array.ctypes.data)
    for axis, stride in enumerate((*array.strides, 1)):
        places = places + stride * np.arange(steps.shape[axis]).reshape(-1, *[1] * (steps.ndim - axis - 1))
    return set(places.ravel().tolist())


def passed_arguments():
    """Return regions of two arguments: one is dense, and one has gaps."""
    table = np.arange(12.0).reshape(3, 4)
    return packed((np.arange(6.0), table[:, ::3]))[2].arrays.regions


@settings(max_examples=600)
@given(st.sampled_from(DTYPES), AXES, PLACES, NUMBERS)
@example("<i8", [(67307420, -46317327194747)], 0, 209176078)  # the last item lies far below the buffer
@example("<f8", [(131073, 1 << 47)], 0, 0)  # its extent is a multiple of 2 to the power of 64
def test_every_array_lies_in_its_own_buffer(dtype, axes, place, offset):
    buffers, known = [bytearray(BUFFER_BYTES), bytearray(7)], passed_arguments()
    node = [dtype, [length for length, _ in axes], [stride for _, stride in axes], True, place, offset]
    try:
        array = Unpacker(buffers, None, known).unpack(["n", *node])
    except ProtocolError:
        return
    low, high = bounds(array)
    if array.size == 0:
        return
    if place >= 0:
        region = region_of(buffers[place])
        assert region.holds(low, high)
    else:
        region = known[-1 - place]
        assert region.holds(low, high)
        if array.size < 10_000:
            assert addresses(array) <= set().union(*(addresses(owner) for owner, _ in region.arrays))


@settings(max_examples=100)
@given(st.data())
def test_a_view_of_any_layout_crosses_unchanged(data):
    whole = np.arange(120, dtype=data.draw(st.sampled_from(["i2", "f4", "f8"]))).reshape(2, 3, 4, 5)
    cuts = [slice(*data.draw(st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([-2, -1, 1, 2]))))] * 4
    view = whole.transpose(data.draw(st.permutations(range(4))))[tuple(cuts[: data.draw(st.integers(0, 4))])]
    node, buffers, _ = packed([view, whole])
    back, whole_back = Unpacker(buffers, None, []).unpack(node)
    assert np.array_equal(back, view)
    assert (back.dtype, back.strides) == (view.dtype, view.strides) or not view.size
    assert np.shares_memory(back, whole_back) == bool(view.size)


def test_what_lies_between_the_items_of_a_view_does_not_cross():
    secret = np.array([[1.0, 918273.0], [2.0, 918273.0], [3.0, 918273.0]])
    for argument in (secret[:, 0], (secret[:2, 0], secret[1:, 0])):
        _, buffers, _ = packed(argument)
        assert np.float64(918273).tobytes() not in b"".join(map(bytes, buffers))


def test_a_result_in_a_gap_of_its_argument_is_refused():
    secret = np.array([[1.0, 918273.0], [2.0, 918273.0], [3.0, 918273.0]])
    _, _, packer = packed(secret[:, 0])
    known = packer.arrays.regions
    honest = rebuild(["<f8", [2], [16], True, -1, 16], [], known)
    assert honest.tolist() == [2, 3]
    assert np.shares_memory(honest, secret)
    for shape, strides, offset in (([2], [16], 8), ([5], [8], 0), ([1], [8], 4)):
        with pytest.raises(ProtocolError, match="gap"):
            rebuild(["<f8", shape, strides, True, -1, offset], [], known)


def test_a_truth_value_of_another_byte_is_refused():
    assert rebuild(["|b1", [2], [1], True, 0, 0], [bytearray(b"\0\1")], []).tolist() == [False, True]
    with pytest.raises(ProtocolError, match="truth value"):
        rebuild(["|b1", [2], [1], True, 0, 0], [bytearray(b"\1\2")], [])
