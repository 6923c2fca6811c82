"""Tests that `bngrader new` writes a section that passes the repository's tests without changes."""

import os
import shutil
import subprocess
import sys

import pytest

from bngrader.authoring.new_section import write_section
from bngrader.course.folders import CourseError
from tests.conftest import REPOSITORY

# The new section's own tests, and those that read every section's files.
TESTS = [
    "tests/test_house.py",
    "tests/bnref/test_demo.py",
    "tests/bnref/experiments/test_demo.py",
    "tests/bnref/figures/test_demo.py",
    "tests/bngrader/authoring/test_chapter_links.py",
    "tests/book/test_statements.py::test_every_section_lists_its_statements",
]


def git(folder, *arguments):
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def run(folder, *arguments):
    """Run a module from the copy, not the installed one: `-m` searches the working folder first."""
    environment = {name: value for name, value in os.environ.items() if name != "BNREF_EXPERIMENTS"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the checkout with a new section."""
    folder = tmp_path_factory.mktemp("copy")
    for name in git(REPOSITORY, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    ran = run(folder, "bngrader", "new", "demo")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[0] == "bngrader/check/mistakes/demo/__init__.py"
    git(folder, "add", "--all")
    return folder


@pytest.mark.real
def test_a_new_section_passes_the_tests_at_once(copy):
    ran = run(copy, "pytest", "-q", "-p", "no:cacheprovider", *TESTS)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.real
def test_its_mistakes_are_named_and_its_right_answers_accepted(copy):
    ran = run(copy, "tests.solutions.runner", "demo")
    assert ran.stdout.splitlines()[1:] == [f"{'example_demo':<26}{'8/8':>9}{'8/8':>9}{'4/4':>10}"], ran.stderr


@pytest.mark.real
def test_its_code_passes_the_lint(copy):
    made = [str(path) for path in copy.rglob("*.py") if "demo" in str(path.relative_to(copy))]
    assert len(made) == 11
    for check in (["check"], ["format", "--check"]):
        ran = run(copy, "ruff", *check, *made)
        assert ran.returncode == 0, ran.stdout
    ran = run(copy, "prose", *made, "book/demo.md")
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("slug", ["Demo", "2d", "a-b", "class", "../demo", ""])
def test_what_cannot_be_a_slug_is_refused(tmp_path, slug):
    with pytest.raises(CourseError, match="cannot be the slug of a section: a slug consists of"):
        write_section(tmp_path, slug)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["solutions/demo.py", "bngrader/check/mistakes/demo/__init__.py", "bnref/demo"])
def test_nothing_is_written_over_an_existing_file(tmp_path, there):
    path = tmp_path / there
    (path.parent if path.suffix else path).mkdir(parents=True)
    if path.suffix:
        path.write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CourseError, match=f"nothing was written, because these exist already: {there}") as raised:
        write_section(tmp_path, "demo")
    assert "Choose another slug" in str(raised.value)
    assert sorted(tmp_path.rglob("*")) == before
    assert not path.suffix or path.read_text() == "mine"


def test_a_shared_file_without_its_place_is_named(tmp_path):
    for name in ("_toc.yml", "bnref/claims/__init__.py", "book/api.md", "bngrader/authoring/chapter_links.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    (tmp_path / "book/api.md").write_text("# The code\n")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(CourseError, match=r"nothing was written: book/api\.md has no line that starts with '## '"):
        write_section(tmp_path, "demo")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
