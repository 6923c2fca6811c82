"""Search for a known mistake in a student's function, by running both on the same fresh inputs.

A mistake has *marks*: the inputs, and the facets of the result on each, where it differs from the right answer. A
function with the same marks has made the mistake, whatever it does elsewhere. If several mistakes fit, one whose marks
are all among another's is dropped, since the other explains more. A hint is given only if its mistake shows in the
call that failed.

Comparing behavior rather than source finds a mistake however it is written.
"""

import copy
import inspect
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from bngrader.check.mistakes import Function, Known, Mistake, known, plain
from bngrader.check.observation import Observation, differing_facets, input_size, observe, one_line, tolerance

Mark = tuple[int, str]
Call = tuple[tuple[Any, ...], dict[str, Any]]
SEED = 20150211
# For a student's function on all inputs of a seed. It takes milliseconds, or seconds where another process runs it on a
# busy machine, or it hangs. The book's pages stop everything after 10 seconds.
TIME_LIMIT_S = 4.0 if sys.platform == "emscripten" else 12.0


@dataclass(frozen=True)
class Explanation:
    """Help with a function that failed: the hints of known mistakes, or else a small input that shows the failure."""

    hints: tuple[str, ...] = ()
    smallest: str | None = None


@dataclass(frozen=True)
class Reference:
    """The behavior of the right answer, and of each mistake with its marks, to compare a student's function with."""

    tols: list[float]
    rights: list[Observation]
    mistakes: list[tuple[Mistake, list[Observation], set[Mark]]] = field(default_factory=list)

    def marks(self, some: list[Observation], others: list[Observation]) -> set[Mark]:
        """Return the marks in which two functions differ."""
        pairs = zip(some, others, self.tols, strict=True)
        return {(number, facet) for number, (a, b, tol) in enumerate(pairs) for facet in differing_facets(a, b, tol)}


@cache
def _reference(about: Known) -> Reference:
    rights = _observations(about, (about.right, *about.needs))
    reference = Reference([tolerance(args) for args in about.inputs(SEED)], rights)
    for mistake in about.variants:
        wrongs = _observations(about, (about.function_of(mistake), *about.needs))
        reference.mistakes.append((mistake, wrongs, reference.marks(wrongs, rights)))
    return reference


def explain(name: str, find: Callable[[str], Any], calls: list[Call], facets: set[str]) -> Explanation:
    """Explain why a student's function failed a check, as far as that is known.

    `find` returns the student's function of a given name, or None. `calls` are the calls that led to the failure, and
    `facets` those that the check looked at.
    """
    about = known(name)
    functions = (find(name), *(find(needed.__name__) for needed in about.needs)) if about else ()
    if about is None or not all(map(callable, functions)):
        return Explanation()
    shown = [(mistake.hint, _shown_in(calls, about, mistake, marks)) for mistake, marks in matches(about, functions)]
    hints = [hint for hint, where in shown if where & facets] or [hint for hint, where in shown if where]
    if hints:
        return Explanation(tuple(dict.fromkeys(hints)))
    return Explanation(smallest=_smallest(about, functions, calls))


def matches(about: Known, functions: tuple[Function, ...]) -> list[tuple[Mistake, set[Mark]]]:
    """Find the known mistakes that a student's function shows, with their marks.

    `functions` are the function and those that it needs.
    """
    reference = _reference(about)
    students = _observations(about, functions, time_limit_s=TIME_LIMIT_S)
    deviations = reference.marks(students, reference.rights)
    found: list[tuple[Mistake, set[Mark]]] = []
    for mistake, wrongs, marks in reference.mistakes if deviations else ():
        apart = reference.marks(students, wrongs)
        if marks <= deviations and not (_beyond_values(marks, apart) if mistake.loose else marks & apart):
            found.append((mistake, marks))
    # A loose mistake only says that numbers are wrong somehow: that means little unless it explains most wrong inputs.
    explained = _inputs(set().union(*(marks for _, marks in found)))
    if len(_inputs(deviations) & explained) < 2 / 3 * len(_inputs(deviations)):
        found = [one for one in found if not one[0].loose]
    return [one for one in found if not any(_says_more(other, one) for other in found)]


def _says_more(other: tuple[Mistake, set[Mark]], one: tuple[Mistake, set[Mark]]) -> bool:
    if other[1] == one[1]:
        return one[0].loose and not other[0].loose
    return other[1] > one[1]


def _beyond_values(marks: set[Mark], apart: set[Mark]) -> set[Mark]:
    """Select from `apart` the marks where more than numbers differ, on the inputs that `marks` names."""
    shape = {(number, facet) for number in _inputs(marks) for facet in ("form", "raised")}
    return apart & (shape | {mark for mark in marks if mark[1] != "values"})


def _inputs(marks: set[Mark]) -> set[int]:
    return {number for number, _ in marks}


def _observations(
    about: Known,
    functions: tuple[Function, ...],
    seed: int = SEED,
    time_limit_s: float = math.inf,
    with_text: bool = False,
) -> list[Observation]:
    """Run functions on every input of a seed. Raises TimeoutError if that takes longer than `time_limit_s`."""
    end, seen = time.monotonic() + time_limit_s, []
    for args in about.inputs(seed):
        seen.append(observe(about.use, functions, args, with_text=with_text))
        if time.monotonic() > end:
            raise TimeoutError
    return seen


def _shown_in(calls: list[Call], about: Known, mistake: Mistake, marks: set[Mark]) -> set[str]:
    """Return the facets in which a mistake shows in one of the calls, or in any input if they cannot be repeated."""
    if about.use is not plain or not calls or not all(map(_repeatable, calls)):
        return {facet for _, facet in marks}
    both, found = (about.function_of(mistake), about.right), set[str]()
    for args, kwargs in calls:
        one, other = (observe(plain, (function,), *copy.deepcopy((args, kwargs))) for function in both)
        found |= differing_facets(one, other, tolerance(args))
    return found


def _repeatable(value: Any) -> bool:
    """Return whether a call, or an argument, is made only of numbers and text, and so can be repeated."""
    if isinstance(value, dict):
        return _repeatable(list(value.values()))
    if isinstance(value, tuple | list):
        return all(map(_repeatable, value))
    return isinstance(value, np.ndarray | np.generic | int | float | str | None)


def _smallest(about: Known, functions: tuple[Function, ...], calls: list[Call]) -> str | None:
    """Describe the smallest fresh input on which a function is wrong, if it is smaller than the one that failed."""
    found: list[tuple[int, int, Any, Observation, Observation]] = []
    for seed in range(SEED, SEED + 3):
        students = _observations(about, functions, seed, TIME_LIMIT_S, with_text=True)
        rights = _observations(about, (about.right, *about.needs), seed, with_text=True)
        for args, student, right in zip(about.inputs(seed), students, rights, strict=True):
            differ = differing_facets(student, right, tolerance(args)) & {"values", "form", "dtypes", "raised"}
            is_script = about.use is not plain and any(isinstance(value, str) for value in args)  # unreadable as input
            if differ and not is_script:
                found.append((input_size(args), len(found), args, right, student))
    if not found:
        return None
    smallest, _, args, right, student = min(found, key=lambda one: one[:2])
    if calls and about.use is plain and smallest >= input_size(calls[-1][0]):
        return None
    names = list(inspect.signature(about.right if about.use is plain else about.use).parameters)[-len(args) :]
    shown = [f"{name} = {one_line(value)}" for name, value in zip(names, args, strict=False)]
    return "\n".join(
        ["your function also fails on this input:", *shown, f"expected {right.text}", f"got {student.text}"]
    )
