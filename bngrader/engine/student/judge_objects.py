"""What stands on the student's side for a function, an iterator or an iterable that a test passed in."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bngrader.engine.student.student import Side


class JudgesError(RuntimeError):
    """What the judge's own function raised when the answer called it."""


class JudgesCallable:
    """A function of the test's that was passed to the answer."""

    def __init__(self, side: "Side", number: int) -> None:
        self._side, self._number = side, number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Have the judge call it."""
        return self._side.ask("call", self._number, (args, kwargs))


class JudgesIterator:
    """An iterator of the test's that was passed to the answer: each item is fetched when it is asked for."""

    def __init__(self, side: "Side", number: int) -> None:
        self._side, self._number = side, number

    def __iter__(self) -> "JudgesIterator":
        return self

    def __next__(self) -> Any:
        return self._side.ask("next", self._number, ())


class JudgesIterable(JudgesIterator):
    """An iterable of the test's, which may be read again."""

    def __iter__(self) -> JudgesIterator:
        return self._side.ask("iter", self._number, ())

    __next__ = None  # type: ignore[assignment]


WRAPPERS: dict[str, Callable[["Side", int], Any]] = {
    "call": JudgesCallable,
    "next": JudgesIterator,
    "iter": JudgesIterable,
}
