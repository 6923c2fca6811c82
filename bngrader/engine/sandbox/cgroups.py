"""Control groups: the kernel counts the memory, processes and CPU time of a submission as a whole, and limits them.

Limits of single processes do not add up: ten processes may hold ten times the memory of one, and nobody is charged for
the memory of sockets. A control group counts everything that its processes hold. There are two versions: in version 1
each controller has a hierarchy of folders, in version 2 there is one for all. See cgroups(7).
"""

import contextlib
import os
import re
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PREFIX = "bngrader-"
NEEDED = ("memory", "pids", "cpuacct")
REMOVE_SECONDS = 2.0  # that the kernel may need to end the last process of a group
V2 = "cgroup2"


@dataclass(frozen=True)
class Place:
    """The folders in which this process may make groups, by controller; in version 2 they are all the same."""

    version: int
    folders: dict[str, Path]


@cache
def find_place() -> Place | None:
    """Find where this process may make groups with limits; None if nowhere."""
    try:
        mounts, own = _mounts(Path("/proc/self/mountinfo").read_text()), Path("/proc/self/cgroup").read_text()
    except OSError:
        return None
    return _version_1(mounts, own) or _version_2(mounts, own)


def _mounts(text: str) -> dict[str, tuple[Path, str]]:
    """Return the mount point of each controller, and the group that is its root, from a mountinfo file."""
    found: dict[str, tuple[Path, str]] = {}
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, _, options) = before.split(), after.split()
        if kind in ("cgroup", V2):
            for name in options.split(",") if kind == "cgroup" else [V2]:
                found.setdefault(name, (Path(fields[4]), fields[3]))
    return found


def _own_folder(mounts: dict[str, tuple[Path, str]], own: str, name: str) -> Path | None:
    """Return the folder of this process's own group for a controller; `own` is /proc/self/cgroup."""
    wanted = "" if name == V2 else name
    for line in own.splitlines():
        _, names, path = line.split(":", 2)
        if wanted in names.split(",") and name in mounts:
            place, root = mounts[name]
            inside = path.removeprefix(root.rstrip("/")) if path.startswith(root) else "/"
            return Path(f"{place}/{inside}".rstrip("/"))
    return None


def _version_1(mounts: dict[str, tuple[Path, str]], own: str) -> Place | None:
    folders = {name: folder for name in NEEDED if (folder := _own_folder(mounts, own, name))}
    if len(folders) == len(NEEDED) and all(map(_may_make_groups, folders.values())):
        return Place(1, folders)
    return None


def _version_2(mounts: dict[str, tuple[Path, str]], own: str) -> Place | None:
    """Find a folder whose groups get the controllers: this process's own if it is delegated, or as root the top."""
    folder = _own_folder(mounts, own, V2)
    if folder is None:
        return None
    top = mounts[V2][0]
    for place in (folder, top):
        if (place == top or _is_delegated(place)) and _may_make_groups(place) and _passes_on(place):
            return Place(2, dict.fromkeys(NEEDED, place))
    return None


def _may_make_groups(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK)


def _is_delegated(folder: Path) -> bool:
    """Return whether systemd has left a group to its processes: `systemd-run --user --scope -p Delegate=yes`."""
    for name in ("user.delegate", "trusted.delegate"):
        with contextlib.suppress(OSError):
            if os.getxattr(folder, name) == b"1":
                return True
    return False


def _passes_on(folder: Path) -> bool:
    """Have a group of version 2 pass its controllers on to its children, and return whether it does.

    A group that does this may hold no processes itself, so those of a delegated group move into a child.
    """
    wanted = {"memory", "pids"}
    try:
        if wanted <= set((folder / "cgroup.subtree_control").read_text().split()):
            return True
        if _is_delegated(folder):
            leaf = folder / f"{PREFIX}main"
            leaf.mkdir(exist_ok=True)
            for pid in (folder / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    (leaf / "cgroup.procs").write_text(pid)
        (folder / "cgroup.subtree_control").write_text("+memory +pids")
    except OSError:
        return False
    return True


class Cgroup:
    """The control group of one submission.

    Its files stay open, since this process sees other folders once the sandbox around the submission is built.
    """

    def __init__(self, place: Place, name: str, memory_bytes: int, processes: int) -> None:
        """Make the group. Raises OSError if the kernel refuses."""
        folders = {controller: folder / name for controller, folder in place.folders.items()}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        self.version, self.name = place.version, Path(name).name
        self._parents = [os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY) for folder in set(folders.values())]
        self._members = [os.open(folder / "cgroup.procs", os.O_WRONLY) for folder in set(folders.values())]
        usage, events = [("cpuacct.usage", "memory.oom_control"), ("cpu.stat", "memory.events")][self.version - 1]
        self._usage = os.open(folders["cpuacct"] / usage, os.O_RDONLY)
        self._events = os.open(folders["memory"] / events, os.O_RDONLY)
        self._limit_memory(folders["memory"], memory_bytes)
        (folders["pids"] / "pids.max").write_text(str(processes))

    def _limit_memory(self, folder: Path, memory_bytes: int) -> None:
        names = [("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"), ("memory.max", "memory.swap.max")]
        memory, swap = names[self.version - 1]
        (folder / memory).write_text(str(memory_bytes))
        with contextlib.suppress(OSError):  # the kernel may not count swap
            (folder / swap).write_text(str(memory_bytes) if self.version == 1 else "0")

    def join(self) -> None:
        """Move this process into the group, where its children will be too, and keep no way out of the sandbox."""
        for fd in self._members:
            os.write(fd, b"0")
        self._close()

    def cpu_seconds(self) -> float:
        """Return the CPU time of all processes that were ever in the group."""
        if self.version == 1:
            return int(_read(self._usage)) / 1e9
        return _value(_read(self._usage), "usage_usec") / 1e6

    def ran_out_of_memory(self) -> bool:
        """Return whether the kernel ended a process because the group reached its limit of memory."""
        return _value(_read(self._events), "oom_kill") > 0

    def remove(self) -> None:
        """Remove the group after its last process."""
        for parent in self._parents:
            _remove(self.name, parent)
        self._close()

    def _close(self) -> None:
        for fd in (*self._members, *self._parents, self._usage, self._events):
            os.close(fd)


def _read(fd: int) -> str:
    return os.pread(fd, 1 << 12, 0).decode()


def _value(text: str, name: str) -> int:
    found = re.search(rf"^{name} (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _remove(name: str, parent: int | None = None) -> None:
    """Remove a group, and wait a moment if the kernel is still ending one of its processes."""
    until = time.monotonic() + REMOVE_SECONDS
    while time.monotonic() < until:
        try:
            os.rmdir(name, dir_fd=parent)
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.01)
        else:
            return


def remove_groups(name: str) -> None:
    """Remove the groups below the group `name`, and then the group itself."""
    if place := find_place():
        for folder in {base / name for base in place.folders.values()}:
            for within in [path for path in folder.glob("*") if path.is_dir()]:
                _remove(str(within))
            _remove(str(folder))


def remove_abandoned() -> None:
    """Remove the groups of graders that were killed before they could; a group that holds a process stays."""
    if place := find_place():
        for folder in set(place.folders.values()):
            for group in folder.glob(f"{PREFIX}*-*"):
                if not Path(f"/proc/{group.name.split('-')[1]}").exists():
                    for path in (*(entry for entry in group.glob("*") if entry.is_dir()), group):
                        with contextlib.suppress(OSError):
                            path.rmdir()
