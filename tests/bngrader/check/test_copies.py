"""Tests that no function of a student's can change what a test holds, and that copies keep what a test is about."""

from collections import OrderedDict, deque, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from bngrader.check import CheckFailed, call, leaves_arguments_alone, raises
from bngrader.check.copies import Copier, arrays_in, same

Pair = namedtuple("Pair", "left right")


@dataclass(frozen=True)
class Layer:
    gamma: np.ndarray
    name: str = "bn"


def table():
    return np.arange(1.0, 49.0).reshape(6, 8)


def read_only(array):
    array.flags.writeable = False
    return array


ARRAYS = {
    "plain": table,
    "with gaps": lambda: table()[::2, ::3],
    "backwards": lambda: table()[::-2, ::-1],
    "transposed": lambda: table().T,
    "transposed, with four axes": lambda: np.arange(120.0).reshape(2, 3, 4, 5).transpose(0, 3, 1, 2),
    "a view of a transposed one": lambda: np.arange(120.0).reshape(2, 3, 4, 5).transpose(0, 3, 1, 2)[::2, 1:],
    "read-only": lambda: read_only(table()),
    "a read-only view": lambda: read_only(table()[::2, ::3]),
    "repeated": lambda: np.broadcast_to(np.arange(3.0), (4, 3)),
    "Fortran's order": lambda: np.asfortranarray(table()),
    "empty": lambda: table()[:0],
    "a scalar": lambda: np.array(3.0),
    "small integers": lambda: np.arange(6, dtype=np.int8)[::2],
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_a_copied_array_keeps_values_and_layout_in_memory(array):
    given = array()
    copied = Copier().copy(given)
    assert np.array_equal(copied, given)
    assert copied.dtype == given.dtype
    assert copied.strides == given.strides or not given.size
    assert copied.flags.writeable == given.flags.writeable
    assert not np.shares_memory(copied, given)


def test_views_of_one_array_share_memory_in_the_copies_too():
    whole = table()
    first, second, again = Copier().copy([whole[::2], whole[0], whole])
    first[0, 0] = 99
    assert second[0] == again[0, 0] == 99
    assert whole[0, 0] == 1


def spoil(value):
    """Change everything in an argument that can be changed."""
    if isinstance(value, np.ndarray):
        value.flags.writeable or setattr(value.flags, "writeable", True)
        value[...] = 0
    elif isinstance(value, torch.Tensor):
        value.detach()[...] = 0
    elif isinstance(value, dict):
        list(map(spoil, value.values()))
        value["new"] = 1
    elif isinstance(value, list | tuple | deque):
        list(map(spoil, value))
        if not isinstance(value, tuple):
            value.clear()
    elif isinstance(value, set | bytearray):
        value.clear()
    elif isinstance(value, np.random.Generator):
        value.random(3)
    elif isinstance(value, Layer):
        spoil(value.gamma)
        object.__setattr__(value, "name", "spoiled")
    elif hasattr(value, "__next__"):
        list(map(spoil, value))


ARGUMENTS = {
    **{f"an array, {name}": make for name, make in ARRAYS.items() if name not in ("repeated", "empty")},
    "a tuple": lambda: (table(), table()[::2]),
    "a named tuple": lambda: Pair(table(), [table()]),
    "a dict": lambda: {"a": table(), "b": [1, table().T]},
    "an ordered dict": lambda: OrderedDict(a=table()),
    "a list": lambda: [table(), 3],
    "a deque": lambda: deque([table()]),
    "a set": lambda: {1, 2},
    "bytes": lambda: bytearray(b"abc"),
    "a nested one": lambda: {"a": ([table()], (table()[::2, ::2], {3}))},
    "a tensor": lambda: torch.ones(2, 3),
    "a transposed tensor": lambda: torch.ones(2, 3, 4).transpose(0, 2),
    "a dataclass": lambda: Layer(table()),
}


@pytest.mark.parametrize("make", ARGUMENTS.values(), ids=ARGUMENTS)
def test_no_argument_of_any_kind_is_changed_by_a_call(make):
    given, before = make(), make()
    call(lambda value: spoil(value), given)
    call(lambda value: spoil(value), kwargs={"value": given})
    with pytest.raises(CheckFailed):
        raises(ValueError, spoil, given)
    assert same(given, before)


@pytest.mark.parametrize("make", ARGUMENTS.values(), ids=ARGUMENTS)
def test_a_change_of_any_argument_is_found(make):
    leaves_arguments_alone(lambda value: None, make())
    with pytest.raises(CheckFailed, match="must not change its argument value"):
        leaves_arguments_alone(lambda value: spoil(value), make())
    with pytest.raises(CheckFailed, match="must not change its argument value"):
        leaves_arguments_alone(lambda value: spoil(value), value=make())


def test_the_items_of_an_iterator_are_copied():
    batches = [table(), table()[::2]]
    for iterator in (iter(batches), (batch for batch in batches), map(np.asarray, batches), zip(batches, strict=True)):
        call(spoil, iterator)
    assert same(batches, [table(), table()[::2]])


def test_an_iterators_reused_memory_is_reused_in_the_copies():
    memory, seen = np.zeros(2), []

    def read():
        for number in range(3):
            memory[:] = number
            yield memory

    call(lambda batches: seen.extend(batches), read())
    assert [list(batch) for batch in seen] == [[2, 2]] * 3
    assert not np.shares_memory(seen[0], memory)


def test_a_random_generator_is_copied_unless_the_test_asks():
    rng = np.random.default_rng(1)
    drawn = call(lambda rng: rng.random(), rng)
    assert call(lambda rng: rng.random(), rng) == drawn
    call(lambda rng: rng.random(), rng, uncopied=[rng])
    assert rng.random() != drawn


def test_what_is_no_plain_data_is_passed_as_it_is():
    module, function = torch.nn.Linear(1, 1), len
    assert call(lambda *given: given, module, function, 3)[:2] == (module, function)


def test_a_tensor_keeps_its_graph():
    leaf = torch.ones(2, requires_grad=True)
    call(lambda x: (3 * x).sum(), leaf).backward()
    assert leaf.grad.tolist() == [3, 3]


def test_a_lying_signature_hides_no_changed_argument():
    import inspect

    def spoils(x, eps=1.0):
        x[...] = 0

    names = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("eps", "x")]
    spoils.__signature__ = inspect.Signature(names)
    with pytest.raises(CheckFailed, match="must not change its argument"):
        leaves_arguments_alone(spoils, table(), eps=2.0)


def test_a_result_that_shares_memory_with_a_nested_array_fails():
    with pytest.raises(CheckFailed, match="must return new arrays"):
        leaves_arguments_alone(lambda batches: batches[0][1:], [table()])
    leaves_arguments_alone(lambda x: (2 * x, {"x": x}), table())  # a cache may hold an argument


def test_arrays_are_found_wherever_they_are():
    assert len(list(arrays_in(({"a": [table()]}, Layer(table()), torch.ones(2), 3)))) == 3
