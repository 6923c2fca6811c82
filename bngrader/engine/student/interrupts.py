"""When the judge may interrupt the student's process: while the submission's own code runs, and not in mid-message."""

import signal
import types
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupts:
    """Turns SIGINT into KeyboardInterrupt, where it is allowed."""

    def __init__(self) -> None:
        self._allowed = self._waiting = False
        signal.signal(signal.SIGINT, self._come)

    def _come(self, number: int, frame: types.FrameType | None) -> None:
        if self._allowed:
            raise KeyboardInterrupt
        self._waiting = True

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Allow them here. One that came before is forgotten."""
        before, self._allowed, self._waiting = self._allowed, True, False
        try:
            yield
        finally:
            self._allowed = before

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold them back here, until the end of this."""
        before, self._allowed = self._allowed, False
        try:
            yield
        finally:
            self._allowed = before
        if before and self._waiting:
            self._waiting = False
            raise KeyboardInterrupt
