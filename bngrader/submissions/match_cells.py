"""Matching of a submission's cells to the assignment's, since students rename, copy, move and delete cells."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

DEFINED = re.compile(r"^(?:async +)?(?:def|class) +(\w+)", re.MULTILINE)
IMPORTED = re.compile(r"^(?:from|import) .*", re.MULTILINE)


@dataclass(frozen=True)
class NotebookPair:
    """The cells of an assignment as they were handed out, and the cells of a submission."""

    released: list[NotebookNode]
    handed_in: list[NotebookNode]


def match(pair: NotebookPair) -> dict[str, int]:
    """Return the index of the submission's cell for each of the assignment's cells, by `grade_id`.

    A cell is recognized by its `grade_id`, or else by its id, its text, the function that it defines, or its place,
    from the surest sign to the weakest. A cell that cannot be found is left out.
    """
    found: dict[str, int] = {}
    for ways in (_by_grade_id, _by_cell_id, _by_text, _by_definition, _by_place):
        for name, index in ways(pair, found):
            if name not in found and index not in found.values():
                found[name] = index
    return found


def grade_id(cell: NotebookNode) -> str | None:
    """Return the `grade_id` that a cell's metadata claim; a student may have written anything there."""
    metadata = cell.metadata.get("nbgrader")
    claimed = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return claimed if isinstance(claimed, str) else None


def was_handed_out(cell: NotebookNode) -> bool:
    """Return whether a cell is unchanged since it was handed out, such as a test that the assignment no longer has."""
    try:
        return bool(cell.metadata.nbgrader["checksum"] == compute_checksum(cell))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):  # metadata can be anything
        return False


def same_text(one: NotebookNode, other: NotebookNode) -> bool:
    """Return whether two cells have the same text, apart from space at the ends."""
    return bool(one.source.strip() == other.source.strip())


def definitions(cell: NotebookNode) -> set[str]:
    """Return the names of the functions and classes that a cell defines, even if it does not compile."""
    return set(DEFINED.findall(cell.source))


def adds_code(changed: NotebookNode, cell: NotebookNode) -> bool:
    """Return whether a changed cell defines or imports something that the original does not."""
    found = [definitions(c) | set(IMPORTED.findall(c.source)) for c in (changed, cell)]
    return bool(found[0] - found[1])


def is_answer(cell: NotebookNode) -> bool:
    """Return whether a cell of the assignment is one that students fill in."""
    return bool(cell.metadata.nbgrader.solution)


def _by_grade_id(pair: NotebookPair, found: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Match by `grade_id`; of several cells with the same one, as copying makes them, the first with an answer."""
    for cell in pair.released:
        name = cell.metadata.nbgrader.grade_id
        claims = [index for index, other in enumerate(pair.handed_in) if grade_id(other) == name]
        claims.sort(key=lambda index: _unlikely(pair.handed_in[index], cell))
        if claims:
            yield name, claims[0]


def _unlikely(claim: NotebookNode, cell: NotebookNode) -> tuple[bool, bool]:
    return not definitions(cell) <= definitions(claim), same_text(claim, cell)


def _by_cell_id(pair: NotebookPair, found: dict[str, int]) -> Iterator[tuple[str, int]]:
    ids = {cell.get("id"): index for index, cell in enumerate(pair.handed_in)}
    for cell in pair.released:
        if cell.id in ids:
            yield cell.metadata.nbgrader.grade_id, ids[cell.id]


def _by_text(pair: NotebookPair, found: dict[str, int]) -> Iterator[tuple[str, int]]:
    texts = [cell.source.strip() for cell in pair.handed_in]
    for cell in pair.released:
        for index, text in enumerate(texts):
            if text == cell.source.strip():
                yield cell.metadata.nbgrader.grade_id, index


def _by_definition(pair: NotebookPair, found: dict[str, int]) -> Iterator[tuple[str, int]]:
    defined = [definitions(cell) for cell in pair.handed_in]
    for cell in filter(is_answer, pair.released):
        for index, names in enumerate(defined):
            if definitions(cell) & names:
                yield cell.metadata.nbgrader.grade_id, index


def _by_place(pair: NotebookPair, found: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Match the first unknown cell of the same type between the nearest known neighbors."""
    names = [cell.metadata.nbgrader.grade_id for cell in pair.released]
    for place, cell in enumerate(pair.released):
        if is_answer(cell) and names[place] not in found:
            before = [found[name] for name in names[:place] if name in found]
            after = [found[name] for name in names[place + 1 :] if name in found]
            start, end = max(before, default=-1) + 1, min(after, default=len(pair.handed_in))
            for index in range(start, end):
                if pair.handed_in[index].cell_type == cell.cell_type:
                    yield names[place], index
