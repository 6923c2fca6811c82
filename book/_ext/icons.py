"""Subset FontAwesome's fonts to the icons in use: a few kilobytes instead of 300."""

import logging
import re
from pathlib import Path

import pydata_sphinx_theme
from fontTools.subset import Options, Subsetter, load_font, save_font
from sphinx.application import Sphinx

FOLDER = Path("_static/vendor/fontawesome/6.5.2")
ORIGINALS = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static/vendor/fontawesome/6.5.2"
ICON = re.compile(r"\.fa-([a-z0-9-]+):before")
RULE = re.compile(r"([^{}]+)\{content:\"\\([0-9a-f]+)\"\}")
ESCAPED = re.compile(r"[\"']\\(f[0-9a-f]{3})[\"']")


def used(out: Path) -> set[int]:
    """Find the code points of all icons in use, by class in pages and by code point in style sheets and scripts."""
    text = "".join(page.read_text() for page in out.rglob("*.html"))
    classes = set(re.findall(r"\bfa-([a-z0-9-]+)", text))
    sources = [*out.glob("_static/*.css"), *out.glob("_static/styles/*.css"), *out.glob("_static/scripts/*.js")]
    shown = "".join(source.read_text() for source in sources)
    classes |= set(re.findall(r"\bfa-([a-z0-9-]+)", shown))
    points = {int(point, 16) for point in ESCAPED.findall(shown)}
    for selectors, point in RULE.findall((out / FOLDER / "css/all.min.css").read_text()):
        if classes & set(ICON.findall(selectors)):
            points.add(int(point, 16))
    return points


def _subset(app: Sphinx, exception: Exception | None) -> None:
    out = Path(app.outdir)
    if exception or not (out / FOLDER).is_dir():
        return
    points, options = used(out), Options(flavor="woff2")
    for path in (ORIGINALS / "webfonts").glob("*.woff2"):
        font = load_font(str(path), options)
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=points)
        subsetter.subset(font)
        save_font(font, str(out / FOLDER / "webfonts" / path.name), options)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension, which runs after all pages have been written."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # otherwise it logs every table of every font
    app.connect("build-finished", _subset, priority=900)  # after the theme has copied its fonts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
