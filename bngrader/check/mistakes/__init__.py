"""The known mistakes of each assignment, a folder each. `check.hints` looks for them in a student's function.

A folder has a module for each function, which holds a right answer and the edits that make it wrong. Students install
all of this, so a module imports NumPy and the standard library only; torch only inside functions that are about torch.
"""

import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from bngrader.check.mistakes.edits import Every, apply

__all__ = ["Every", "Function", "Known", "Mistake", "known", "plain", "source"]

Function = Callable[..., Any]
Wrong = Mapping[str, str] | Function


def plain(function: Function, *args: Any, **kwargs: Any) -> Any:
    """How most functions are used: called with the input."""
    return function(*args, **kwargs)


@dataclass(frozen=True)
class Mistake:
    """One way to get a function wrong.

    `wrong` maps parts of the right answer's source to their replacements (see `edits`); where edits are not enough, it
    is a function or class; where students make the mistake in several ways, it is a tuple of these. `hint` tells the
    student what is wrong, in a sentence or two, but not what to write. Set `loose` if the wrong numbers are rounding
    noise or vary between programs: then a student's function only has to go wrong for the same inputs. `place` is set
    to the file and line of the mistake.
    """

    name: str
    wrong: Wrong | tuple[Wrong, ...]
    hint: str
    loose: bool = False
    place: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.place:  # else `replace` made it of another one
            caller = sys._getframe(2)  # past the __init__ that dataclass wrote
            object.__setattr__(self, "place", f"{caller.f_code.co_filename}:{caller.f_lineno}")


@dataclass(frozen=True, eq=False)
class Known:
    """What is known about one function (or class) that students write.

    `fresh(rng)` gives inputs, each a tuple of arguments: small ones, and each of them about one idea alone, so that two
    mistakes in one answer can be told apart. `use(function, *needs, *input)` is what is done with an input, where that
    is not a plain call; it returns numbers, arrays, strings, or tuples, lists and dicts of them. `needs` are the right
    answers to other functions that `use` takes, such as a forward pass that makes the cache; of a student's answer it
    gets the student's. An input on which a student's function fails may be shown, by the names of the parameters,
    unless text in it says that it is a script of `use`.
    """

    right: Function
    fresh: Callable[[np.random.Generator], Iterable[tuple[Any, ...]]]
    mistakes: tuple[Mistake, ...]
    use: Function = plain
    needs: tuple[Function, ...] = ()

    @property
    def name(self) -> str:
        """The function's name, and its solution cell's `grade_id`."""
        return self.right.__name__

    def inputs(self, seed: int) -> list[tuple[Any, ...]]:
        """The inputs of a seed: the same ones each time, but new objects."""
        return [tuple(args) for args in self.fresh(np.random.default_rng(seed))]

    @property
    def variants(self) -> list[Mistake]:
        """The mistakes, one for each way to make it."""
        found = []
        for mistake in self.mistakes:
            ways = mistake.wrong if isinstance(mistake.wrong, tuple) else (mistake.wrong,)
            names = [mistake.name, *(f"{mistake.name}, way {number}" for number in range(2, len(ways) + 1))]
            found += [replace(mistake, name=name, wrong=way) for name, way in zip(names, ways, strict=True)]
        return found

    def source_of(self, mistake: Mistake) -> str:
        """Return the source of a wrong answer, one of the variants, as a student would write it.

        Raises ValueError if an edit does not match the right answer.
        """
        if not isinstance(mistake.wrong, Mapping):
            assert callable(mistake.wrong)
            return re.sub(
                rf"(def|class) {mistake.wrong.__name__}\b", rf"\1 {self.name}", source(mistake.wrong), count=1
            )
        try:
            return apply(mistake.wrong, source(self.right))
        except ValueError as error:
            raise ValueError(f"{mistake.place}: {self.name}, {mistake.name!r}: {error}.") from None

    def function_of(self, mistake: Mistake) -> Function:
        """The wrong answer itself."""
        if callable(mistake.wrong):
            return mistake.wrong
        namespace = dict(vars(importlib.import_module(self.right.__module__)))
        exec(self.source_of(mistake), namespace)
        return namespace[self.name]


@cache  # to find a class, inspect parses its whole module
def source(function: Function) -> str:
    """The source of a function or a class."""
    return textwrap.dedent(inspect.getsource(function))


def known(name: str) -> Known | None:
    """What is known about a function of some assignment."""
    return _all().get(name)


@cache
def _all() -> dict[str, Known]:
    slugs = [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]
    assignments = [importlib.import_module(f"{__name__}.{slug}") for slug in slugs]
    return {about.name: about for assignment in assignments for about in assignment.KNOWN}
