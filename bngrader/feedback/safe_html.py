"""Students' notebooks for the browser, reduced to content that cannot run anything there.

Formgrader shows notebooks with the grader's rights, which a script could use to change points.
"""

import base64
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import nbformat
from jinja2 import DictLoader, pass_context
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bngrader.feedback.cleaning import render
from bngrader.feedback.pictures import is_small, without_pictures

IMAGES = ("image/png", "image/jpeg")
OWN_HOSTS = "own_hosts"  # the key of the exporter's resources that holds the names of the server
# nbgrader's templates load MathJax from another host. Formulas are MathML already, so nothing is loaded in its place,
# but Formgrader's script waits for MathJax before it selects the first score.
NO_MATHJAX = """{% macro mathjax(url="") %}
<script>
window.MathJax = {Hub: {Startup: {signal: {Interest: ready => setTimeout(() => ready("End"))}}}};
</script>
{% endmacro %}"""


@pass_context
def safe_markdown(context: Any, source: str) -> str:
    """Render Markdown in place of nbconvert's filter `markdown2html`, without anything that can run or load."""
    hosts = tuple(context.get("resources", {}).get(OWN_HOSTS, ()))
    text, pictures = without_pictures(source, context.get("cell", {}).get("attachments"))
    return render(text, pictures, formulas=True, own_hosts=hosts) if pictures else _cached(text, hosts)


@lru_cache(maxsize=256)  # most cells of a class's notebooks are the same
def _cached(text: str, hosts: tuple[str, ...]) -> str:
    return render(text, {}, formulas=True, own_hosts=hosts)


class SafeHTMLExporter(HTMLExporter):
    """nbconvert's exporter for pages with students' notebooks, whatever is in the file.

    An earlier version of this package, or nbgrader without its configuration, may have written the notebook.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(extra_loaders=[DictLoader({"mathjax.html.j2": NO_MATHJAX})], **arguments)
        self.register_filter("markdown2html", safe_markdown)

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **arguments: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page of a notebook, and the resources."""
        page: tuple[str, dict[str, Any]] = super().from_notebook_node(reduced(nb), resources, **arguments)
        return page


def reduced(notebook: NotebookNode) -> NotebookNode:
    """Copy a notebook without what its page does not need: outputs other than text and pictures, and most metadata."""
    return new_notebook(cells=[_reduced_cell(cell) for cell in notebook.cells])


def _reduced_cell(cell: NotebookNode) -> NotebookNode:
    marks = {name: cell.metadata[name] for name in ("nbgrader",) if name in cell.metadata}
    if cell.cell_type == "code":
        outputs, count = harmless(cell.get("outputs", [])), cell.get("execution_count")
        return new_code_cell(cell.source, metadata=marks, outputs=outputs, execution_count=count)
    made = new_markdown_cell(cell.source, metadata=marks)  # a raw cell too, since nbconvert shows its HTML
    if "attachments" in cell:
        made.attachments = cell.attachments
    return made


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
    """Return whether an output is a picture that a browser can show without much memory."""
    if mime not in IMAGES:
        return False
    packed = "".join(data.split())
    try:
        return bool(base64.b64decode(packed, validate=True)) and is_small(f"data:{mime};base64,{packed}")
    except ValueError:
        return False
