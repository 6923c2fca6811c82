"""Files that a student handed in beside the notebook: copies in autograded/ that no browser and no Python runs.

The page of feedback gets beside it the two files that nbgrader's exchange asks for.
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
from bngrader.submissions.read import ENDINGS, read_timestamp, start_of

MOST_FILES, MOST_BYTES, DEEPEST, LONGEST = 200, 100_000_000, 8, 100  # of one submission; the last is of a name
TIMESTAMP, SECRET = "timestamp.txt", "submission_secret.txt"
# The endings of files that only show something. Formgrader serves the copies with the grader's rights, where a page
# could run a script, and the kernel of a notebook in autograded/ would import a module that lies beside it.
SHOWN = (".txt", ".csv", ".tsv", ".json", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf")


def bring_along(place: Path, files: Files, ignore: list[str]) -> int:
    """Bring what lies beside the graded notebook and the page up to date with the submission at `place`.

    A file that a browser or Python could run gets the ending `.txt` besides its own.
    `ignore` are patterns of names that are left out. Returns how many files were left out besides: links and the like,
    and what is too much. What a submission before it had, and this one has not, is removed.

    Raises CourseError if the disk does not take it.
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
    """The files beside the notebook, by their path in the folder, and how many were left out."""
    found: dict[Path, bytes] = {}
    left_out, room = 0, MOST_BYTES
    for path in _walk(place, ignore):
        data = _read(path, room) if len(found) < MOST_FILES else None
        if data is None:
            left_out += 1
        else:
            taken = {*found, Path(TIMESTAMP), Path(SECRET)}
            found[_harmless(path, taken, place).relative_to(place)] = data
            room -= len(data)
    return found, left_out


def is_shown(name: str) -> bool:
    """Tell whether a file of this name only shows something, in a browser and for Python."""
    return name.casefold().endswith(SHOWN)


def _harmless(path: Path, taken: set[Path], place: Path) -> Path:
    """Return a path that ends as a harmless file does, and is no other file's."""
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
        deep = len(here.relative_to(place).parts) >= DEEPEST
        folders[:] = [] if deep else sorted(name for name in folders if not _is_ignored(name, ignore))
        files = [name for name in sorted([*names, *links]) if not _is_ignored(name, ignore)]
        yield from (here / name for name in files if name not in (TIMESTAMP, SECRET))


def _is_ignored(name: str, ignore: list[str]) -> bool:
    """Whether a name is a notebook's, or one of those that are not to be copied, or made of a file that is written."""
    patterns = [*(f"*{ending}" for ending in ENDINGS), ".*.part", *ignore]
    return any(fnmatch(name.casefold(), pattern) for pattern in patterns)


def _read(path: Path, room: int) -> bytes | None:
    """The contents of an ordinary file that is not too large, else None."""
    try:
        if len(os.fsencode(path.name)) > LONGEST or not stat.S_ISREG(path.lstat().st_mode):
            return None
        data = start_of(path, room + 1)
    except OSError:
        return None
    return data if len(data) <= room else None


def _remove_others(folder: Path, wanted: dict[Path, bytes], graded: Path) -> None:
    """Remove what a submission before this one had, so that no file stands where a folder will be, nor the reverse."""
    kept = {folder / path for path in wanted} | {graded}
    for parent, folders, names in os.walk(folder, topdown=False):
        here = Path(parent)
        for path in (here / name for name in names):
            if path not in kept and not path.name.endswith(".ipynb"):
                with suppress(OSError):
                    path.unlink()
        for path in (here / name for name in folders):
            with suppress(OSError):  # it is not empty
                path.rmdir()


def _secret(place: Path, held: Path) -> bytes:
    """What the student's `nbgrader fetch_feedback` knows the page by.

    A submission that did not come through the exchange has none, and at the first page without one nbgrader stops to
    release the pages of all others; so it gets one that nobody knows.
    """
    for path in (place / SECRET, held):
        try:
            data = start_of(path, 1000)
            if data.decode().strip():
                return data
        except (OSError, ValueError):
            continue
    return secrets.token_hex(64).encode()


def _write(path: Path, data: bytes) -> None:
    """Write a file, unless it says that already."""
    try:
        same = path.read_bytes() == data
    except OSError:
        same = False
    if not same:
        write_file(path, data)
