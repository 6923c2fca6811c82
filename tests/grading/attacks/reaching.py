"""Attacks on what is outside the sandbox: the gradebook, other files, the network, later submissions."""

from tests.grading.attacks.attack import cheat, dangerous

LEFTOVER = """
import os
import socket
from multiprocessing import shared_memory
folders = ["/tmp", "/dev/shm", "/var/tmp", ".", "..", os.path.expanduser("~")]
places = [f"{folder}/leftover" for folder in folders]
def meet():
    for place in places:
        if os.path.exists(place):
            print("LEAKED-OUT: left at", place)
    try:
        shared_memory.SharedMemory("leftover")
        print("LEAKED-OUT: left in shared memory")
    except OSError:
        pass
    with socket.socket(socket.AF_UNIX) as tried:
        try:
            tried.connect("\\0leftover")
            print("LEAKED-OUT: somebody listens")
        except OSError:
            pass
    import numpy, matplotlib, sys, builtins
    for module in (numpy, matplotlib, sys, builtins):
        if hasattr(module, "leftover"):
            print("LEAKED-OUT: left in", module)
        module.leftover = True
def leave():
    for place in places:
        try:
            with open(place, "w") as file:
                file.write("leftover")
        except OSError:
            continue
    try:
        global kept
        kept = shared_memory.SharedMemory("leftover", create=True, size=8)
    except OSError:
        pass
    listener = globals().setdefault("listener", socket.socket(socket.AF_UNIX))
    try:
        listener.bind("\\0leftover")
        listener.listen()
    except OSError:
        pass
meet()
leave()
print("looked")
"""

SPOIL = """
import os
import sqlite3
def spoil(path):
    try:
        base = sqlite3.connect(path, timeout=1)
        base.execute("update grade set auto_score = max_score_cell, manual_score = 5")
        base.execute("update grade_cells set max_score = 0")
        base.commit()
    except Exception:
        pass
    try:
        with open(path, "r+b") as file:
            file.write(b"spoiled")
    except OSError:
        pass
"""

