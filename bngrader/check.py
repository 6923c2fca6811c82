"""What the test cells of an assignment call: each check says what was wrong, on which input, in one screen.

NumPy and the standard library only, since students install it beside their notebook.
"""

import inspect
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

LINES, WIDTH = 12, 88  # of one block of a message


class CheckFailed(AssertionError):
    """A student's answer broke a rule. The first line of its text names the rule."""

    def _render_traceback_(self) -> list[str]:
        # IPython prints this in place of the frames of this module, which would hide the message.
        return str(self).splitlines()


def call(
    function: Callable[..., Any],
    *args: Any,
    quiet: bool = False,
    dtype: DTypeLike | None = None,
    **shapes: tuple[int, ...],
) -> Any:
    """Call a student's function with copies of `args`, check the form of what it returns, and return that.

    `shapes` names the results in their order, with the shape of each: `z=(3, 2), mean=(2,)` asks for a tuple
    or a list of two arrays. With `dtype` all of them must have it. Without `shapes` any result will do. With
    `quiet`, a warning fails the check too; otherwise warnings are dropped.

    Raises CheckFailed, with the input in its text, if the function raises or returns something else.
    """
    inputs = _named(function, args)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with _explained(function, inputs):
            returned = function(*map(_copy, args))
    if quiet and caught:
        warned = f"{caught[0].category.__name__}: {caught[0].message}"
        raise _failure(f"{_name(function)} must raise no warning on valid input", inputs, warned=warned)
    results = returned if len(shapes) > 1 else [returned][: len(shapes)]
    if not isinstance(results, tuple | list) or len(results) != len(shapes):
        claim = f"{_name(function)} must return {', '.join(shapes)}, in this order"
        raise _failure(claim, inputs, got=_describe(returned))
    for (name, shape), result in zip(shapes.items(), results, strict=True):
        _check_form(name, shape, dtype, result, inputs)
    return returned


def _check_form(
    name: str, shape: tuple[int, ...], dtype: DTypeLike | None, result: Any, inputs: dict[str, Any]
) -> None:
    if not isinstance(result, np.ndarray | np.generic) or result.shape != shape or result.dtype.kind not in "fiub":
        raise _failure(f"{name} must be an array of numbers, of shape {shape}", inputs, got=_describe(result))
    if dtype is not None and result.dtype != np.dtype(dtype):
        raise _failure(f"{name} must have dtype {np.dtype(dtype)} here", inputs, got=f"dtype {result.dtype}")


def close(got: Any, want: ArrayLike, claim: str, *, tol: float = 1e-6, **inputs: Any) -> None:
    """Check that `got` has the shape of `want`, and its values to `tol`, relative and absolute.

    With `tol` 0 they must be the same. NaN equals NaN. `claim` says in a sentence what should hold, and
    `inputs` are shown with it.

    Raises CheckFailed.
    """
    expected = np.asarray(want)
    numbers = _numbers(got)
    if numbers is None or numbers.shape != expected.shape:
        raise _failure(claim, inputs, expected=expected, got=_describe(got))
    wrong = ~np.isclose(numbers, expected, rtol=tol, atol=tol, equal_nan=True)
    if wrong.any():
        digits = 17 if tol == 0 else 6
        shown = {"expected": _show(expected, digits), "got": _show(numbers, digits)}
        raise _failure(claim, inputs, **shown, difference=_difference(wrong, expected, numbers, digits))


def leaves_arguments_alone(function: Callable[..., Any], *args: Any) -> None:
    """Check that a call changes none of its arrays, and that no result shares memory with one of them.

    Raises CheckFailed.
    """
    inputs = _named(function, args)
    given = [_copy(a) for a in args]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _explained(function, inputs):
            returned = function(*given)
    for (name, before), after in zip(inputs.items(), given, strict=True):
        if not np.array_equal(before, after, equal_nan=True):
            raise _failure(f"{_name(function)} must not change its argument {name}", {name: before}, after=after)
    arrays = [a for a in given if isinstance(a, np.ndarray)]
    for part in returned if isinstance(returned, tuple | list) else [returned]:
        if isinstance(part, np.ndarray) and any(np.may_share_memory(part, a) for a in arrays):
            raise _failure(f"{_name(function)} must return new arrays, not its argument or a view of it", inputs)


