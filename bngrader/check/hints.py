"""Which known mistake is in a student's function: the two are run side by side on fresh inputs.

A mistake leaves marks: the inputs, and the facets of what comes of them, in which it differs from the right answer. A
function that shows the same marks has made the mistake, whatever else it does elsewhere. Of several mistakes that fit,
one whose marks are all among another's is dropped: the other says more. A hint is given where its mistake shows in the
call that failed.
"""

import copy
import inspect
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from bngrader.check.mistakes import Function, Known, Mistake, known, plain
from bngrader.check.observation import Observation, differing, in_short, observe, size, tolerance

Mark = tuple[int, str]
Call = tuple[tuple[Any, ...], dict[str, Any]]
SEED = 20150211
PATIENCE = 4.0  # seconds for a student's function on all inputs of a seed; it takes milliseconds, or hangs


@dataclass(frozen=True)
class Explanation:
    """What can be said of a function that failed: the hints of known mistakes, or else a small input that shows it."""

    hints: tuple[str, ...] = ()
    smallest: str | None = None


@dataclass(frozen=True)
class Reference:
    """What a student's function is compared with: what the right answer does, and each mistake with its marks."""

    tols: list[float]
    rights: list[Observation]
    mistakes: list[tuple[Mistake, list[Observation], set[Mark]]] = field(default_factory=list)

    def marks(self, ours: list[Observation], theirs: list[Observation]) -> set[Mark]:
        """Where two functions differ."""
        pairs = zip(ours, theirs, self.tols, strict=True)
        return {(number, facet) for number, (a, b, tol) in enumerate(pairs) for facet in differing(a, b, tol)}


@cache
def _reference(about: Known) -> Reference:
    rights = _observations(about, (about.right, *about.needs))
    reference = Reference([tolerance(args) for args in about.inputs(SEED)], rights)
    for mistake in about.variants:
        wrongs = _observations(about, (about.function_of(mistake), *about.needs))
        reference.mistakes.append((mistake, wrongs, reference.marks(wrongs, rights)))
    return reference


def explain(name: str, find: Callable[[str], Any], calls: list[Call], facets: set[str]) -> Explanation:
    """Say what can be said of a student's function that failed a check.

    `find` gives the student's function of a name, or None. `calls` are the calls that led to the failure, and `facets`
    what the check looked at.
    """
    about = known(name)
    functions = (find(name), *(find(needed.__name__) for needed in about.needs)) if about else ()
    if about is None or not all(map(callable, functions)):
        return Explanation()
    seen = [(mistake.hint, _seen(about, mistake, marks, calls)) for mistake, marks in matches(about, functions)]
    hints = [hint for hint, where in seen if where & facets] or [hint for hint, where in seen if where]
    if hints:
        return Explanation(tuple(dict.fromkeys(hints)))
    return Explanation(smallest=_smallest(about, functions, calls))


def matches(about: Known, functions: tuple[Function, ...]) -> list[tuple[Mistake, set[Mark]]]:
    """The known mistakes that a student's function shows, with their marks.

    `functions` are the function and those that it needs.
    """
    reference = _reference(about)
    students = _observations(about, functions, patience=PATIENCE)
    deviations = reference.marks(students, reference.rights)
    found: list[tuple[Mistake, set[Mark]]] = []
    for mistake, wrongs, marks in reference.mistakes if deviations else ():
        apart = reference.marks(students, wrongs)
        if marks <= deviations and not (_beyond_values(marks, apart) if mistake.loose else marks & apart):
            found.append((mistake, marks))
    # That numbers are wrong somehow says little, unless it is known of most inputs why they are.
    explained = _inputs(set().union(*(marks for _, marks in found)))
    if len(_inputs(deviations) & explained) < 2 / 3 * len(_inputs(deviations)):
        found = [one for one in found if not one[0].loose]
    return [one for one in found if not any(_says_more(other, one) for other in found)]


def _says_more(other: tuple[Mistake, set[Mark]], one: tuple[Mistake, set[Mark]]) -> bool:
    if other[1] == one[1]:
        return one[0].loose and not other[0].loose
    return other[1] > one[1]


def _beyond_values(marks: set[Mark], apart: set[Mark]) -> set[Mark]:
    """Where, of what is `apart`, more than numbers differ on the inputs with `marks`."""
    shape = {(number, facet) for number in _inputs(marks) for facet in ("form", "raised")}
    return apart & (shape | {mark for mark in marks if mark[1] != "values"})


def _inputs(marks: set[Mark]) -> set[int]:
    return {number for number, _ in marks}


def _observations(
    about: Known, functions: tuple[Function, ...], seed: int = SEED, patience: float = math.inf, told: bool = False
) -> list[Observation]:
    """What comes of each input of a seed. Raises TimeoutError where that takes too long for a hint."""
    end, seen = time.monotonic() + patience, []
    for args in about.inputs(seed):
        seen.append(observe(about.use, functions, args, told=told))
        if time.monotonic() > end:
            raise TimeoutError
    return seen


def _seen(about: Known, mistake: Mistake, marks: set[Mark], calls: list[Call]) -> set[str]:
    """The facets in which a mistake shows in one of the calls, or at all where they cannot be made again."""
    if about.use is not plain or not calls or not all(map(_repeatable, calls)):
        return {facet for _, facet in marks}
    both, found = (about.function_of(mistake), about.right), set[str]()
    for args, kwargs in calls:
        one, other = (observe(plain, (function,), *copy.deepcopy((args, kwargs))) for function in both)
        found |= differing(one, other, tolerance(args))
    return found


def _repeatable(value: Any) -> bool:
    """Whether a call, or an argument, is made of numbers and text alone."""
    if isinstance(value, dict):
        return _repeatable(list(value.values()))
    if isinstance(value, tuple | list):
        return all(map(_repeatable, value))
    return isinstance(value, np.ndarray | np.generic | int | float | str | None)


def _smallest(about: Known, functions: tuple[Function, ...], calls: list[Call]) -> str | None:
    """The smallest of several fresh inputs on which a function is wrong, if it is smaller than the one that failed."""
    found: list[tuple[int, int, Any, Observation, Observation]] = []
    for seed in range(SEED, SEED + 3):
        students = _observations(about, functions, seed, PATIENCE, told=True)
        rights = _observations(about, (about.right, *about.needs), seed, told=True)
        for args, student, right in zip(about.inputs(seed), students, rights, strict=True):
            a_script = about.use is not plain and any(isinstance(value, str) for value in args)
            if not a_script and differing(student, right, tolerance(args)) & {"values", "form", "dtypes", "raised"}:
                found.append((size(args), len(found), args, right, student))
    if not found:
        return None
    smallest, _, args, right, student = min(found, key=lambda one: one[:2])
    if calls and about.use is plain and smallest >= size(calls[-1][0]):
        return None
    names = list(inspect.signature(about.right if about.use is plain else about.use).parameters)[-len(args) :]
    shown = [f"{name} = {in_short(value)}" for name, value in zip(names, args, strict=False)]
    return "\n".join(["it fails on this too:", *shown, f"expected {right.text}", f"got {student.text}"])
