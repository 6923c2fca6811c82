"""The files of a folder or a zip that came from elsewhere: named and read, and never unpacked by their own names."""

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from bngrader.course.folders import CourseError
from bngrader.submissions.read import LARGEST, start_of

SMALL = 1_000_000  # bytes; what unpacks to fewer hurts nobody
RATIO = 100  # a notebook unpacks to some 10 times its size
SYSTEM_FILES = {"__MACOSX", "Thumbs.db", "desktop.ini"}


class Refused(Exception):
    """A file that is not read; the text says why."""


@dataclass(frozen=True)
class Entry:
    """A file of the archive. `read` raises Refused; `time` is when it was last changed, in a zip without a zone."""

    path: PurePosixPath
    time: datetime | None
    read: Callable[[], bytes]


@contextmanager
def opened(place: Path) -> Iterator[list[Entry]]:
    """The files of a folder or a zip, without those that systems put there.

    Raises CourseError if it is neither, is damaged, or is made to fill the disk.
    """
    if place.is_dir():
        yield _visible(_in_folder(place))
    elif not place.is_file():
        raise CourseError(f"{place} does not exist: give the folder or the zip with the submissions")
    else:
        try:
            archive = zipfile.ZipFile(place)
        except UnicodeDecodeError as error:
            way_out = "unpack it with unzip, and import the folder that comes out"
            raise CourseError(f"{place} holds a file whose name is not UTF-8, as it should be: {way_out}") from error
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise CourseError(f"{place} is not a zip that can be read ({error}): download it again") from error
        with archive:
            _refuse_overlap(place, archive)
            yield _visible(_in_zip(archive))


def _visible(entries: Iterator[Entry]) -> list[Entry]:
    return [entry for entry in entries if not any(_hidden(part) for part in entry.path.parts)]


def _hidden(part: str) -> bool:
    return part in SYSTEM_FILES or (part.startswith(".") and not part.startswith(".."))


def _in_folder(place: Path) -> Iterator[Entry]:
    for folder, folders, files in os.walk(place):
        folders.sort()
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*files, *links]):
            path = Path(folder, name)
            yield Entry(
                PurePosixPath(path.relative_to(place)),
                datetime.fromtimestamp(path.lstat().st_mtime, UTC),
                lambda path=path: _read_file(path),  # type: ignore[misc]
            )


def _read_file(path: Path) -> bytes:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise Refused("is a link or something else that is not a file; it is not followed")
    try:
        return _limited(start_of(path, LARGEST + 1))
    except OSError as error:
        raise Refused(f"cannot be read ({error.strerror})") from error


def _in_zip(archive: zipfile.ZipFile) -> Iterator[Entry]:
    for info in archive.infolist():
        if not info.is_dir():
            path = PurePosixPath(_name(info).replace("\\", "/"))  # as old Windows programs part folders
            yield Entry(path, _time(info), lambda info=info, path=path: _read_member(archive, info, path))  # type: ignore[misc]


def _name(info: zipfile.ZipInfo) -> str:
    """The name in a zip; some programs write UTF-8 and do not say so."""
    try:
        return info.filename if info.flag_bits & 0x800 else info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename


def _time(info: zipfile.ZipInfo) -> datetime | None:
    """The time in a zip, or None where it has none: 1980 is the zip's word for that."""
    try:
        return datetime(*info.date_time) if info.date_time[0] > 1980 else None
    except ValueError:
        return None


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: PurePosixPath) -> bytes:
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0][:2]:
        raise Refused("has a name that leads out of its folder")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise Refused("is a link or something else that is not a file; it is not followed")
    if info.flag_bits & 1:
        raise Refused("is encrypted")
    if info.file_size > SMALL and info.file_size > RATIO * info.compress_size:
        raise Refused(f"would unpack to {info.file_size / 1e6:.0f} MB from a {RATIO}th of that or less: a zip bomb")
    if info.file_size > LARGEST:
        raise Refused(_too_large(info.file_size))
    try:
        with archive.open(info) as file:
            return _limited(file.read(LARGEST + 1))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, UnicodeError) as error:
        raise Refused(f"is damaged ({error})") from error


def _limited(data: bytes) -> bytes:
    if len(data) > LARGEST:
        raise Refused(_too_large(len(data)))
    return data


def _too_large(size: int) -> str:
    return f"has {size / 1e6:.0f} MB or more, and {LARGEST / 1e6:.0f} MB are read: ask for it without outputs"


def _refuse_overlap(place: Path, archive: zipfile.ZipFile) -> None:
    """A bomb can also be made of entries that share their bytes."""
    packed = sum(info.compress_size for info in archive.infolist())
    if packed > place.stat().st_size:
        raise CourseError(f"{place} says that it holds more than its own size: a zip bomb, of which nothing was read")
