"""A filter that lets a submission make only the system calls that Python, its packages and a shell need.

libseccomp compiles the list for the kernel, since it knows the numbers of the calls on each kind of machine. A call
that is not on the list seems not to exist (ENOSYS), as on an older kernel, so that programs fall back to another one.
That also holds for calls that future kernels add.
"""

import ctypes
import errno
import functools
import os
import struct
from typing import Any

LIBRARY = "libseccomp.so.2"
ALLOWED = """
accept accept4 access alarm arch_prctl bind brk capget chdir chmod chown clock_getres clock_gettime clock_nanosleep
close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait
epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fallocate
fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fork fremovexattr
fsetxattr fstat fstatfs fsync ftruncate futex futex_requeue futex_wait futex_waitv futex_wake futimesat get_mempolicy
get_robust_list getcpu getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid
getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt
gettid gettimeofday getuid getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl kill lchown
lgetxattr link linkat listen listxattr llistxattr lremovexattr lseek lsetxattr lstat madvise map_shadow_stack
membarrier mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mprotect mremap mseal msync munlock
munlockall munmap nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc
pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2 pselect6 pwrite64 pwritev pwritev2 read readahead
readlink readlinkat readv recvfrom recvmmsg recvmsg removexattr rename renameat renameat2 restart_syscall rmdir rseq
rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo
sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield select sendfile
sendmmsg sendmsg sendto set_robust_list set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid
setpriority setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid setxattr shutdown sigaltstack
signalfd signalfd4 socketpair stat statfs statx symlink symlinkat sync_file_range sysinfo tgkill time timer_create
timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill
truncate umask uname unlink unlinkat utime utimensat utimes vfork wait4 waitid write writev
"""
# Calls that programs expect to be refused, rather than to be missing.
REFUSED = """
add_key bpf chroot finit_module fsmount fsopen init_module io_uring_setup kcmp kexec_load keyctl memfd_create
memfd_secret mount mount_setattr move_mount open_by_handle_at open_tree perf_event_open personality pidfd_getfd
pivot_root process_vm_readv process_vm_writev ptrace request_key setns shmget umount2 unshare userfaultfd
"""
NAMESPACES = 0x7E020080  # the flags of clone that make namespaces
# AF_UNIX, AF_INET and AF_INET6 are in an empty network; other families of sockets may have no namespace.
UNIX, INET, INET6 = 1, 2, 10
ALLOW, REFUSE, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
NOT_EQUAL, LESS, EQUAL, GREATER, MASKED_EQUAL = 1, 2, 4, 6, 7  # libseccomp's comparisons of arguments
BAD_ARCHITECTURE, OPTIMIZE, BINARY_TREE = 2, 8, 2  # libseccomp's attributes of a filter
PR_SET_SECCOMP, FILTER = 22, 2
MAX_PROGRAM_BYTES = 1 << 16


class _Comparison(ctypes.Structure):
    """libseccomp's `scmp_arg_cmp`."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class _Filter:
    """A filter that is being made. Calls without a rule fail with ENOSYS, other architectures end the process."""

    def __init__(self) -> None:
        self.library = _library()
        self.context = ctypes.c_void_p(self.library.seccomp_init(ctypes.c_uint32(REFUSE | errno.ENOSYS)))
        self.set(BAD_ARCHITECTURE, KILL_PROCESS)
        self.set(OPTIMIZE, BINARY_TREE)

    def set(self, attribute: int, value: int) -> None:
        """Set one of libseccomp's attributes."""
        self.library.seccomp_attr_set(self.context, attribute, ctypes.c_uint32(value))

    def add(self, action: int, name: str, *comparison: int) -> None:
        """Add a rule for a call, if this kind of machine has it; `comparison` is of one argument."""
        number = self.library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return
        compared = (_Comparison * 1)(_Comparison(*comparison)) if comparison else None
        count = 1 if comparison else 0
        failed = self.library.seccomp_rule_add_array(self.context, ctypes.c_uint32(action), number, count, compared)
        if failed:
            raise OSError(-failed, f"libseccomp does not accept a rule for {name}")

    def program(self) -> bytes:
        """Return the filter as a program for the kernel's packet filter (BPF)."""
        heard, tell = os.pipe()
        try:
            if failed := self.library.seccomp_export_bpf(self.context, tell):
                raise OSError(-failed, "libseccomp cannot compile the filter of system calls")
            return os.read(heard, MAX_PROGRAM_BYTES)
        finally:
            os.close(heard)
            os.close(tell)
            self.library.seccomp_release(self.context)


def _library() -> Any:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        way_out = "install it (Debian and Ubuntu: apt install libseccomp2; Fedora: dnf install libseccomp)"
        raise OSError(
            errno.ENOENT, f"the library {LIBRARY}, which filters system calls, is missing: {way_out}"
        ) from error
    library.seccomp_init.restype = ctypes.c_void_p
    return library


@functools.cache
def program() -> bytes:
    """Compile the filter for this machine. Raises OSError if libseccomp is missing."""
    made = _Filter()
    for name in ALLOWED.split():
        made.add(ALLOW, name)
    for name in REFUSED.split():
        made.add(REFUSE | errno.EPERM, name)
    _add_clone(made)
    _add_socket(made)
    made.add(ALLOW, "prlimit64", 0, EQUAL, 0)  # the limits of this process, and of no other
    made.add(REFUSE | errno.EPERM, "prlimit64", 0, NOT_EQUAL, 0)
    return made.program()


def _add_clone(made: _Filter) -> None:
    """Allow processes and threads, but no namespaces. clone3 is missing, since a filter cannot read its arguments."""
    made.add(ALLOW, "clone", 0, MASKED_EQUAL, NAMESPACES, 0)
    for bit in range(32):
        if NAMESPACES >> bit & 1:
            made.add(REFUSE | errno.EPERM, "clone", 0, MASKED_EQUAL, 1 << bit, 1 << bit)


def _add_socket(made: _Filter) -> None:
    for family in (UNIX, INET, INET6):
        made.add(ALLOW, "socket", 0, EQUAL, family)
    for family in range(INET + 1, INET6):
        made.add(REFUSE | errno.EAFNOSUPPORT, "socket", 0, EQUAL, family)
    made.add(REFUSE | errno.EAFNOSUPPORT, "socket", 0, LESS, UNIX)
    made.add(REFUSE | errno.EAFNOSUPPORT, "socket", 0, GREATER, INET6)


def install() -> None:
    """Apply the filter to this process and to all that it starts. Raises OSError if the kernel refuses it."""
    code = program()
    buffer = ctypes.create_string_buffer(code)
    head = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.create_string_buffer(head), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the filter of system calls cannot be set")
