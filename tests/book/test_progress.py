"""Tests that a build shows its progress, on a terminal and elsewhere, and that failures show their cause."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PAGE = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
---

# Page

```{code-cell} ipython3
print("executed")
```
"""
CONFIG = """
title: A small book
only_build_toc_files: true
execute: {execute_notebooks: cache}
sphinx:
  local_extensions: {execution: ext}
  config: {nb_execution_raise_on_error: true}
"""
BUILDS = [f"_build/{name}" for name in ("wheel/.made", ".config")]
BUILT_BEFORE = ["exercises", ".venv/.made", "node_modules/.made", *BUILDS]


def run(command, **options):
    """Run a command, and return its exit code and its output."""
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    return ran.returncode, ran.stdout


def on_a_terminal(command, **options):
    """Run a command with a terminal as its output, and return its exit code and its output."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, **options) as process:
        os.close(theirs)
        shown = bytearray()
        while True:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:  # the command has closed its end
                break
            if not part:
                break
            shown += part
        os.close(ours)
    return process.returncode, shown.decode().replace("\r\n", "\n")


@pytest.fixture
def small_book(tmp_path):
    """Return the command `make book` for a book of four pages, and options that run it in the book's folder."""
    (tmp_path / "_config.yml").write_text(CONFIG)
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: one\nchapters: [{file: two}, {file: three}, {file: four}]\n"
    )
    for name in ("one", "two", "three", "four"):
        (tmp_path / f"{name}.md").write_text(PAGE)
    (tmp_path / "ext").symlink_to(REPOSITORY / "book" / "_ext")
    for folder in ("_build/wheel", "bnref", "bngrader"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "_build/wheel/course.whl").touch()
    old = [argument for place in BUILT_BEFORE for argument in ("--old-file", place)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["make", "-f", REPOSITORY / "Makefile", *old, "book"]
    return command, {"cwd": tmp_path, "env": os.environ | {"PATH": path, "BNREF_EXPERIMENTS": ""}}


def test_make_book_shows_progress_and_the_books_place(small_book):
    command, options = small_book
    code, shown = run(command, **options)
    lines = shown.splitlines()
    assert code == 0, shown
    assert lines[0].startswith("Building the book")
    assert lines[1:5] == [f"Pages: {n} of 4" for n in (1, 2, 3, 4)]
    assert str(options["cwd"] / "_build/html/index.html") in lines[6]
    assert len(lines) < 12, shown


def test_pages_are_counted_in_place_on_a_terminal(small_book):
    command, options = small_book
    code, shown = on_a_terminal(command, **options)
    assert code == 0, shown
    assert "\r".join(f"Pages: {n} of 4" for n in range(5)) + "\n" in shown


def test_a_failing_page_shows_its_error(small_book):
    command, options = small_book
    (options["cwd"] / "three.md").write_text(PAGE.replace('print("executed")', "print(1 / 0)"))
    code, shown = run(command, **options)
    assert code == 2
    assert "ZeroDivisionError: division by zero" in re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert "three.md" in shown


def test_a_failing_install_shows_its_error(tmp_path):
    (tmp_path / "requirements.lock").write_text("a-package-that-is-not-there==1\n")
    (tmp_path / "pyproject.toml").touch()
    command = ["make", "-f", REPOSITORY / "Makefile", f"PYTHON={sys.executable}", ".venv/.made"]
    code, shown = run(command, cwd=tmp_path, env=os.environ | {"PIP_NO_INDEX": "1"})
    assert code == 2
    assert "Installing the packages of requirements.lock into .venv" in shown
    assert "No matching distribution found for a-package-that-is-not-there==1" in shown
    assert not (tmp_path / ".venv/.made").exists()
