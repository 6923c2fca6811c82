"""Linux namespaces around the student's process: no network, a read-only system, a private folder, no privileges.

As root the process gets a user id that nobody else has; as an ordinary user it gets a user namespace. `available` says
why this machine allows neither. bubblewrap would do the same, but only for a program that it starts, so that the warm
fork would be lost.
"""

import errno
import functools
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from bngrader.engine.errors import SandboxMissing
from bngrader.engine.sandbox import filesystem, obstacles, seccomp, system_calls
from bngrader.engine.sandbox.environment import clean_environment
from bngrader.engine.sandbox.monitor import die_with_parent
from bngrader.engine.sandbox.system_calls import (
    BIND,
    NODEV,
    NOEXEC,
    NOSUID,
    PRIVATE,
    RDONLY,
    REC,
    mount,
    restrict,
    set_dumpable,
)

FIRST_UID = 2_000_000_000  # as root, plus the pid: each submission has its own user id
INSIDE = 1000  # the user id that a user namespace shows
FOLDER_MB = 64  # that an enclosed process may write
SCRATCH = "scratch"  # in the new root, for a moment: the file system behind all writable folders
WAY_OUT = (
    "Fix this, or grade on Linux 5.12 or newer with user namespaces enabled. With --unsafe-no-sandbox, submissions are "
    "graded without isolation, and can do anything on this machine that you can do."
)


def available() -> str | None:
    """Return why this machine cannot isolate a submission; None if it can."""
    if sys.platform != "linux" or platform.machine() not in system_calls.CALLS:
        return f"only Linux on x86_64 and aarch64 has what it needs, and this is {sys.platform} on {platform.machine()}"
    return _tried(sys.executable)


@functools.cache
def _tried(python: str) -> str | None:
    return failure_within([], python)


def failure_within(wall: list[str], python: str) -> str | None:
    """Try to make a sandbox in a new process, started by the command line `wall`; return why it fails, if it does."""
    command = [*wall, python, "-m", "bngrader.engine.sandbox.namespaces"]
    tried = subprocess.run(command, capture_output=True, text=True, check=False, env=clean_environment(), cwd="/")
    if tried.returncode == 0:
        return None
    return (tried.stderr.strip().splitlines() or [f"the trial ended with {tried.returncode}"])[-1]


def require(unsafe_no_sandbox: bool) -> None:
    """Raise SandboxMissing if there is no sandbox, unless the user has asked to do without."""
    why = None if unsafe_no_sandbox else available()
    if why:
        raise SandboxMissing(f"This machine cannot isolate submissions: {why}. {WAY_OUT}")


class Sandbox:
    """The namespaces that this process has entered; its next child is the first one inside."""

    def __init__(self) -> None:
        uid, gid, own = os.geteuid(), os.getegid(), FIRST_UID + os.getpid()
        was_root = uid == 0
        # The root of an unprivileged container has only some user ids, and this may not be one of them.
        self.root = was_root and system_calls.knows_user(own) and system_calls.try_unshare(system_calls.SPACES)
        if self.root:
            self.uid = self.gid = own
            return
        self.uid, self.gid = INSIDE, INSIDE
        if system_calls.is_real_root():
            uid = gid = _leave_root(own)
        try:
            system_calls.unshare(system_calls.SPACES | system_calls.NEWUSER)
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{INSIDE} {uid} 1")
            Path("/proc/self/gid_map").write_text(f"{INSIDE} {gid} 1")
        except PermissionError as error:
            raise OSError(error.errno, obstacles.WEAK_ROOT if was_root else error.strerror) from error

    def close(self, folder_mb: int, allowed: Iterable[str] | None, private: Iterable[str] = ()) -> None:
        """In the child: build the system that the submission sees, and give up all rights to change it.

        `filesystem.plan` says which packages it sees.

        Raises OSError if the system does not allow that.
        """
        self._build(folder_mb, filesystem.plan(allowed, private))
        self._drop()
        seccomp.install()

    def _build(self, folder_mb: int, plan: filesystem.MountPlan) -> None:
        """Build the new root in memory, with the old root mounted inside, and move in."""
        os.umask(0o022)  # a submission that is not root has to pass the folders that lead to Python
        mount("none", "/", None, REC | PRIVATE)
        old = _move_to_an_empty_root()
        mount("tmpfs", "/new", "tmpfs", NOSUID | NODEV, "size=4m,mode=755")
        os.chdir("/new")
        self._add_files(plan.folder)
        mount("proc", "proc", "proc", NOSUID | NODEV | NOEXEC)
        self._add_scratch(folder_mb, plan.scratch)
        for step in plan.steps:
            self._add(step, old)
        for link, target in plan.links.items():
            _make_link(_place(link), target)
        for device in filesystem.DEVICES:
            _make_place(device, folder=False)
            mount(old + device, _place(device), None, BIND)
        for step in plan.steps:
            if not step.shown:
                restrict(_place(step.path), RDONLY | NOSUID)
        system_calls.pivot_root(".", ".")
        system_calls.detach(".")
        restrict("/", RDONLY | NOSUID | NODEV)
        self._enter(plan.folder)

    def _add_files(self, home: str) -> None:
        """Make the few folders, files and links that programs look for."""
        for folder in ("proc", "dev", "etc"):
            Path(folder).mkdir()
        for link, target in filesystem.LINKS.items():
            os.symlink(target, link)
        Path("etc/passwd").write_text(f"student:x:{self.uid}:{self.gid}::{home}:/bin/sh\n")
        Path("etc/group").write_text(f"student:x:{self.gid}:\n")

    def _add_scratch(self, folder_mb: int, places: list[str]) -> None:
        """Add the folders in which anyone may write. They share one file system, so that one limit holds for all."""
        Path(SCRATCH).mkdir()
        mount("tmpfs", SCRATCH, "tmpfs", NOSUID | NODEV, f"size={folder_mb}m,nr_inodes=20k,mode=755")
        for number, place in enumerate(places):
            source = Path(SCRATCH, str(number))
            source.mkdir()
            source.chmod(0o1777)
            os.chown(source, self.uid, self.gid)
            _make_place(place, folder=True)
            mount(str(source), _place(place), None, BIND)
        system_calls.detach(SCRATCH)
        Path(SCRATCH).rmdir()

    def _add(self, step: filesystem.Mount, old: str) -> None:
        place, folder = _place(step.path), os.path.isdir(old + step.path)
        _make_place(step.path, folder=folder)
        if not step.shown and folder:
            mount("tmpfs", place, "tmpfs", NOSUID | NODEV, "size=1m,mode=755")
        elif not step.shown:
            mount(old + "/dev/null", place, None, BIND)
        else:
            self._show(step, place, old)

    def _show(self, step: filesystem.Mount, place: str, old: str) -> None:
        mapped = self.root and step.owner
        if not (mapped and system_calls.bind_as(old + step.path, place, mapped, (self.uid, self.gid))):
            mount(old + step.path, place, None, BIND | REC)
        restrict(place, RDONLY | NOSUID | NODEV, recursive=True)

    def _enter(self, folder: str) -> None:
        if folder != filesystem.FOLDER:
            Path(folder).mkdir(mode=0o755)
            os.chown(folder, self.uid, self.gid)
        os.chdir(folder)

    def _drop(self) -> None:
        """Give up every capability, the groups, and as root the user id."""
        system_calls.empty_bounding_set()
        if self.root:
            os.setgroups([])
            os.setresgid(self.gid, self.gid, self.gid)
            os.setresuid(self.uid, self.uid, self.uid)
        system_calls.drop_capabilities()


