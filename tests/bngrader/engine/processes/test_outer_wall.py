"""Bubblewrap around the zygote for answers: what is left to see for whoever leaves a submission's own sandbox."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from bngrader.engine.processes import outer_wall
from tests.bngrader.engine.running import error, run
from tests.conftest import REPOSITORY, lacking

pytestmark = pytest.mark.real
LOOK = """
import json, os, socket
print(json.dumps({
    "course": [os.path.exists(os.path.join(sys.argv[1], name)) for name in ("solutions", "tests", "exercises")],
    "home": [name for name in os.listdir("/home")] if os.path.exists("/home") else [],
    "pids": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "written": os.access(os.__file__, os.W_OK) and not os.statvfs(os.__file__).f_flag & os.ST_RDONLY,
}))
"""


@pytest.fixture(autouse=True)
def _wall():
    if why := outer_wall.missing():
        lacking("bubblewrap", f"{outer_wall.WAY_OUT} ({why})")


def test_inside_there_is_neither_the_course_nor_a_network():
    command = outer_wall.walled([sys.executable, "-c", f"import sys\n{LOOK}", str(REPOSITORY)])
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == {
        "course": [False, False, False],
        "home": [],
        "pids": [1, 2],
        "interfaces": ["lo"],
        "written": False,
    }


def test_answers_run_within_the_wall():
    cells = run(("answer", "def f():\n    return 1", "f"), ("test", "assert f() == 1"))
    assert [error(cell) for cell in cells] == [None, None]
    lines = [" ".join(child.cmdline()) for child in psutil.Process().children()]
    assert any(line.startswith("bwrap ") and " answers " in line for line in lines), lines


def test_without_bubblewrap_the_command_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("PATH", os.devnull)
    outer_wall.missing.cache_clear()
    try:
        assert outer_wall.missing() == "bubblewrap is not installed"
        assert outer_wall.walled(["python"]) == ["python"]
    finally:
        outer_wall.missing.cache_clear()
