"""What a student's notebook may show in the browser of the person who reads it: nothing that acts there.

Formgrader shows notebooks with the grader's rights, which a script could use to give points.
"""

import base64
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import bleach
import nbformat
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

IMAGES = ("image/png", "image/jpeg")
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
TAGS = {
    *bleach.ALLOWED_TAGS,
    *HEADINGS,
    *("p", "br", "hr", "div", "span", "pre", "img", "dl", "dt", "dd", "del"),
    *("table", "thead", "tbody", "tr", "th", "td", "sub", "sup", "kbd", "u", "s", "details", "summary"),
}
PROTOCOLS = ("http", "https", "mailto", "data")
ATTRIBUTES = {"*": ["class", "id", "title"], "a": ["href"], "img": ["src", "alt", "width", "height"]}


@pass_context
def safe_markdown(context: Any, source: str) -> str:
    """The filter `markdown2html` of nbconvert's templates, with the tags and attributes alone that cannot act."""
    return _clean(_exporter().markdown2html(context, source))


@lru_cache(maxsize=256)  # most cells of a class's notebooks are the same
def _clean(html: str) -> str:
    return str(bleach.clean(html, tags=TAGS, attributes=ATTRIBUTES, protocols=PROTOCOLS))


@lru_cache(maxsize=1)
def _exporter() -> HTMLExporter:
    return HTMLExporter()


def harmless(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """A cell's outputs with their text and pictures alone, and without those that have neither."""
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
