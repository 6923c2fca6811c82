"""The system calls that a sandbox needs and that Python's library lacks. Each raises OSError with its own name."""

import contextlib
import ctypes
import os
import platform
import signal
import struct
import sys
from pathlib import Path
from typing import Any

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWCGROUP = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
    0x2000000,
)
SPACES = NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS | NEWCGROUP
RDONLY, NOSUID, NODEV, NOEXEC, BIND, REC, PRIVATE, DETACH = 1, 2, 4, 8, 4096, 16384, 1 << 18, 2
IDMAP = 1 << 20
AT_FDCWD, AT_RECURSIVE, AT_EMPTY_PATH = -100, 0x8000, 0x1000
OPEN_TREE_CLONE, MOVE_MOUNT_EMPTY_PATH = 1, 4
PR_CAPBSET_DROP, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 24, 4, 38
CALLS = {
    "x86_64": {"pivot_root": 155, "capset": 126, "open_tree": 428, "move_mount": 429, "mount_setattr": 442},
    "aarch64": {"pivot_root": 41, "capset": 91, "open_tree": 428, "move_mount": 429, "mount_setattr": 442},
}


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _call(name: str, *arguments: Any) -> int:
    number = CALLS[platform.machine()][name]
    return _checked(_libc().syscall(ctypes.c_long(number), *arguments), name)


def _users() -> list[tuple[int, int, int]]:
    """Return the ranges of user ids that this process's user namespace has: the first inside, outside, and how many."""
    return [(int(a), int(b), int(c)) for a, b, c in map(str.split, Path("/proc/self/uid_map").read_text().splitlines())]


def knows_user(uid: int) -> bool:
    """Return whether this process's user namespace has a user id."""
    return any(first <= uid < first + count for first, _, count in _users())


def last_user() -> int:
    """Return the highest user id of this process's user namespace, which belongs to nobody."""
    return max(first + count - 1 for first, _, count in _users())


def is_real_root() -> bool:
    """Return whether this process is root outside its user namespace too."""
    return os.geteuid() == 0 and any(first == 0 and outside == 0 for first, outside, _ in _users())


def set_dumpable(dumpable: bool) -> None:
    """Set whether /proc/self belongs to this process's user; otherwise it belongs to root."""
    if sys.platform == "linux":
        _libc().prctl(PR_SET_DUMPABLE, int(dumpable), 0, 0, 0)


def unshare(spaces: int) -> None:
    """Enter new namespaces."""
    _checked(_libc().unshare(spaces), "unshare")


def try_unshare(spaces: int) -> bool:
    """Enter new namespaces if that is allowed, and return whether it was."""
    with contextlib.suppress(OSError):
        unshare(spaces)
        return True
    return False


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Mount a file system, or bind a folder to another place."""
    texts = [os.fsencode(text) if text is not None else None for text in (source, target, kind, data)]
    result = _libc().mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    _checked(result, f"mount {source} on {target}")


def restrict(target: str, flags: int, recursive: bool = False) -> None:
    """Add flags to a mount, and with `recursive` to the mounts within it."""
    _set_attributes(AT_FDCWD, target, flags, AT_RECURSIVE if recursive else 0)


def _set_attributes(folder: int, path: str, flags: int, how: int, namespace: int = 0) -> None:
    attributes = ctypes.create_string_buffer(struct.pack("QQQQ", flags, 0, 0, namespace))
    _call("mount_setattr", folder, os.fsencode(path), how, attributes, ctypes.c_size_t(32))


def detach(target: str) -> None:
    """Unmount a file system; it stays for whoever is using it."""
    _checked(_libc().umount2(os.fsencode(target), DETACH), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make a mount the root, and put the old root elsewhere."""
    _call("pivot_root", os.fsencode(new), os.fsencode(old))


def bind_as(source: str, target: str, owner: tuple[int, int], shown: tuple[int, int]) -> bool:
    """Bind a folder so that its owner, a user and a group, appears as another; all others appear as nobody.

    Returns whether the kernel and the file system can do that: Linux 5.12, and 5.19 for the file systems of containers.
    """
    with contextlib.ExitStack() as opened, contextlib.suppress(OSError):
        namespace = opened.enter_context(_namespace(owner, shown))
        tree = _call("open_tree", AT_FDCWD, os.fsencode(source), OPEN_TREE_CLONE | os.O_CLOEXEC)
        opened.callback(os.close, tree)
        _set_attributes(tree, "", IDMAP, AT_EMPTY_PATH, namespace)
        _call("move_mount", tree, b"", AT_FDCWD, os.fsencode(target), MOVE_MOUNT_EMPTY_PATH)
        return True
    return False


@contextlib.contextmanager
def _namespace(owner: tuple[int, int], shown: tuple[int, int]) -> Any:
    """Yield a descriptor of a user namespace that shows one user and one group as others.

    The working folder holds the `proc` of this process's own namespace.
    """
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(tell, b"1" if try_unshare(NEWUSER) else b"0")
        signal.pause()
    try:
        if os.read(ready, 1) != b"1":
            raise OSError("no user namespaces")
        Path(f"proc/{pid}/uid_map").write_text(f"{owner[0]} {shown[0]} 1")
        Path(f"proc/{pid}/gid_map").write_text(f"{owner[1]} {shown[1]} 1")
        namespace = os.open(f"proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(ready)
        os.close(tell)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    try:
        yield namespace
    finally:
        os.close(namespace)


def empty_bounding_set() -> None:
    """Make sure that no program can give this process a capability."""
    libc, capability = _libc(), 0
    while libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1


def drop_capabilities() -> None:
    """Give up all capabilities for good."""
    header, nothing = struct.pack("II", 0x20080522, 0), struct.pack("IIIIII", *[0] * 6)
    _call("capset", ctypes.create_string_buffer(header), ctypes.create_string_buffer(nothing))
    _checked(_libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
