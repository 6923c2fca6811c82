"""Explanations of why a sandbox cannot be made here, with what to do about it."""

import errno
import os
import platform
import re
import sys
from collections.abc import Iterable
from pathlib import Path

OLDEST_LINUX = (5, 12)  # the first with mount_setattr
SETTINGS = [  # of the kernel: the name, the value that forbids user namespaces, and one that allows them
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
    """Raise OSError if one of Python's files is missing in the sandbox, or cannot be read there."""
    for path in places:
        if not os.path.exists(path):
            raise OSError(errno.ENOENT, f"its Python needs {path}, which cannot be seen in the sandbox")
        if not os.access(path, os.R_OK):
            way_out = f"chmod -R o+rX '{sys.prefix}' '{sys.base_prefix}'"
            raise OSError(errno.EACCES, f"only its owner may read {path}: run {way_out}")


def explain(problem: OSError, system: Path | None = None) -> str:
    """Name the cause of an error that came up while a sandbox was made; `system` is the machine's /proc.

    Returns the text of the error itself if it has no known cause.
    """
    text = problem.strerror or str(problem)
    if problem.errno == errno.ENOSYS:
        return _missing_call(text)
    if problem.errno in (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS):
        places = [system] if system else [Path("/proc"), Path("/old/proc")]  # before and after the first change of root
        return next(filter(None, map(_forbidden, places)), text)
    return text


def _missing_call(text: str) -> str:
    release = platform.release()
    if tuple(map(int, re.findall(r"\d+", release)[:2])) >= OLDEST_LINUX:
        return (
            f"a filter of system calls, such as old container programs set, hides some of the kernel's calls ({text})"
        )
    return f"this kernel, Linux {release}, is older than {'.'.join(map(str, OLDEST_LINUX))} ({text})"


def _forbidden(system: Path) -> str | None:
    """Name the setting or the filter that forbids namespaces here, if one is found."""
    for name, value, wanted in SETTINGS:
        if _says(system / "sys" / name.replace(".", "/"), value):
            way_out = f"sudo sysctl -w {name}={wanted}"
            return f"the setting {name} = {value} of this system forbids user namespaces: change it by {way_out}"
    if _says(system / "self/status", "2", "Seccomp:"):
        filtered = "a filter of system calls, such as containers have, forbids namespaces here"
        return f"{filtered}: start the container with {' '.join(CONTAINER)}"
    return None


def _says(path: Path, value: str, field: str = "") -> bool:
    """Return whether a kernel's file, or a field of it, holds a value; False if there is no such file."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return False
    return value in [line.removeprefix(field).strip() for line in lines if line.startswith(field)]
