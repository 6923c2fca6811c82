"""Files that a student handed in with the notebook: copies in autograded/ that neither a browser nor Python runs.

The folder of the feedback page also gets the two files that nbgrader's exchange needs.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

from bngrader.course.files import write_file
from bngrader.gradebook.class_gradebook import Files
from bngrader.submissions.read import ENDINGS, read_start, read_timestamp

MAX_FILES, MAX_BYTES, MAX_DEPTH = 200, 100_000_000, 8  # of one submission
MAX_NAME_BYTES = 100
TIMESTAMP, SECRET = "timestamp.txt", "submission_secret.txt"
# The extensions of files that only show something. Formgrader serves the copies with the grader's rights, with which an
# HTML page could run a script, and the kernel of a notebook in autograded/ would import a module from its own folder.
HARMLESS_EXTENSIONS = (".txt", ".csv", ".tsv", ".json", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf")


def update_extra_files(place: Path, files: Files, ignore: list[str]) -> int:
    """Copy the other files of the submission at `place` to the folders of the graded notebook and the feedback page.

    A file that a browser or Python could run gets an additional extension `.txt`. Names that match a pattern in
    `ignore` are left out. Files of an earlier submission that this one lacks are removed. Returns the number of files
    left out for other reasons: links and the like, and files beyond the limits.

    Raises CourseError if a file cannot be written.
    """
    folder = files.graded.parent
    wanted, left_out = _contents(place, ignore)
    asked_for = {
        Path(TIMESTAMP): (read_timestamp(place) or "").encode(),
        Path(SECRET): _secret(place, files.feedback.with_name(SECRET)),
    }
    _remove_others(folder, wanted | asked_for, files.graded)
    for path, data in (wanted | asked_for).items():
        _write(folder / path, data)
    for path, data in asked_for.items():
        _write(files.feedback.parent / path, data)
    return left_out


def _contents(place: Path, ignore: list[str]) -> tuple[dict[Path, bytes], int]:
    """Read the files in the notebook's folder, by their relative path, and count those left out."""
    found: dict[Path, bytes] = {}
    left_out, room = 0, MAX_BYTES
    for path in _walk(place, ignore):
        data = _read(path, room) if len(found) < MAX_FILES else None
        if data is None:
            left_out += 1
        else:
            taken = {*found, Path(TIMESTAMP), Path(SECRET)}
            found[_harmless(path, taken, place).relative_to(place)] = data
            room -= len(data)
    return found, left_out


def is_shown(name: str) -> bool:
    """Return whether neither a browser nor Python would run a file with this name."""
    return name.casefold().endswith(HARMLESS_EXTENSIONS)


def _harmless(path: Path, taken: set[Path], place: Path) -> Path:
    """Return a path with a harmless extension that no other file has."""
    while not is_shown(path.name) or path.relative_to(place) in taken:
        path = path.with_name(f"{path.name}.txt")
        while os.path.lexists(path):
            path = path.with_name(f"{path.name}.txt")
    return path


def rename_harmless(place: Path) -> None:
    """Give the files in a folder of autograded/ names under which no browser and no Python runs them."""
    for path in [path for path in place.rglob("*") if not path.is_dir()]:
        if not is_shown(path.name) and path.suffix != ".ipynb":
            path.rename(_harmless(path, {Path(TIMESTAMP), Path(SECRET)}, place))


def _walk(place: Path, ignore: list[str]) -> Iterator[Path]:
    for parent, folders, names in os.walk(place):
        here = Path(parent)
        links = [name for name in folders if (here / name).is_symlink()]
        deep = len(here.relative_to(place).parts) >= MAX_DEPTH
        folders[:] = [] if deep else sorted(name for name in folders if not _is_ignored(name, ignore))
        files = [name for name in sorted([*names, *links]) if not _is_ignored(name, ignore)]
        yield from (here / name for name in files if name not in (TIMESTAMP, SECRET))


def _is_ignored(name: str, ignore: list[str]) -> bool:
    """Return whether a file is not copied: a notebook, an ignored pattern, or a temporary file of `write_file`."""
    patterns = [*(f"*{ending}" for ending in ENDINGS), ".*.part", *ignore]
    return any(fnmatch(name.casefold(), pattern) for pattern in patterns)


def _read(path: Path, room: int) -> bytes | None:
    """Read a regular file that is not too large; None for anything else."""
    try:
        if len(os.fsencode(path.name)) > MAX_NAME_BYTES or not stat.S_ISREG(path.lstat().st_mode):
            return None
        data = read_start(path, room + 1)
    except OSError:
        return None
    return data if len(data) <= room else None


def _remove_others(folder: Path, wanted: dict[Path, bytes], graded: Path) -> None:
    """Remove the files of an earlier submission, so that no file is in the way of a folder, or the reverse."""
    kept = {folder / path for path in wanted} | {graded}
    for parent, folders, names in os.walk(folder, topdown=False):
        here = Path(parent)
        for path in (here / name for name in names):
            if path not in kept and not path.name.endswith(".ipynb"):
                with suppress(OSError):
                    path.unlink()
        for path in (here / name for name in folders):
            with suppress(OSError):  # the folder is not empty
                path.rmdir()


def _secret(place: Path, held: Path) -> bytes:
    """Return the secret by which the student's `nbgrader fetch_feedback` finds the page.

    A submission that did not come through the exchange has none. It gets one that nobody knows, because nbgrader stops
    releasing everybody's pages at the first one without a secret.
    """
    for path in (place / SECRET, held):
        try:
            data = read_start(path, 1000)
            if data.decode().strip():
                return data
        except (OSError, ValueError):
            continue
    return secrets.token_hex(64).encode()


def _write(path: Path, data: bytes) -> None:
    """Write a file unless its content is unchanged."""
    try:
        same = path.read_bytes() == data
    except OSError:
        same = False
    if not same:
        write_file(path, data)
