"""Tests that pages run side by side, and run again only when code that they import changes, with a small real book."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from functools import partial

import pytest

from tests.conftest import REPOSITORY, TIMEOUT_S

PAGE = """---
jupytext: {{text_representation: {{extension: .md, format_name: myst}}}}
kernelspec: {{name: python3, display_name: Python 3}}
---

# Page

```{{code-cell}} ipython3
from code_of_the_book import said
with open("executed", "a") as executed:
    print("{name}", file=executed)
print("the code says", said.VALUE)
```

```{{code-cell}} ipython3
{code}
```
"""
CONF = """
import sys
sys.path.insert(0, "ext")
extensions = ["myst_nb", "execution", "notebook_download"]
exclude_patterns = ["_build"]
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
execution_depends_on = ["code_of_the_book", "versions.txt"]
"""
MODULES = {
    "__init__": "",
    "said": "from code_of_the_book import words\n\nVALUE = words.VALUE\n",
    "words": "VALUE = 'one'\n",
    "unrelated": "VALUE = 'one'\n",
}


class Book:
    """A book of a few pages in a folder."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(REPOSITORY / "book" / "_ext", folder / "ext")
        self.write("conf.py", CONF)
        self.write("versions.txt", "1\n")
        self.page("index")
        for name, code in MODULES.items():
            self.write(f"code_of_the_book/{name}.py", code)

    def write(self, name, text):
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text)

    def page(self, name, code="", prose=""):
        # The first page lists all, so that none is left out of the table of contents.
        toctree = "\n```{toctree}\n:glob:\n*\n```\n" if name == "index" else ""
        self.write(f"{name}.md", PAGE.format(name=name, code=code) + prose + toctree)

    def start(self, **environment):
        command = [sys.executable, "-m", "sphinx", "-b", "html", ".", "_build/html"]
        environment = os.environ | {"PYTHONPATH": str(self.folder)} | environment
        options = {"cwd": self.folder, "env": environment, "text": True}
        heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore Ctrl-C
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heeding, **options)

    def build(self, **environment):
        """Build the book, and return Sphinx's exit code and its errors."""
        with self.start(**environment) as build:
            _, shown = build.communicate(timeout=TIMEOUT_S)
        return build.returncode, shown

    def executed(self, **environment):
        """Build the book, and return the pages that were executed for it, in their order."""
        (self.folder / "executed").write_text("")
        code, shown = self.build(**environment)
        assert code == 0, shown
        return (self.folder / "executed").read_text().split()

    def html(self, name="index"):
        return (self.folder / f"_build/html/{name}.html").read_text()


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


def test_a_notebook_keeps_its_outputs_when_prose_changes(book):
    assert book.executed() == ["index"]
    book.page("index", prose="\nOne more sentence.\n")
    assert book.executed() == []
    notebook = (book.folder / "_build/html/_sources/index.ipynb").read_text()
    assert "One more sentence." in notebook
    assert "the code says one" in notebook


def test_changed_code_executes_the_page_again(book):
    assert book.executed() == ["index"]
    assert book.executed() == []
    book.write("code_of_the_book/words.py", "VALUE = 'two'\n")
    assert book.executed() == ["index"]
    assert "the code says two" in book.html()
    book.write("code_of_the_book/words.py", MODULES["words"])
    assert book.executed() == []
    assert "the code says one" in book.html()


def test_words_and_unrelated_code_execute_nothing(book):
    assert book.executed() == ["index"]
    book.write("code_of_the_book/unrelated.py", "VALUE = 'two'\n")
    book.write("code_of_the_book/words.py", '"""Words."""\n\n# Why.\nVALUE = "one"\n')
    assert book.executed() == []


def test_only_the_pages_that_import_changed_code_are_executed(book):
    book.page("other", "from code_of_the_book import unrelated")
    assert sorted(book.executed()) == ["index", "other"]
    book.write("code_of_the_book/unrelated.py", "VALUE = 'two'\n")
    assert book.executed() == ["other"]


CELLS = ["from code_of_the_book import said"]


@pytest.mark.parametrize(
    ("cells", "edited", "counts"),
    [
        (CELLS, "code_of_the_book/said.py", True),
        (CELLS, "code_of_the_book/words.py", True),
        (CELLS, "code_of_the_book/unrelated.py", False),
        (["%time 1"], "code_of_the_book/unrelated.py", True),  # a magic command could import anything
        (["import importlib; importlib.import_module(name)"], "code_of_the_book/unrelated.py", True),
        ([], "code_of_the_book/said.py", False),
        ([], "versions.txt", True),
    ],
)
def test_cells_depend_on_what_they_import_and_on_other_files(book, cells, edited, counts):
    spec = importlib.util.spec_from_file_location("execution", book.folder / "ext" / "execution.py")
    execution = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(execution)
    places = [book.folder / "code_of_the_book", book.folder / "versions.txt"]
    before = execution.depends_on(cells, places)
    book.write(edited, "VALUE = 'two'\n")
    assert (execution.depends_on(cells, places) != before) == counts


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core executes one page at a time")
def test_pages_are_executed_at_the_same_time(book):
    """Opening a pipe waits for the other end, which another page opens."""
    os.mkfifo(book.folder / "pipe")
    book.page("reader", "open('pipe').close()")
    book.page("writer", "open('pipe', 'w').close()")
    assert sorted(book.executed()) == ["index", "reader", "writer"]


@pytest.mark.slow
def test_pages_are_executed_in_the_order_that_is_asked_for(book):
    for name in ("a", "b", "c"):
        book.page(name)
    book.write("conf.py", CONF + "execution_order = ['c', 'a']\n")
    assert book.executed(LOKY_MAX_CPU_COUNT="1") == ["b", "index", "c", "a"]


@pytest.mark.slow
def test_a_page_can_be_executed_while_no_other_is(book):
    book.write("conf.py", CONF + "execution_alone = ['alone']\n")
    book.page("alone", "import glob; print(*sorted(glob.glob('*.done')))")
    for name in ("one", "two"):
        book.page(name, f"open('{name}.done', 'w').close()")
    assert sorted(book.executed()) == ["alone", "index", "one", "two"]
    assert "one.done two.done" in book.html("alone")


def test_a_failing_page_is_named_and_the_others_are_kept(book):
    book.page("wrong", "1 / 0")
    code, shown = book.build(LOKY_MAX_CPU_COUNT="1")
    shown = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert code != 0
    assert "wrong.md" in shown
    assert "ZeroDivisionError: division by zero" in shown
    book.page("wrong", "1 / 1")
    assert book.executed() == ["wrong"]


def test_an_interrupted_build_ends_its_kernels(book):
    """The page reports through one pipe that it runs, and waits forever at the other."""
    for name in ("started", "never"):
        os.mkfifo(book.folder / name)
    book.page("index", "open('started', 'w').close(); open('never').close()")
    book.write("conf.py", CONF + "nb_execution_timeout = -1\n")
    with book.start() as build:
        (book.folder / "started").open().close()
        build.send_signal(signal.SIGINT)
        _, shown = build.communicate(timeout=TIMEOUT_S)
    assert build.returncode != 0
    assert "Interrupted" in shown


def test_a_place_that_does_not_exist_is_named(book):
    (book.folder / "versions.txt").unlink()
    code, shown = book.build()
    assert code != 0
    assert "execution_depends_on" in shown
    assert "versions.txt, which does not exist" in shown
