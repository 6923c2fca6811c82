"""Checks for the test cells of an assignment: each says on one screen what was wrong, and on which input.

A check that fails also looks for a known mistake in the student's function and adds its hint to the message. This
module needs only NumPy and the standard library, since students install it.
"""

import os
import time
import traceback
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from bngrader.check.call_log import Function, arguments_by_name, last_calls, name_of
from bngrader.check.copies import Copier, arrays_in, same
from bngrader.check.hints import Explanation
from bngrader.check.messages import CheckFailed, describe, difference, failure, show
from bngrader.check.observation import recorded_warnings

HIDDEN_SEED = "BNGRADER_HIDDEN_SEED"
Form = tuple[int, ...] | type
PATIENCE = 50  # how many times the reference's time an answer in plain Python may take
LEAST_SECONDS = 1e-3  # shorter times are mostly the way to the answer's process and back


def hidden_rng(*words: str) -> np.random.Generator:
    """Return the random generator of a hidden test, seeded with `words` and with the class's secret seed, if any."""
    seed = int(os.environ.get(HIDDEN_SEED) or 0)
    return np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in words)])


def call(
    function: Function,
    *args: Any,
    quiet: bool = False,
    dtype: DTypeLike | None = None,
    kwargs: dict[str, Any] | None = None,
    uncopied: Iterable[Any] = (),
    **forms: Form,
) -> Any:
    """Call a student's function with copies of its arguments, check the form of its result, and return the result.

    `forms` names the results in order and gives the form of each: `z=(3, 2), mean=(2,)` asks for a tuple or a list of
    two arrays with these shapes. Instead of a shape, a form may be `int` (a whole number), `float` (a real number),
    `list` (any iterable; a generator is read and returned as a list) or another type. If `dtype` is given, every array
    must have it. Without `forms`, any result will do. `kwargs` are passed by name. With `quiet`, a warning fails the
    check too; otherwise warnings are ignored. `uncopied` lists arguments to pass as they are, because the test looks at
    them afterwards: a random generator, or a cache that must stay as it is.

    Raises CheckFailed, with the input in its text, if the function raises an error or returns something else.
    """
    kwargs = kwargs or {}
    last_calls.remember(function, args, kwargs)
    inputs, copied = arguments_by_name(function, args, kwargs), Copier(uncopied).copy([args, kwargs])
    with recorded_warnings() as caught, _explained(function, inputs):
        returned = function(*copied[0], **copied[1])
        if list(forms.values()) == [list]:
            returned = _read(returned)
    if quiet and caught:
        warned = f"{caught[0].category.__name__}: {caught[0].message}"
        claim = f"{name_of(function)} must raise no warning on valid input"
        raise _failure(claim, inputs, {"warned"}, warned=warned)
    results = returned if len(forms) > 1 else [returned][: len(forms)]
    if not isinstance(results, tuple | list) or len(results) != len(forms):
        claim = f"{name_of(function)} must return {', '.join(forms)}, in this order"
        raise _failure(claim, inputs, {"form"}, got=describe(returned))
    for (name, form), result in zip(forms.items(), results, strict=True):
        _check_form(name, form, dtype, result, inputs)
    return returned


def _read(result: Any) -> Any:
    """Read an iterable into a list; return anything else as it is."""
    return list(result) if hasattr(result, "__iter__") and not isinstance(result, str | dict) else result


def _check_form(name: str, form: Form, dtype: DTypeLike | None, result: Any, inputs: dict[str, Any]) -> None:
    if isinstance(form, type):
        accepted, words = {
            int: (int | np.integer, "a whole number"),
            float: (int | float | np.integer | np.floating, "a number"),
            list: (list | tuple, "a list"),
        }.get(form, (form, f"a {form.__name__}"))
        if not isinstance(result, accepted) or isinstance(result, bool):
            raise _failure(f"{name} must be {words}", inputs, {"form", "dtypes"}, got=describe(result))
        return
    # A scalar counts as an array of shape (): NumPy's reductions return np.float64, and x.sum() is a right answer.
    if not isinstance(result, np.ndarray | np.generic) or result.shape != form or result.dtype.kind not in "fiub":
        raise _failure(
            f"{name} must be an array of numbers with shape {form}", inputs, {"form", "dtypes"}, got=describe(result)
        )
    if dtype is not None and result.dtype != np.dtype(dtype):
        raise _failure(
            f"{name} must have dtype {np.dtype(dtype)} here", inputs, {"dtypes"}, got=f"dtype {result.dtype}"
        )


