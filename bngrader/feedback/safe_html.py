"""Students' notebooks for the browser, reduced to content that cannot run anything there.

Formgrader shows notebooks with the grader's rights, which a script could use to change points.
"""

import base64
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import nbformat
from jinja2 import pass_context
from nbformat import NotebookNode

from bngrader.feedback.cleaning import Renderer, render, without_pictures

IMAGES = ("image/png", "image/jpeg")


@pass_context
def safe_markdown(context: Any, source: str) -> str:
    """Render Markdown in place of nbconvert's filter `markdown2html`, without anything that can run or load."""
    text, pictures = without_pictures(source, context.get("cell", {}).get("attachments"))
    return render(text, pictures, Renderer(), typeset=True) if pictures else _cached(text)


@lru_cache(maxsize=256)  # most cells of a class's notebooks are the same
def _cached(text: str) -> str:
    return render(text, {}, Renderer(), typeset=True)


def harmless(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Return a cell's outputs reduced to text and pictures, without those that have neither."""
    return [safe for output in outputs if (safe := _without_markup(output)).get("data", True)]


def _without_markup(output: NotebookNode) -> NotebookNode:
    if "data" in output:
        texts = {mime: data for mime, data in output.data.items() if isinstance(data, str)}
        kept = {mime: data for mime, data in texts.items() if mime == "text/plain" or _is_image(mime, data)}
        alt = {mime: {"alt": "A figure that this cell drew"} for mime in kept if mime in IMAGES}
        return NotebookNode(output, data=NotebookNode(kept), metadata=nbformat.from_dict(alt))
    return output


def _is_image(mime: str, data: str) -> bool:
    try:
        return mime in IMAGES and bool(base64.b64decode("".join(data.split()), validate=True))
    except ValueError:
        return False
