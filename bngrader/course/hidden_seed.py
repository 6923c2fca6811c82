"""The secret seed of a class, from which the random inputs of its hidden tests come.

Nobody can try 128 random bits, so no input tells what another is. Each submission gets its own seed, a keyed hash
of the class's seed: the process that runs the tests never sees the class's seed, and what a student might learn about
the own inputs says nothing about another student's, or about the next assignment's. A submission that is graded again
gets the same inputs, so its score changes only if the work does.
"""

import os
import re
import secrets
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from bngrader.course.folders import CourseError

FILE = "hidden_seed.txt"
SEED_BITS = 128
MIN_SEED_BITS = 64  # fewer can be tried, one after the other
SEED = re.compile(f"[0-9a-f]{{{SEED_BITS // 4}}}\n?")


def class_seed(folder: Path, configured: int | None) -> str:
    """Return the secret seed of the class in `folder`: the configured one, or else that in its file.

    The first call without either writes a file that only its owner can read.

    Raises CourseError if the file cannot be written or read, or holds something else.
    """
    if configured is not None:
        return str(configured)
    path = folder / FILE
    try:
        if not path.exists():
            _create(path)
        return read_seed(path)
    except OSError as error:
        raise CourseError(f"{path}, the seed of the hidden tests, cannot be used: {error.strerror}") from error


def read_seed(path: Path) -> str:
    """Read a class's seed from its file.

    Raises CourseError if the file holds something else.
    """
    text = path.read_bytes()[:1000].decode(errors="replace")
    if not SEED.fullmatch(text):
        raise CourseError(
            f"{path} does not hold the seed of the hidden tests, {SEED_BITS // 4} hexadecimal digits: restore it from "
            "a backup. Or delete it: the next round makes a new one, and grades every submission again"
        )
    return text.strip()


def submission_seed(class_seed: str, assignment: str, student: str) -> int:
    """Return the seed of the hidden tests of one student's submission to an assignment."""
    key = blake2b(class_seed.encode()).digest()
    name = "\0".join([assignment, student]).encode(errors="surrogateescape")
    return int.from_bytes(blake2b(name, key=key, digest_size=SEED_BITS // 8).digest())


def _create(path: Path) -> None:
    """Write a new seed, unless another process is quicker; the file is complete as soon as it has its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{secrets.randbits(SEED_BITS):0{SEED_BITS // 4}x}\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, path)  # which, unlike a rename, replaces no seed that another process has written
    finally:
        part.unlink()
