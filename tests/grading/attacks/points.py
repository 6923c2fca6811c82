"""Attacks on the points: answers that make tests expect, skip or forget something instead of being right.

Each attack is a whole submission to one assignment. Most kinds are made for every function of every assignment from a
right and an empty answer; `SPECIAL` has those that are about one test. An attack says for each function how many points
it may earn at most.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.grading.attacks.empty_answers import EMPTY
from tests.grading.attacks.points_special import SPECIAL
from tests.solutions import runner

CLASSES = ("BatchNorm",)  # whose objects are called
UNSEEN = (*CLASSES, "record_activations", "make_network")  # whose calls cannot be told apart by plain arguments


@dataclass(frozen=True)
class Attack:
    """A submission: the source of the answer to each function, and the most points that each cell may earn."""

    answers: dict[str, str]
    most: dict[str, float] = field(default_factory=dict)


SPOIL = """
def _spoil(value):
    if isinstance(value, np.ndarray):
        owner = value
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        for array in (owner, value):
            try:
                array.flags.writeable = True
            except ValueError:
                pass
            if array.flags.writeable:
                array[...] = 0
    elif type(value).__name__ in ("Tensor", "Parameter"):
        value.data.zero_()
    elif isinstance(value, dict):
        _spoil(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for part in value:
            _spoil(part)
    elif isinstance(value, np.random.Generator):
        value.random(7)


def _kept(value):
    return list(value) if hasattr(value, "__next__") else value


def _spoiling(function):
    def answer(*args, **kwargs):
        args = [_kept(value) for value in args]
        try:
            return function(*args, **kwargs)
        finally:
            _spoil(args)
            _spoil(kwargs)
    return answer
"""
PATCH = """
import numpy as _real
def _patch():
    zero = lambda *args, **kwargs: np.float64(0)
    true = lambda *args, **kwargs: True
    np.allclose = np.array_equal = np.may_share_memory = np.shares_memory = true
    np.isclose = lambda a, b, **kwargs: np.ones(np.shape(b), bool)
    np.mean = np.var = np.std = np.percentile = np.sum = np.linalg.norm = zero
    np.random.default_rng = lambda *args: np.random.Generator(np.random.PCG64(0))
    np.random.rand = np.random.randn = np.random.normal = zero
_patch()
"""
PEEK = """
def _arrays(value, depth=0):
    if isinstance(value, np.ndarray):
        yield value
    elif depth < 3 and isinstance(value, (list, tuple)):
        for part in value:
            yield from _arrays(part, depth + 1)
    elif depth < 3 and isinstance(value, dict):
        yield from _arrays(list(value.values()), depth + 1)


def _peeking(function):
    def answer(*args, **kwargs):
        import gc
        import sys
        result = function(*args, **kwargs)
        parts = list(result) if isinstance(result, (list, tuple)) else [result]
        own = {id(array) for array in _arrays([args, kwargs, parts])}
        places, frame = [], sys._getframe().f_back
        while frame:
            places.append(dict(frame.f_locals))
            frame = frame.f_back
        names = ("want", "wants", "expected", "right", "cases", "numbers", "record", "state")
        places += [thing for thing in gc.get_objects() if type(thing) is dict and any(name in thing for name in names)]
        for number, part in enumerate(parts):
            if isinstance(part, np.ndarray):
                found = [a for a in _arrays(places) if a.shape == part.shape and id(a) not in own]
                parts[number] = found[-1].astype(part.dtype) if found else part
        return tuple(parts) if isinstance(result, (list, tuple)) else parts[0]
    return answer
"""
COUNT = """
def _counting(right, empty):
    calls = []
    def answer(*args, **kwargs):
        calls.append(1)
        return (right if len(calls) < 3 else empty)(*args, **kwargs)
    return answer
"""
KEY = """
def _key(value):
    if isinstance(value, np.ndarray):
        return [value.shape, str(value.dtype), value.tolist()]
    if isinstance(value, dict):
        return [_key(list(value.items()))]
    return list(map(_key, value)) if isinstance(value, (list, tuple)) else repr(value).split(" at 0x")[0]
"""
SEEN = """
def _seeing(right, empty, seen):
    import hashlib
    def answer(*args, **kwargs):
        key = hashlib.sha1(repr(_key([args, kwargs])).encode()).hexdigest()
        return (right if key in seen else empty)(*args, **kwargs)
    return answer
"""
LIE = """
def _lying(function):
    import inspect
    names = list(inspect.signature(function).parameters.values())
    spoils = _spoiling(function)
    def answer(*args, **kwargs):
        return spoils(*args, **kwargs)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    answer.__signature__ = inspect.Signature([inspect.Parameter(p.name, kind) for p in reversed(names)])
    return answer
"""


def wrapped(name: str, source: str, helper: str, wrapper: str) -> str:
    """Return the source of an answer in a wrapper; of a class, `__call__` is wrapped."""
    target = f"{name}.__call__" if name in CLASSES else name
    return f"{source}\n{helper}\n{target} = {wrapper}({target})\n"


def two(name: str, right: str, helper: str, choice: str) -> str:
    """Return the source of an answer that is sometimes right and sometimes empty."""
    if name in CLASSES:
        made = f"_right, _empty = {name}_right.__call__, {name}_empty.__call__\n{name} = {name}_right\n"
        made += f"{name}.__call__ = {choice.format('_right', '_empty')}\n"
    else:
        made = f"{name} = {choice.format(f'{name}_right', f'{name}_empty')}\n"
    return f"{right}\n{name}_right = {name}\n{EMPTY[name]}\n{name}_empty = {name}\n{helper}\n{made}"


def seen(slug: str, name: str, right: dict[str, str]) -> set[str]:
    """Return the keys of all calls that the visible tests of a function make."""
    keys: set[str] = set()
    namespace: dict[str, object] = {"__name__": "__main__"}
    exec(runner.cells(slug)["imports"].source + KEY + "\n" + "\n".join(right.values()), namespace)
    answer, key = namespace[name], namespace["_key"]
    assert isinstance(answer, Callable)
    assert isinstance(key, Callable)

    def noting(*args: object, **kwargs: object) -> object:
        keys.add(hashlib.sha1(repr(key([args, kwargs])).encode()).hexdigest())
        return answer(*args, **kwargs)

    namespace[name] = noting
    for cell in runner.tests_of(slug, name):
        visible = runner.cells(slug)[cell].source.partition("### BEGIN HIDDEN TESTS")[0]
        exec(compile(visible, f"<{cell}>", "exec"), namespace)
    return keys


def attacks(slug: str) -> dict[str, Attack]:
    """Return the attacks on the points of an assignment, by name."""
    right = {name: runner.cells(slug)[name].source for name in runner.functions(slug)}
    empty = {name: EMPTY[name] for name in right}
    by_arguments = {name: source for name, source in right.items() if name not in UNSEEN}
    untouched = {  # the cells that do not look at the arguments, for right answers that change them
        cell: runner.points(slug)[cell]
        for name in right
        for cell in runner.tests_of(slug, name)
        if "leaves_arguments_alone" not in runner.cells(slug)[cell].source
    }
    made = {
        "empty": Attack(empty),
        "spoils its arguments": Attack({n: wrapped(n, s, SPOIL, "_spoiling") for n, s in empty.items()}),
        "patches the libraries": Attack({n: f"{PATCH}\n{s}" for n, s in empty.items()}),
        "peeks into frames": Attack({n: wrapped(n, s, PEEK, "_peeking") for n, s in empty.items()}),
        "is right twice": Attack(
            {n: two(n, s, COUNT, "_counting({}, {})") for n, s in right.items() if n not in UNSEEN[1:]}
        ),
        "knows the visible tests": Attack(
            {
                n: two(n, s, KEY + SEEN, f"_seeing({{}}, {{}}, {sorted(seen(slug, n, right))!r})")
                for n, s in by_arguments.items()
            }
        ),
        "lies about its signature": Attack(
            {n: wrapped(n, s, SPOIL + LIE, "_lying") for n, s in by_arguments.items()}, untouched
        ),
    }
    return made | {name: Attack(*parts) for name, parts in SPECIAL.get(slug, {}).items()}
