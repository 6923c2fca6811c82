"""Parsing of a notebook that a student handed in: its cells, of which only what grading needs is kept.

Time and memory are linear in the size of the file, whatever it holds: nothing is copied or validated but the texts of
at most MAX_CELLS cells.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

import nbformat
from nbformat import NotebookNode

from bngrader.submissions.read import Unreadable

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
MAX_CELLS = 1000  # an assignment has about 50
MAX_TEXT_BYTES = 10_000_000  # of all cells, with the pictures that are pasted into them
MAX_PICTURES = 1000
MAX_PARTS = 5_000_000  # objects, lists and items, each of which takes up to 200 bytes of memory
# Without backtracking, for which a long string would take a lot of memory.
STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
CLAIMS = ("grade", "solution", "locked", "task", "grade_id", "points", "checksum", "schema_version", "cell_type")
WITHOUT_REST = "Ask for the notebook that was handed out, with the answers in its cells."
WITHOUT_OUTPUTS = "Ask for it without outputs: Edit > Clear Outputs of All Cells."


def parse(data: bytes) -> NotebookNode:
    """Parse a notebook of any version and encoding, and keep the well-formed parts of its cells.

    Raises Unreadable if it is not a notebook, or a very large one.
    """
    try:
        text = _decoded(data).lstrip()
        if _parts(text) > MAX_PARTS:
            raise Unreadable(f"has more than {MAX_PARTS:,} values in its cells and outputs. {WITHOUT_OUTPUTS}")
        tree, _ = json.JSONDecoder(strict=False).raw_decode(text)
        return _bounded(_upgraded(tree))
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # each kind of damage is a different error
        # A truncated notebook at least begins like one.
        cut = data.lstrip().startswith(b"{") and isinstance(error, json.JSONDecodeError)
        reason = (
            "it is cut off or damaged" if cut else "it is empty" if not data.strip() else "it is another kind of file"
        )
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


def _parts(text: str) -> int:
    """Return about how many values a JSON text has."""

    def count(part: str) -> int:
        return sum(map(part.count, "{[,"))

    # Most of these are within strings. But these are counted only where it matters, since that takes longer.
    return count(text) if count(text) <= MAX_PARTS else count(STRING.sub("", text))


def _upgraded(tree: dict[str, Any]) -> NotebookNode:
    """Make a notebook in nbformat's newest version from JSON that claims any version."""
    cells = list(_from_worksheets(tree) if "cells" not in tree and "worksheets" in tree else tree["cells"])
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"has {len(cells):,} cells; at most {MAX_CELLS:,} can be graded. {WITHOUT_REST}")
    cells = [cell for cell in cells if isinstance(cell, dict)]
    if sum(map(_pictures, cells)) > MAX_PICTURES:
        raise Unreadable(f"has more than the {MAX_PICTURES:,} pictures that can be graded. {WITHOUT_REST}")
    return NotebookNode(
        nbformat=4,
        nbformat_minor=5,
        metadata=_metadata(tree.get("metadata")),
        cells=[_clean(_upgraded_cell(cell)) for cell in cells],
    )


def _pictures(cell: dict[str, Any]) -> int:
    """Return how many pictures are pasted into a cell; each may have several formats."""
    attached = cell.get("attachments")
    return (
        sum(max(1, len(one)) for one in attached.values() if isinstance(one, dict)) if isinstance(attached, dict) else 0
    )


def _from_worksheets(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the cells of a notebook of version 2 or 3."""
    for sheet in tree["worksheets"]:
        for cell in sheet["cells"]:
            yield {**cell, "source": cell["input"]} if cell["cell_type"] == "code" and "input" in cell else cell


def _upgraded_cell(cell: dict[str, Any]) -> dict[str, Any]:
    kind, level = cell.get("cell_type"), cell.get("level", 1)
    if kind == "heading":
        title = " ".join(_text(cell.get("source")).splitlines())
        return {**cell, "cell_type": "markdown", "source": f"{'#' * min(int(level), 6)} {title}"}
    return {**cell, "cell_type": "markdown"} if kind == "html" else cell


def _metadata(metadata: Any) -> NotebookNode:
    """Return a notebook's metadata with the language alone."""
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = spec.get("language") if isinstance(spec, dict) else None
    return NotebookNode(kernelspec=NotebookNode(language=language)) if isinstance(language, str) else NotebookNode()


def _clean(cell: dict[str, Any]) -> NotebookNode:
    """Return a cell without outputs, with every part of the right type."""
    kind, name, attachments = (cell.get(key) for key in ("cell_type", "id", "attachments"))
    made = MAKERS[kind if isinstance(kind, str) and kind in MAKERS else "raw"](_text(cell.get("source")))
    made.metadata = _claims(cell.get("metadata"))
    made.id = name if isinstance(name, str) else ""
    if isinstance(attachments, dict) and all(isinstance(value, dict) for value in attachments.values()):
        pictures = {_text(name): NotebookNode(_texts(kinds)) for name, kinds in attachments.items()}
        made.attachments = NotebookNode(pictures)
    return made


def _claims(metadata: Any) -> NotebookNode:
    """Return what a cell claims to be: the plain values among nbgrader's metadata."""
    claimed = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(claimed, dict):
        return NotebookNode()
    plain = {key: claimed[key] for key in CLAIMS if isinstance(claimed.get(key), str | int | float)}
    return NotebookNode(nbgrader=NotebookNode(plain))


def _texts(tree: dict[str, Any]) -> dict[str, str]:
    return {_text(name): _text(text) for name, text in tree.items()}


def _text(source: Any) -> str:
    """Return a cell's text without lone surrogates and zeros, which neither UTF-8 files nor Python source can hold."""
    text = source if isinstance(source, str) else "".join(map(str, source if isinstance(source, list) else []))
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\0", "")


def _bounded(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook if its texts and pictures are not too large. Raises Unreadable if they are."""
    pictures = [one for cell in notebook.cells for one in cell.get("attachments", {}).items()]
    texts = [text for name, kinds in pictures for text in (name, *kinds, *kinds.values())]
    size = sum(len(text.encode()) for text in [*texts, *(cell.source for cell in notebook.cells)])
    if size > MAX_TEXT_BYTES:
        what = f"{size / 1e6:.0f} MB of text and pictures in its cells, more than the limit of"
        raise Unreadable(f"has {what} {MAX_TEXT_BYTES / 1e6:.0f} MB. {WITHOUT_REST}")
    return notebook
