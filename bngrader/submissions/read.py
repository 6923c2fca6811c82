"""What was handed in: who, where, and the bytes, read so that no file that a student made can hurt or hang."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from nbgrader.utils import parse_utc

from bngrader.course.folders import CourseError
from bngrader.course.names import id_fault, readable, rename_advice

LARGEST = 50_000_000  # bytes of a notebook; one without outputs has some 50 thousand
ENDINGS = (".ipynb", ".ipynb.txt", ".ipynb.json")  # browsers add the last two when they save a notebook


class Unreadable(Exception):
    """A submission has no answers that could be graded. The text says why in a line, and what to do about it."""


def handed_in(folder: Path, assignment: str) -> dict[str, Path]:
    """The students who handed something in for the assignment, sorted, and what each handed in.

    That is the folder `submitted/<student>/<assignment>`; where there is none, what has nearly its name. A folder whose
    name cannot be a student's is left out: `misnamed` lists those.
    """
    return {place.parent.name: place for place in _places(folder, assignment) if not id_fault(place.parent.name)}


def misnamed(folder: Path, assignment: str) -> dict[str, str]:
    """The folders that are left out for their names: each readable name, with what is wrong and the way out.

    No gradebook and no page can hold such a name, and nobody but the instructor knows whose it is.
    """
    students = (place.parent for place in _places(folder, assignment))
    faults = {student: fault for student in students if (fault := id_fault(student.name))}
    return {
        readable(student.name): f"is left out, because the name of this folder {fault}. {rename_advice(student)}"
        for student, fault in faults.items()
    }


def _places(folder: Path, assignment: str) -> Iterator[Path]:
    for student in sorted((folder / "submitted").glob("*/")):
        near = [entry for entry in sorted(student.iterdir()) if _plain(entry.name) == assignment]
        near.sort(key=lambda entry: entry.name != assignment)
        yield from near[:1]


def require_handed_in(folder: Path, assignment: str) -> dict[str, Path]:
    """The same as `handed_in`, for a command that without submissions has nothing to do.

    Raises CourseError if there are none, nor any that are left out for their names.
    """
    found = handed_in(folder, assignment)
    if not found and not misnamed(folder, assignment):
        layout = f"{folder / 'submitted'}/<student>/{assignment}/{assignment}.ipynb"
        raise CourseError(f"nobody has handed in {assignment!r}: nothing is at {layout}")
    return found


def _plain(name: str) -> str:
    """A name in small letters, without a notebook's ending."""
    small = name.casefold()
    return next((small.removesuffix(ending) for ending in ENDINGS[::-1] if small.endswith(ending)), small)


def read_submission(place: Path, assignment: str) -> bytes:
    """Read the notebook that a student handed in at `place`, the folder or the file itself.

    Raises Unreadable unless there is exactly one, an ordinary file of at most 50 MB.
    """
    path = place if _is(stat.S_ISREG, place) else _the_notebook(place, assignment)
    shown = readable(path.relative_to(place.parents[2]))
    if not _is(stat.S_ISREG, path):
        raise Unreadable(f"{shown} is {_kind(path)}, not a file. Ask for the notebook itself.")
    try:
        data = start_of(path, LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"{shown} cannot be read ({error.strerror}). Ask for the notebook again.") from error
    if len(data) > LARGEST:
        size = f"{path.stat().st_size / 1e6:.0f} MB, more than the {LARGEST / 1e6:.0f} MB that are read"
        raise Unreadable(f"{shown} has {size}. Ask for it without outputs: Edit > Clear Outputs of All Cells.")
    return data


def read_timestamp(place: Path) -> str | None:
    """When a submission was handed in, as nbgrader's timestamp.txt beside it says; None where it says no time."""
    try:
        text = start_of(place / "timestamp.txt", 100).decode().strip()
        return text if parse_utc(text) else None
    except (OSError, ValueError, OverflowError):
        return None


def start_of(path: Path, size: int) -> bytes:
    """Read at most `size` bytes of a file. Raises OSError, also for a link."""
    # Between a look and the opening a file can be swapped: follow no link and wait for no pipe.
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(size)


def _the_notebook(folder: Path, assignment: str) -> Path:
    """The notebook in a folder: the one of the assignment's name, or else the only one."""
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
    held = ", ".join(map(readable, names[:5])) + (", ..." if len(names) > 5 else "")
    way_out = "Ask which one counts, and keep that one." if notebooks else "Ask for the notebook."
    raise Unreadable(f"{shown}/{path.name} is missing; its folder holds {held or 'nothing'}. {way_out}")


def _is(kind: object, path: Path) -> bool:
    try:
        return bool(kind(path.lstat().st_mode))  # type: ignore[operator]
    except OSError:
        return False


def _kind(path: Path) -> str:
    kinds = {"a symbolic link": stat.S_ISLNK, "a folder": stat.S_ISDIR, "a pipe": stat.S_ISFIFO}
    return next((name for name, kind in kinds.items() if _is(kind, path)), "something else")
