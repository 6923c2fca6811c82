"""What of the file system a submission sees: Python, its packages and the system, without the course."""

import importlib.util
import os
import sys
from pathlib import Path

from bngrader.engine.forbidden import OURS

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")
SETTINGS = ("/etc/ld.so.cache", "/etc/fonts", "/etc/localtime", "/etc/alternatives", "/etc/ssl")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
LINKS = {"dev/shm": "/tmp", "dev/fd": "/proc/self/fd", "dev/stdin": "/proc/self/fd/0", "dev/stdout": "/proc/self/fd/1"}
STAGES = ("/mnt", "/media", "/srv", "/opt", "/home")
FOLDER = "/tmp"


def packages() -> list[Path]:
    """The folders with installed packages that this Python uses."""
    found = [Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    return [path.resolve() for path in found if path.is_dir()]


def hidden(forbidden: list[str]) -> list[Path]:
    """The folders of packages that are forbidden, the course's own or not used, and the checkout where there is one."""
    found = []
    for name in (*OURS, *forbidden):
        spec = importlib.util.find_spec(name)
        found += [Path(place).resolve() for place in (spec.submodule_search_locations or [] if spec else [])]
    place = checkout()
    return [*found, *_others(), *([place] if place else [])]


def _others() -> list[Path]:
    """What else the user has installed beside the Python that this environment is made from."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    place = Path(sys.base_prefix, "lib", version, "site-packages").resolve()
    return [place] if place.is_dir() and place not in packages() else []


def checkout() -> Path | None:
    """The course's checkout, where this file is in one and not in an installed package."""
    place = Path(__file__).resolve().parents[2]
    return place if (place / "solutions").is_dir() else None


def plan(forbidden: list[str]) -> list[tuple[str, bool]]:
    """Each path to show (True) or to cover by an empty folder (False), outer ones first."""
    wanted = [*SYSTEM, *SETTINGS, sys.prefix, sys.base_prefix, *map(str, packages())]
    shown = {str(Path(path)) for path in wanted if Path(path).exists()}
    shown = {path for path in shown if not any(_inside(path, other) for other in shown)}
    covered = {str(path) for path in hidden(forbidden) if any(_inside(str(path), other) for other in shown)}
    covered = {path for path in covered if not any(_inside(path, other) for other in covered)}
    again = {str(Path(p)) for p in (sys.prefix, sys.base_prefix) if any(_inside(str(Path(p)), c) for c in covered)}
    return sorted([(p, True) for p in shown | again] + [(p, False) for p in covered], key=lambda step: len(step[0]))


def _inside(path: str, folder: str) -> bool:
    return path.startswith(folder + "/")


def stage(steps: list[tuple[str, bool]]) -> str:
    """A folder on which the new root can be built, since nothing that is shown lies in it."""
    free = [s for s in STAGES if os.path.isdir(s) and not any(p == s or _inside(p, s) for p, _ in steps)]
    if not free:
        raise OSError("none of " + ", ".join(STAGES) + " is there and unused")
    return free[0]


def make_place(path: str, shown: bool) -> None:
    """In the new root, which is the working folder: a folder or a file for a mount."""
    target = Path(path.lstrip("/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    if shown and not os.path.isdir(path):
        target.touch()
    else:
        target.mkdir(exist_ok=True)


def make_files(uid: int) -> None:
    """In the new root: the few files and links that programs look for."""
    for folder in ("tmp", "proc", "dev", "etc"):
        Path(folder).mkdir(exist_ok=True)
    for link, target in LINKS.items():
        os.symlink(target, link)
    Path("etc/passwd").write_text(f"student:x:{uid}:{uid}::{FOLDER}:/bin/sh\n")
    Path("etc/group").write_text(f"student:x:{uid}:\n")
