"""Files that are written completely or not at all, and digests of their contents."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from bngrader.course.folders import CourseError
from bngrader.course.names import readable


def digest(data: bytes) -> str:
    """Return a short text that is equal only for equal bytes."""
    return hashlib.sha256(data).hexdigest()


def write_file(path: Path, data: bytes) -> None:
    """Write a file completely or not at all.

    Raises CourseError if it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise CourseError(
            f"{path} cannot be written: {error.strerror}. Correct that and run the command again: graded submissions "
            "stay graded, and it continues with the rest"
        ) from error


def write_json(path: Path, value: object) -> None:
    """Write plain data as JSON, with times as texts, and every text readable and on one line.

    Raises CourseError if it cannot be written.
    """
    write_file(path, (json.dumps(_readable(value), indent=1) + "\n").encode())


def _readable(value: object) -> object:
    if isinstance(value, dict):
        return {readable(key): _readable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(each) for each in value]
    return value if value is None or isinstance(value, int | float) else readable(value)
