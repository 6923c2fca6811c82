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

from bngrader.engine.sandbox.allowed_imports import OURS, entries
from bngrader.engine.sandbox.environment import IMPORT_PATH

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")
PYTHONS = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64")  # where the system's Pythons keep packages
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


def plan(allowed: Iterable[str] | None, private: Iterable[str] = ()) -> MountPlan:
    """Make the plan of a sandbox that shows no other packages than those `allowed` (and what they need).

    With None it shows all packages, and the course's own too. The folders and files `private` are not shown either.
    Raises OSError if symbolic links form a loop.
    """
    wanted, links = _wanted(None if allowed is None else tuple(allowed))
    covered = {real(path) for path in (*PRIVATE, *map(str, hidden()), *private) if os.path.exists(path)} - wanted
    steps = _steps(wanted, covered)
    scratch = [real(path) for path in (FOLDER, MEMORY)]
    # If Python itself is in there, the submission gets an empty folder inside.
    folder = f"{FOLDER}/submission" if any(_inside(step.path, scratch[0]) for step in steps) else FOLDER
    # Links inside a folder that is shown are there already.
    links = {link: target for link, target in links.items() if not _shown(os.path.dirname(link), steps)}
    return MountPlan(steps, links, scratch, folder)


@cache
def _wanted(allowed: tuple[str, ...] | None) -> tuple[frozenset[str], dict[str, str]]:
    """Find the real places of Python and of the system, and the links to them and to the writable folders.

    The zygote calls `plan` once, so that its forks find the result here.
    """
    links: dict[str, str] = {}
    wanted = {real(path, links) for path in (*SYSTEM, *SETTINGS, *_python(allowed)) if os.path.exists(path)}
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


def _python(allowed: tuple[str, ...] | None) -> Iterator[str]:
    """Yield the places of this Python: its environment, the Python that this was made from, and allowed packages.

    If all are allowed, the course's own are among them.
    """
    for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix):
        whole = os.path.realpath(prefix) not in ("/usr", "/usr/local")
        yield from [prefix] if whole else (os.path.join(prefix, part) for part in PARTS)
    yield sys.executable
    for place in packages():
        for entry in os.listdir(place) if allowed is None else entries(allowed):
            yield from _installed(place, entry)
    if allowed is None:
        yield from map(str, [*packages(), *_course()])


def _installed(place: Path, entry: str) -> Iterator[str]:
    """Yield the place of one of a package's folders or files, and where uv keeps it if its files are links."""
    path = os.path.join(place, entry)
    yield path
    begin = os.path.join(path, "__init__.py")
    if os.path.islink(begin):
        package = os.path.dirname(os.path.realpath(begin))
        if os.path.basename(package) == entry:
            yield os.path.dirname(package)


def packages() -> list[Path]:
    """List the folders with installed packages that this Python uses."""
    found = [Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    return [path.resolve() for path in found if path.is_dir()]


def hidden() -> list[Path]:
    """List the folders with installed packages, of this and of other Pythons, and the course's own packages.

    The checkout is among them, if there is one. What a submission may use is shown within these.
    """
    place = checkout()
    return [*_course(), *packages(), *_others(), *([place] if place else [])]


def _course() -> list[Path]:
    """List the folders of the course's own packages."""
    specs = filter(None, map(importlib.util.find_spec, OURS))
    return [Path(place).resolve() for spec in specs for place in spec.submodule_search_locations or []]


@cache
def _others() -> list[Path]:
    """List the folders with installed packages that a program could show to Python, or to another Python."""
    places = {Path(prefix, lib) for prefix in (sys.prefix, sys.base_prefix) for lib in ("lib", "lib64")}
    folders = [path for place in {*places, *map(Path, PYTHONS)} for path in place.glob("python*")]
    found = [path / name for path in folders for name in ("site-packages", "dist-packages")]
    return [path.resolve() for path in found if path.is_dir()]


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
    """Return the user and the group that own a place, if it holds parts of Python that others may not read."""
    folders = {
        *map(os.path.realpath, (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__))),
        *map(str, [*packages(), *_course()]),
    }
    within = [folder for folder in folders if folder == path or _inside(folder, path)]
    if any(_inside(path, str(place)) for place in packages()):  # a package that is shown by itself
        within.append(path)
    return next(filter(None, map(owner, within)), None)
