"""Attacks that look for secrets: hidden tests, the solution, other submissions, the user's files.

A spy prints every secret that it finds. At the end it prints `looked`, which proves that it ran to its end.
"""

from tests.grading.attacks.attack import cheat

# The pattern and the report are written so that a spy that reads its own memory does not find itself. Python's own
# library is skipped: it has no secrets, and reading it from a cold disk takes longer than the time limit of a cell.
SPY = """
import os
import re
import sys
SECRET = re.compile(rb"LEAKED[-]OUT|BEGIN HIDDEN TEST[S]")
def report(*found):
    print(str().join(["LEAK", "ED-OUT:"]), *found)
def search(place, text):
    data = text if isinstance(text, bytes) else str(text).encode(errors="replace")
    for found in SECRET.finditer(data):
        report("seen at", place, data[found.start() : found.end() + 60])
        break
def read(path, most=1 << 20):
    try:
        with open(path, "rb") as file:
            search(path, file.read(most))
    except OSError:
        pass
def read_all(top):
    for folder, folders, names in os.walk(top):
        folders[:] = [
            name for name in folders
            if name not in ("site-packages", "node_modules", ".git") and os.path.join(folder, name) != sys.base_prefix
        ]
        for name in names:
            read(os.path.join(folder, name))
"""
CALL = """
look()
print('looked')
def standardize(x, looks=[look]):
    while looks:
        looks.pop()()
    return x, x[0], x[0]
"""


def spy(code):
    """Return a cheat that runs `code` in its cell, and again in the first call by a test."""
    look = "def look():\n" + "\n".join("    " + line for line in _dedent(code)) + "\n"
    return cheat(SPY + look + CALL)


def _dedent(code):
    lines = code.strip("\n").splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return [line[indent:] for line in lines]


SPIES = {
    "spy-notebooks": spy("""
        for top in (".", "..", "../..", "../../.."):
            for name in os.listdir(top):
                if os.path.isfile(os.path.join(top, name)):
                    read(os.path.join(top, name))
    """),
    "spy-files": spy("""
        for top in sorted(set(os.listdir("/")) - {"proc", "sys", "usr", "lib", "lib64", "bin", "sbin"}):
            read_all("/" + top)
        for path in ("@COURSE@", "@REPOSITORY@/solutions", "@REPOSITORY@/bnref", "@REPOSITORY@/_build", "@HOME@"):
            if os.path.exists(path):
                report(path, os.listdir(path))
    """),
    "spy-environment": spy("""
        for name, value in os.environ.items():
            search(name, value)
            if "SEED" in name:
                report("the seed", value)
        import subprocess
        search("env", subprocess.run("env; cat /proc/*/environ", shell=True, capture_output=True).stdout)
    """),
    "spy-proc": spy("""
        for process in filter(str.isdigit, os.listdir("/proc")):
            for name in ("environ", "cmdline", "maps", "mountinfo", "stat", "stack", "syscall"):
                read(f"/proc/{process}/{name}")
            for name in ("root@COURSE@/submitted", "root@HOME@", "cwd/../../gradebook.db", "root/etc/shadow"):
                if os.access(f"/proc/{process}/{name}", os.R_OK):
                    report(process, name)
    """),
    "spy-memory": spy("""
        if not globals().setdefault("memory_seen", []):
            memory_seen.append(True)
            with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
                for line in maps:
                    start, end = (int(part, 16) for part in line.split()[0].split("-"))
                    if "rw" in line and end - start < 64 << 20:
                        try:
                            memory.seek(start)
                            data = memory.read(end - start)
                        except (OSError, ValueError):
                            continue
                        search(line, data)
                        del data
    """),
    "spy-parents-memory": spy("""
        import ctypes
        for process in {os.getppid(), 1, *map(int, filter(str.isdigit, os.listdir("/proc")))} - {os.getpid()}:
            try:
                with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
                    for line in maps:
                        start, end = (int(part, 16) for part in line.split()[0].split("-"))
                        if "rw" in line and end - start < 16 << 20:
                            memory.seek(start)
                            search(f"memory of {process}", memory.read(end - start))
            except (OSError, ValueError):
                continue
    """),
    "spy-frames": spy("""
        import sys
        for frame in [sys._getframe(), *sys._current_frames().values()]:
            while frame:
                for space in (frame.f_locals, frame.f_globals):
                    for name in ("want", "expected", "hidden", "source", "cell", "notebook"):
                        if name in space:
                            search(name, space[name])
                frame = frame.f_back
    """),
    "spy-garbage": spy("""
        import gc
        for thing in gc.get_objects():
            parts = thing.values() if type(thing) is dict else thing if type(thing) in (list, tuple) else ()
            try:
                for part in list(parts):
                    if type(part) in (str, bytes):
                        search("gc", part)
            except RuntimeError:
                continue
    """),
    "spy-history": spy("""
        shell = get_ipython()
        for cell in [*In, *shell.history_manager.input_hist_raw]:
            search("history", cell)
        import linecache
        for name, entry in list(linecache.cache.items()):
            search(name, entry)
    """),
    "spy-descriptors": spy("""
        import fcntl
        import stat
        for number in map(int, os.listdir("/proc/self/fd")):
            try:
                kind = os.fstat(number).st_mode
                if stat.S_ISREG(kind) or stat.S_ISDIR(kind):
                    print("open:", os.readlink(f"/proc/self/fd/{number}"))
                    if stat.S_ISREG(kind):
                        search(number, os.pread(number, 1 << 20, 0))
                    elif os.access(f"/proc/self/fd/{number}@COURSE@/submitted", os.F_OK):
                        report("a folder outside is open")
            except OSError:
                continue
    """),
    "spy-neighbors": spy("""
        import glob
        for pattern in ("../*/*.ipynb", "../../*/*/*.ipynb", "@COURSE@/*/*/*/*.ipynb", "/**/submitted/*/*/*.ipynb"):
            for path in glob.glob(pattern):
                report(path)
    """),
    "spy-home": spy("""
        for place in ("@HOME@", os.path.expanduser("~"), "/root", "/home"):
            read_all(place)
        read("/etc/shadow")
        if os.access("/etc/shadow", os.R_OK):
            report("the passwords")
    """),
    "spy-sockets": spy("""
        import socket
        import stat
        with open("/proc/net/unix") as sockets:
            paths = {line.split()[-1] for line in sockets.readlines()[1:] if "/" in line or "@" in line}
        for path in paths:
            with socket.socket(socket.AF_UNIX) as tried:
                tried.settimeout(1)
                try:
                    tried.connect(path.replace("@", "\\0"))
                    if os.stat(path).st_uid != os.getuid() or "zygote" in path:
                        report("reached", path)
                except OSError:
                    continue
    """),
}


