"""Tests of the address in pages: that of the build's settings, or none without."""

import os
import re
import shutil
import subprocess
import sys
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import REPOSITORY

HTML = REPOSITORY / "_build" / "html"
ADDRESSED = re.compile(r'<link rel="canonical"[^>]*>|<meta property="og:(?:url|image)[^>]*>')
CONF = """
import sys
sys.path.insert(0, "ext")
extensions = ["sphinxext.opengraph", "publishing"]
html_theme = "sphinx_book_theme"
ogp_enable_meta_description = True
"""


@pytest.fixture
def built(tmp_path):
    """Return a function that builds a small book, and returns its page."""
    shutil.copytree(REPOSITORY / "book" / "_ext", tmp_path / "ext")
    (tmp_path / "conf.py").write_text(CONF)
    (tmp_path / "index.rst").write_text("Title\n=====\n\nA sentence that says what the page is about.\n")

    def build(**variables):
        others = {name: value for name, value in os.environ.items() if not name.startswith("BNCOURSE_")}
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", ".", "out"]
        ran = subprocess.run(command, cwd=tmp_path, env=others | variables, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return (tmp_path / "out" / "index.html").read_text()

    return build


@pytest.mark.parametrize("variables", [{}, {"BNCOURSE_URL": ""}])
def test_a_page_names_no_address_if_none_is_set(built, variables):
    page = built(**variables)
    head = page.split("</head>")[0]
    assert "Report a mistake" not in page
    assert ADDRESSED.findall(head) == []
    assert "localhost" not in head
    assert '<meta name="description" content="A sentence that says what the page is about."' in head


def test_a_page_names_the_books_address_and_its_card(built, tmp_path):
    head = built(BNCOURSE_URL="https://example.org/batch-norm")
    assert '<link rel="canonical" href="https://example.org/batch-norm/index.html" />' in head
    assert '<meta property="og:url" content="https://example.org/batch-norm/index.html" />' in head
    (card,) = re.findall('<meta property="og:image" content="https://example.org/batch-norm/(.*)" />', head)
    assert (tmp_path / "out" / card).read_bytes().startswith(b"\x89PNG")


def test_with_a_repository_each_page_takes_reports_of_mistakes(built):
    page = built(BNCOURSE_REPOSITORY="someone/course")
    (address,) = re.findall('<a class="report" href="(.*?)">Report a mistake on this page</a>', page)
    issue = urlsplit(unescape(address))
    assert issue.path == "/someone/course/issues/new"
    asked = parse_qs(issue.query)
    assert asked["title"] == ["A mistake on the page index"]
    (template,) = asked["template"]
    assert (REPOSITORY / ".github" / "ISSUE_TEMPLATE" / template).is_file()


@pytest.mark.skipif(bool(os.environ.get("BNCOURSE_URL")), reason="this build was told an address")
def test_the_built_book_names_no_address():
    pages = list(HTML.rglob("*.html"))
    assert len(pages) > 20, "run make book first"
    heads = {path.name: path.read_text().split("</head>")[0] for path in pages}
    assert {name: ADDRESSED.findall(head) for name, head in heads.items() if ADDRESSED.search(head)} == {}
    assert [name for name, head in heads.items() if "localhost" in head] == []
