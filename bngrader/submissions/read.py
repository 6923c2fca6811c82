"""The submissions in submitted/: finding them, and reading their bytes safely whatever a student handed in."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from nbgrader.utils import parse_utc

from bngrader.course.folders import CourseError
from bngrader.course.names import id_fault, listed, readable, rename_advice

MAX_NOTEBOOK_BYTES = 50_000_000  # a notebook without outputs has about 50 thousand
ENDINGS = (".ipynb", ".ipynb.txt", ".ipynb.json")  # browsers add the last two when they save a notebook


class Unreadable(Exception):
    """A submission cannot be graded. The text says why on one line, and what to do about it."""


def handed_in(folder: Path, assignment: str) -> dict[str, Path]:
    """Find what each student handed in for an assignment, sorted by student.

    It is the folder `submitted/<student>/<assignment>`, or else an entry with nearly that name. Folders whose names are
    not valid ids are left out: `misnamed` lists them.
    """
    return {place.parent.name: place for place in _places(folder, assignment) if not id_fault(place.parent.name)}


def misnamed(folder: Path, assignment: str) -> dict[str, str]:
    """List the folders that are left out because of their names: each readable name, with the fault and the way out.

    Neither the gradebook nor a page can hold such a name, and only the instructor knows whose folder it is.
    """
    students = (place.parent for place in _places(folder, assignment))
    faults = {student: fault for student in students if (fault := id_fault(student.name))}
    return {
        readable(student.name): f"is skipped, because the name of this folder {fault}. {rename_advice(student)}"
        for student, fault in faults.items()
    }


def _places(folder: Path, assignment: str) -> Iterator[Path]:
    for student in sorted((folder / "submitted").glob("*/")):
        near = [entry for entry in sorted(student.iterdir()) if _plain(entry.name) == assignment]
        near.sort(key=lambda entry: entry.name != assignment)
        yield from near[:1]


def require_handed_in(folder: Path, assignment: str) -> dict[str, Path]:
    """Return `handed_in`, for a command that has nothing to do without submissions.

    Raises CourseError if there are none, not even in folders with invalid names.
    """
    found = handed_in(folder, assignment)
    if not found and not misnamed(folder, assignment):
        layout = f"{folder / 'submitted'}/<student>/{assignment}/{assignment}.ipynb"
        raise CourseError(f"nobody has handed in {assignment!r}: there is nothing at {layout}")
    return found


def _plain(name: str) -> str:
    """Return a name in lower case, without a notebook's extension."""
    small = name.casefold()
    return next((small.removesuffix(ending) for ending in ENDINGS[::-1] if small.endswith(ending)), small)


def read_submission(place: Path, assignment: str) -> bytes:
    """Read the notebook that a student handed in at `place`, the folder or the file itself.

    Raises Unreadable unless there is exactly one, a regular file of at most 50 MB.
    """
    path = place if _is(stat.S_ISREG, place) else _the_notebook(place, assignment)
    shown = readable(path.relative_to(place.parents[2]))
    if not _is(stat.S_ISREG, path):
        raise Unreadable(f"{shown} is {_kind(path)}, not a file. Ask for the notebook itself.")
    try:
        data = read_start(path, MAX_NOTEBOOK_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"{shown} cannot be read ({error.strerror}). Ask for the notebook again.") from error
    if len(data) > MAX_NOTEBOOK_BYTES:
        size = f"{path.stat().st_size / 1e6:.0f} MB, more than the limit of {MAX_NOTEBOOK_BYTES / 1e6:.0f} MB"
        raise Unreadable(f"{shown} has {size}. Ask for it without outputs: Edit > Clear Outputs of All Cells.")
    return data


def read_timestamp(place: Path) -> str | None:
    """Read when a submission was handed in from nbgrader's timestamp.txt; None if that does not hold a time."""
    try:
        text = read_start(place / "timestamp.txt", 100).decode().strip()
        return text if parse_utc(text) else None
    except (OSError, ValueError, OverflowError):
        return None


def read_start(path: Path, size: int) -> bytes:
    """Read at most `size` bytes of a file. Raises OSError, also for a link."""
    # The file may have been swapped since it was checked, so do not follow a link or wait for a pipe.
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(size)


def _the_notebook(folder: Path, assignment: str) -> Path:
    """Find the notebook in a folder: the one with the assignment's name, or else the only one."""
    shown = readable(folder.relative_to(folder.parents[2]))
    if not _is(stat.S_ISDIR, folder):
        raise Unreadable(f"{shown} is {_kind(folder)}, not a folder. Ask for the notebook itself.")
    path = folder / f"{assignment}.ipynb"
    if os.path.lexists(path):
        return path
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    notebooks = [name for name in names if name.casefold().endswith(ENDINGS)]
    if len(notebooks) == 1:
        return folder / notebooks[0]
    held = listed(names)
    way_out = "Ask which one counts, and keep only that one." if notebooks else "Ask for the notebook."
    raise Unreadable(f"{shown}/{path.name} is missing; the folder contains {held or 'nothing'}. {way_out}")


def _is(kind: object, path: Path) -> bool:
    try:
        return bool(kind(path.lstat().st_mode))  # type: ignore[operator]
    except OSError:
        return False


def _kind(path: Path) -> str:
    kinds = {"a symbolic link": stat.S_ISLNK, "a folder": stat.S_ISDIR, "a pipe": stat.S_ISFIFO}
    return next((name for name, kind in kinds.items() if _is(kind, path)), "something else")
