"""Tests that the README's commands work in a fresh clone, in a folder with a space and Korean letters in its name."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, lacking

pytestmark = pytest.mark.slow

SHORT = (
    "tests/bngrader/test_main.py tests/bngrader/engine/sandbox/test_obstacles.py"  # `make test` runs these of all tests
)
EXECUTED = ("experiments", ".jupyter_cache")  # copied to the clone, since making them takes minutes


@pytest.fixture(scope="module")
def clone():
    """Yield a clone in the system's temporary folder, and remove it at the end."""
    folder = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    place = folder / "a clone 복제"
    subprocess.run(["git", "clone", "--quiet", REPOSITORY, place], check=True)
    for name in EXECUTED:
        if not (REPOSITORY / "_build" / name).is_dir():
            lacking(f"_build/{name}", "run make book first")
        shutil.copytree(REPOSITORY / "_build" / name, place / "_build" / name)
    (place / "_build" / "experiments" / ".made").touch()
    yield place
    shutil.rmtree(folder)


def run(clone, command):
    """Run a command from the README as in a new terminal, without this environment."""
    environment = {name: value for name, value in os.environ.items() if name != "BNREF_EXPERIMENTS"}
    environment["PATH"] = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if "venv" not in p)
    environment["PYTEST_ADDOPTS"] = SHORT
    made = f"PYTHON={sys.base_prefix}/bin/python3"
    return subprocess.run([*command.split(), made], cwd=clone, env=environment, capture_output=True, text=True)


def test_the_readmes_commands_work_in_a_temporary_folder(clone):
    readme = (clone / "README.md").read_text()
    commands = re.findall(r"^make \w+", re.search(r"```bash\n(.*?)```", readme, re.DOTALL)[1], re.MULTILINE)
    assert commands == ["make book", "make test"]
    for command in [*commands, "make sample"]:
        ran = run(clone, command)
        assert ran.returncode == 0, command + ran.stdout[-3000:] + ran.stderr[-3000:]
    assert (clone / "_build" / "html" / "index.html").is_file()
    pages = clone / "_build" / "sample-class" / "feedback"
    assert len(list(pages.glob("*/scaling/scaling.html"))) == 14


def test_a_moved_clone_names_the_fix(clone):
    moved = clone.with_name("moved")
    clone.rename(moved)
    try:
        ran = run(moved, "make sample")
        assert ran.returncode == 2
        assert f"This clone was in {clone} when its packages were installed" in ran.stderr
        assert "make distclean book" in ran.stderr
        assert run(moved, "make clean").returncode == 0
    finally:
        moved.rename(clone)
