"""On the student's side: interrupts by the judge, only while the submission's code runs and never within a message."""

import signal
import types
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupts:
    """A handler that turns SIGINT into KeyboardInterrupt while that is allowed."""

    def __init__(self) -> None:
        self._allowed = self._waiting = False
        signal.signal(signal.SIGINT, self._come)

    def _come(self, number: int, frame: types.FrameType | None) -> None:
        if self._allowed:
            raise KeyboardInterrupt
        self._waiting = True

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Allow interrupts in this block. One that came before is forgotten."""
        before, self._allowed, self._waiting = self._allowed, True, False
        try:
            yield
        finally:
            self._allowed = before

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold interrupts back until this block ends."""
        before, self._allowed = self._allowed, False
        try:
            yield
        finally:
            self._allowed = before
        if before and self._waiting:
            self._waiting = False
            raise KeyboardInterrupt
