"""Attacks that exhaust a resource: time, memory, processes, files, descriptors, output.

Each ends by itself, or would not harm the machine for long, if no limit stops it.
"""

from tests.grading.attacks.attack import dangerous

# The attack starts in one test only, that of constant columns, because each test that reaches a limit takes seconds.
CALLED = """
def standardize(x):
    if x[0, 0] == 0.1:
        use_up()
    return x, x[0], x[0]
"""


def using_up(code):
    """Return an attack whose function calls the `use_up` in `code` when a test calls it."""
    return dangerous(code.strip("\n") + "\n" + CALLED)


ATTACKS = {
    "loop-in-a-call": using_up("""
def use_up():
    while True:
        pass
"""),
    "loop-in-the-cell": dangerous("""
        while True:
            pass
    """),
    "loop-deaf-to-signals": using_up("""
import signal
import time
def use_up():
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            continue
"""),
    "loop-deaf-in-the-cell": dangerous("""
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue
    """),
    "loop-in-c": using_up("""
import re
def use_up():
    re.match("(a+)+$", "a" * 60 + "b")
"""),
    "loop-later": dangerous("""
        calls = []
        def standardize(x):
            calls.append(x)
            while len(calls) > 1:
                pass
            return x, x[0], x[0]
    """),
    "fork-bomb": using_up("""
import os
import time
def use_up():
    started = 0
    try:
        for _ in range(3000):
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
            started += 1
    except OSError:
        pass
    if started > 1000:
        print("LEAKED-OUT:", started, "processes")
"""),
    "fork-bomb-doubling": dangerous("""
        import os
        import time
        first = os.getpid()
        for _ in range(11):
            try:
                os.fork()
            except OSError:
                continue
        if os.getpid() != first:
            time.sleep(20)
            os._exit(0)
    """),
    "threads": using_up("""
import threading
import time
def use_up():
    started = 0
    try:
        for _ in range(5000):
            threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
            started += 1
    except RuntimeError:
        pass
    if started > 2000:
        print("LEAKED-OUT:", started, "threads")
"""),
    "memory": using_up("""
import numpy as np
def use_up():
    kept = []
    for gigabyte in range(10):
        kept.append(np.ones(1 << 27))
    print("LEAKED-OUT: ten gigabytes")
"""),
    "memory-torch": using_up("""
import torch
def use_up():
    kept = [torch.ones(1 << 28) for _ in range(10)]
    print("LEAKED-OUT: ten gigabytes of tensors")
"""),
    "memory-shared": using_up("""
import mmap
def use_up():
    kept = []
    for _ in range(80):
        kept.append(mmap.mmap(-1, 1 << 27))
        for start in range(0, 1 << 27, 4096):
            kept[-1][start] = 1
        if len(kept) == 64:
            print("LEAKED-OUT: eight gigabytes of shared memory")
"""),
    "memory-files": using_up("""
import os
def use_up():
    kept = []
    try:
        for _ in range(100):
            kept.append(os.memfd_create("kept"))
            for _ in range(90):
                os.write(kept[-1], bytes(1 << 20))
        print("LEAKED-OUT: nine gigabytes of memory files")
    except OSError:
        pass
"""),
    "memory-detached": using_up("""
import ctypes
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
def use_up():
    for number in range(8):
        place = libc.shmat(libc.shmget(0, 1 << 30, 0o1600), None, 0)
        if place is None or place == ctypes.c_void_p(-1).value:
            return
        ctypes.memset(place, 1, 1 << 30)
        libc.shmdt(ctypes.c_void_p(place))
    print("LEAKED-OUT: eight gigabytes of detached memory")
"""),
    "memory-processes": using_up("""
import os
import signal
import numpy as np
def use_up():
    heard, tell = os.pipe()
    for _ in range(10):
        if os.fork() == 0:
            try:
                os.close(heard)
                kept = np.ones(1 << 27)
                os.write(tell, b"x")
                signal.pause()
            finally:
                os._exit(0)
    os.close(tell)
    told = b""
    while len(told) < 10 and (more := os.read(heard, 10)):
        told += more
    if len(told) == 10:
        print("LEAKED-OUT: ten processes of a gigabyte each")
"""),
    "print-200-megabytes": dangerous("""
        for _ in range(200):
            print("x" * (1 << 20))
    """),
    "print-in-a-call": using_up("""
def use_up():
    for _ in range(200):
        print("x" * (1 << 20))
"""),
    "print-below-python": using_up("""
import os
def use_up():
    for number in (1, 2):
        for _ in range(100):
            try:
                os.write(number, b"x" * (1 << 20))
            except OSError:
                break
"""),
    "print-many": dangerous("""
        import sys
        for number in range(200_000):
            print(number, flush=True)
            print(number, file=sys.stderr, flush=True)
    """),
    "display-many": dangerous("""
        from IPython.display import HTML, display
        for number in range(2000):
            display(HTML("<b>" + "x" * 100_000 + "</b>"))
    """),
    "file-600-megabytes": using_up("""
def use_up():
    for path in ("/tmp/large", "/dev/shm/large", "large", "/var/tmp/large", "/home/large"):
        try:
            with open(path, "wb") as file:
                for _ in range(600):
                    file.write(bytes(1 << 20))
            print("LEAKED-OUT: 600 megabytes in", path)
        except OSError:
            continue
"""),
    "files-many": using_up("""
import os
def use_up():
    try:
        for number in range(300_000):
            os.close(os.open(f"/tmp/{number}", os.O_CREAT))
    except OSError:
        pass
"""),
    "descriptors": using_up("""
import os
kept = []
def use_up():
    try:
        for _ in range(2_000_000):
            kept.append(os.dup(0))
    except OSError:
        pass
    if len(kept) > 1_000_000:
        print("LEAKED-OUT:", len(kept), "descriptors")
"""),
    "stack": using_up("""
import sys
import threading
def deep(depth):
    return deep(depth + 1)
def use_up():
    sys.setrecursionlimit(10**9)
    deep(0)
"""),
    "limits-raised": using_up("""
import resource
import numpy as np
def use_up():
    for name in [name for name in dir(resource) if name.startswith("RLIMIT_")]:
        try:
            resource.setrlimit(getattr(resource, name), (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except (OSError, ValueError):
            continue
    kept = [np.ones(1 << 27) for _ in range(10)]
    print("LEAKED-OUT: ten gigabytes")
"""),
    "stop-itself": using_up("""
import os
import signal
def use_up():
    os.kill(os.getpid(), signal.SIGSTOP)
"""),
    "subprocess-yes": using_up("""
import subprocess
def use_up():
    subprocess.run("yes & yes & yes", shell=True)
"""),
}
