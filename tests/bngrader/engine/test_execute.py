"""Notebooks in the engine: the outputs of a kernel, limits with names, and a sandbox around the answers."""

import os
import subprocess
import sys

import nbformat
import pytest

from bngrader.engine.errors import SandboxMissing
from bngrader.engine.sandbox import filesystem, namespaces
from tests.bngrader.engine.running import error, printed, run
from tests.conftest import REPOSITORY, lacking

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def _isolation():
    if why := namespaces.available():
        lacking("the sandbox", why)


def test_outputs_are_those_of_a_kernel():
    cells = run(
        ("answer", "print('one')\n1 + 1"),
        ("answer", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"),
        ("answer", "1 / 0"),
        ("answer", "!echo from a program"),
        ("answer", ""),
        ("answer", "import sys\nsys.exit(3)"),
        ("answer", "await __import__('asyncio').sleep(0)\nprint('two')"),
    )
    assert [output.output_type for output in cells[0].outputs] == ["stream", "execute_result"]
    assert cells[0].outputs[1].data["text/plain"] == "2"
    assert cells[0].outputs[1].execution_count == cells[0].execution_count == 1
    assert cells[1].outputs[-1].data["image/png"].startswith("iVBOR")
    assert error(cells[2]) == "ZeroDivisionError: division by zero"
    assert len(cells[2].outputs[0].traceback) > 1
    assert printed(cells[3]) == "from a program\n"
    assert (cells[4].outputs, cells[4].execution_count) == ([], None)
    assert error(cells[5]) == "SystemExit: 3"
    assert printed(cells[6]) == "two\n"


def test_outputs_that_a_page_would_run_are_dropped():
    source = """
from IPython.display import HTML, Markdown, Javascript, display
display(HTML("<script>"), Markdown("<script>"), Javascript("run()"))
display({"image/png": '"><script>', "text/plain": "plain"}, raw=True)
"""
    for output in run(("answer", source))[0].outputs:
        assert set(output.data) == {"text/plain"}


def test_torch_works_after_the_fork_with_new_random_numbers():
    source = """
import threading, torch
x = torch.ones(2, requires_grad=True)
(x ** 2).sum().backward()
thread = threading.Thread(target=lambda: print(x.grad.tolist()))
thread.start()
thread.join()
print(torch.rand(1).item(), __import__("random").random(), __import__("numpy").random.rand())
"""
    texts = {printed(cell) for cell in (*run(("answer", source)), *run(("answer", source)))}
    assert all(text.startswith("[2.0, 2.0]\n") for text in texts)
    assert len(texts) == 2


def test_a_new_process_has_the_names_of_the_one_that_ended():
    cells = run(
        ("answer", "def f():\n    return 1", "f"),
        ("answer", "import os\nprint('last words')\nos._exit(3)"),
        ("answer", "def g():\n    os._exit(4)\nimport os", "g"),
        ("test", "assert f() == 1"),
        ("test", "g()"),
        ("test", "assert f() == 1"),
    )
    assert printed(cells[1]) == "last words\n"
    assert error(cells[1]) == "LimitReached: the submission ended its own process, with exit code 3"
    assert error(cells[4]) == "LimitReached: the submission ended its own process, with exit code 4"
    assert (error(cells[3]), error(cells[5])) == (None, None)


def test_time_limits_are_named_and_the_rest_is_judged():
    cells = run(
        ("answer", "def f():\n    while True:\n        pass\nkept = 1", "f"),
        ("answer", "later = 2\nwhile True:\n    pass"),
        ("answer", "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"),
        ("answer", "def endless():\n    n = 0\n    while True:\n        yield n", "endless"),
        ("test", "f()"),
        ("test", "assert kept == 1 and later == 2"),
        ("test", "while True:\n    pass"),
        ("test", "list(endless())"),
        ("test", "assert kept == 1"),
        cell_seconds=2,
        call_seconds=1,
    )
    for cell in cells[1:3]:
        assert cell.outputs[-1].ename == "CellTimeoutError"
        assert "longer than the 2 seconds that it may take: is there a loop that does not end?" in error(cells[2])
    assert "longer than the 1 seconds that a call may take: is there a loop that does not end?" in error(cells[4])
    assert "longer than 2 seconds" in error(cells[6])
    assert error(cells[7]).startswith("LimitReached")
    assert (error(cells[5]), error(cells[8])) == (None, None)


def test_each_limit_is_named_in_the_error_that_it_causes():
    cells = run(
        ("answer", "import numpy as np\nnp.ones(10**9)"),
        ("answer", "with open('large', 'wb') as file:\n    for _ in range(30):\n        file.write(bytes(1 << 20))"),
        ("answer", "for n in range(9):\n    with open(f'f{n}', 'wb') as file:\n        file.write(bytes(15 << 20))"),
        ("answer", "import os\nos.system('rm -f f* large')\nfiles = [open('/dev/null') for _ in range(100)]"),
        (
            "answer",
            "import threading, time\nfor _ in range(99):\n    threading.Thread(target=time.sleep, args=(99,)).start()",
        ),
        ("answer", "print('x' * 10**6)\nprint('end')"),
        ("answer", "open('/usr/file', 'w')"),
        memory_mb=500,
        file_mb=20,
        folder_mb=60,
        open_files=60,
        processes=20,
        output_bytes=5000,
    )
    last_lines = [cell.outputs[-1].traceback[-1] for cell in cells if cell.outputs[-1].output_type == "error"]
    assert last_lines == [
        "A submission may use at most 500 MB of memory.",
        "A file may hold at most 20 MB.",
        "A submission may write at most 60 MB.",
        "A process may have at most 60 files open.",
        "A submission may have at most 20 processes and threads.",
        "Only the working folder can be written to.",
    ]
    assert len(printed(cells[5])) < 6000
    assert "a cell may show at most 5,000 bytes" in printed(cells[5])


def test_a_notebook_with_much_output_stays_below_its_limit():
    flood = [("answer", f"for _ in range(10):\n    print({number}, '\\n\\t\"' * 150)") for number in range(30)]
    tests = ("test", "raise AssertionError('wrong' * 4000)"), ("test", "1")
    cells = run(("answer", "print('first')"), *flood, *tests, notebook_output_bytes=400_000)
    assert len(nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()) < 400_000
    assert printed(cells[0]) == "first\n"
    assert "a notebook may have at most 400,000 bytes" in printed(cells[30])
    assert error(cells[31]) == f"AssertionError: {('wrong' * 4000)[:200]}"
    assert error(cells[32]) is None


def test_memory_of_all_processes_together_is_limited():
    source = """
import os, numpy as np
children = [pid for pid in (os.fork() for _ in range(1)) if pid]
kept = np.ones(40 << 20)
import time
time.sleep(60)
"""
    cells = run(("answer", source), memory_mb=400)
    assert error(cells[0]) == "LimitReached: the submission used more than the 400 MB of memory that it may use"


MEMORY = "LimitReached: the submission used more than the 300 MB of memory that it may use"
CPU = "LimitReached: the submission used more than the 3 CPU seconds that it may use"
# Submissions that use more as a whole than each of their processes does, and the error that they must end with.
TOGETHER = {
    "many processes that overwrite what they share": (
        """
import os, time, numpy as np
kept = np.ones(12 << 20)
for _ in range(8):
    if os.fork() == 0:
        kept += 1
        time.sleep(60)
time.sleep(60)
""",
        MEMORY,
    ),
    "sockets full of data that belong to no process": (
        """
import os, socket, time
for _ in range(12):
    pairs = [socket.socketpair() for _ in range(50)]
    for pair in pairs:
        for end in pair:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            end.setblocking(False)
            try:
                while True:
                    end.send(bytes(1 << 16))
            except BlockingIOError:
                pass
    if os.fork():
        time.sleep(60)
time.sleep(60)
""",
        MEMORY,
    ),
    "children that nobody waits for": (
        """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    if os.fork() == 0:
        until = time.process_time() + 0.3
        while time.process_time() < until:
            pass
        os._exit(0)
    time.sleep(0.2)
""",
        CPU,
    ),
}


@pytest.mark.parametrize("kind", TOGETHER)
def test_a_submission_is_limited_as_a_whole(kind):
    source, expected = TOGETHER[kind]
    assert error(run(("answer", source), **limits(expected))[0]) == expected


def limits(expected):
    """Return the limits of a submission that is to go over one of them."""
    return {"cpu_seconds": 3} if expected == CPU else {"memory_mb": 300}


WITHOUT_GROUPS = 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"'
EACH = """
from bngrader.engine.sandbox.cgroups import find_place
from tests.bngrader.engine.test_execute import TOGETHER, error, limits, run
assert find_place() is None
for source, expected in TOGETHER.values():
    print(error(run(("answer", source), **limits(expected))[0]))
"""


@pytest.mark.slow
def test_a_submission_is_limited_without_control_groups_too():
    if os.geteuid() != 0:
        lacking("root", "run the tests as root")
    command = ["unshare", "--mount", "sh", "-c", WITHOUT_GROUPS, "sh", sys.executable, "-c", EACH]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines() == [expected for _, expected in TOGETHER.values()], ran.stderr


LOOK = f"""
import os, socket, sys
from pathlib import Path
print(sorted(os.listdir("/proc/self/fd"))[:4], [n for n in os.listdir("/proc") if n.isdigit()], os.listdir("."))
print(Path({str(REPOSITORY / "solutions")!r}).exists(), Path({str(REPOSITORY / "bngrader")!r}).exists())
print([name for name in ("bngrader", "bnref") if name in sys.modules], "HOME" in os.environ, Path.home())
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print([int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")], int(status["NoNewPrivs"]))
print(os.getuid() != 0)
"""
REFUSED = """
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def refused(call, *arguments):
    return libc[call](*arguments) == -1
refusals = refused("unshare", 0x10000000), refused("ptrace", 16, 1, 0, 0), refused("mount", 0, b"/tmp", b"tmpfs", 0, 0)
print(*refusals)
for family, address in ((socket.AF_INET, ("127.0.0.1", 22)), (socket.AF_INET, ("192.0.2.1", 80)), (40, (2, 1))):
    try:
        socket.socket(family).connect(address)
    except OSError as error:
        print(type(error).__name__)
os.kill(1, 9)
os.kill(1, 19)
print("still here")
"""


def test_the_sandbox_hides_the_machine_and_allows_little():
    seen, refused = run(("answer", LOOK), ("answer", REFUSED))
    lines = printed(seen).splitlines()
    assert "['1', '2'] []" in lines[0]
    home = filesystem.plan([]).folder  # where Python lives in /tmp, a folder within
    assert lines[1:] == ["False False", f"[] True {home}", "[0, 0, 0, 0] 1", "True"]
    assert printed(refused).splitlines()[0] == "True True True"
    assert printed(refused).splitlines()[-1] == "still here"
    assert len(printed(refused).splitlines()) == 5


def test_the_sandbox_works_for_an_ordinary_user_too():
    """Run in a user namespace without root's rights, which shows another user id than root's."""
    show = "('answer', 'import os; print(os.getuid())')"
    code = f"from tests.bngrader.engine.running import *; print(printed(run({show})[0]))"
    command = ["unshare", "--user", "--map-user=1234", "--map-group=1234", sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "1000", ran.stderr


def test_nothing_of_one_submission_reaches_the_next():
    files = "import os, sys\nfiles = [os.path.join(folder, 'left') for folder in ('/tmp', '/dev/shm', '.')]\n"
    leave = f"{files}sys.left = os.environ['LEFT'] = '1'\nfor file in files:\n    open(file, 'w').close()\n"
    look = f"{files}print(hasattr(sys, 'left'), *map(os.path.exists, files), os.environ.get('LEFT'))"
    first, second = run(("answer", leave + look)), run(("answer", look))
    assert printed(first[0]) == "True True True True 1\n"
    assert printed(second[0]) == "False False False False None\n"


def test_grading_without_a_sandbox_needs_an_option(monkeypatch):
    monkeypatch.setattr(namespaces, "available", lambda: "this machine is another one")
    with pytest.raises(SandboxMissing, match=r"this machine is another one\. .*--unsafe-no-sandbox"):
        run(("answer", "1"))
    assert printed(run(("answer", "print(1)"), unsafe_no_sandbox=True)[0]) == "1\n"
