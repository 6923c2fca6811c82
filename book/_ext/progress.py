"""Count the pages while the book is built: a page counts when its cells are executed, and one without cells when it is
read."""

from threading import Lock

from sphinx.application import Sphinx

from bnref.experiments.progress import Progress


class _Count:
    """Counts each page once."""

    def __init__(self) -> None:
        self.lock = Lock()  # pages are executed and read at the same time

    def start(self, app: Sphinx, env: object, names: list[str]) -> None:
        self.progress, self.counted = Progress("Pages", len(names)), set[str]()

    def add(self, name: str) -> None:
        with self.lock:
            if name not in self.counted:
                self.counted.add(name)
                self.progress.step()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension, to come after all others that deal with a page."""
    count = _Count()
    app.add_event("page-executed")
    app.connect("env-before-read-docs", count.start, priority=900)
    app.connect("page-executed", lambda app, name: count.add(name))
    app.connect("doctree-read", lambda app, doctree: count.add(app.env.docname), priority=900)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
