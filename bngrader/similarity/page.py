"""The page that shows similar pairs side by side, with the common passages marked."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from bngrader.course.names import readable
from bngrader.similarity.hidden_code import HiddenCode
from bngrader.similarity.texts import Corpus
from bngrader.templates import render

if TYPE_CHECKING:
    from bngrader.similarity.pairs import SimilarPair

MAX_PAIRS_SIDE_BY_SIDE = 50  # the table has all of them
MAX_TEXT_CHARACTERS = 20_000  # of one text on the page


def page(corpus: Corpus, pairs: "Sequence[SimilarPair]", hidden: Sequence[HiddenCode], share: float) -> str:
    """Return the HTML page of the pairs found in a corpus, and of the submissions that hide code.

    `share` is the share of a text that was asked for.
    """
    shown = [
        (pair, _marked(pair.one.code, pair.passages[0]), _marked(pair.other.code, pair.passages[1]))
        for pair in pairs[:MAX_PAIRS_SIDE_BY_SIDE]
    ]
    facts = {"assignment": corpus.assignment, "compared": corpus.readable, "unreadable": corpus.unreadable}
    made_on = date.today().isoformat()
    return render("similarity", **facts, share=share, made_on=made_on, pairs=pairs, hidden=hidden, shown=shown)


def _marked(code: str, passages: list[tuple[int, int]]) -> Markup:
    """Escape a text and mark its passages."""
    html, last = Markup(), 0
    for start, end in passages:
        if start >= MAX_TEXT_CHARACTERS:
            break
        html += _escaped(code[last:start]) + Markup("<mark>{}</mark>").format(
            _escaped(code[start : min(end, MAX_TEXT_CHARACTERS)])
        )
        last = end
    rest = code[last:MAX_TEXT_CHARACTERS]
    return html + _escaped(rest) + (Markup("\n[...]") if len(code) > max(MAX_TEXT_CHARACTERS, last) else Markup())


def _escaped(code: str) -> Markup:
    return escape(readable(code, lines=True))