def close(got: Any, want: ArrayLike, claim: str, *, tol: float = 1e-6, **inputs: Any) -> None:
    """Check that `got` has the shape of `want`, and its values within `tol`, relative and absolute.

    With `tol=0` they must be equal. NaN equals NaN. `claim` states in a sentence what should hold; the message shows
    it with `inputs`.

    Raises CheckFailed.
    """
    expected = np.asarray(want)
    numbers = _numbers(got)
    if numbers is None or numbers.shape != expected.shape:
        raise _failure(claim, inputs, {"form"}, expected=expected, got=describe(got))
    wrong = ~np.isclose(numbers, expected, rtol=tol, atol=tol, equal_nan=True)
    if wrong.any():
        digits = 17 if tol == 0 else 6
        shown = {"expected": show(expected, digits), "got": show(numbers, digits)}
        raise _failure(claim, inputs, {"values"}, **shown, difference=difference(wrong, expected, numbers, digits))


def holds(fact: Any, claim: str, **inputs: Any) -> None:
    """Check a fact that is not about numbers. `claim` states it in a sentence; the message shows it with `inputs`.

    Raises CheckFailed.
    """
    if not fact:
        raise _failure(claim, inputs, {"values", "form"})


def raises(kind: type[Exception], function: Function, *args: Any, **kwargs: Any) -> None:
    """Check that a call raises an exception of this kind, at once or when its result is read.

    Raises CheckFailed, which shows what happened instead.
    """
    last_calls.remember(function, args, kwargs)
    inputs, claim = arguments_by_name(function, args, kwargs), f"{name_of(function)} must raise {kind.__name__} here"
    copied = Copier().copy([args, kwargs])
    try:
        with warnings.catch_warnings(action="ignore"):
            returned = function(*copied[0], **copied[1])
            _read(returned)
            got = describe(returned)
    except NotImplementedError as error:
        raise failure(f"{name_of(function)} is not written yet", {}) from error
    except kind:
        return
    except (Exception, SystemExit) as error:
        got = f"{type(error).__name__}: {error}"
    raise _failure(claim, inputs, {"raised"}, got=got)


def fitting(result: Any, *cases: tuple[ArrayLike, Any], tol: float = 1e-3) -> Any:
    """Choose what a test expects, where that depends on the result of another function of the student's.

    A backward pass, for instance, differentiates the student's own forward pass. A case is a result of that other
    function and what follows from it. Both come from the test: the student's `result` only says which case is nearest.
    If it is not within `tol` of any, the first case counts: the right result.
    """
    numbers = _numbers(result)
    apart = [_distance(numbers, np.asarray(one)) for one, _ in cases]
    return cases[apart.index(min(apart)) if min(apart) <= tol else 0][1]


def _distance(numbers: np.ndarray[Any, Any] | None, one: np.ndarray[Any, Any]) -> float:
    """Return how far two results are apart, relative to the largest number of one; inf where that means nothing."""
    if numbers is None or numbers.shape != one.shape or not one.size:
        return np.inf
    apart = np.abs(numbers - one).max() / max(1.0, np.abs(one).max())
    return float(apart) if np.isfinite(apart) else np.inf