def _leave_root(own: int) -> int:
    """Become a user who owns nothing: a root that may not make a sandbox must not run a submission as root either."""
    user = own if system_calls.knows_user(own) else system_calls.last_user()
    try:
        if user == 0:
            raise PermissionError(errno.EPERM, "there is no other user")
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    except OSError as error:
        raise OSError(error.errno, obstacles.WEAK_ROOT) from error
    set_dumpable(True)  # so that it may write its own /proc/self/uid_map
    return user


def enclose() -> None:
    """Move this process into a sandbox for good, if this machine has one; the course's own packages are shown there.

    A process that reads what students handed in needs no more rights than they have. A child goes on inside, and the
    process itself waits outside for its end.
    """
    if available():
        return
    sandbox = Sandbox()
    pid = os.fork()
    if pid:
        os._exit(abs(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
    sandbox.close(FOLDER_MB, None)
    die_with_parent()  # after the change of user, which undoes it
    os.environ["HOME"] = os.getcwd()  # the only folder here that libraries such as IPython can write to


def _move_to_an_empty_root() -> str:
    """Make an empty folder the root, and return the place of the old root in it.

    The mount that covers a folder here moves along with the new root, so that nothing of the old root stays covered,
    wherever Python is in it.
    """
    place = next(path for path in ("/tmp", "/usr", "/") if os.path.isdir(path))
    mount("tmpfs", place, "tmpfs", NOSUID | NODEV, "size=1m,mode=755")
    os.chdir(place)
    os.mkdir("old")
    os.mkdir("new")
    system_calls.pivot_root(".", "old")
    os.chdir("/")
    return "/old"


def _place(path: str) -> str:
    """Return the name of an absolute path in the new root, which is the working folder."""
    return path.lstrip("/")


def _make_place(path: str, *, folder: bool) -> None:
    """Make a folder or a file to mount something on, unless it is there."""
    target = Path(_place(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    if folder:
        target.mkdir(exist_ok=True)
    elif not target.exists():
        target.touch()


def _make_link(place: str, target: str) -> None:
    if not os.path.lexists(place):
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target, place)


def _try() -> None:
    """Enter a sandbox, check that Python can be read there, and end this process."""
    sandbox = Sandbox()
    pid = os.fork()
    if pid:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    try:
        numpy = importlib.util.find_spec("numpy")
        places = [sys.executable, os.__file__, *map(str, filesystem.packages()), str(numpy and numpy.origin)]
        sandbox.close(16, [])
        Path("trial").write_text("")
        obstacles.require_readable(places)
    except OSError as problem:
        sys.stderr.write(obstacles.explain(problem))
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    try:
        _try()
    except OSError as problem:
        sys.exit(obstacles.explain(problem))