@contextmanager
def _explained(function: Callable[..., Any], inputs: dict[str, Any]) -> Iterator[None]:
    """Turn what the student's function raises into a CheckFailed that shows the input and the line."""
    try:
        yield
    except NotImplementedError as error:
        raise _failure(f"{_name(function)} is not written yet", {}) from error
    except (Exception, SystemExit) as error:
        raised = f"{type(error).__name__}: {error}"
        if line := _students_line(function, error):
            raised += f"\nin the line: {line}"
        raise _failure(f"{_name(function)} raised an error", inputs, raised=raised) from error


def _students_line(function: Callable[..., Any], error: BaseException) -> str | None:
    """The last line of the student's cell that an error passed through."""
    cell = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__) if frame.filename == cell]
    return lines[-1] if lines else None


def _failure(claim: str, inputs: dict[str, Any], **facts: Any) -> CheckFailed:
    """The error for a broken claim: the claim, then the inputs, then the facts, a block each."""
    blocks = [_block(f"{name} =", _show(value) + _kind(value)) for name, value in inputs.items()]
    blocks += [_block(f"{name}:", value if isinstance(value, str) else _show(value)) for name, value in facts.items()]
    return CheckFailed("\n".join([f"Not so: {claim}.", *blocks]))


def _block(label: str, text: str) -> str:
    lines = [line if len(line) <= 2 * WIDTH else line[: 2 * WIDTH] + " ..." for line in text.splitlines()]
    if len(lines) > LINES:
        lines[LINES - 1 :] = ["..."]
    return f"  {label:<11} " + ("\n" + " " * 14).join(lines)


def _show(value: Any, digits: int = 6) -> str:
    with np.printoptions(precision=digits, threshold=30, edgeitems=2, linewidth=WIDTH):
        return str(value) if isinstance(value, np.ndarray) else repr(value)


def _kind(value: Any) -> str:
    return f"\n{value.dtype}, shape {value.shape}" if isinstance(value, np.ndarray) else ""


def _difference(wrong: Any, expected: Any, numbers: Any, digits: int) -> str:
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    text = f"{wrong.sum()} of {wrong.size} entries differ"
    if where:
        text += f"; the first is at index {list(where)}:"
        text += f" {expected[where]:.{digits}g} expected, {numbers[where]:.{digits}g} got"
    return text


def _describe(result: Any) -> str:
    if result is None:
        return "None: is a return missing?"
    if isinstance(result, np.ndarray):
        return f"an array of shape {result.shape}, dtype {result.dtype}"
    if isinstance(result, tuple | list):
        return f"a {type(result).__name__} of {len(result)}"
    return f"{type(result).__name__}: {str(result)[:WIDTH]}"


def _numbers(got: Any) -> np.ndarray[Any, Any] | None:
    """`got` as an array of numbers, or None where it is not one."""
    try:
        array = np.asarray(got)
    except ValueError:
        return None
    return array if array.dtype.kind in "fiub" else None


def _copy(value: Any) -> Any:
    """A copy of an array, so that a function that changes its argument fails one check and not all.

    A read-only array is passed as it is, and so is a view with gaps: a copy would lose what it tests.
    """
    plain = isinstance(value, np.ndarray) and value.flags.writeable and value.flags.forc
    return value.copy(order="K") if plain else value


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", "your function")


def _named(function: Callable[..., Any], args: tuple[Any, ...]) -> dict[str, Any]:
    """The arguments by the names that the function gives them."""
    try:
        names = list(inspect.signature(function).parameters)[: len(args)]
    except (TypeError, ValueError):
        names = []
    names += [f"argument {i + 1}" for i in range(len(names), len(args))]
    return dict(zip(names, args, strict=True))
