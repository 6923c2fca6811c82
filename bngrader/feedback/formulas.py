"""TeX formulas as MathML, which every browser shows without a script."""

import re

import nh3
from latex2mathml.converter import convert

MAX_FORMULA_CHARACTERS = 2_000
NAMESPACE = "http://www.w3.org/1998/Math/MathML"
# A formula that defines commands could be short and yet expand to gigabytes.
DEFINES = re.compile(r"\\[a-zA-Z]*(?:def|let|command|environment|Operator)(?![a-z])")
TAGS = {
    *("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mstyle", "mphantom", "mpadded", "menclose", "merror"),
    *("mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts"),
    *("mprescripts", "none", "mtable", "mtr", "mlabeledtr", "mtd"),
}
# Neither class, id, style and href, which TeX can set too, nor what moves or stretches a formula over its surroundings.
ATTRIBUTES = {
    "math": {"display", "xmlns"},
    "mo": {"stretchy", "fence", "form", "accent", "largeop", "movablelimits", "separator"},
    "mi": {"mathvariant"},
    "mtext": {"mathvariant"},
    "mover": {"accent"},
    "munder": {"accentunder"},
    "mfrac": {"linethickness"},
    "mspace": {"width"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mtable": {"displaystyle"},
    "mtd": {"columnalign"},
    "menclose": {"notation"},
}
VALUE = re.compile(r"-?[0-3]?(?:\.\d{1,4})?(?:em|ex|pt|mu|px)?|[a-z][a-z -]{0,30}")


def mathml(tex: str, display: str) -> str:
    """Return a formula, `display` being "inline" or "block", as MathML that can neither run nor load anything.

    The result is empty if the formula is too long, or has TeX that the converter does not know.
    """
    if len(tex) > MAX_FORMULA_CHARACTERS or DEFINES.search(tex):
        return ""
    try:
        made = convert(tex, display=display)
    except Exception:  # the library does not know all of TeX
        return ""
    safe = nh3.clean(made, tags=TAGS, attributes=ATTRIBUTES, attribute_filter=_allowed, link_rel=None)
    # A formula that is wider than the screen can be scrolled, also with the keyboard.
    return safe.replace("<math ", '<math tabindex="0" ', 1) if display == "block" else safe


def _allowed(_: str, attribute: str, value: str) -> str | None:
    return value if (value == NAMESPACE if attribute == "xmlns" else VALUE.fullmatch(value)) else None
