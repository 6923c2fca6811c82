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

__all__ = ["Every", "Function", "Known", "Mistake", "all_known", "known", "plain", "source"]

Function = Callable[..., Any]
Wrong = Mapping[str, str] | Function


def plain(function: Function, *args: Any, **kwargs: Any) -> Any:
    """Call a function with an input, which is enough for most functions."""
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
        if not self.place:  # `replace` keeps the place of the original
            caller = sys._getframe(2)  # beyond the __init__ that dataclass writes
            object.__setattr__(self, "place", f"{caller.f_code.co_filename}:{caller.f_lineno}")


@dataclass(frozen=True, eq=False)
class Known:
    """The right answer to one function (or class) that students write, and the known ways to get it wrong.

    `fresh(rng)` yields inputs, each a tuple of arguments. An input is small and about a single idea, so that two
    mistakes in one answer can be told apart. `use(function, *needs, *input)` replaces the plain call if an input needs
    more than that; it returns numbers, arrays, strings, or tuples, lists and dicts of these. `needs` are the right
    answers to other functions that `use` calls, such as the forward pass that makes a cache; with a student's function
    `use` gets the student's own. An input for which a student's function fails may be shown to the student by the
    parameters' names, unless it contains text, which is an instruction to `use`.
    """

    right: Function
    fresh: Callable[[np.random.Generator], Iterable[tuple[Any, ...]]]
    mistakes: tuple[Mistake, ...]
    use: Function = plain
    needs: tuple[Function, ...] = ()

    @property
    def name(self) -> str:
        """The name of the function, which is also the `grade_id` of its solution cell."""
        return self.right.__name__

    def inputs(self, seed: int) -> list[tuple[Any, ...]]:
        """Make the inputs of a seed: always the same values, in new objects."""
        return [tuple(args) for args in self.fresh(np.random.default_rng(seed))]

    @property
    def variants(self) -> list[Mistake]:
        """All mistakes, with one entry for each way to make them."""
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
        """Return the wrong answer itself."""
        if callable(mistake.wrong):
            return mistake.wrong
        # An edit may be the only one in its file to use NumPy, and then the file does not import it.
        namespace = {"np": np} | vars(importlib.import_module(self.right.__module__))
        exec(self.source_of(mistake), namespace)
        return namespace[self.name]


@cache  # inspect parses the whole module to find a class
def source(function: Function) -> str:
    """Return the source of a function or a class."""
    return textwrap.dedent(inspect.getsource(function))


def known(name: str) -> Known | None:
    """Return what is known about a function of any assignment, or None."""
    return all_known().get(name)


@cache
def all_known() -> dict[str, Known]:
    """Return what is known about the functions of all assignments, by name."""
    slugs = [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]
    assignments = [importlib.import_module(f"{__name__}.{slug}") for slug in slugs]
    return {about.name: about for assignment in assignments for about in assignment.KNOWN}
