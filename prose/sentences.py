"""Find the sentences among the strings of a Python module: hints, messages, and what a check says should hold."""

import ast
import re
from collections.abc import Iterator

WORD = re.compile(r"[\"'(`]*(?:[A-Za-z][A-Za-z'-]*|[\w.]*\w|□)[\"')`]*[.,;:?!]*")
FEWEST_WORDS = 4
SHARE_OF_WORDS = 0.8  # code and formulas have a smaller share of words
# A message goes to a terminal or a page as plain text, where names of arguments and columns stand without backticks.
NAME = re.compile(r"\b[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+\b")


def sentences(source: str, code: str) -> Iterator[tuple[int, str]]:
    """Yield each string of a module that reads like a sentence, with the line where it starts.

    `code` stands for names and for the values that an f-string fills in. Docstrings are left out.
    """
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    left_out = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    left_out |= {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        text = "" if id(node) in left_out else NAME.sub(code, _text(node, code))
        if _is_sentence(text):
            assert isinstance(node, ast.expr)
            yield node.lineno, text


def _text(node: ast.AST, code: str) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else code for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_sentence(text: str) -> bool:
    words = text.split()
    return len(words) >= FEWEST_WORDS and sum(map(bool, map(WORD.fullmatch, words))) >= SHARE_OF_WORDS * len(words)
