"""Observation of one call, taken apart into facets so that two functions can be compared.

There is a facet for each thing that can be right or wrong by itself: the values, form and dtypes of the result, an
error, a warning, a changed argument, and a result that shares memory with an argument.
"""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bngrader.check.copies import Copier


@dataclass(frozen=True)
class Observation:
    """The outcome of one call, by facet."""

    values: list[NDArray[np.float64]]
    form: Any
    dtypes: list[str]
    raised: str | None
    warned: bool
    changed: bool
    shared: bool
    text: str  # the result in words, for a person; not a facet


FACETS = [field.name for field in fields(Observation) if field.name != "text"]


def beside(function: Callable[..., Any], build: Callable[..., Any], *args: Any) -> Any:
    """Build an object for `function` to work on, in the process where `function` runs, and return it.

    In grading, a student's function runs in another process and gets an object of that process. `build` is therefore
    a plain function that uses nothing but its arguments, `np` and `torch`. Its arguments are copied, so that the test's
    own numbers, from which it expects its results, stay out of the student's reach.
    """
    make = getattr(type(function), "__beside__", None)  # a proxy for a function in another process has it
    copied = Copier().copy(args)
    return build(*copied) if make is None else make(function, build, *copied)


@contextlib.contextmanager
def recorded_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Record every warning in the block, repeated ones too.

    ResourceWarning is left out: it appears when garbage is collected, no matter who left a file open.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ResourceWarning)
        yield caught


def observe(
    use: Callable[..., Any],
    functions: tuple[Callable[..., Any], ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any] | None = None,
    *,
    with_text: bool = False,
) -> Observation:
    """Call `use(*functions, *args)` and observe the outcome, whatever it is; `with_text` adds it in words.

    Printed output is dropped.
    """
    before = [array.copy() for array in _arrays(args)]
    raised, result, text = None, None, ""
    with recorded_warnings() as caught, contextlib.redirect_stdout(io.StringIO()):
        try:
            result = use(*functions, *args, **kwargs or {})
            text = one_line(result) if with_text else ""
        except (Exception, SystemExit) as error:
            raised = type(error).__name__
            text = f"{raised}: {error}"
    after = list(_arrays(args))
    parts = [] if raised else list(_parts(result))
    return Observation(
        values=[np.asarray(part, np.float64).ravel() for part in parts],
        form=None if raised else _form(result),
        dtypes=[_dtype(part) for part in parts],
        raised=raised,
        warned=bool(caught),
        changed=not all(map(_identical, before, after)),
        shared=any(np.may_share_memory(part, array) for part in parts for array in after),
        text=text,
    )


def differing_facets(one: Observation, other: Observation, tol: float) -> set[str]:
    """Return the facets in which two observations differ; values may differ by `tol` times the largest of them."""
    different = {name for name in FACETS if name != "values" and getattr(one, name) != getattr(other, name)}
    if not _close(one.values, other.values, tol):
        different.add("values")
    return different


def tolerance(args: Any) -> float:
    """Return the relative tolerance for an input: float32 keeps fewer digits."""
    return 1e-3 if any(array.dtype == np.float32 for array in _arrays(args)) else 1e-6


def input_size(args: Any) -> int:
    """Count the numbers in an input."""
    return sum(array.size for array in _arrays(args))


def one_line(value: Any) -> str:
    """Write a result or an argument on one line, with its dtype unless that is the usual one."""
    if hasattr(value, "detach"):
        return f"tensor {one_line(value.detach().numpy())}"
    if isinstance(value, np.ndarray):
        numbers = np.array2string(value, precision=5, threshold=12, edgeitems=2, separator=", ")
        return " ".join(numbers.split()) + ("" if value.dtype in (float, int) else f" ({value.dtype})")
    if isinstance(value, tuple | list):
        return f"({', '.join(map(one_line, value))})"
    return str(value) if isinstance(value, np.generic) else repr(value)


def _close(one: list[NDArray[np.float64]], other: list[NDArray[np.float64]], tol: float) -> bool:
    if [len(part) for part in one] != [len(part) for part in other]:
        return False
    for a, b in zip(one, other, strict=True):
        # Relative to the largest value, not to each: a gradient of 1e-9 beside one of 1 is rounding noise.
        finite = np.abs(np.concatenate([a, b]))
        scale = finite[np.isfinite(finite)].max(initial=0.0)
        if not np.allclose(a, b, rtol=0, atol=tol * scale + 1e-12, equal_nan=True):
            return False
    return True


def _arrays(value: Any) -> Iterator[NDArray[Any]]:
    """Yield the arrays in a list of arguments and in its lists and tuples; a torch tensor counts as an array."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _arrays(part)
    elif hasattr(value, "detach"):
        yield value.detach().numpy()


def _parts(result: Any) -> Iterator[Any]:
    """Yield the numbers and arrays in a result, in order."""
    if hasattr(result, "detach"):
        yield result.detach().numpy()
    elif isinstance(result, dict):
        yield from _parts(list(result.values()))
    elif isinstance(result, tuple | list):
        for part in result:
            yield from _parts(part)
    elif isinstance(result, np.ndarray | np.generic | int | float) and np.asarray(result).dtype.kind in "fiub":
        yield result


def _form(result: Any) -> Any:
    """Return the structure of a result: arrays by shape, numbers as numbers, lists and tuples alike."""
    if isinstance(result, dict):
        return {key: _form(value) for key, value in result.items()}
    if isinstance(result, tuple | list):
        return [_form(part) for part in result]
    if isinstance(result, np.ndarray) or hasattr(result, "detach"):
        return tuple(result.shape)
    if isinstance(result, np.generic | int | float):
        return "number"
    return result if isinstance(result, str) else type(result).__name__


def _dtype(part: Any) -> str:
    if isinstance(part, np.ndarray):
        return str(part.dtype)
    return "whole" if isinstance(part, int | np.integer) else "real"


def _identical(before: NDArray[Any], after: NDArray[Any]) -> bool:
    return before.shape == after.shape and before.dtype == after.dtype and before.tobytes() == after.tobytes()
