"""Text cells as HTML inside a page that has its own headings and ids."""

from functools import lru_cache

from nbformat import NotebookNode
from nbgrader.utils import is_locked

from bngrader.feedback.cleaning import MAX_TEXT_CHARACTERS, render
from bngrader.feedback.pictures import Pictures, without_pictures


def quoted(cell: NotebookNode) -> str:
    """Return the HTML of a text cell, without headings, ids and anything that could run in a browser.

    Only the formulas of the assignment's own cells become MathML. A student's formulas are shown as TeX.
    """
    text, pictures = without_pictures(cell.source, cell.get("attachments"))
    text = cut(text, MAX_TEXT_CHARACTERS - 100)
    return _html(text, False, pictures) if pictures else _cached(text, is_locked(cell))


def cut(text: str, longest: int) -> str:
    """Return a text without its middle if it is longer than `longest` characters."""
    if len(text) <= longest:
        return text
    left_out = f"\n[... {len(text) - longest} characters are left out here ...]\n"
    return text[: longest // 2] + left_out + text[-longest // 2 :]


def _html(source: str, formulas: bool, pictures: Pictures) -> str:
    return render(source, pictures, formulas=formulas, headings=False)


@lru_cache(maxsize=256)  # most cells of a class's notebooks are the same
def _cached(source: str, formulas: bool) -> str:
    return _html(source, formulas, {})
