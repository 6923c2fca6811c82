"""Repair of submissions: from whatever was handed in, make the assignment's notebook with the student's answers."""

import nbformat
from nbformat import NotebookNode

from bngrader.authoring.notebooks import released
from bngrader.course.names import readable
from bngrader.submissions.match_cells import (
    NotebookPair,
    adds_code,
    definitions,
    is_answer,
    match,
    same_text,
    was_handed_out,
)
from bngrader.submissions.parse import MAKERS, parse
from bngrader.submissions.read import Unreadable
from bngrader.submissions.written_answers import (
    added_text,
    is_answered,
    is_nearby,
    is_prose,
    is_written,
    mark_nearby,
    near,
)

MAX_NEARBY = 50  # cells near a question that are searched for text, which takes long


def repair(data: bytes, source: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return the assignment's notebook with the answers in the submission `data`, and a line for each repair.

    Raises Unreadable, with a line that says what to do, if there is no answer in `data`.
    """
    return restore(parse(data), source)


def restore(notebook: NotebookNode, source: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Restore the cells and metadata of `source`, with the answers and the added cells of a student's notebook.

    A cell that the student added stays after the cell that it followed, and so does text added to a locked cell. An
    empty answer in words is marked if there is text near it. Returns the notebook and a line for each repair.

    Raises Unreadable if the notebook has none of the assignment's answers.
    """
    pair = NotebookPair(released(source).cells, notebook.cells)
    found = match(pair)
    if not any(cell.metadata.nbgrader.grade_id in found for cell in filter(is_answer, source.cells)):
        raise Unreadable("has none of the assignment's cells. Ask for the notebook that was handed out.")
    own, added = _own_cells(pair, found), _additions(pair, found)
    cells = own.get(None, [])
    for cell, given in zip(source.cells, pair.released, strict=True):
        name = cell.metadata.nbgrader.grade_id
        submitted = notebook.cells[found[name]] if name in found else None
        restored = _restored(cell, submitted)
        if is_written(cell) and not is_answered(restored) and _has_text_near(given, pair, found, own, added):
            mark_nearby(restored)
        if submitted and not is_answer(cell) and submitted.cell_type == "code" and adds_code(submitted, given):
            cells += [_own(submitted), restored]  # the answer may need what the student defined in a locked cell
        else:
            cells += [restored, *added.get(name, [])]
        cells += own.get(name, [])
    for number, cell in enumerate(cells):
        cell.id = cell.metadata.nbgrader.grade_id if "nbgrader" in cell.metadata else f"own-{number}"
    metadata = nbformat.from_dict(source.metadata)
    repaired = NotebookNode(nbformat=4, nbformat_minor=5, metadata=metadata, cells=cells)
    return repaired, [*_notes(pair, found, notebook), *_notes_on_text(cells)]


def _restored(cell: NotebookNode, submitted: NotebookNode | None) -> NotebookNode:
    """Return a cell of the assignment, with the student's text if students fill it in."""
    made = MAKERS[cell.cell_type](cell.source, metadata=nbformat.from_dict(cell.metadata))
    if is_answer(cell) and submitted:
        made.source = submitted.source
        if "attachments" in submitted and cell.cell_type == "markdown":
            made.attachments = submitted.attachments
    elif is_answer(cell) and definitions(cell):
        made.source = ""  # the stub would overwrite a function that the student wrote in another cell
    return made


def _own(cell: NotebookNode) -> NotebookNode:
    made = MAKERS["code" if cell.cell_type == "code" else "markdown"](cell.source)
    if "attachments" in cell and made.cell_type == "markdown":
        made.attachments = cell.attachments
    return made


def _own_cells(pair: NotebookPair, found: dict[str, int]) -> dict[str | None, list[NotebookNode]]:
    """Collect the cells that the student added, each under the `grade_id` of the assignment's cell before it."""
    names = {index: name for name, index in found.items()}
    known = {cell.source.strip() for cell in (*pair.released, *(pair.handed_in[index] for index in names))}
    before: str | None = None
    own: dict[str | None, list[NotebookNode]] = {}
    for index, cell in enumerate(pair.handed_in):
        before = names.get(index, before)
        text = cell.source.strip()
        if index not in names and text and text not in known and not was_handed_out(cell):
            own.setdefault(before, []).append(_own(cell))
    return own


def _additions(pair: NotebookPair, found: dict[str, int]) -> dict[str | None, list[NotebookNode]]:
    """Collect text that the student wrote into locked texts, and into code near a question, by `grade_id`."""
    added: dict[str | None, list[NotebookNode]] = {}
    places = set[str | None]().union(*(near(pair.released, cell, found) for cell in filter(is_written, pair.released)))
    for cell in pair.released:
        name = cell.metadata.nbgrader.grade_id
        submitted = pair.handed_in[found[name]] if name in found and not is_answer(cell) else None
        if submitted is None or was_handed_out(submitted) or not (cell.cell_type == "markdown" or name in places):
            continue
        made = MAKERS[cell.cell_type](added_text(submitted.source, cell.source))
        if "attachments" in submitted and made.cell_type == "markdown":
            made.attachments = submitted.attachments
        if made.source and is_prose(made):
            added[name] = [made]
    return added


def _has_text_near(
    answer: NotebookNode, pair: NotebookPair, found: dict[str, int], *beside: dict[str | None, list[NotebookNode]]
) -> bool:
    """Return whether the student wrote text near an answer cell, in added cells or in locked ones."""
    places = near(pair.released, answer, found)
    cells = [cell for cells in beside for name in places for cell in cells.get(name, [])]
    return len(cells) > MAX_NEARBY or any(map(is_prose, cells))


def _notes_on_text(cells: list[NotebookNode]) -> list[str]:
    names = [cell.metadata.nbgrader.grade_id for cell in cells if is_nearby(cell)]
    return [f"empty, but there is text near it for you to read: {', '.join(names)}"] if names else []


def _notes(pair: NotebookPair, found: dict[str, int], notebook: NotebookNode) -> list[str]:
    names = [cell.metadata.nbgrader.grade_id for cell in pair.released]
    locked = {c.metadata.nbgrader.grade_id: c for c in pair.released if not is_answer(c)}
    changed = [n for n, c in locked.items() if n in found and not same_text(c, pair.handed_in[found[n]])]
    facts = {"missing": [name for name in names if name not in found], "changed": changed}
    notes = [f"{fact}, so the original was put back: {', '.join(which)}" for fact, which in facts.items() if which]
    spec = notebook.metadata.get("kernelspec")
    language = spec.get("language", "python") if isinstance(spec, dict) else "python"
    if language != "python":
        notes.append(f"made for the language {readable(language):.40}, but run as Python")
    return notes
