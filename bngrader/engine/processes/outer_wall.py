"""Bubblewrap around the zygote for answers: a second wall, of reviewed code, around all submissions.

Each submission has its own sandbox (`sandbox.namespaces`), which only a fork can enter without importing
everything again. That sandbox is this project's code. Bubblewrap isolates programs rather than forks, so it starts the
zygote. A submission that found a hole in its own sandbox would then still see only Python, the system and the processes
of the round, and would have no network. Where bubblewrap is not installed, or where no sandbox can be made within it,
the zygote starts without it; `bngrader doctor` says so.
"""

import functools
import os
import shutil
import sys

from bngrader.engine.sandbox import cgroups, filesystem
from bngrader.engine.sandbox.namespaces import failure_within

PROGRAM = "bwrap"
NAMESPACES = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")
WAY_OUT = "Debian and Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap"


def walled(command: list[str]) -> list[str]:
    """Return the command line that starts a program inside bubblewrap, or `command` itself if that is not possible."""
    return command if missing() else [*_bubblewrap(), *command]


@functools.cache
def missing() -> str | None:
    """Return why there is no outer wall on this machine; None if there is one."""
    if shutil.which(PROGRAM) is None:
        return "bubblewrap is not installed"
    return failure_within(_bubblewrap(), sys.executable)


def _bubblewrap() -> list[str]:
    """Return bubblewrap's part of the command line. Raises OSError if symbolic links form a loop."""
    plan = filesystem.plan(None)
    # As root the zygote keeps the rights by which it gives each submission its own user.
    rights = ["--cap-add", "ALL"] if os.geteuid() == 0 else ["--unshare-user"]
    line = [PROGRAM, "--die-with-parent", *NAMESPACES, *rights]
    for link, target in plan.links.items():
        line += ["--symlink", target, link]
    line += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", filesystem.FOLDER]
    if os.path.isabs(home := os.path.expanduser("~")):
        line += ["--dir", home]  # an empty one: without it, IPython warns that it cannot write there
    for step in plan.steps:
        line += ["--ro-bind", step.path, step.path] if step.shown else ["--tmpfs", step.path]
    for folder in _caches():
        line += ["--bind", folder, folder]
    if place := cgroups.find_place():
        for folder in dict.fromkeys(map(str, place.folders.values())):
            line += ["--bind", folder, folder]
    return [*line, "--chdir", "/"]


def _caches() -> list[str]:
    """List the folders with matplotlib's list of fonts, which takes seconds to make again."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folders = [os.environ.get("MPLCONFIGDIR") or os.path.join(cache, "matplotlib")]
    return [folder for folder in folders if os.path.isdir(folder)]
