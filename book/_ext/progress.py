"""Count the pages while the book is built, in place on a terminal and in a few lines elsewhere.

A page counts when its cells are executed, and a page without cells when it is read.
"""

import sys
from threading import Lock

from sphinx.application import Sphinx

MAX_LINES = 4  # where the output is not a terminal


class Progress:
    """Prints "Pages: 9 of 18" to the standard error, and counts each page once."""

    def start(self, app: Sphinx, env: object, names: list[str]) -> None:
        """Start to count the pages that are about to be read."""
        self.total = len(names)
        self.done: set[str] = set()
        self.lock = Lock()  # pages are executed and read at the same time
        if self.total and sys.stderr.isatty():
            self._show()

    def add(self, name: str) -> None:
        """Count a page, unless it was counted before."""
        with self.lock:
            before = len(self.done)
            self.done.add(name)
            lines = [done * MAX_LINES // self.total for done in (before, len(self.done))]
            if before < len(self.done) and (sys.stderr.isatty() or lines[0] < lines[1]):
                self._show()

    def _show(self) -> None:
        # On a terminal the cursor goes back to the start of the line, so that an error message takes the text's place.
        stays = len(self.done) == self.total or not sys.stderr.isatty()
        print(f"Pages: {len(self.done)} of {self.total}", end="\n" if stays else "\r", file=sys.stderr, flush=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension, which comes after all others that deal with a page."""
    progress = Progress()
    app.add_event("page-executed")
    app.connect("env-before-read-docs", progress.start, priority=900)
    app.connect("page-executed", lambda app, name: progress.add(name))
    app.connect("doctree-read", lambda app, doctree: progress.add(app.env.docname), priority=900)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
