"""The filter of system calls: an allow list, so that calls of newer kernels are refused too."""

import ctypes
import errno
import platform
import subprocess
import sys

import pytest

from bngrader.engine.sandbox import namespaces, seccomp
from tests.conftest import REPOSITORY, lacking

pytestmark = pytest.mark.real
# Under the filter, make one system call by its number, and print its error.
CALL = """
import ctypes, errno, sys
from bngrader.engine.sandbox import seccomp
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
seccomp.install()
for call in sys.argv[1:]:
    ctypes.set_errno(0)
    libc.syscall(*(ctypes.c_ulong(int(part)) for part in call.split(",")))
    print(call, errno.errorcode.get(ctypes.get_errno(), "0"))
"""
CLONE, SOCKET, PRLIMIT = {"x86_64": (56, 41, 302), "aarch64": (220, 198, 261)}.get(platform.machine(), (0, 0, 0))


@pytest.fixture(autouse=True)
def _filter():
    if why := namespaces.available():
        lacking("the sandbox", why)


def errors(*calls):
    """Return the error of each call under the filter."""
    command = [sys.executable, "-c", CALL, *(",".join(map(str, call)) for call in calls)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [line.split()[1] for line in ran.stdout.splitlines()]


def number(name):
    return ctypes.CDLL(seccomp.LIBRARY).seccomp_syscall_resolve_name(name.encode())


def test_calls_that_nobody_listed_seem_not_to_exist():
    unlisted = [number(name) for name in ("modify_ldt", "msgget", "io_uring_enter", "vmsplice", "fanotify_init")]
    future = [(known,) for known in range(600, 640)]  # no kernel has them yet
    assert set(errors(*future, *((one,) for one in unlisted if one >= 0))) == {"ENOSYS"}


def test_calls_that_reach_around_the_sandbox_are_refused():
    names = seccomp.REFUSED.split()
    assert set(errors(*((number(name), 0, 0, 0, 0, 0) for name in names if number(name) >= 0))) == {"EPERM"}


def test_namespaces_other_families_and_limits_are_refused():
    flags = [1 << bit for bit in range(32) if seccomp.NAMESPACES >> bit & 1]
    assert set(errors(*((CLONE, flag | 17, 0, 0, 0, 0) for flag in flags))) == {"EPERM"}
    assert set(errors(*((SOCKET, family, 3, 0) for family in (0, 3, 9, 16, 17, 40)))) == {"EAFNOSUPPORT"}
    assert errors((SOCKET, 1, 1, 0), (SOCKET, 2, 1, 0), (SOCKET, 10, 1, 0)) == ["0", "0", "0"]
    assert errors((PRLIMIT, 1, 0, 0, 0), (PRLIMIT, 0, 0, 0, 0)) == ["EPERM", "0"]


def test_a_missing_libseccomp_is_named_with_the_way_out(monkeypatch):
    monkeypatch.setattr(seccomp, "LIBRARY", "libseccomp.so.0")
    with pytest.raises(OSError, match="apt install libseccomp2") as raised:
        seccomp._library()
    assert raised.value.errno == errno.ENOENT
