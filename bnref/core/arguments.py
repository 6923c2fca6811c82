"""Argument checks shared by all functions: each error names the argument, the rule and the value."""

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bnref.core.blocks import Array


def as_real(x: ArrayLike, name: str) -> Array:
    """Return `x` as a floating array: floating dtypes stay, integers and booleans become float64.

    Raises ValueError for anything but an array of real numbers.
    """
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must contain real numbers, but its dtype is {array.dtype}")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def as_table(x: ArrayLike, name: str) -> Array:
    """Return `x` as a non-empty floating array of shape (N, D), N samples by D features.

    Raises ValueError for any other shape, for an empty table and for entries other than real numbers.
    """
    table = as_real(x, name)
    if table.ndim != 2 or table.size == 0:
        raise ValueError(
            f"{name} must be a table of shape (N, D), N samples by D features, with N and D at least 1, "
            f"but its shape is {table.shape}"
        )
    return table


def as_column_values(v: ArrayLike, table: Array, name: str) -> Array:
    """Return `v` as a floating array of shape (D,), with one number for each column of `table`.

    Raises ValueError for any other shape and for entries other than real numbers.
    """
    values = as_real(v, name)
    if values.shape != table.shape[1:]:
        raise ValueError(
            f"{name} must have one entry for each of the {table.shape[1]} columns, so shape {table.shape[1:]}, "
            f"but its shape is {values.shape}"
        )
    return values


def as_images(x: ArrayLike, name: str) -> Array:
    """Return `x` as a non-empty floating array of shape (N, C, H, W): images with the channel first.

    Raises ValueError for any other shape, for an empty batch and for entries other than real numbers.
    """
    images = as_real(x, name)
    if images.ndim != 4 or images.size == 0:
        raise ValueError(
            f"{name} must be a batch of images of shape (N, C, H, W), with no axis of length 0, "
            f"but its shape is {images.shape}"
        )
    return images


def as_vector(v: ArrayLike, length: int | None, name: str) -> Array:
    """Return `v` as a floating array of shape (length,), or of any positive length if `length` is None.

    Raises ValueError for any other shape and for entries other than real numbers.
    """
    vector = as_real(v, name)
    if vector.ndim != 1 or vector.size == 0 or length not in (None, vector.size):
        wanted = "(n,) with n at least 1" if length is None else f"({length},)"
        raise ValueError(f"{name} must have shape {wanted}, but its shape is {vector.shape}")
    return vector


def like(dy: ArrayLike, output: Array, name: str) -> Array:
    """Return `dy`, the gradient of an output, as a floating array with the shape of that output.

    Raises ValueError for any other shape and for entries other than real numbers.
    """
    array = as_real(dy, name)
    if array.shape != output.shape:
        raise ValueError(f"{name} must have the shape of the output, {output.shape}, but its shape is {array.shape}")
    return array


def number(value: Any, name: str) -> float:
    """Return `value` as a float. Raises ValueError unless it is a finite real number."""
    array = np.asarray(value)
    if array.ndim != 0 or array.dtype.kind not in "fiub" or not np.isfinite(array):
        raise ValueError(f"{name} must be a finite number, but it is {value!r}")
    return float(array)


def positive(value: Any, name: str) -> float:
    """Return `value` as a float. Raises ValueError unless it is a finite number greater than 0."""
    given = number(value, name)
    if given <= 0:
        raise ValueError(f"{name} must be greater than 0, but it is {value}")
    return given


def share(value: Any, name: str) -> float:
    """Return `value` as a float. Raises ValueError unless it is between 0 and 1."""
    given = number(value, name)
    if not 0 <= given <= 1:
        raise ValueError(f"{name} must be between 0 and 1, but it is {value}")
    return given


def count(value: Any, name: str) -> int:
    """Return `value` as an int. Raises ValueError unless it is a positive integer."""
    try:
        given = operator.index(value)  # takes NumPy's integers too, but no floats
    except TypeError:
        given = 0
    if given < 1:
        raise ValueError(f"{name} must be a positive integer, but it is {value!r}")
    return given
