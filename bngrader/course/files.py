"""Files, each written as a whole or not at all, and a short text to know their contents by."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from bngrader.course.folders import CourseError
from bngrader.course.names import readable


def digest(data: bytes) -> str:
    """A short text that is the same for the same bytes alone."""
    return hashlib.sha256(data).hexdigest()


def write_file(path: Path, data: bytes) -> None:
    """Write a file so that it is there as a whole or not at all.

    Raises CourseError if the disk does not take it.
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
            f"{path} cannot be written: {error.strerror}. Mend that, and run the command again: what is graded stays, "
            "and only the rest is done"
        ) from error


def write_json(path: Path, value: object) -> None:
    """Write plain data as JSON, with times as texts, and every text readable and in one line.

    Raises CourseError if the disk does not take it.
    """
    write_file(path, (json.dumps(_readable(value), indent=1) + "\n").encode())


def _readable(value: object) -> object:
    if isinstance(value, dict):
        return {readable(key): _readable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(each) for each in value]
    return value if value is None or isinstance(value, int | float) else readable(value)
