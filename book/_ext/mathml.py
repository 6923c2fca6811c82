"""Formulas as MathML for the EPUB, converted by MathJax: e-readers display MathML but run no scripts."""

import functools
import json
import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.math import wrap_displaymath
from sphinx.writers.html5 import HTML5Translator

SCRIPT = Path(__file__).with_suffix(".cjs")


@functools.cache
def _converter() -> "subprocess.Popen[str]":
    """Start a process that converts lines of JSON, `[formula, display]`, into lines with MathML."""
    return subprocess.Popen(["node", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@functools.cache
def mathml(tex: str, display: bool) -> str:
    """Convert a formula to MathML. Raises ValueError if MathJax does not understand it."""
    process = _converter()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps([tex, display]) + "\n")
    process.stdin.flush()
    made = str(json.loads(process.stdout.readline()))
    if "<merror" in made:
        raise ValueError(f"MathJax does not understand {tex!r}")
    return made


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(mathml(node.astext(), False))
    raise nodes.SkipNode


def _display(self: HTML5Translator, node: nodes.math_block) -> None:
    tex = node.astext() if node["nowrap"] else wrap_displaymath(node.astext(), None, False)
    self.body.append(self.starttag(node, "div", CLASS="math"))
    number = f' <span class="eqno">({node["number"]})</span>' if node.get("number") else ""
    self.body.append(f"{mathml(tex, True)}{number}</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer, and select it for the EPUB."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    app.add_config_value("epub_math_renderer", "mathml", "env", [str])
    return {"parallel_read_safe": True, "parallel_write_safe": True}
