"""The folder with the source notebooks: in the clone, or where a clone that cannot be written to does not hold them."""

import atexit
import hashlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from platformdirs import user_cache_dir

SOURCES = Path("_build/nbgrader/source")


@cache
def source_folder(repository: Path) -> Path:
    """Choose a folder that this process may write to, for as long as it runs.

    That is the clone's own, else one in the user's cache, else one that is removed at the end. The source notebooks
    hold the hidden tests, so nobody else may read what lies outside the clone.
    """
    repository = repository.resolve()
    if _is_writable(repository / SOURCES, 0o777):
        return repository / SOURCES
    cached = Path(user_cache_dir("bncourse"), hashlib.sha256(os.fsencode(repository)).hexdigest()[:16])
    if _is_writable(cached, 0o700):
        return cached
    temporary = tempfile.mkdtemp(prefix="bncourse-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return Path(temporary)


def _is_writable(folder: Path, mode: int) -> bool:
    """Make a folder, and tell whether this process may write to it and to what it holds."""
    try:
        folder.mkdir(mode, parents=True, exist_ok=True)
    except OSError:
        return False
    return all(os.access(place, os.W_OK) for place in [folder, *folder.glob("*"), *folder.glob("*/*")])
