"""Text cells as part of a page that has headings and ids of its own."""

from functools import lru_cache

from latex2mathml.converter import convert
from nbformat import NotebookNode
from nbgrader.utils import is_locked

from bngrader.feedback.cleaning import LONGEST_TEXT, Pictures, Renderer, render, without_pictures

BEGIN, END = "\ue000", "\ue001"  # around the number of a formula; Unicode gives them no meaning


def quoted(cell: NotebookNode) -> str:
    """Return the HTML of a text cell: without headings and ids, and with nothing that could act in a browser.

    Formulas become MathML in the assignment's own cells alone. Of a student's the TeX is shown: no program should take
    pains with it that nobody has tried to break.
    """
    text, pictures = without_pictures(cell.source, cell.get("attachments"))
    text = cut(text, LONGEST_TEXT - 100)
    return _html(text, False, pictures) if pictures else _cached(text, is_locked(cell))


def cut(text: str, longest: int) -> str:
    """Return a text of which the middle is left out where it is too long."""
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
    """Sets formulas aside while the rest is cleaned."""

    def __init__(self, formulas: bool) -> None:
        super().__init__()
        self.formulas: list[str] = []
        self._wanted = formulas

    def inline_math(self, body: str) -> str:
        return self._set_aside(body, "inline") or super().inline_math(body)

    def block_math(self, body: str) -> str:
        return self._set_aside(body, "block") or super().block_math(body)

    def _set_aside(self, body: str, display: str) -> str:
        """A mark for a formula, or nothing where it is to stay TeX."""
        try:
            formula = convert(body, display=display) if self._wanted else ""
        except Exception:  # TeX that the library does not know
            formula = ""
        if not formula:
            return ""
        # A formula that is wider than the screen is scrolled, also by keyboard.
        self.formulas.append(formula.replace("<math ", '<math tabindex="0" ', 1) if display == "block" else formula)
        return f"{BEGIN}{len(self.formulas) - 1}{END}"
