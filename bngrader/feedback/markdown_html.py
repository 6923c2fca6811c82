"""Text cells as HTML inside a page that has its own headings and ids."""

from functools import lru_cache

from latex2mathml.converter import convert
from nbformat import NotebookNode
from nbgrader.utils import is_locked

from bngrader.feedback.cleaning import MAX_TEXT_CHARACTERS, Pictures, Renderer, render, without_pictures

BEGIN, END = "\ue000", "\ue001"  # around the number of a formula; Unicode reserves them for private use


def quoted(cell: NotebookNode) -> str:
    """Return the HTML of a text cell, without headings, ids and anything that could run in a browser.

    Only the formulas of the assignment's own cells become MathML. A student's formulas are shown as TeX, because the
    converter was never tested with hostile input.
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
    renderer = _Renderer(formulas)
    html = render(source.replace(BEGIN, "").replace(END, ""), pictures, renderer, headings=False)
    for number, formula in enumerate(renderer.formulas):
        html = html.replace(f"{BEGIN}{number}{END}", formula)
    return html


@lru_cache(maxsize=256)  # most cells of a class's notebooks are the same
def _cached(source: str, formulas: bool) -> str:
    return _html(source, formulas, {})


class _Renderer(Renderer):
    """Keeps formulas out of the cleaning, which would remove their MathML."""

    def __init__(self, formulas: bool) -> None:
        super().__init__()
        self.formulas: list[str] = []
        self._wanted = formulas

    def inline_math(self, body: str) -> str:
        return self._set_aside(body, "inline") or super().inline_math(body)

    def block_math(self, body: str) -> str:
        return self._set_aside(body, "block") or super().block_math(body)

    def _set_aside(self, body: str, display: str) -> str:
        """Return a mark in place of a formula, or nothing if it stays TeX."""
        try:
            formula = convert(body, display=display) if self._wanted else ""
        except Exception:  # the library does not know all of TeX
            formula = ""
        if not formula:
            return ""
        # A formula that is wider than the screen can be scrolled, also with the keyboard.
        self.formulas.append(formula.replace("<math ", '<math tabindex="0" ', 1) if display == "block" else formula)
        return f"{BEGIN}{len(self.formulas) - 1}{END}"
