"""Tests of the sources of a built page's Python: the book's own files, and NumPy from the configured address."""

import hashlib
import importlib.util
import json
import re
from types import SimpleNamespace

import pytest
import yaml

from tests.browser.conftest import HTML
from tests.conftest import REPOSITORY

CORE, CHECK = HTML / "pyodide", HTML / "check"
PYODIDE = REPOSITORY / "node_modules" / "pyodide"


@pytest.fixture
def configured(monkeypatch):
    """Return a function that builds the worker's configuration, and returns NumPy's address and digest in it."""
    spec = importlib.util.spec_from_file_location("check", REPOSITORY / "book" / "_ext" / "check.py")
    extension = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(extension)
    for name in ("BNCOURSE_PYODIDE_BASE", "BNCOURSE_PYODIDE_SHA256"):
        monkeypatch.delenv(name, raising=False)

    def make(base="https://example.org/full/", sha256=""):
        settings = SimpleNamespace(check_numpy_base=base, check_numpy_sha256=sha256)
        made = extension.config(CHECK, CORE, lock(), settings)
        numpy = made["lock"]["packages"]["numpy"]
        assert made["files"][numpy["file_name"]] == {"sha256": numpy["sha256"]}
        return numpy["file_name"], numpy["sha256"]

    return make


def lock():
    return json.loads((PYODIDE / "pyodide-lock.json").read_text())


def test_the_built_book_has_pyodide_and_its_locked_numpy():
    made = json.loads((CHECK / "config.json").read_text())
    for path, file in made["files"].items():
        if "bytes" in file:
            content = (CHECK / path).read_bytes()
            assert file == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    for file in CORE.iterdir():
        assert file.read_bytes() == (PYODIDE / file.name).read_bytes()
    numpy, wanted = made["lock"]["packages"]["numpy"], lock()["packages"]["numpy"]
    assert numpy["sha256"] == wanted["sha256"]
    assert numpy["file_name"].endswith(f"/{wanted['file_name']}")


def test_the_configured_address_matches_the_pinned_pyodide():
    base = yaml.safe_load((REPOSITORY / "_config.yml").read_text())["sphinx"]["config"]["check_numpy_base"]
    version = json.loads((PYODIDE / "package.json").read_text())["version"]
    assert re.search(r"v([\d.]+)/", base)[1] == version
    assert base in (PYODIDE / "pyodide.mjs").read_text().replace("v${U}", f"v{version}"), "what Pyodide itself asks"


def test_the_mirror_comes_from_configuration_or_environment(configured, monkeypatch):
    name, digest = lock()["packages"]["numpy"]["file_name"], lock()["packages"]["numpy"]["sha256"]
    assert configured() == (f"https://example.org/full/{name}", digest)
    assert configured(base="https://mirror.example/wheels", sha256="ab") == (
        f"https://mirror.example/wheels/{name}",
        "ab",
    )
    monkeypatch.setenv("BNCOURSE_PYODIDE_BASE", "../wheels")
    assert configured() == (f"../wheels/{name}", digest)
    monkeypatch.setenv("BNCOURSE_PYODIDE_SHA256", "cd")
    assert configured() == (f"../wheels/{name}", "cd")
