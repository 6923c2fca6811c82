"""The folder for the source notebooks: in the clone, or elsewhere if the clone is read-only."""

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
    """Choose a folder that this process may write to; the choice holds for the whole process.

    It is the clone's own, else one in the user's cache, else a temporary one that is removed at the end. The source
    notebooks contain the hidden tests, so no other user may read a folder outside the clone.
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
    """Create a folder, and return whether this process may write to it and to its contents."""
    try:
        folder.mkdir(mode, parents=True, exist_ok=True)
    except OSError:
        return False
    return all(os.access(place, os.W_OK) for place in [folder, *folder.glob("*"), *folder.glob("*/*")])
