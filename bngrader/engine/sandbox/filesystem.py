"""The plan of the file system that a submission sees: Python, its packages and the system, but not the course.

Python can live anywhere: in a home folder that only its owner may enter, under /tmp, behind symbolic links. So the plan
names real folders, each at its real place, and recreates the symbolic links that lead there. A folder that is hidden is
then hidden under each of its names.
"""

import importlib.util
import os
import stat
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bngrader.engine.sandbox.environment import IMPORT_PATH
from bngrader.engine.sandbox.forbidden_imports import OURS

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")
SETTINGS = ("/etc/ld.so.cache", "/etc/fonts", "/etc/localtime", "/etc/alternatives", "/etc/ssl")
# Folders within these that a submission does not need. They may hold private files, such as nbgrader's exchange.
PRIVATE = ("/usr/local", "/usr/src", "/etc/ssl/private")
PARTS = ("bin", "lib", "lib64", "include")  # of a Python that lives right in /usr or /usr/local
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
LINKS = {"dev/fd": "/proc/self/fd", "dev/stdin": "/proc/self/fd/0", "dev/stdout": "/proc/self/fd/1"}
FOLDER, MEMORY = "/tmp", "/dev/shm"  # where anyone may write
MAX_LINKS = 40  # as in the kernel


@dataclass(frozen=True)
class Mount:
    """A real folder or file that is shown as it is, or covered by an empty one.

    `owner` is the user and the group that own it, if nobody else may read it.
    """

    path: str
    shown: bool
    owner: tuple[int, int] | None = None


@dataclass(frozen=True)
class MountPlan:
    """The mounts of a sandbox, outer ones first, and the symbolic links that lead to them.

    `scratch` holds the real places where anyone may write, and `folder` is the submission's working folder.
    """

    steps: list[Mount]
    links: dict[str, str]
    scratch: list[str]
    folder: str


def plan(forbidden: Iterable[str], private: Iterable[str] = (), show_course: bool = False) -> MountPlan:
    """Make the plan of a sandbox that shows neither the packages `forbidden` nor the folders and files `private`.

    The course's own packages are shown only with `show_course`. Raises OSError if symbolic links form a loop.
    """
    wanted, links = _wanted()
    ours = set(map(str, _course()))
    covered = {real(path) for path in (*PRIVATE, *map(str, hidden(forbidden)), *private) if os.path.exists(path)}
    if show_course:
        wanted, covered = wanted | ours, covered - ours
    steps = _steps(wanted, covered)
    scratch = [real(path) for path in (FOLDER, MEMORY)]
    # If Python itself is in there, the submission gets an empty folder inside.
    folder = f"{FOLDER}/submission" if any(_inside(step.path, scratch[0]) for step in steps) else FOLDER
    # Links inside a folder that is shown are there already.
    links = {link: target for link, target in links.items() if not _shown(os.path.dirname(link), steps)}
    return MountPlan(steps, links, scratch, folder)


@cache
def _wanted() -> tuple[frozenset[str], dict[str, str]]:
    """Find the real places of Python and of the system, and the links to them and to the writable folders.

    The zygote calls `plan` once, so that its forks find the result here.
    """
    links: dict[str, str] = {}
    wanted = {real(path, links) for path in (*SYSTEM, *SETTINGS, *_python()) if os.path.exists(path)}
    for path in (FOLDER, MEMORY):
        real(path, links)
    return frozenset(wanted), links


def _steps(wanted: Collection[str], covered: Collection[str]) -> list[Mount]:
    """Order the mounts, and leave out those that change nothing."""
    steps: list[Mount] = []
    for path in sorted({*wanted, *covered}, key=len):
        shown = path in wanted
        if shown != _shown(path, steps):
            steps.append(Mount(path, shown, closed(path) if shown else None))
    return steps


