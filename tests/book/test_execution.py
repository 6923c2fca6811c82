"""Tests that a chapter is executed again only when the code that it imports changes, with a small real book."""

import shutil
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

PAGE = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
---

# Page

```{code-cell} ipython3
import code_of_the_book
print("the code says", code_of_the_book.VALUE)
```
"""
CONF = """
import sys
sys.path.insert(0, "ext")
extensions = ["myst_nb", "execution", "notebook_download"]
exclude_patterns = ["_build"]
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
execution_depends_on = ["code_of_the_book.py"]
"""


@pytest.fixture
def book(tmp_path):
    shutil.copytree(REPOSITORY / "book" / "_ext", tmp_path / "ext")
    (tmp_path / "conf.py").write_text(CONF)
    (tmp_path / "index.md").write_text(PAGE)
    (tmp_path / "code_of_the_book.py").write_text("VALUE = 'one'\n")
    return tmp_path


def build(book):
    command = [sys.executable, "-m", "sphinx", "-W", "-b", "html", ".", "_build/html"]
    ran = subprocess.run(command, cwd=book, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout + ran.stderr, (book / "_build/html/index.html").read_text()


def test_a_change_of_prose_keeps_outputs_in_the_download(book):
    build(book)
    (book / "index.md").write_text(f"{PAGE}\nOne more sentence.\n")
    log, _ = build(book)
    assert "Executed notebook" not in log
    notebook = (book / "_build/html/_sources/index.ipynb").read_text()
    assert "One more sentence." in notebook
    assert "the code says one" in notebook


def test_a_change_in_an_imported_module_executes_the_page_again(book):
    log, page = build(book)
    assert "Executed notebook" in log
    assert "the code says one" in page

    log, page = build(book)
    assert "Executed notebook" not in log
    assert "the code says one" in page

    (book / "code_of_the_book.py").write_text("VALUE = 'two'\n")
    log, page = build(book)
    assert "Executed notebook" in log
    assert "the code says two" in page

    (book / "code_of_the_book.py").write_text("VALUE = 'one'\n")
    log, page = build(book)
    assert "Executed notebook" not in log
    assert "the code says one" in page


def test_a_missing_dependency_is_named(book):
    (book / "code_of_the_book.py").unlink()
    command = [sys.executable, "-m", "sphinx", "-b", "html", ".", "_build/html"]
    ran = subprocess.run(command, cwd=book, capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "execution_depends_on" in ran.stderr
    assert "code_of_the_book.py, which does not exist" in ran.stderr
