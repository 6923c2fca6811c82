"""Linux namespaces around the student's process: no network, a read-only system, a private folder, no privileges.

As root the process gets a user id that nobody else has; as an ordinary user it gets a user namespace. `available` says
why, where neither can be had. bubblewrap would do the same for a program that it starts, and not for a fork.
"""

import ctypes
import functools
import os
import platform
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from bngrader.engine import layout, seccomp
from bngrader.engine.errors import SandboxMissing

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
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
PR_CAPBSET_DROP, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 24, 4, 38
CALLS = {
    "x86_64": {"pivot_root": 155, "capset": 126, "mount_setattr": 442},
    "aarch64": {"pivot_root": 41, "capset": 91, "mount_setattr": 442},
}
FIRST_UID = 2_000_000_000  # and the process's number: as root, each submission has a user id of its own
INSIDE = 1000  # the user id that a user namespace shows
WAY_OUT = (
    "Grade on Linux 5.12 or newer where user namespaces are allowed, or say --unsafe-no-sandbox: "
    "submissions can then do on this machine whatever you can."
)


def available() -> str | None:
    """Why this machine cannot isolate a submission, or None if it can."""
    if sys.platform != "linux" or platform.machine() not in CALLS:
        return f"only Linux on x86_64 and aarch64 has what it needs, and this is {sys.platform} on {platform.machine()}"
    return _tried(sys.executable)


@functools.cache
def _tried(python: str) -> str | None:
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "PATH": "/usr/bin:/bin"}
    command = [python, "-m", "bngrader.engine.sandbox"]
    tried = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd="/")
    if tried.returncode == 0:
        return None
    return (tried.stderr.strip().splitlines() or [f"the trial ended with {tried.returncode}"])[-1]


def require(unsafe_no_sandbox: bool) -> None:
    """Raise SandboxMissing where there is no sandbox and the user has not said that none is needed."""
    why = None if unsafe_no_sandbox else available()
    if why:
        raise SandboxMissing(f"This machine cannot isolate submissions: {why}. {WAY_OUT}")


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _call(name: str, *arguments: Any) -> None:
    number = CALLS[platform.machine()][name]
    _checked(_libc().syscall(ctypes.c_long(number), *arguments), name)


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2). Raises OSError."""
    texts = [text.encode() if text is not None else None for text in (source, target, kind, data)]
    result = _libc().mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    _checked(result, f"mount {source} on {target}")


def restrict(target: str, flags: int, recursive: bool = False) -> None:
    """Add flags to a mount, and to those within it. Raises OSError."""
    attributes = ctypes.create_string_buffer(struct.pack("QQQQ", flags, 0, 0, 0))
    how = AT_RECURSIVE if recursive else 0
    _call("mount_setattr", AT_FDCWD, target.encode(), how, attributes, ctypes.c_size_t(32))


class Sandbox:
    """The namespaces that this process has entered; its next child is the first one inside."""

    def __init__(self) -> None:
        uid, gid = os.geteuid(), os.getegid()
        self.root = uid == 0 and _libc().unshare(SPACES) == 0
        if self.root:
            self.uid = self.gid = FIRST_UID + os.getpid()
            return
        _checked(_libc().unshare(SPACES | NEWUSER), "user namespaces are not allowed here")
        self.uid, self.gid = INSIDE, INSIDE
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{INSIDE} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{INSIDE} {gid} 1")

    def close(self, folder_mb: int, forbidden: list[str]) -> None:
        """In the child: build the system that the submission sees, and give up all rights to change it."""
        self._build(folder_mb, forbidden)
        self._drop()
        seccomp.install()

    def _build(self, folder_mb: int, forbidden: list[str]) -> None:
        plan = layout.plan(forbidden)
        mount("none", "/", None, REC | PRIVATE)
        stage = layout.stage(plan)
        mount("tmpfs", stage, "tmpfs", NOSUID | NODEV, "size=4m,mode=755")
        os.chdir(stage)
        layout.make_files(self.uid)
        for path, shown in plan:
            layout.make_place(path, shown)
            if shown:
                mount(path, path.lstrip("/"), None, BIND | REC)
                restrict(path.lstrip("/"), RDONLY | NOSUID | NODEV, recursive=True)
            else:
                mount("tmpfs", path.lstrip("/"), "tmpfs", NOSUID | NODEV, "size=1m,mode=755")
        for device in layout.DEVICES:
            layout.make_place(device, True)
            mount(device, device.lstrip("/"), None, BIND)
        options = f"size={folder_mb}m,nr_inodes=20k,mode=1777,uid={self.uid},gid={self.gid}"
        mount("tmpfs", "tmp", "tmpfs", NOSUID | NODEV, options)
        mount("proc", "proc", "proc", NOSUID | NODEV | NOEXEC)
        _call("pivot_root", b".", b".")
        _checked(_libc().umount2(b".", DETACH), "umount")
        restrict("/", RDONLY | NOSUID | NODEV)
        os.chdir(layout.FOLDER)

    def _drop(self) -> None:
        """Give up every capability, the groups, and as root the user id."""
        libc, capability = _libc(), 0
        while libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
            capability += 1
        if self.root:
            os.setgroups([])
            os.setresgid(self.gid, self.gid, self.gid)
            os.setresuid(self.uid, self.uid, self.uid)
        header, nothing = struct.pack("II", 0x20080522, 0), struct.pack("IIIIII", *[0] * 6)
        _call("capset", ctypes.create_string_buffer(header), ctypes.create_string_buffer(nothing))
        _checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # so that it can read its own /proc/self


def _try() -> None:
    """Enter a sandbox, and look whether Python can be read there; ends this process."""
    sandbox = Sandbox()
    pid = os.fork()
    if pid:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    sandbox.close(16, [])
    Path("trial").write_text("")
    for path in (sys.executable, os.__file__, *map(str, layout.packages())):
        if not os.access(path, os.R_OK):
            raise OSError(f"others may not read {path}; chmod -R o+rX {sys.prefix}")
    os._exit(0)


if __name__ == "__main__":
    try:
        _try()
    except OSError as problem:
        sys.exit(problem.strerror or str(problem))
