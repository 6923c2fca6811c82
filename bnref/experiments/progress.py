"""Progress of long work: a count that is updated in place on a terminal, and a few lines elsewhere."""

import sys

LINES = 4  # at most, where the output is not a terminal


class Progress:
    """A counter that prints "Experiments: 12 of 58" to standard error and goes up with each call of `step`."""

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
        if total and sys.stderr.isatty():
            self._show()

    def step(self) -> None:
        """Count one more item as done."""
        self.done += 1
        lines = [done * LINES // self.total for done in (self.done - 1, self.done)]
        if sys.stderr.isatty() or lines[0] < lines[1]:
            self._show()

    def _show(self) -> None:
        # On a terminal the cursor returns to the start of the line, so that an error message overwrites the count.
        stays = self.done == self.total or not sys.stderr.isatty()
        print(f"{self.what}: {self.done} of {self.total}", end="\n" if stays else "\r", file=sys.stderr, flush=True)
