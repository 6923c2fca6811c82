"""Execute the chapters again when the code that they import changes.

myst-nb's cache compares the cells of a page, not the modules that they import. Here the cache's folder is
named after a digest of these files, so a change makes a new cache; and since the folder is part of Sphinx's
environment, it makes Sphinx read every page again too.
"""

import hashlib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError


def digest(places: list[Path]) -> str:
    """A digest of the names and contents of `places`: files, and the Python files under folders."""
    total = hashlib.sha256()
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            total.update(f"{path.relative_to(place.parent)}\0".encode() + path.read_bytes())
    return total.hexdigest()[:16]


def _name_the_cache(app: Sphinx, config: Config) -> None:
    places = [Path(app.confdir, place) for place in config.execution_depends_on]
    for place in places:
        if not place.exists():
            raise ConfigError(f"execution_depends_on in _config.yml names {place}, which does not exist")
    config.nb_execution_cache_path = str(Path(app.outdir).parent / ".jupyter_cache" / digest(places))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.add_config_value("execution_depends_on", [], "env", [list])
    app.connect("config-inited", _name_the_cache)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
