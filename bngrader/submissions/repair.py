"""Repair of submissions: from whatever was handed in, make the assignment's notebook with the student's answers."""

import codecs
import json
import warnings
from typing import Any

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

BYTE_ORDER_MARKS = {  # the longer ones first, since UTF-32's begins with UTF-16's
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
MAKERS = {
    "code": nbformat.v4.new_code_cell,
    "markdown": nbformat.v4.new_markdown_cell,
    "raw": nbformat.v4.new_raw_cell,
}


def repair(data: bytes, source: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return the assignment's notebook with the answers in the submission `data`, and a line for each repair.

    Raises Unreadable, with a line that says what to do, if there is no answer in `data`.
    """
    return restore(read_notebook(data), source)


def read_notebook(data: bytes) -> NotebookNode:
    """Read a notebook of any version and encoding, and keep the well-formed parts of its cells.

    Raises Unreadable if it is not a notebook.
    """
    try:
        tree, _ = json.JSONDecoder(strict=False).raw_decode(_decoded(data).lstrip())
        return _upgraded(tree)
    except Exception as error:  # nbformat raises a different error for every kind of damage
        # A truncated notebook at least begins like one.
        cut = data.lstrip().startswith(b"{") and isinstance(error, json.JSONDecodeError)
        reason = "it is cut off or damaged" if cut else "it is empty" if not data.strip() else "it is something else"
        raise Unreadable(f"is not a notebook ({reason}). Ask for the file that JupyterLab saved.") from error


def _decoded(data: bytes) -> str:
    encoding = next((name for mark, name in BYTE_ORDER_MARKS.items() if data.startswith(mark)), None)
    if encoding is None and data[:2].count(0) == 1:  # in UTF-16, every other byte of ASCII text is zero
        encoding = "utf-16-le" if data[1] == 0 else "utf-16-be"
    if encoding:
        return data.decode(encoding, "replace").removeprefix("\ufeff")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # editors on Windows write it


def _upgraded(tree: dict[str, Any]) -> NotebookNode:
    """Make a notebook in nbformat's newest version from JSON that claims any version."""
    if "cells" not in tree and "worksheets" in tree:
        old = {**tree, "nbformat": 2 if tree.get("nbformat") == 2 else 3, "nbformat_minor": 0}
        with warnings.catch_warnings(action="ignore"):
            tree = nbformat.convert(nbformat.from_dict(old), 4)
    metadata = tree.get("metadata")
    cells = [_clean(cell) for cell in tree["cells"] if isinstance(cell, dict)]
    return NotebookNode(
        nbformat=4,
        nbformat_minor=5,
        metadata=nbformat.from_dict(metadata if isinstance(metadata, dict) else {}),
        cells=cells,
    )


def _clean(cell: dict[str, Any]) -> NotebookNode:
    """Return a cell without outputs, with every part of the right type."""
    metadata, name, attachments = (cell.get(key) for key in ("metadata", "id", "attachments"))
    kind = cell.get("cell_type")
    made = MAKERS[kind if isinstance(kind, str) and kind in MAKERS else "raw"](_text(cell.get("source")))
    made.metadata = nbformat.from_dict(metadata if isinstance(metadata, dict) else {})
    made.id = name if isinstance(name, str) else ""
    if isinstance(attachments, dict) and all(isinstance(value, dict) for value in attachments.values()):
        made.attachments = nbformat.from_dict({_text(name): _texts(kinds) for name, kinds in attachments.items()})
    return made


def _texts(tree: dict[str, Any]) -> dict[str, str]:
    return {_text(name): _text(text) for name, text in tree.items()}


def _text(source: Any) -> str:
    """Return a cell's text without lone surrogates and zeros, which neither UTF-8 files nor Python source can hold."""
    text = source if isinstance(source, str) else "".join(map(str, source if isinstance(source, list) else []))
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\0", "")


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
    known = [*pair.released, *(pair.handed_in[index] for index in names)]
    before: str | None = None
    own: dict[str | None, list[NotebookNode]] = {}
    for index, cell in enumerate(pair.handed_in):
        before = names.get(index, before)
        copied = any(same_text(cell, other) for other in known)
        if index not in names and cell.source.strip() and not copied and not was_handed_out(cell):
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
    return any(is_prose(cell) for cells in beside for name in places for cell in cells.get(name, []))


def _notes_on_text(cells: list[NotebookNode]) -> list[str]:
    names = [cell.metadata.nbgrader.grade_id for cell in cells if is_nearby(cell)]
    return [f"empty, but there is text near it for you to read: {', '.join(names)}"] if names else []


def _notes(pair: NotebookPair, found: dict[str, int], notebook: NotebookNode) -> list[str]:
    names = [cell.metadata.nbgrader.grade_id for cell in pair.released]
    locked = {c.metadata.nbgrader.grade_id: c for c in pair.released if not is_answer(c)}
    changed = [n for n, c in locked.items() if n in found and not same_text(c, pair.handed_in[found[n]])]
    facts = {"missing, put back": [name for name in names if name not in found], "changed, put back": changed}
    notes = [f"{fact}: {', '.join(which)}" for fact, which in facts.items() if which]
    spec = notebook.metadata.get("kernelspec")
    language = spec.get("language", "python") if isinstance(spec, dict) else "python"
    return notes if language == "python" else [*notes, f"made for the language {readable(language):.40}, run as Python"]