def _shown(path: str, steps: list[Mount]) -> bool:
    """Return whether the innermost of the steps around a path shows it."""
    around = [step for step in steps if step.path == path or _inside(path, step.path)]
    return bool(around) and around[-1].shown


def _python() -> Iterator[str]:
    """Yield the places of this Python: its environment, the Python that this was made from, and their packages."""
    for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix):
        whole = os.path.realpath(prefix) not in ("/usr", "/usr/local")
        yield from [prefix] if whole else (os.path.join(prefix, part) for part in PARTS)
    yield sys.executable
    for place in packages():
        yield str(place)
        yield from _linked(place)


def _linked(place: Path) -> Iterator[str]:
    """Yield the places of packages that are symbolic links, as uv can install them."""
    for entry in os.scandir(place):
        begin = os.path.join(entry.path, "__init__.py")
        if entry.is_symlink():
            yield entry.path
        elif os.path.islink(begin):
            package = os.path.dirname(os.path.realpath(begin))
            if os.path.basename(package) == entry.name:
                yield os.path.dirname(package)


def packages() -> list[Path]:
    """List the folders with installed packages that this Python uses."""
    found = [Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    return [path.resolve() for path in found if path.is_dir()]


def hidden(forbidden: Iterable[str]) -> list[Path]:
    """List the folders of packages that are forbidden, that belong to the course or that Python does not use.

    The checkout is among them, if there is one.
    """
    found = [folder for name in forbidden for folder in _folders(name)]
    place = checkout()
    return [*_course(), *found, *_others(), *([place] if place else [])]


def _course() -> list[Path]:
    """List the folders of the course's own packages."""
    return [folder for name in OURS for folder in _folders(name)]


def _folders(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    return [Path(place).resolve() for place in (spec.submodule_search_locations or [] if spec else [])]


def _others() -> list[Path]:
    """List the packages of the Python that this environment was made from, if the environment does not use them."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    place = Path(sys.base_prefix, "lib", version, "site-packages").resolve()
    return [place] if place.is_dir() and place not in packages() else []


def checkout() -> Path | None:
    """Find the course's checkout; None if this file is in an installed package."""
    return IMPORT_PATH if (IMPORT_PATH / "solutions").is_dir() else None


def real(path: str, links: dict[str, str] | None = None) -> str:
    """Follow all symbolic links in an absolute path, and note in `links` where each of them points.

    Raises OSError if they form a loop.
    """
    here, todo, followed = "/", [part for part in path.split("/")[::-1] if part not in ("", ".")], 0
    while todo:
        part = todo.pop()
        step = os.path.dirname(here) if part == ".." else os.path.join(here, part)
        if not os.path.islink(step):
            here = step
            continue
        target = os.readlink(step)
        followed += 1
        if followed > MAX_LINKS:
            raise OSError(f"the symbolic links of {path} form a loop")
        if links is not None:
            links[step] = target
        here = "/" if target.startswith("/") else here
        todo += [part for part in target.split("/")[::-1] if part not in ("", ".")]
    return here


def _inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


@cache
def owner(path: str) -> tuple[int, int] | None:
    """Return the user and the group that own a folder, if others may not read it or something directly in it.

    An installer that ran under `umask 077` leaves such folders.
    """
    try:
        within = [entry.path for entry in os.scandir(path)]
    except OSError:  # it is a file, or this process may not read it either
        within = []
    for entry in [path, *within] if os.path.exists(path) else []:
        found = os.lstat(entry)
        needed = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(found.st_mode) else 0)
        if not stat.S_ISLNK(found.st_mode) and found.st_mode & needed != needed:
            return found.st_uid, found.st_gid
    return None


def closed(path: str) -> tuple[int, int] | None:
    """Return the user and the group that own a folder, if it holds parts of Python that others may not read."""
    folders = {
        *map(os.path.realpath, (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))),
        *map(str, [*packages(), *_course()]),
    }
    return next(filter(None, (owner(folder) for folder in folders if folder == path or _inside(folder, path))), None)
