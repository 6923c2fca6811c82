"""Files that a student handed in with the notebook: copies in autograded/ that neither a browser nor Python runs.

The folder of the feedback page also gets the two files that nbgrader's exchange needs.
"""

import os
import secrets
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

from bngrader.course.files import write_file
from bngrader.course.names import file_name
from bngrader.gradebook.class_gradebook import Files
from bngrader.submissions.read import ENDINGS, read_start, read_timestamp

MAX_FILES, MAX_BYTES, MAX_DEPTH = 200, 100_000_000, 8  # of one submission
MAX_NAME_BYTES = 200  # of a copy; Linux allows 255, and `write_file` needs some of them for a while
TIMESTAMP, SECRET = "timestamp.txt", "submission_secret.txt"
# The extensions of files that only show something. Formgrader serves the copies with the grader's rights, with which an
# HTML page could run a script, and the kernel of a notebook in autograded/ would import a module from its own folder.
HARMLESS_EXTENSIONS = (".txt", ".csv", ".tsv", ".json", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf")


def update_extra_files(place: Path, files: Files, ignore: list[str]) -> int:
    """Copy the other files of the submission at `place` to the folders of the graded notebook and the feedback page.

    A file that a browser or Python could run gets an additional extension `.txt`. Characters of names that could act
    on a terminal are spelled out, and very long names are cut. Names that match a pattern in `ignore` are left out.
    Files of an earlier submission that this one lacks are removed. Returns the number of files left out for other
    reasons: links and the like, and files beyond the limits.

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
    """Read the files in the notebook's folder, by the relative path of their copies, and count those left out."""
    found: dict[Path, bytes] = {}
    left_out, room = 0, MAX_BYTES
    for path in _walk(place, ignore):
        data = _read(path, room) if len(found) < MAX_FILES else None
        if data is None:
            left_out += 1
        else:
            found[path.relative_to(place)] = data
            room -= len(data)
    return {copy: found[path] for path, copy in _copies(found).items()}, left_out


def is_shown(name: str) -> bool:
    """Return whether neither a browser nor Python would run a file with this name."""
    return name.casefold().endswith(HARMLESS_EXTENSIONS)


def _copies(paths: Iterable[Path]) -> dict[Path, Path]:
    """Choose a readable and harmless path for the copy of each file, given by relative paths; no two are the same."""
    folders = {path: Path(*map(_folder_name, path.parts[:-1])) for path in paths}
    taken = {Path(TIMESTAMP), Path(SECRET)}
    taken |= {above for folder in folders.values() for above in (folder, *folder.parents)}
    copies: dict[Path, Path] = {}
    # Files that may keep their names come first, so that no other file takes these.
    for path in sorted(folders, key=lambda path: folders[path] / _copy_name(path.name) != path):
        copy = folders[path] / _copy_name(path.name)
        while copy in taken:
            copy = copy.with_name(f"{copy.name}.txt")
        taken.add(copy)
        copies[path] = copy
    return copies


def _copy_name(name: str) -> str:
    short = file_name(name, MAX_NAME_BYTES)
    return short if is_shown(short) else f"{short}.txt"


def _folder_name(name: str) -> str:
    return f"{name}-folder" if name in (TIMESTAMP, SECRET) else file_name(name, MAX_NAME_BYTES)


def rename_harmless(place: Path) -> None:
    """Give the files in a folder of autograded/ readable names, under which no browser and no Python runs them."""
    if not place.is_dir():  # nbgrader makes it only once it has graded a submission without other files
        return
    paths = [path.relative_to(place) for path in place.rglob("*") if path.is_symlink() or not path.is_dir()]
    others = [path for path in paths if path not in (Path(TIMESTAMP), Path(SECRET)) and path.suffix != ".ipynb"]
    renamed = {path: copy for path, copy in _copies(others).items() if path != copy}
    with tempfile.TemporaryDirectory(dir=place) as aside:  # a new name may be another file's old one
        for number, path in enumerate(renamed):
            (place / path).rename(Path(aside, str(number)))
        _remove_empty_folders(place)
        for number, copy in enumerate(renamed.values()):
            (place / copy).parent.mkdir(parents=True, exist_ok=True)
            Path(aside, str(number)).rename(place / copy)


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
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        data = read_start(path, room + 1)
    except OSError:
        return None
    return data if len(data) <= room else None


def _remove_others(folder: Path, wanted: dict[Path, bytes], graded: Path) -> None:
    """Remove the files of an earlier submission, so that no file is in the way of a folder, or the reverse."""
    kept = {folder / path for path in wanted} | {graded}
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            if path not in kept and not path.name.endswith(".ipynb"):
                with suppress(OSError):
                    path.unlink()
    _remove_empty_folders(folder)


def _remove_empty_folders(folder: Path) -> None:
    for parent, folders, _ in os.walk(folder, topdown=False):
        for path in (Path(parent, name) for name in folders):
            with suppress(OSError):  # it is not empty
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
