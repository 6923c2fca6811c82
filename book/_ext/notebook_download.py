"""Offer each executed chapter as a notebook for plain Jupyter, with MyST's roles and directives turned into text.

The theme offers notebooks only together with buttons that launch them on a server.
"""

import json
import re
from pathlib import Path
from typing import Any

import nbformat
from jupyter_cache import get_cache
from nbformat import NotebookNode
from sphinx.application import Sphinx

DIRECTIVE = re.compile(r"^:::\{(\w+)\}[ ]*(.*)\n((?:(?!:::).*\n)*):::[ ]*$", re.MULTILINE)
EMPTY_FENCE = re.compile(r"^```\{\w+\}\n```[ ]*$", re.MULTILINE)
ROLE = re.compile(r"\{([\w:]+)\}`(.*?)(?: <.*?>)?`")


def plain(text: str, glued: dict[str, str]) -> str:
    """Convert MyST to plain Markdown. `glued` maps the names in `{glue:text}` to their values."""

    def role(match: re.Match[str]) -> str:
        name, content = match.groups()
        if name == "glue:text":
            return glued[content]
        if name.startswith("cite"):
            return f"({content.replace(',', ', ')})"
        return {"numref": "the figure", "term": content}.get(name, f"`{content}`")

    def directive(match: re.Match[str]) -> str:
        name, title, content = match.groups()
        return f"<details><summary>{title}</summary>\n\n{content}\n</details>" if name == "dropdown" else content

    return ROLE.sub(role, EMPTY_FENCE.sub("", DIRECTIVE.sub(directive, text)))


def _glued(executed: Path) -> dict[str, str]:
    """Read the values that the chapter's cells passed to `glue`, as text."""
    stored = executed.with_suffix(".glue.json")
    outputs = json.loads(stored.read_text()) if stored.is_file() else {}
    return {name: output["data"]["text/plain"].strip("'") for name, output in outputs.items()}


def _executed(path: Path, cache: str | None) -> NotebookNode:
    """Read the notebook with its outputs, which myst-nb leaves out of the file if they came from its cache."""
    notebook = nbformat.read(path, as_version=4)
    if cache:  # a page without cells has none
        _, notebook = get_cache(cache).merge_match_into_notebook(notebook)
    return notebook


def _offer_notebook(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{page}.ipynb"
    if app.builder.name == "html" and context.get("page_source_suffix") and executed.is_file():
        notebook = _executed(executed, app.env.page_caches.get(page))
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = plain(cell.source, _glued(executed))
            for output in cell.get("outputs", []):
                if "text/markdown" in output.get("data", {}):
                    output.data["text/markdown"] = plain(output.data["text/markdown"], {})
        target = Path(app.outdir, "_sources", f"{page}.ipynb")
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)
        context["ipynb_source"] = f"{page}.ipynb"  # the theme turns this into a button


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension, which runs before the theme adds its buttons."""
    app.connect("html-page-context", _offer_notebook, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