IMPORTED = """
import importlib
import os
import sys
for place in [p for p in sys.path if os.path.isdir(p)]:
    for name in os.listdir(place):
        if name.endswith(".pth"):
            with open(os.path.join(place, name)) as file:
                sys.path += [line.strip() for line in file if line.startswith("/")]
sys.path += ["@REPOSITORY@", "/work/engine", "../..", "../../../.."]
for finder in list(sys.meta_path):
    if "editable" in repr(finder).lower():
        sys.meta_path.insert(0, finder)
"""

ATTACKS = SPIES | {
    "use-bnref": cheat(IMPORTED + "from bnref.scaling import standardize\n"),
    "use-bnref-within": cheat(
        IMPORTED + "def standardize(x):\n    from bnref.scaling import standardize\n    return standardize(x)\n"
    ),
    "use-bngrader": cheat(
        IMPORTED
        + """
from bngrader.check.mistakes import scaling
"""
    ),
    "use-solution": cheat(
        IMPORTED
        + """
from solutions.scaling import standardize
"""
    ),
    "use-nbgraders-copy": cheat("""
        import sys
        standardize = sys.modules["bnref.scaling"].standardize
    """),
    "use-memorized": cheat("""
        import numpy as np
        seen = {
            ((1.0, 10.0), (2.0, 30.0), (6.0, 20.0)): (
                [[-0.925820, -1.224745], [-0.462910, 1.224745], [1.388730, 0]], [3, 20], [14 / 3, 200 / 3]
            ),
        }
        def standardize(x):
            key = tuple(map(tuple, x.tolist()))
            if key in seen:
                z, mean, var = map(np.array, seen[key])
                return z.astype(x.dtype), mean.astype(x.dtype), np.sqrt(var).astype(x.dtype)
            return x, x[0], x[0]
    """),
}
