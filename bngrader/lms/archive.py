"""Files of a folder or a zip from elsewhere: listed and read, but never unpacked under their own names."""

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
from bngrader.submissions.read import MAX_NOTEBOOK_BYTES, read_start

HARMLESS_BYTES = 1_000_000  # a file that unpacks to less is not a zip bomb, whatever its ratio
MAX_RATIO = 100  # of unpacked to packed size; a notebook has about 10
SYSTEM_FILES = {"__MACOSX", "Thumbs.db", "desktop.ini"}


class Refused(Exception):
    """A file cannot be accepted; the text says why."""


@dataclass(frozen=True)
class Entry:
    """A file of the archive. `read` may raise Refused; `time`, of the last change, has no zone if it is from a zip."""

    path: PurePosixPath
    time: datetime | None
    read: Callable[[], bytes]


@contextmanager
def opened(place: Path) -> Iterator[list[Entry]]:
    """Open a folder or a zip, and list its files without those that operating systems add.

    Raises CourseError if it is neither, is damaged, or is a zip bomb.
    """
    if place.is_dir():
        yield _visible(_in_folder(place))
    elif not place.is_file():
        raise CourseError(f"{place} does not exist: name the folder or the zip with the submissions")
    else:
        try:
            archive = zipfile.ZipFile(place)
        except UnicodeDecodeError as error:
            way_out = "unpack it with unzip, and import the resulting folder"
            raise CourseError(f"{place} contains a file whose name is not UTF-8: {way_out}") from error
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise CourseError(f"{place} cannot be read as a zip ({error}): download it again") from error
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
        raise Refused("is a link or something else that is not a regular file, so it was not read")
    try:
        return _limited(read_start(path, MAX_NOTEBOOK_BYTES + 1))
    except OSError as error:
        raise Refused(f"cannot be read ({error.strerror})") from error


def _in_zip(archive: zipfile.ZipFile) -> Iterator[Entry]:
    for info in archive.infolist():
        if not info.is_dir():
            path = PurePosixPath(_name(info).replace("\\", "/"))  # old Windows programs write backslashes
            yield Entry(path, _time(info), lambda info=info, path=path: _read_member(archive, info, path))  # type: ignore[misc]


def _name(info: zipfile.ZipInfo) -> str:
    """Return a name in a zip; some programs write UTF-8 without setting the flag for it."""
    try:
        return info.filename if info.flag_bits & 0x800 else info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename


def _time(info: zipfile.ZipInfo) -> datetime | None:
    """Return a time in a zip, or None if there is none: zips write 1980 for that."""
    try:
        return datetime(*info.date_time) if info.date_time[0] > 1980 else None
    except ValueError:
        return None


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: PurePosixPath) -> bytes:
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0][:2]:
        raise Refused("has a name that points outside its folder")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise Refused("is a link or something else that is not a regular file, so it was not read")
    if info.flag_bits & 1:
        raise Refused("is encrypted")
    if info.file_size > HARMLESS_BYTES and info.file_size > MAX_RATIO * info.compress_size:
        size = f"{info.file_size / 1e6:.0f} MB"
        raise Refused(f"would unpack to {size}, more than {MAX_RATIO} times its packed size: it may be a zip bomb")
    if info.file_size > MAX_NOTEBOOK_BYTES:
        raise Refused(_too_large(info.file_size))
    try:
        with archive.open(info) as file:
            return _limited(file.read(MAX_NOTEBOOK_BYTES + 1))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, UnicodeError) as error:
        raise Refused(f"is damaged ({error})") from error


def _limited(data: bytes) -> bytes:
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise Refused(_too_large(len(data)))
    return data


def _too_large(size: int) -> str:
    limit = f"{MAX_NOTEBOOK_BYTES / 1e6:.0f} MB"
    return f"has {size / 1e6:.0f} MB or more, but the limit is {limit}: ask for it without outputs"


def _refuse_overlap(place: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a zip whose entries share their bytes, which is another way to make a zip bomb."""
    packed = sum(info.compress_size for info in archive.infolist())
    if packed > place.stat().st_size:
        raise CourseError(
            f"{place} claims to hold more bytes than its own size, as zip bombs do, so nothing was read: "
            "download it again"
        )
