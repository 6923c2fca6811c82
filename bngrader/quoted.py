"""Text cells as part of a page that has headings and ids of its own."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from bleach.html5lib_shim import Filter
from bleach.sanitizer import Cleaner
from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbgrader.utils import is_locked

from bngrader.markup import HEADINGS, PROTOCOLS, TAGS

BEGIN, END = "\ue000", "\ue001"  # around the number of a formula; Unicode gives them no meaning
ATTRIBUTES = {"a": ["href"], "img": ["src", "alt"]}


def quoted(cell: NotebookNode) -> str:
    """The HTML of a text cell: without headings and ids, and with nothing that could act in a browser.

    Formulas become MathML in the assignment's own cells alone. Of a student's the TeX is shown: no program should take
    pains with it that nobody has tried to break.
    """
    if cell.get("attachments"):
        return _html(cell.source, False, cell.attachments)
    return _cached(cell.source, is_locked(cell))


def _html(source: str, formulas: bool, attachments: dict[str, Any] | None = None) -> str:
    renderer = _Renderer(formulas, attachments)
    html = MarkdownWithMath(renderer=renderer).render(source.replace(BEGIN, "").replace(END, ""))
    cleaner = Cleaner(tags=TAGS, attributes=ATTRIBUTES, protocols=PROTOCOLS, filters=[_Quote])
    clean = cleaner.clean(html)
    for number, formula in enumerate(renderer.formulas):
        clean = clean.replace(f"{BEGIN}{number}{END}", formula)
    return str(clean)


_cached = lru_cache(maxsize=256)(_html)  # most cells of a class's notebooks are the same


class _Renderer(IPythonRenderer):
    """nbconvert's renderer, which sets formulas aside while the rest is cleaned."""

    def __init__(self, formulas: bool, attachments: dict[str, Any] | None) -> None:
        super().__init__(escape=False, attachments=attachments or {}, exclude_anchor_links=True)
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


class _Quote(Filter):
    """Headings become paragraphs that look like headings; each picture has words, and none is from elsewhere."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for token in super().__iter__():
            if token.get("name") in HEADINGS:
                token["data"] = {(None, "class"): "heading"}
                token["name"] = "p"
            elif token.get("name") == "img":
                _keep_at_home(token["data"])
            yield token


def _keep_at_home(picture: dict[tuple[None, str], str]) -> None:
    picture.setdefault((None, "alt"), "A picture that nobody described")
    if not picture.get((None, "src"), "").startswith("data:"):
        picture.pop((None, "src"), None)
        picture[None, "alt"] += " (from elsewhere, and left out)"
