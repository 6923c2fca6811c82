"""The directive `widget`: a figure to play with, drawn in the page by `_extra/widgets/<name>.mjs`.

    :::{widget} scaling
    What a reader sees where the script does not run.
    :::

The module looks for the class `course-widget-<name>` and puts the figure in place of the content.
"""

from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDER = Path("book/_extra/widgets")


class Widget(SphinxDirective):
    """A container with the content as its fallback, and the script that fills it."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Parse the directive, or report the module that is missing."""
        name = self.arguments[0]
        module = Path(self.env.app.confdir, FOLDER, f"{name}.mjs")
        if not module.is_file():
            raise self.error(f"there is no widget {name!r}: {module} does not exist")
        self.env.note_dependency(str(module))
        classes = ["course-widget", f"course-widget-{name}"]
        root = "../" * self.env.docname.count("/")
        script = f'<script type="module" src="{root}widgets/{name}.mjs"></script>'
        # `is_div` keeps docutils' class `container` away, for which Bootstrap has rules.
        fallback = nodes.container("", *self.parse_content_to_nodes(), classes=classes, is_div=True)
        only = addnodes.only("", nodes.raw("", script, format="html"), expr="not epub")  # which runs no scripts
        return [fallback, only]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.add_directive("widget", Widget)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
