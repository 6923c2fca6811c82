"""Tests of the book as an EPUB and as a PDF, built by the commands in the README."""

import re
import subprocess
import zipfile
from xml.etree import ElementTree

import pytest

from tests.conftest import REPOSITORY, browser_path, lacking

pytestmark = pytest.mark.slow

DOWNLOADS = REPOSITORY / "_build" / "html" / "downloads"
XHTML = "{http://www.w3.org/1999/xhtml}"


def make(what):
    ran = subprocess.run(["make", what], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def epub():
    make("epub")
    with zipfile.ZipFile(DOWNLOADS / "batch-normalization.epub") as book:
        yield book


def test_the_epub_is_well_formed_and_lists_its_files(epub):
    assert epub.namelist()[0] == "mimetype"
    assert epub.read("mimetype") == b"application/epub+zip"
    parsed = {name: ElementTree.fromstring(epub.read(name)) for name in epub.namelist() if name.endswith(("ml", "opf"))}
    items = parsed["content.opf"].iter("{http://www.idpf.org/2007/opf}item")
    assert {item.get("href") for item in items} <= set(epub.namelist())
    assert {"book/scaling.xhtml", "book/index.xhtml"} <= set(parsed)


def test_the_epub_has_formulas_and_figures_but_no_scripts(epub):
    page = ElementTree.fromstring(epub.read("book/scaling.xhtml"))
    assert not list(page.iter(f"{XHTML}script"))
    assert len(list(page.iter("{http://www.w3.org/1998/Math/MathML}math"))) > 50
    images = [image.get("src") for image in page.iter(f"{XHTML}img")]
    assert len(images) >= 4
    assert {image.replace("../", "") for image in images} <= set(epub.namelist())
    assert "the other eleven crowd together" in re.sub(r"\s+", " ", "".join(page.itertext()))


def test_the_pdf_has_the_chapters_and_an_outline():
    if browser_path() is None:
        lacking("Chromium", "install it; on Debian: apt-get install chromium")
    make("pdf")
    printed = (DOWNLOADS / "batch-normalization.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert b"/Outlines" in printed
    assert b"/StructTreeRoot" in printed  # tagged, for screen readers
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 20
