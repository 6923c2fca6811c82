"""Attacks on the connection to the judge: read it, answer ahead, forge replies, flood it, starve it."""

from tests.grading.attacks.attack import cheat

# Every connection that the student's process can find, by its descriptors and by its objects.
FIND = """
import os
import socket
import stat
import struct
import sys
import threading
import time
def sockets():
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            if number > 2 and stat.S_ISSOCK(os.fstat(number).st_mode):
                yield number
        except OSError:
            continue
def send_all(data, times=1):
    for number in sockets():
        for _ in range(times):
            try:
                os.set_blocking(number, True)
                os.write(number, data)
            except OSError:
                break
"""


def forging(code):
    return cheat(FIND + code)


# The engine's own functions in the student's process: what handles a call is somewhere above it on the stack.
STACK = """
def callers():
    frame = sys._getframe(1)
    while frame:
        yield frame
        frame = frame.f_back
"""

ATTACKS = {
    "wire-close": forging("""
def standardize(x):
    os.closerange(3, 1000)
    return x, x[0], x[0]
"""),
    "wire-garbage": forging("""
def standardize(x):
    send_all(os.urandom(100_000), 10)
    return x, x[0], x[0]
"""),
    "wire-huge-length": forging("""
def standardize(x):
    for head in (b"\\xff" * 8, struct.pack("<Q", 1 << 40), struct.pack(">Q", 1 << 40), struct.pack("<I", 1 << 31)):
        send_all(head)
    return x, x[0], x[0]
"""),
    "wire-drip": forging("""
def standardize(x):
    while True:
        send_all(b"\\x00")
        time.sleep(0.2)
"""),
    "wire-flood": forging("""
def standardize(x):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        send_all(bytes(1 << 20))
"""),
    "wire-ahead": forging("""
import msgpack
import numpy as np
def answers():
    for number in range(200):
        for value in (None, True, [[0, 0], [0, 0]], {"ok": True}, {"value": None, "id": number}):
            bodies = [{"id": number, name: value} for name in ("v", "value", "result")]
            for body in (*bodies, [number, value], [1, number, None, value]):
                packed = msgpack.packb(body)
                for head in ("<Q", ">Q", "<I", ">I"):
                    yield struct.pack(head, len(packed)) + packed
def ahead():
    for answer in answers():
        send_all(answer)
threading.Thread(target=ahead, daemon=True).start()
"""),
    "wire-deep": forging("""
def standardize(x):
    deep = b"\\x91" * 10**6 + b"\\xc0", b"\\x81\\xa1a" * 10**6 + b"\\xc0", b"[" * 10**6
    for body in (*deep, b"\\xdd\\xff\\xff\\xff\\xff", b"\\xdf\\xff\\xff\\xff\\xff", b"\\xc9\\xff\\xff\\xff\\xff\\x01"):
        for head in ("<Q", ">Q", "<I", ">I"):
            send_all(struct.pack(head, len(body)) + body)
    return x, x[0], x[0]
"""),
    "wire-descriptors": forging("""
import array
def standardize(x):
    opened = [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]
    for number in sockets():
        try:
            with socket.socket(fileno=os.dup(number)) as found:
                for _ in range(100):
                    found.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", opened))])
        except OSError:
            continue
    return x, x[0], x[0]
"""),
    "wire-eavesdrop": forging("""
def listen():
    for number in sockets():
        def hear(number=number):
            with socket.socket(fileno=os.dup(number)) as found:
                while True:
                    try:
                        heard = found.recv(1 << 16)
                        if b"HIDDEN" in heard or b"close(" in heard:
                            print("LEAKED:", heard[:200])
                        if not heard:
                            break
                    except OSError:
                        time.sleep(0.01)
        threading.Thread(target=hear, daemon=True).start()
listen()
"""),
    "wire-patched": forging(
        STACK
        + """
def standardize(x):
    for frame in callers():
        for name, thing in list(frame.f_globals.items()):
            if callable(thing) and any(word in name for word in ("pack", "dump", "encode", "send", "reply", "write")):
                frame.f_globals[name] = lambda *rest, **named: b"\\xc3"
    return x, x[0], x[0]
"""
    ),
    "wire-true": forging(
        STACK
        + """
class Yes:
    def __init__(self, *rest):
        pass
def standardize(x):
    for frame in callers():
        for space in (frame.f_globals, frame.f_locals):
            for name, thing in list(space.items()):
                if isinstance(thing, dict):
                    for key in list(thing):
                        if callable(thing[key]):
                            thing[key] = lambda *rest, **named: True
    return x, x[0], x[0]
"""
    ),
}
