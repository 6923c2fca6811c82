"""Answers in words: recognizing them in their cell, or near it if the student wrote elsewhere."""

import ast
import contextlib
import io
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher

from nbformat import NotebookNode
from nbgrader.utils import compute_checksum, is_grade, is_locked, is_solution

MARK = "bngrader"  # the key of a cell's metadata that only `mark_nearby` sets
WORD = re.compile(r"\w+")
TOKEN = re.compile(r"\s*\S+")
MAGIC = re.compile(r"^[ \t]*(?:[%!].*|\??[\w.]+\?{1,2})$", re.MULTILINE)  # lines for IPython that are not Python
MAX_COMPARED_CHARACTERS = 10_000  # difflib takes quadratic time, and so may ast.parse
MIN_SENTENCE_WORDS = 4  # a shorter string in code is a label


def is_written(cell: NotebookNode) -> bool:
    """Return whether a cell of the assignment is for an answer in words."""
    return bool(is_grade(cell) and is_solution(cell))


def is_answered(cell: NotebookNode) -> bool:
    """Return whether a student wrote or pasted anything into a cell; space at the ends does not count."""
    bare = NotebookNode(cell, source=cell.source.strip())
    handed_out = cell.metadata.nbgrader.get("checksum")
    unchanged = handed_out in (compute_checksum(cell), compute_checksum(bare))
    return bool(cell.get("attachments")) or not (unchanged or bare.source == "")


def mark_nearby(cell: NotebookNode) -> None:
    """Note in an empty answer cell that there is text near it, for the steps that score it."""
    cell.metadata[MARK] = NotebookNode(answered="nearby")


def is_nearby(cell: NotebookNode) -> bool:
    """Return whether an answer cell is empty, but there is text near it."""
    return MARK in cell.metadata


def near(cells: list[NotebookNode], answer: NotebookNode, found: dict[str, int]) -> set[str | None]:
    """Return the `grade_id` of each of the assignment's `cells` in or after which a student may have answered.

    These are the cells from the last test or answer before the question to the text after the answer, and the last cell
    before the question that the submission has (`found`). None stands for the start of the notebook.
    """
    names = [cell.metadata.nbgrader.grade_id for cell in cells]
    place = question = section = cells.index(answer)
    while section and not (is_grade(cells[section - 1]) or is_solution(cells[section - 1])):
        section -= 1
    while question and _is_text(cells[question - 1]):
        question -= 1
    before = next((name for name in reversed(names[:question]) if name in found), None)
    after = [cell.metadata.nbgrader.grade_id for cell in cells[place + 1 : place + 2] if _is_text(cell)]
    return {before, *names[section : place + 1], *after}


def _is_text(cell: NotebookNode) -> bool:
    return bool(cell.cell_type == "markdown" and is_locked(cell) and not is_solution(cell))


def added_text(changed: str, original: str) -> str:
    """Return what a student added to a text, or the whole text if they also changed the original.

    The result is empty if the changed text has no additional word. A very long text is not compared.
    """
    new, old = changed.strip(), original.strip()
    if len(new) <= MAX_COMPARED_CHARACTERS:
        if not Counter(WORD.findall(new)) - Counter(WORD.findall(old)):
            return ""
        for put_in in (
            _put_in(old.splitlines(), new.splitlines(), "\n"),
            _put_in(TOKEN.findall(old), TOKEN.findall(new), ""),
        ):
            if put_in is not None:
                return put_in
    return new


def _put_in(old: list[str], new: list[str], between: str) -> str | None:
    """Return the pieces that `new` has in addition to the pieces of `old`, or None if it lacks some.

    `between` is put between two neighboring pieces.
    """
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    if any(kind not in ("equal", "insert") for kind, *_ in steps):
        return None
    inserted = [new[start:end] for kind, _, _, start, end in steps if kind == "insert"]
    return "\n".join(map(between.join, inserted)).strip()


def is_prose(cell: NotebookNode) -> bool:
    """Return whether a cell holds text for a person: any text, or code with a sentence in a comment or a string."""
    if cell.cell_type != "code":
        return bool(WORD.search(cell.source) or cell.get("attachments"))
    code = MAGIC.sub("", cell.source)
    tree = _parsed(code)
    if tree is None:  # prose in a code cell is not valid Python
        return bool(WORD.search(code))
    return any(map(_is_sentence, _strings(tree))) or any(map(_is_remark, _comments(code)))


def _parsed(code: str) -> ast.AST | None:
    try:
        with warnings.catch_warnings(action="ignore"):  # about a backslash in a string, for example
            return ast.parse(code) if len(code) <= MAX_COMPARED_CHARACTERS else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _comments(code: str) -> Iterator[str]:
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.COMMENT:
                yield token.string.strip("#! ")


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _is_sentence(text: str) -> bool:
    # Chinese and Japanese have no spaces between words.
    return len(text.split()) >= MIN_SENTENCE_WORDS or (len(text) >= 2 * MIN_SENTENCE_WORDS and not text.isascii())


def _is_remark(comment: str) -> bool:
    """Return whether a comment is more than code that was commented out."""
    if len(comment.split()) < 2 and comment.isascii():
        return False
    return _parsed(comment) is None or not comment.isascii()