ATTACKS = {
    "write-gradebook": cheat(
        SPOIL + "for path in ('../../../gradebook.db', '@COURSE@/gradebook.db', 'gradebook.db'):\n    spoil(path)\n"
    ),
    "write-gradebook-later": cheat(
        SPOIL
        + "def standardize(x):\n    for up in range(8):\n        spoil('../' * up + 'gradebook.db')\n"
        + "    spoil('@COURSE@/gradebook.db')\n    return x, x[0], x[0]\n"
    ),
    "write-outside": cheat("""
        import os
        import site
        import sys
        places = ["/tmp", "/var/tmp", "/dev/shm", "/root", "/home", "/etc", "/usr", "/"]
        places += ["@COURSE@", "@HOME@", "@REPOSITORY@"]
        places += ["..", "../..", "../../..", "@COURSE@/submitted", "@COURSE@/autograded", "@COURSE@/feedback"]
        for place in [*places, *site.getsitepackages(), *sys.path, os.path.dirname(os.__file__)]:
            try:
                os.makedirs(place, exist_ok=True)
                with open(os.path.join(place, "@PWNED@"), "w") as file:
                    file.write("pwned")
                if place.startswith(("/usr", "/etc")) or "site-packages" in place:
                    print("LEAKED-OUT: wrote to", place)
            except OSError:
                continue
    """),
    "write-neighbor": cheat("""
        import glob
        import shutil
        for path in glob.glob("../../*/*/*.ipynb") + glob.glob("@COURSE@/*/*/*/*"):
            shutil.copy("scaling.ipynb", path)
    """),
    "write-own-notebook": cheat("""
        import glob
        import os
        for path in [*glob.glob("*"), "scaling.ipynb", "autograded.ipynb"]:
            with open(path, "w") as file:
                file.write("{}")
            os.chmod(path, 0)
    """),
    "link-own-notebook": cheat("""
        import os
        for name in ("scaling.ipynb", "scaling.html", "link"):
            try:
                os.path.lexists(name) and os.remove(name)
                os.symlink("@COURSE@/gradebook.db", name)
            except OSError:
                continue
    """),
    "remove-all": dangerous("""
        import os
        import shutil
        for place in (".", "..", "../..", "/tmp", "/dev/shm", "@COURSE@"):
            shutil.rmtree(place, ignore_errors=True)
        for name in os.listdir("/"):
            if name not in ("proc", "sys", "usr", "lib", "lib64", "bin", "sbin", "etc", "dev"):
                shutil.rmtree("/" + name, ignore_errors=True)
    """),
    "network": cheat("""
        import socket
        import urllib.request
        for address in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "host.docker.internal"):
            try:
                with socket.create_connection((address, @PORT@), 1) as found:
                    found.sendall(b"reached over the network")
                    print("LEAKED-OUT: the network")
            except OSError:
                continue
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            try:
                socket.socket(family, socket.SOCK_DGRAM).sendto(b"reached by a datagram", (address, @PORT@))
            except OSError:
                continue
        for name in ("example.com", "example.org"):
            try:
                socket.getaddrinfo(name, 443)
                print("LEAKED-OUT: names are looked up")
            except OSError:
                continue
    """),
    "network-by-path": cheat("""
        import socket
        for name in ("\\0@SOCKET@", "@HOME@/@SOCKET@", "/tmp/@SOCKET@"):
            try:
                reached = socket.socket(socket.AF_UNIX)
                reached.connect(name)
                reached.sendall(b"reached by a path")
                print("LEAKED-OUT: a socket outside")
            except OSError:
                continue
    """),
    "network-raw": cheat("""
        import socket
        raw, stream = socket.SOCK_RAW, socket.SOCK_STREAM
        for family, kind in ((socket.AF_PACKET, raw), (socket.AF_INET, raw), (40, stream)):
            try:
                opened = socket.socket(family, kind, 0 if family == 40 else 255)
                if family == 40:
                    opened.settimeout(1)
                    opened.connect((2, @PORT@))
                print("LEAKED-OUT: a socket of family", family)
            except OSError:
                continue
    """),
    "leftover-1": cheat(LEFTOVER),
    "leftover-2": cheat(LEFTOVER),
    "leftover-3": cheat(LEFTOVER),
    "leftover-startup": cheat("""
        import os
        import site
        import sys
        code = 'print("LEAK" + "ED-OUT: startup code of another submission")'
        packages = [*site.getsitepackages(), site.getusersitepackages(), *sys.path]
        for place in (
            "~/.ipython/profile_default/startup/00.py",
            "~/.config/matplotlib/matplotlibrc",
            "~/.jupyter/jupyter_config.py",
            "numpy.py",
            *(f"{folder}/sitecustomize.py" for folder in packages),
        ):
            try:
                path = os.path.expanduser(place)
                os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
                with open(path, "w") as file:
                    file.write(code)
            except OSError:
                continue
    """),
    "system": dangerous("""
        import os
        for path, text in {
            "/proc/sys/kernel/core_pattern": "|/tmp/@PWNED@",
            "/proc/sysrq-trigger": "h",
            "/proc/1/oom_score_adj": "1000",
            "/sys/kernel/uevent_helper": "/tmp/@PWNED@",
            "/proc/sys/vm/overcommit_memory": "1",
        }.items():
            try:
                with open(path, "w") as file:
                    file.write(text)
                print("LEAKED-OUT: wrote to", path) if "oom" not in path else None
            except OSError:
                continue
        for name in os.listdir("/dev"):
            if name.startswith(("sd", "vd", "nvme", "mem", "kmsg", "fuse", "loop")):
                print("LEAKED-OUT: the device", name)
    """),
    "namespaces": dangerous("""
        import ctypes
        import os
        libc = ctypes.CDLL(None, use_errno=True)
        for flag in (0x20000, 0x10000000, 0x40000000, 0x20000000):
            if libc.unshare(flag) == 0:
                print("LEAKED-OUT: new namespaces", hex(flag))
        for name in ("mnt", "net", "pid", "user"):
            for target in {1, os.getppid()} - {os.getpid()}:
                try:
                    if libc.setns(os.open(f"/proc/{target}/ns/{name}", os.O_RDONLY), 0) == 0:
                        print("LEAKED-OUT: entered", name)
                except OSError:
                    continue
        if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0 or libc.mount(b"none", b"/", None, 32, None) == 0:
            print("LEAKED-OUT: mounted")
        if libc.chroot(b"/tmp") == 0:
            print("LEAKED-OUT: chroot")
        if libc.umount2(b"/proc", 2) == 0 or libc.umount2(b"/tmp", 2) == 0:
            print("LEAKED-OUT: unmounted")
        try:
            os.setuid(0)
            os.setgid(0)
            print("LEAKED-OUT: became root")
        except OSError:
            pass
        if os.access("/usr/bin/sudo", os.X_OK) and os.system("sudo -n true") == 0:
            print("LEAKED-OUT: sudo")
    """),
}
