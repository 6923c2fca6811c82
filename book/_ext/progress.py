"""Count the pages that are read while the book is built: reading one executes it, which can take minutes."""

from sphinx.application import Sphinx

from bnref.experiments.progress import Progress


def _count(app: Sphinx, env: object, names: list[str]) -> None:
    progress = Progress("Pages", len(names))
    app.connect("doctree-read", lambda app, doctree: progress.step(), priority=900)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension, to come after all others that deal with a page."""
    app.connect("env-before-read-docs", _count, priority=900)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
