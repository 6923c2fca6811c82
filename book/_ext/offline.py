"""Serve MathJax from the book's own host, and drop files that the pages do not need.

Extensions that would load other files from other hosts are not listed in `_config.yml`.
"""

import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

# The script that turns TeX into HTML, and its fonts: 1.5 MB of MathJax's 20 MB.
MATHJAX_PARTS = ["es5/tex-chtml.js", "es5/output/chtml/fonts/woff-v2"]
# The theme loads this script of 1.5 MB, but its style sheet already draws the same icons from fonts of 0.3 MB.
ICON_SCRIPT = "_static/vendor/fontawesome/6.5.2/js/all.min.js"


def _copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name not in ("html", "singlehtml"):
        return
    source, target = Path(app.confdir, "node_modules", "mathjax"), Path(app.outdir, "mathjax")
    if not source.is_dir():
        raise ExtensionError(f"{source} does not exist: run `make book`, or `npm ci` in {app.confdir}, and build again")
    for part in MATHJAX_PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True)
        else:
            (target / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / part, target / part)


def _empty_icon_script(app: Sphinx, exception: Exception | None) -> None:
    script = Path(app.outdir, ICON_SCRIPT)
    if not exception and script.exists():
        script.write_text("")


def _leave_out_of_epub(app: Sphinx) -> None:
    """Leave out the widgets and the forwarding page, which only a website needs."""
    if app.builder.name == "epub":
        app.config.html_extra_path = []


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.connect("builder-inited", _leave_out_of_epub)
    app.connect("build-finished", _copy_mathjax)
    app.connect("build-finished", _empty_icon_script, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
