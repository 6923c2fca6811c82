"""Copies of arguments, so that no student's function ever holds an object that a test looks at afterwards.

A copy keeps what a test is about: gaps and the order of the axes in memory, arrays that cannot be written to, and
arguments that share memory with each other, as two views of one table do.
"""

import copy
import dataclasses
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Copier:
    """Copies the arguments of one call.

    Objects in `uncopied`, and all that is no plain data, are passed as they are.
    """

    def __init__(self, uncopied: Iterable[Any] = ()) -> None:
        """Start without copies."""
        self._uncopied = list(uncopied)
        self._memory: dict[int, tuple[Array, Array]] = {}  # owner of memory and the copy's bytes, by the owner's id

    def copy(self, value: Any) -> Any:
        """Copy a value and everything in it. An iterator's items are copied when they are asked for."""
        return self._copy(value, {})

    def _copy(self, value: Any, done: dict[int, Any]) -> Any:
        if any(value is kept for kept in self._uncopied) or is_proxy(value):
            return value
        if id(value) not in done:
            done[id(value)] = self._new(value, done)
        return done[id(value)]

    def _new(self, value: Any, done: dict[int, Any]) -> Any:
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, list | deque):
            return type(value)(self._copy(item, done) for item in value)
        if isinstance(value, tuple):
            return self._tuple(value, [self._copy(item, done) for item in value])
        if isinstance(value, dict):
            made = copy.copy(value)
            made.update({key: self._copy(item, done) for key, item in value.items()})
            return made
        if isinstance(value, set | bytearray):
            return value.copy()
        if isinstance(value, np.random.Generator | np.random.RandomState | np.random.BitGenerator):
            return copy.deepcopy(value)
        if is_tensor(value):
            # A tensor that another process made and still has goes back to it as the one that it made, so that an
            # answer's cache keeps its graph. A copy of any other tensor has the graph of the original.
            return value if getattr(value, "_beside", None) == value._version else value.clone()
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._dataclass(value, done)
        return self._items(value) if isinstance(value, Iterator) else value

    def _tuple(self, value: tuple[Any, ...], items: list[Any]) -> tuple[Any, ...]:
        made = tuple.__new__(type(value), items)  # of the same class, as a named tuple
        if hasattr(value, "__dict__"):
            vars(made).update(vars(value))
        return made

    def _dataclass(self, value: Any, done: dict[int, Any]) -> Any:
        made = copy.copy(value)
        for field in dataclasses.fields(value):
            object.__setattr__(made, field.name, self._copy(getattr(value, field.name), done))
        return made

    def _items(self, iterator: Iterator[Any]) -> Iterator[Any]:
        for item in iterator:
            yield self.copy(item)

    def _array(self, array: Array) -> Array:
        """Copy an array into memory with the layout of the array that owns it; another view gets the same memory."""
        if type(array) is not np.ndarray or array.dtype.hasobject or not array.size:
            return copy.deepcopy(array)
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        low, high = _span(owner)
        if id(owner) not in self._memory:
            self._memory[id(owner)] = owner, np.zeros(high - low, np.uint8)
        made = np.ndarray(array.shape, array.dtype, self._memory[id(owner)][1], _start(array) - low, array.strides)
        made[...] = array
        made.flags.writeable = array.flags.writeable
        return made


def _start(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _span(array: Array) -> tuple[int, int]:
    """Return the first address of an array's memory, and the address behind its last."""
    reach = [(size - 1) * stride for size, stride in zip(array.shape, array.strides, strict=True)]
    low, high = sum(min(0, r) for r in reach), sum(max(0, r) for r in reach)
    return _start(array) + low, _start(array) + high + array.itemsize


def is_proxy(value: Any) -> bool:
    """Return whether a value is an object of another process, which may be asked for nothing but what a test asks."""
    return hasattr(type(value), "__beside__")


def is_tensor(value: Any) -> bool:
    """Return whether a value is a torch tensor. Does not import torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def arrays_in(value: Any) -> Iterator[Array]:
    """Yield the arrays in an argument, those in lists, tuples, dicts and dataclasses too; a tensor is one as well."""
    if isinstance(value, np.ndarray):
        yield value
    elif is_tensor(value):
        yield value.detach().numpy()
    else:
        for part in _parts(value):
            yield from arrays_in(part)


def same(one: Any, other: Any) -> bool:
    """Return whether two arguments hold the same numbers in the same places.

    What is no plain data counts as the same.
    """
    if is_tensor(one) and is_tensor(other):
        grads = one.grad, other.grad
        return same(*(t.detach().numpy() for t in (one, other))) and (grads == (None, None) or same(*grads))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        nan = one.dtype.kind in "fc"
        return one.shape == other.shape and one.dtype == other.dtype and np.array_equal(one, other, equal_nan=nan)
    if isinstance(one, set | bytearray | str | int | float | None):
        return bool(type(one) is type(other) and (one == other or one != one))
    if isinstance(one, dict) and (not isinstance(other, dict) or one.keys() != other.keys()):
        return False
    parts, others = list(_parts(one)), list(_parts(other))
    return type(one) is type(other) and len(parts) == len(others) and all(map(same, parts, others))


def _parts(value: Any) -> Iterable[Any]:
    if is_proxy(value):
        return ()
    if isinstance(value, dict):
        return value.values()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    return value if isinstance(value, tuple | list | deque) else ()
