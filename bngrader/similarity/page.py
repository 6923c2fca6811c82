"""The page that shows pairs side by side, with the passages that are alike marked."""

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup, escape

from bngrader.similarity.pairs import Pair
from bngrader.templates import render

SIDE_BY_SIDE = 50  # pairs; the table has all
LONGEST = 20_000  # characters of a text on the page


def page(assignment: str, compared: int, pairs: Sequence[Pair], unreadable: dict[str, str], share: float) -> str:
    """The HTML of the pairs that were found among the submissions of an assignment."""
    shown = [
        (pair, _marked(pair.one.code, pair.passages[0]), _marked(pair.other.code, pair.passages[1]))
        for pair in pairs[:SIDE_BY_SIDE]
    ]
    facts = {"assignment": assignment, "compared": compared, "share": share, "made_on": date.today().isoformat()}
    return render("similarity", **facts, pairs=pairs, shown=shown, unreadable=unreadable)


def _marked(code: str, passages: list[tuple[int, int]]) -> Markup:
    """A text, escaped, with its passages marked."""
    html, last = Markup(), 0
    for start, end in passages:
        if start >= LONGEST:
            break
        html += escape(code[last:start]) + Markup("<mark>{}</mark>").format(code[start : min(end, LONGEST)])
        last = end
    rest = code[last:LONGEST]
    return html + escape(rest) + (Markup("\n[...]") if len(code) > max(LONGEST, last) else Markup())
