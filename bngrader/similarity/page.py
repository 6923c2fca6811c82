"""The page that shows pairs side by side, with the passages that are alike marked."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from bngrader.course.names import readable
from bngrader.similarity.texts import Corpus
from bngrader.templates import render

if TYPE_CHECKING:
    from bngrader.similarity.pairs import SimilarPair

SIDE_BY_SIDE = 50  # pairs; the table has all
LONGEST = 20_000  # characters of a text on the page


def page(corpus: Corpus, pairs: "Sequence[SimilarPair]", share: float) -> str:
    """The HTML of the pairs that were found in a corpus, which share at least `share` of a text."""
    shown = [
        (pair, _marked(pair.one.code, pair.passages[0]), _marked(pair.other.code, pair.passages[1]))
        for pair in pairs[:SIDE_BY_SIDE]
    ]
    facts = {"assignment": corpus.assignment, "compared": corpus.readable, "unreadable": corpus.unreadable}
    return render("similarity", **facts, share=share, made_on=date.today().isoformat(), pairs=pairs, shown=shown)


def _marked(code: str, passages: list[tuple[int, int]]) -> Markup:
    """A text, escaped, with its passages marked."""
    html, last = Markup(), 0
    for start, end in passages:
        if start >= LONGEST:
            break
        html += _escaped(code[last:start]) + Markup("<mark>{}</mark>").format(_escaped(code[start : min(end, LONGEST)]))
        last = end
    rest = code[last:LONGEST]
    return html + _escaped(rest) + (Markup("\n[...]") if len(code) > max(LONGEST, last) else Markup())


def _escaped(code: str) -> Markup:
    return escape(readable(code, lines=True))
