"""Checks of the machine: the system and the installed packages, as grading needs them."""

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
from bngrader.doctor.check_result import NOTE, RIGHT, WRONG, CheckResult
from bngrader.engine.processes.outer_wall import WAY_OUT as INSTALL_BUBBLEWRAP
from bngrader.engine.processes.outer_wall import missing
from bngrader.engine.sandbox.cgroups import find_place
from bngrader.engine.sandbox.namespaces import WAY_OUT, available
from bngrader.grading.pool import cores

SUBMISSION_MEMORY_MB = 500  # while it is graded
MIN_FREE_DISK_GB, RECOMMENDED_FREE_DISK_GB = 1, 5
CONTROL_GROUPS = "Grade as root, or with: systemd-run --user --scope -p Delegate=yes bngrader grade ..."
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NETWORK_DISKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "lustre", "glusterfs"}


def machine(repository: Path, folder: Path) -> Iterator[CheckResult]:
    """Run all checks of this machine."""
    yield python(sys.version_info[:2])
    yield from packages(repository)
    yield sandbox()
    yield outer_wall()
    yield limits()
    yield kernel()
    yield memory()
    yield disk(folder)
    yield browser()


def python(installed: tuple[int, int]) -> CheckResult:
    """Check that this Python is new enough."""
    name = ".".join(map(str, installed))
    if installed < (3, 11):
        return CheckResult("Python", WRONG, f"{name} is too old", "Create the environment with Python 3.11 or newer.")
    return CheckResult("Python", RIGHT, f"{name}, {sys.executable}")


def packages(repository: Path) -> Iterator[CheckResult]:
    """Check that the packages of pyproject.toml are installed, in the versions that the lock pins."""
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["grade"]]]
    wrong = [fault for need in wanted if (fault := _fault(need))]
    if wrong:
        yield CheckResult("packages", WRONG, "; ".join(wrong), "pip install -r requirements.lock")
    other = [f"{name} {found} (lock: {pinned})" for name, pinned, found in _differing(repository, wanted)]
    if other:
        fix = "Other machines may give other grades. To match the versions: pip install -r requirements.lock"
        yield CheckResult("packages", NOTE, f"different from requirements.lock: {', '.join(other)}", fix)
    if not (wrong or other):
        yield CheckResult("packages", RIGHT, f"{len(wanted)} packages as in requirements.lock")


def _fault(need: Requirement) -> str | None:
    found = _version(need.name)
    if found is None:
        return f"{need.name} is not installed"
    if need.specifier.contains(found, prereleases=True):
        return None
    return f"{need.name} {found} is installed, but pyproject.toml requires {need.specifier}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _differing(repository: Path, wanted: list[Requirement]) -> Iterator[tuple[str, str, str]]:
    """Yield name, pin and version of each package that differs from the lock; a build tag after `+` does not count."""
    lock = dict(re.findall(r"^([\w.-]+)==(\S+)$", (repository / "requirements.lock").read_text(), re.MULTILINE))
    for need in wanted:
        found, pinned = _version(need.name), lock.get(need.name.lower())
        if found and pinned and found.partition("+")[0] != pinned:
            yield need.name, pinned, found


def sandbox() -> CheckResult:
    """Check that submissions can be isolated."""
    why = available()
    return CheckResult("sandbox", WRONG, why, WAY_OUT) if why else CheckResult("sandbox", RIGHT, "isolates submissions")


def outer_wall() -> CheckResult:
    """Check that bubblewrap can stand around the sandboxes of all submissions."""
    why = missing()
    if why:
        message = f"{why}, so each submission runs only in its own sandbox"
        return CheckResult("outer wall", NOTE, message, f"Install bubblewrap. {INSTALL_BUBBLEWRAP}")
    return CheckResult("outer wall", RIGHT, "bubblewrap, around the sandboxes of all submissions")


def limits() -> CheckResult:
    """Check that the kernel can limit a submission as a whole."""
    place = find_place()
    if place:
        message = f"control groups (version {place.version}) limit each submission as a whole"
        return CheckResult("limits", RIGHT, message)
    message = (
        "no control groups: bngrader adds up the memory and CPU time of a submission's processes itself, and misses "
        "processes that end within a twentieth of a second"
    )
    return CheckResult("limits", NOTE, message, CONTROL_GROUPS)


def kernel() -> CheckResult:
    """Check that Jupyter finds the kernel that the notebooks name; formgrader and students need it."""
    fix = "python -m ipykernel install --sys-prefix"
    try:
        spec = KernelSpecManager().get_kernel_spec(KERNEL["name"])
    except NoSuchKernel:
        return CheckResult("kernel", WRONG, f"Jupyter does not find the kernel {KERNEL['name']}", fix)
    program = spec.argv[0]
    if not shutil.which(program):
        return CheckResult("kernel", WRONG, f"the kernel {KERNEL['name']} starts {program}, which does not exist", fix)
    return CheckResult("kernel", RIGHT, f"{KERNEL['name']}, in {spec.resource_dir}")


def memory() -> CheckResult:
    """Check that there is memory for one submission on each core."""
    free, count = _free_mb(), cores()
    if free is None:
        message = f"this system does not say how much is free; a submission needs {SUBMISSION_MEMORY_MB} MB"
        return CheckResult("memory", NOTE, message)
    message = f"{free} MB free for {count} submissions at a time"
    if free < SUBMISSION_MEMORY_MB * count:
        return CheckResult(
            "memory",
            NOTE,
            message,
            f"Close other programs, or grade with --jobs {max(1, free // SUBMISSION_MEMORY_MB)}.",
        )
    return CheckResult("memory", RIGHT, message)


def _free_mb() -> int | None:
    try:
        found = re.search(r"MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    return int(found[1]) // 1000 if found else None


def disk(folder: Path) -> CheckResult:
    """Check that the course is on a disk of this machine, with enough room."""
    free = shutil.disk_usage(folder).free / 1e9
    kind = _kind_of_disk(folder)
    if kind in NETWORK_DISKS:
        message = f"{folder} is on a network drive ({kind}), where SQLite's locks are not reliable"
        fix = "Move the course to a disk of this machine, or use PostgreSQL with --db."
        return CheckResult("disk", WRONG, message, fix)
    state = WRONG if free < MIN_FREE_DISK_GB else NOTE if free < RECOMMENDED_FREE_DISK_GB else RIGHT
    fix = "" if state == RIGHT else f"Free some space: a class needs about {RECOMMENDED_FREE_DISK_GB} GB."
    return CheckResult("disk", state, f"{free:.1f} GB free at {folder}", fix)


def _kind_of_disk(folder: Path) -> str | None:
    """Return the type of the file system that holds a folder, or None if the system does not say."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return None
    holding = [(place, kind) for place, kind in mounts if folder.resolve().is_relative_to(place)]
    return max(holding, key=lambda mount: len(mount[0]))[1] if holding else None


def browser() -> CheckResult:
    """Check for a browser, which only authors need."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        return CheckResult("browser", RIGHT, found)
    return CheckResult("browser", NOTE, "no Chromium: `make pdf` and the tests of the pages need it; grading does not")