def grows(
    function: Function,
    small: tuple[Any, ...],
    large: tuple[Any, ...],
    most: float,
    claim: str,
    *,
    reference: Callable[..., ArrayLike],
) -> None:
    """Check that a call with `large` takes at most `most` times as long as one with `small`, with the right results.

    `reference` computes the right results. It is timed too: an answer that dawdles over the small input gains nothing,
    because its time there counts only up to PATIENCE times the reference's. The machine may be busy, so the best of
    three tries counts and the bound should be generous. `claim` states how the running time may grow.

    Raises CheckFailed.
    """
    wants = [np.asarray(reference(*args)) for args in (small, large)]
    for _ in range(3):
        longest = max(PATIENCE * min(_seconds(reference, small)[0] for _ in range(3)), LEAST_SECONDS)
        tries = [_seconds(function, small) for _ in range(3)]
        base = min(max(min(seconds for seconds, _ in tries), LEAST_SECONDS), longest)
        taken, result = _seconds(function, large)
        for got, want in zip((tries[0][1], result), wants, strict=True):
            close(got, want, f"the result of {name_of(function)} is right")
        if taken <= most * base:
            return
    got = f"{taken:.3g} s for the large input, {base:.3g} s for the small one"
    raise _failure(claim, {}, set(), expected=f"at most {most:g} times as long", got=got)


def _seconds(function: Function, args: tuple[Any, ...]) -> tuple[float, Any]:
    """Return how long a call takes, and its result."""
    start = time.perf_counter()
    result = call(function, *args)
    return time.perf_counter() - start, result


def leaves_arguments_alone(function: Function, *args: Any, **kwargs: Any) -> None:
    """Check that a call changes none of its arguments and that no result shares memory with one of them.

    Arrays in lists, tuples and dicts count too, and so do tensors. A random generator may change.

    Raises CheckFailed.
    """
    last_calls.remember(function, args, kwargs)
    inputs = arguments_by_name(function, args, kwargs)
    given, named = Copier().copy([args, kwargs])
    with warnings.catch_warnings(action="ignore"), _explained(function, inputs):
        returned = function(*given, **named)
    for (name, before), after in zip(inputs.items(), [*given, *named.values()], strict=True):
        if not same(before, after):
            claim = f"{name_of(function)} must not change its argument {name}"
            raise _failure(claim, {name: before}, {"changed"}, after=after)
    arrays = [*arrays_in(given), *arrays_in(named)]
    for part in returned if isinstance(returned, tuple | list) else [returned]:
        if any(np.may_share_memory(own, array) for own in _own_array(part) for array in arrays):
            claim = f"{name_of(function)} must return new arrays, not its argument or a view of it"
            raise _failure(claim, inputs, {"shared"})


def _own_array(part: Any) -> Iterator[Any]:
    """Yield the array that a result is, if it is one; what a cache holds is the student's own affair."""
    if not isinstance(part, tuple | list | dict):
        yield from arrays_in(part)


@contextmanager
def _explained(function: Function, inputs: dict[str, Any]) -> Iterator[None]:
    """Turn an error of the student's function into a CheckFailed that shows the input and the student's line."""
    try:
        yield
    except NotImplementedError as error:
        raise failure(f"{name_of(function)} is not written yet", {}) from error
    except (Exception, SystemExit) as error:
        raised = f"{type(error).__name__}: {error}"
        if line := _students_line(function, error):
            raised += f"\nin the line: {line}"
        raise _failure(f"{name_of(function)} raised an error", inputs, {"raised"}, raised=raised) from error


def _students_line(function: Function, error: BaseException) -> str | None:
    """Return the last line of the student's cell that an error passed through."""
    cell = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__) if frame.filename == cell]
    return lines[-1] if lines else None


def _failure(claim: str, inputs: dict[str, Any], facets: set[str], **facts: Any) -> CheckFailed:
    """Build the error for a failed claim, with hints on the mistake in the function that was called last.

    `facets` are those that the check looked at: a mistake that shows in them is named first.
    """
    try:
        explanation = last_calls.explain(facets)
    except Exception:  # the student must see the claim, whatever the search for a hint runs into
        explanation = Explanation()
    if explanation.smallest:
        facts["smallest"] = explanation.smallest
    return failure(claim, inputs, list(explanation.hints), **facts)


def _numbers(got: Any) -> np.ndarray[Any, Any] | None:
    """Return `got` as an array of numbers, or None if it is not one."""
    try:
        array = np.asarray(got.detach() if hasattr(got, "detach") else got)
    except (ValueError, TypeError, RuntimeError):
        return None
    return array if array.dtype.kind in "fiub" else None
