"""Attacks on the connection to the judge: reading it, forging replies, flooding it, stalling it."""

from tests.grading.attacks import forged
from tests.grading.attacks.attack import racing

# Finds the process's connections by its open descriptors, and sends bytes over them.
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
    return racing(FIND + code)


# Finds the engine's own objects in the student's process: in memory, and in the frames that called the function.
ENGINE = """
import gc
def engine():
    return next(thing for thing in gc.get_objects() if type(thing).__name__ == "Side")
def callers():
    frame = sys._getframe(1)
    while frame:
        yield frame
        frame = frame.f_back
def forge(**message):
    frame = next(frame for frame in callers() if "request" in frame.f_locals and "buffers" in frame.f_locals)
    engine().channel.send({"kind": "reply", "id": frame.f_locals["request"]["id"], **message})
"""

VALUES = f"NODES = {forged.VALUES!r}\n"

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
    while x[0, 0] == 0.1:
        send_all(b"\\x00")
        time.sleep(0.2)
    return x, x[0], x[0]
"""),
    "wire-flood": forging("""
def standardize(x):
    while x[0, 0] == 0.1:
        send_all(bytes(1 << 20))
    return x, x[0], x[0]
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
                        heard = found.recv(1 << 16, socket.MSG_PEEK)
                        if b"HIDDEN" in heard or b"close(" in heard or b"BNGRADER" in heard:
                            print("LEAKED-OUT:", heard[:200])
                        time.sleep(0.01)
                    except OSError:
                        time.sleep(0.01)
        threading.Thread(target=hear, daemon=True).start()
listen()
"""),
    "wire-patched": forging(
        ENGINE
        + """
def standardize(x):
    for frame in callers():
        for name, thing in list(frame.f_globals.items()):
            if callable(thing) and any(word in name for word in ("pack", "encode", "send", "reply", "describe")):
                frame.f_globals[name] = lambda *rest, **named: b"\\xc3"
    return x, x[0], x[0]
"""
    ),
    "wire-operations": forging(
        ENGINE
        + """
def standardize(x):
    for frame in callers():
        for space in (frame.f_globals, frame.f_locals):
            for thing in list(space.values()):
                if isinstance(thing, dict):
                    for key in list(thing):
                        if callable(thing[key]):
                            thing[key] = lambda *rest, **named: True
    return x, x[0], x[0]
"""
    ),
    "wire-replies-ahead": forging(
        ENGINE
        + """
for number in range(100):
    engine().channel.send({"kind": "reply", "id": number, "value": True})
"""
    ),
    "wire-replies-twice": forging(
        ENGINE
        + """
def standardize(x):
    for _ in range(50):
        forge(value=["t", True, True, True])
    return x, x[0], x[0]
"""
    ),
    "wire-done": forging(
        ENGINE
        + """
names = ["np", "call", "close", "x", "CheckFailed", "isinstance", 3, ["standardize"], "standardize"] * 100_000
engine().channel.send({"kind": "done", "count": 1 << 70, "names": names, "error": {"a": 1}})
engine().channel.send({"kind": "done", "count": -1, "names": ["np", "close"], "error": None})
"""
    ),
    "wire-asks": forging(
        ENGINE
        + """
def standardize(x):
    ours = engine()
    for op, number in (("call", 0), ("call", id(x)), ("next", "x"), ("iter", None), ("exec", 1), (["call"], True)):
        try:
            ours.channel.send({"kind": "ask", "op": op, "number": number, "value": ["t", ["t", "import os"], ["d"]]})
        except Exception:
            break
    return x, x[0], x[0]
"""
    ),
    "wire-kinds": forging(
        ENGINE
        + f"""
def standardize(x):
    for message in {forged.MESSAGES!r}:
        engine().channel.send(message)
    return x, x[0], x[0]
"""
    ),
    "wire-forged": forging(
        ENGINE
        + VALUES
        + """
def standardize(x):
    node = NODES.pop()
    forge(value=["t", node, node, node], changed={"0": node}, args=node, warnings=node, generators={"0": node})
    return x, x[0], x[0]
"""
    ),
    "wire-packed": forging(
        ENGINE
        + VALUES
        + """
import itertools
counted = itertools.count()
def pack(self, value):
    return NODES[next(counted) % len(NODES)]
def standardize(x):
    frame = next(frame for frame in callers() if "Packer" in frame.f_globals)
    frame.f_globals["Packer"].pack = pack
    return x, x[0], x[0]
"""
    ),
    "wire-errors": forging(
        ENGINE
        + f"errors = {forged.ERRORS!r}\n"
        + """
def standardize(x):
    forge(error=errors.pop() if errors else None)
    return x, x[0], x[0]
"""
    ),
    "wire-long-list": forging(
        ENGINE
        + """
def standardize(x):
    if x[0, 0] == 0.1:
        forge(value=["l", *[0] * 15_000_000])
    return x, x[0], x[0]
"""
    ),
    "wire-collisions": forging(
        ENGINE
        + """
def standardize(x):
    step = (1 << 61) - 1
    if x[0, 0] == 0.1:
        forge(value=["s", *(["i", hex(step * number)] for number in range(500_000))])
    return x, x[0], x[0]
"""
    ),
    "wire-arguments": forging(
        ENGINE
        + """
def standardize(x):
    nothing = [["n", "|u1", [0], [1], True, None, 0], ["n", "|u1", [48], [0], True, 0, 0]]
    forge(value=None, changed={"0": nothing[0], "-1": nothing[1], "7": nothing[1], "x": None}, args=["t", ["t"], ["d"]])
    return x, x[0], x[0]
"""
    ),
    "wire-output-flood": forging(
        ENGINE
        + """
def standardize(x):
    while x[0, 0] == 0.1:
        engine().channel.send({"kind": "output", "output": {"output_type": "stream", "text": "x" * 1_000_000}})
    return x, x[0], x[0]
"""
    ),
    "wire-forbidden-flood": forging(
        ENGINE
        + """
for number in range(100_000):
    engine().channel.send({"kind": "forbidden", "name": str(number) * 100})
"""
    ),
}
