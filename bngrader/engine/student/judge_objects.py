"""On the student's side: stand-ins for callables and iterables that a test passed to an answer."""

from collections.abc import Callable
from typing import Any

from bngrader.engine.protocol.messages import Use

AskJudge = Callable[[Use, int, Any], Any]  # operation, number of the object, argument: has the judge do it


class JudgesError(RuntimeError):
    """The judge's own function raised an exception when the answer called it."""


class JudgesCallable:
    """A function that a test passed to the answer."""

    def __init__(self, ask: AskJudge, number: int) -> None:
        self._ask, self._number = ask, number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Have the judge call it."""
        return self._ask("call", self._number, (args, kwargs))

    def __deepcopy__(self, memo: Any) -> "JudgesCallable":
        return self  # a copy of a module keeps its hooks, as functions are kept


class JudgesIterator:
    """An iterator that a test passed to the answer: each item is fetched only when the answer asks for it."""

    def __init__(self, ask: AskJudge, number: int) -> None:
        self._ask, self._number = ask, number

    def __iter__(self) -> "JudgesIterator":
        return self

    def __next__(self) -> Any:
        return self._ask("next", self._number, ())


class JudgesIterable(JudgesIterator):
    """An iterable that a test passed to the answer, and that can be read more than once."""

    def __iter__(self) -> JudgesIterator:
        return self._ask("iter", self._number, ())

    __next__ = None  # type: ignore[assignment]


WRAPPERS: dict[str, Callable[[AskJudge, int], Any]] = {
    "call": JudgesCallable,
    "next": JudgesIterator,
    "iter": JudgesIterable,
}
