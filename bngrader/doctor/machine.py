"""Checks of the machine: what grading needs of the system and of the installed packages."""

import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from packaging.requirements import Requirement

from bngrader.authoring.notebooks import KERNEL
from bngrader.doctor.finding import NOTE, RIGHT, WRONG, Finding
from bngrader.engine.sandbox.namespaces import WAY_OUT, available
from bngrader.grading.pool import cores

JOB_MB = 500  # of memory, that each submission under way needs
LEAST_GB, GOOD_GB = 1, 5  # of disk
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NETWORK_DISKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "lustre", "glusterfs"}


def machine(repository: Path, folder: Path) -> Iterator[Finding]:
    """What there is to say of this machine."""
    yield python(sys.version_info[:2])
    yield from packages(repository)
    yield sandbox()
    yield kernel()
    yield memory()
    yield disk(folder)
    yield browser()


def python(installed: tuple[int, int]) -> Finding:
    """Whether this Python is new enough."""
    name = ".".join(map(str, installed))
    if installed < (3, 11):
        return Finding("Python", WRONG, f"{name} is too old", "Make the environment with Python 3.11 or newer.")
    return Finding("Python", RIGHT, f"{name}, {sys.executable}")


def packages(repository: Path) -> Iterator[Finding]:
    """Whether what pyproject.toml asks for is installed, and is what the lock pins."""
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["grade"]]]
    wrong = [fault for need in wanted if (fault := _fault(need))]
    if wrong:
        yield Finding("packages", WRONG, "; ".join(wrong), "pip install -r requirements.lock")
    other = [f"{name} {found} (lock: {pinned})" for name, pinned, found in _differing(repository, wanted)]
    if other:
        mend = "Grades may differ from those of others: pip install -r requirements.lock"
        yield Finding("packages", NOTE, f"not as in requirements.lock: {', '.join(other)}", mend)
    if not (wrong or other):
        yield Finding("packages", RIGHT, f"{len(wanted)} packages as in requirements.lock")


def _fault(need: Requirement) -> str | None:
    found = _version(need.name)
    if found is None:
        return f"{need.name} is not installed"
    return None if need.specifier.contains(found, prereleases=True) else f"{need.name} {found} is not {need.specifier}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _differing(repository: Path, wanted: list[Requirement]) -> Iterator[tuple[str, str, str]]:
    """Name, pin and version of each package that the lock has otherwise; a build's name after + does not count."""
    lock = dict(re.findall(r"^([\w.-]+)==(\S+)$", (repository / "requirements.lock").read_text(), re.MULTILINE))
    for need in wanted:
        found, pinned = _version(need.name), lock.get(need.name.lower())
        if found and pinned and found.partition("+")[0] != pinned:
            yield need.name, pinned, found


def sandbox() -> Finding:
    """Whether submissions can be isolated."""
    why = available()
    return Finding("sandbox", WRONG, why, WAY_OUT) if why else Finding("sandbox", RIGHT, "isolates submissions")


def kernel() -> Finding:
    """Whether Jupyter finds the kernel that the notebooks name, which formgrader and students use."""
    mend = "python -m ipykernel install --sys-prefix"
    try:
        spec = KernelSpecManager().get_kernel_spec(KERNEL["name"])
    except NoSuchKernel:
        return Finding("kernel", WRONG, f"Jupyter finds no kernel {KERNEL['name']}", mend)
    program = spec.argv[0]
    if not shutil.which(program):
        return Finding("kernel", WRONG, f"the kernel {KERNEL['name']} starts {program}, which is not there", mend)
    return Finding("kernel", RIGHT, f"{KERNEL['name']}, in {spec.resource_dir}")


def memory() -> Finding:
    """Whether as many submissions as there are cores have room."""
    free, count = _free_mb(), cores()
    if free is None:
        return Finding("memory", NOTE, f"this system does not tell; a submission needs {JOB_MB} MB")
    said = f"{free} MB free for {count} submissions at a time"
    if free < JOB_MB * count:
        return Finding("memory", NOTE, said, f"Close other programs, or grade with --jobs {max(1, free // JOB_MB)}.")
    return Finding("memory", RIGHT, said)


def _free_mb() -> int | None:
    try:
        found = re.search(r"MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    return int(found[1]) // 1000 if found else None


def disk(folder: Path) -> Finding:
    """Whether the disk of the course has room, and is a disk of this machine."""
    free = shutil.disk_usage(folder).free / 1e9
    kind = _kind_of_disk(folder)
    if kind in NETWORK_DISKS:
        said = f"{folder} is on a network drive ({kind}), where SQLite's locks do not hold"
        return Finding("disk", WRONG, said, "Put the course on a disk of this machine, or use PostgreSQL by --db.")
    state = WRONG if free < LEAST_GB else NOTE if free < GOOD_GB else RIGHT
    mend = "" if state == RIGHT else f"Make room: a class needs some {GOOD_GB} GB."
    return Finding("disk", state, f"{free:.1f} GB free at {folder}", mend)


def _kind_of_disk(folder: Path) -> str | None:
    """The kind of file system that holds a folder, where the system tells."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return None
    holding = [(place, kind) for place, kind in mounts if folder.resolve().is_relative_to(place)]
    return max(holding, key=lambda mount: len(mount[0]))[1] if holding else None


def browser() -> Finding:
    """Whether there is a browser for what only authors need."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        return Finding("browser", RIGHT, found)
    return Finding("browser", NOTE, "no Chromium: make pdf and the tests of pages need one, grading does not")
