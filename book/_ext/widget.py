"""The directive `widget`: an interactive figure, drawn in the page by `_extra/widgets/<name>.mjs`.

    :::{widget} scaling
    Text for readers whose browser does not run the script.
    :::

The module looks for the class `course-widget-<name>` and replaces the content with the figure.
"""

from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDER = Path("book/_extra/widgets")


class Widget(SphinxDirective):
    """A container with fallback content, and the script that fills it."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Build the container, or report that the widget's module is missing."""
        name = self.arguments[0]
        module = Path(self.env.app.confdir, FOLDER, f"{name}.mjs")
        if not module.is_file():
            raise self.error(f"there is no widget {name!r}: {module} does not exist")
        self.env.note_dependency(str(module))
        classes = ["course-widget", f"course-widget-{name}"]
        root = "../" * self.env.docname.count("/")
        script = f'<script type="module" src="{root}widgets/{name}.mjs"></script>'
        # `is_div` suppresses docutils' class `container`, which Bootstrap would style.
        fallback = nodes.container("", *self.parse_content_to_nodes(), classes=classes, is_div=True)
        only = addnodes.only("", nodes.raw("", script, format="html"), expr="not epub")  # e-readers run no scripts
        return [fallback, only]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.add_directive("widget", Widget)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
