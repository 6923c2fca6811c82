"""Make the assignment's notebook of whatever was handed in: the assignment's cells, with the student's answers."""

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

MARKS = {  # of an encoding, at the start of a file; the longer ones first
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
    """The assignment's notebook with the answers of the submission `data`, and what had to be mended, a line each.

    Raises Unreadable, with a line that says what to do, if there is no answer in `data`.
    """
    return restore(read_notebook(data), source)


def read_notebook(data: bytes) -> NotebookNode:
    """Read a notebook of any version and encoding; of its cells, what is well formed.

    Raises Unreadable if it is none.
    """
    try:
        tree, _ = json.JSONDecoder(strict=False).raw_decode(_decoded(data).lstrip())
        return _upgraded(tree)
    except Exception as error:  # no two kinds of damage make nbformat raise the same
        # A cut file breaks off inside the text; something else is wrong from its first letter on.
        cut = data.lstrip().startswith(b"{") and isinstance(error, json.JSONDecodeError)
        reason = "it breaks off or is damaged" if cut else "it is empty" if not data.strip() else "it is something else"
        raise Unreadable(f"is not a notebook ({reason}). Ask for the file that JupyterLab saved.") from error


def _decoded(data: bytes) -> str:
    encoding = next((name for mark, name in MARKS.items() if data.startswith(mark)), None)
    if encoding is None and data[:2].count(0) == 1:  # half of the bytes of ASCII in UTF-16 are zero
        encoding = "utf-16-le" if data[1] == 0 else "utf-16-be"
    if encoding:
        return data.decode(encoding, "replace").removeprefix("\ufeff")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what editors on Windows write; latin-1 but for quotation marks


def _upgraded(tree: dict[str, Any]) -> NotebookNode:
    """A notebook of the newest version of nbformat, out of JSON that claims to be any."""
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
    """A cell without outputs, whose parts have the types that they should have."""
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
    """A cell's text as Python and a UTF-8 file can take it: no half of a surrogate pair, no zero."""
    text = source if isinstance(source, str) else "".join(map(str, source if isinstance(source, list) else []))
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\0", "")


def restore(notebook: NotebookNode, source: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """The cells and metadata of `source`, in its order, with the answers and the own cells of a student's notebook.

    A student's own cell follows the cell that it followed, and so does what a student added to a locked text. An empty
    answer in words is marked if there is text near it. Returns the notebook and what was mended, a line each.

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
        theirs = notebook.cells[found[name]] if name in found else None
        restored = _restored(cell, theirs)
        if is_written(cell) and not is_answered(restored) and _has_text_near(given, pair, found, own, added):
            mark_nearby(restored)
        if theirs and not is_answer(cell) and theirs.cell_type == "code" and adds_code(theirs, given):
            cells += [_own(theirs), restored]  # a definition in a locked cell: the answer may need it
        else:
            cells += [restored, *added.get(name, [])]
        cells += own.get(name, [])
    for number, cell in enumerate(cells):
        cell.id = cell.metadata.nbgrader.grade_id if "nbgrader" in cell.metadata else f"own-{number}"
    metadata = nbformat.from_dict(source.metadata)
    mended = NotebookNode(nbformat=4, nbformat_minor=5, metadata=metadata, cells=cells)
    return mended, [*_notes(pair, found, notebook), *_notes_on_text(cells)]


def _restored(cell: NotebookNode, theirs: NotebookNode | None) -> NotebookNode:
    """A cell of the assignment, with the student's text if it is theirs to write."""
    made = MAKERS[cell.cell_type](cell.source, metadata=nbformat.from_dict(cell.metadata))
    if is_answer(cell) and theirs:
        made.source = theirs.source
        if "attachments" in theirs and cell.cell_type == "markdown":
            made.attachments = theirs.attachments
    elif is_answer(cell) and definitions(cell):
        made.source = ""  # not the text that was handed out: it would undo the function where they wrote it instead
    return made


def _own(cell: NotebookNode) -> NotebookNode:
    made = MAKERS["code" if cell.cell_type == "code" else "markdown"](cell.source)
    if "attachments" in cell and made.cell_type == "markdown":
        made.attachments = cell.attachments
    return made


def _own_cells(pair: NotebookPair, found: dict[str, int]) -> dict[str | None, list[NotebookNode]]:
    """The cells that the student added, each under the `grade_id` of the assignment's cell before it."""
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
    """Collect what the student wrote into locked texts, and into code near a question: a cell under each `grade_id`."""
    added: dict[str | None, list[NotebookNode]] = {}
    places = set[str | None]().union(*(near(pair.released, cell, found) for cell in filter(is_written, pair.released)))
    for cell in pair.released:
        name = cell.metadata.nbgrader.grade_id
        theirs = pair.handed_in[found[name]] if name in found and not is_answer(cell) else None
        if theirs is None or was_handed_out(theirs) or not (cell.cell_type == "markdown" or name in places):
            continue
        made = MAKERS[cell.cell_type](added_text(theirs.source, cell.source))
        if "attachments" in theirs and made.cell_type == "markdown":
            made.attachments = theirs.attachments
        if made.source and is_prose(made):
            added[name] = [made]
    return added


def _has_text_near(
    answer: NotebookNode, pair: NotebookPair, found: dict[str, int], *beside: dict[str | None, list[NotebookNode]]
) -> bool:
    """Tell whether the student wrote text near an answer cell, in cells of their own or in locked ones."""
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
