"""What a function does with an input, taken apart so that two functions can be compared.

An observation has a facet for each thing that can be right or wrong by itself: the values, the form and the dtypes of
what came back, an error, a warning, an argument that was changed, a result that shares its memory.
"""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Observation:
    """What came of one call, by facet."""

    values: list[NDArray[np.float64]]
    form: Any
    dtypes: list[str]
    raised: str | None
    warned: bool
    changed: bool
    shared: bool
    text: str  # what a person is shown of it; no facet


FACETS = [field.name for field in fields(Observation) if field.name != "text"]


def beside(function: Callable[..., Any], build: Callable[..., Any], *args: Any) -> Any:
    """What `build(*args)` makes, for `function` to work on.

    A student's function runs in another process while it is graded, and gets an object of that process. So `build` is
    a plain function that uses its arguments, `np` and `torch`.
    """
    make = getattr(type(function), "__beside__", None)  # the kind that stands for a function of another process has it
    return build(*args) if make is None else make(function, build, *args)


@contextlib.contextmanager
def noticed() -> Iterator[list[warnings.WarningMessage]]:
    """The warnings of what runs within, each time they come.

    A ResourceWarning is left out: it comes when memory is collected, whoever left a file open.
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
    told: bool = False,
) -> Observation:
    """Call `use(*functions, *args)`, whatever it does, and say what came of it, in words too if it is to be `told`.

    What it prints is dropped.
    """
    before = [array.copy() for array in _arrays(args)]
    raised, result, text = None, None, ""
    with noticed() as caught, contextlib.redirect_stdout(io.StringIO()):
        try:
            result = use(*functions, *args, **kwargs or {})
            text = in_short(result) if told else ""
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


def differing(one: Observation, other: Observation, tol: float) -> set[str]:
    """The facets in which two observations differ, values by more than `tol` of the largest beside them."""
    different = {name for name in FACETS if name != "values" and getattr(one, name) != getattr(other, name)}
    if not _close(one.values, other.values, tol):
        different.add("values")
    return different


def tolerance(args: Any) -> float:
    """How well two functions have to agree on an input: float32 keeps fewer digits."""
    return 1e-3 if any(array.dtype == np.float32 for array in _arrays(args)) else 1e-6


def size(args: Any) -> int:
    """How many numbers an input has."""
    return sum(array.size for array in _arrays(args))


def in_short(value: Any) -> str:
    """A result or an argument in one line, with its dtype where that is not the usual one."""
    if hasattr(value, "detach"):
        return f"tensor {in_short(value.detach().numpy())}"
    if isinstance(value, np.ndarray):
        numbers = np.array2string(value, precision=5, threshold=12, edgeitems=2, separator=", ")
        return " ".join(numbers.split()) + ("" if value.dtype in (float, int) else f" ({value.dtype})")
    if isinstance(value, tuple | list):
        return f"({', '.join(map(in_short, value))})"
    return str(value) if isinstance(value, np.generic) else repr(value)


def _close(ours: list[NDArray[np.float64]], theirs: list[NDArray[np.float64]], tol: float) -> bool:
    if [len(part) for part in ours] != [len(part) for part in theirs]:
        return False
    for a, b in zip(ours, theirs, strict=True):
        finite = np.abs(np.concatenate([a, b]))
        scale = finite[np.isfinite(finite)].max(initial=0.0)
        if not np.allclose(a, b, rtol=0, atol=tol * scale + 1e-12, equal_nan=True):
            return False
    return True


def _arrays(value: Any) -> Iterator[NDArray[Any]]:
    """The arrays in a list of arguments, also those in its lists and tuples; torch's tensors are taken for arrays."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _arrays(part)
    elif hasattr(value, "detach"):
        yield value.detach().numpy()


def _parts(result: Any) -> Iterator[Any]:
    """The numbers and arrays in a result, in their order."""
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
    """The shape of a result: arrays by their shape, numbers as numbers, lists and tuples alike."""
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
