"""The cause behind a sandbox that cannot be made, in words, with what to do about it."""

import errno
import os
import platform
import re
import sys
from collections.abc import Iterable
from pathlib import Path

OLDEST = (5, 12)  # mount_setattr came with it
SETTINGS = [  # of the system: its name, the value that forbids user namespaces, and one that allows them
    ("user.max_user_namespaces", "0", "15000"),
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
]
WEAK_ROOT = (
    "root lacks the capability CAP_SYS_ADMIN here, as in containers, and may not make a user namespace either: "
    "start the container with --cap-add SYS_ADMIN, or grade as another user"
)
CONTAINER = [f"--security-opt {name}=unconfined" for name in ("seccomp", "systempaths", "apparmor")]


def require_readable(places: Iterable[str]) -> None:
    """Raise OSError where the sandbox shows a place of Python's, and does not let it be read."""
    for path in places:
        if not os.path.exists(path):
            raise OSError(errno.ENOENT, f"its Python needs {path}, which is not to be seen in the sandbox")
        if not os.access(path, os.R_OK):
            way_out = f"chmod -R o+rX '{sys.prefix}' '{sys.base_prefix}'"
            raise OSError(errno.EACCES, f"others than its owner may not read {path}: run {way_out}")


def explain(problem: OSError, system: Path | None = None) -> str:
    """Name the cause of an error that came up while a sandbox was made; `system` is the /proc of the machine.

    The error itself is the answer where none of the known causes is there.
    """
    said = problem.strerror or str(problem)
    if problem.errno == errno.ENOSYS:
        return _missing_call(said)
    if problem.errno in (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS):
        places = [system] if system else [Path("/proc"), Path("/old/proc")]  # before and after the first change of root
        return next(filter(None, map(_forbidden, places)), said)
    return said


def _missing_call(said: str) -> str:
    release = platform.release()
    if tuple(map(int, re.findall(r"\d+", release)[:2])) >= OLDEST:
        return f"a filter of system calls hides some of the kernel's, as old container programs do ({said})"
    return f"this kernel, Linux {release}, is older than {'.'.join(map(str, OLDEST))} ({said})"


def _forbidden(system: Path) -> str | None:
    """Name what forbids namespaces here."""
    for name, value, wanted in SETTINGS:
        if _says(system / "sys" / name.replace(".", "/"), value):
            way_out = f"sudo sysctl -w {name}={wanted}"
            return f"the setting {name} = {value} of this system forbids user namespaces: change it by {way_out}"
    if _says(system / "self/status", "2", "Seccomp:"):
        filtered = "a filter of system calls forbids namespaces here, as containers have it"
        return f"{filtered}: start the container with {' '.join(CONTAINER)}"
    return None


def _says(path: Path, value: str, field: str = "") -> bool:
    """Tell whether a file of the kernel's, or one of its fields, holds a value; one that is not there does not."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return False
    return value in [line.removeprefix(field).strip() for line in lines if line.startswith(field)]
