"""Servers of the built book for tests of checks, which must not use other hosts: with a NumPy mirror, or without NumPy.

The mirror serves the NumPy wheel from the folder next to the repository, if there is one.
"""

import io
import json
import zipfile
from contextlib import contextmanager

import pytest

from bngrader.course.files import digest
from tests.browser.conftest import HTML, Quiet, serve
from tests.conftest import REPOSITORY

CONFIG, BASE = "check/config.json", "mirror"
COURSE = "check/bncourse-0-py3-none-any.whl"
# A replacement for the checks without NumPy: the same protocol, and a test that fails by an assert.
PLAIN_CHECK = """
def check(answers, tests, setup, tell):
    namespace = {}
    for name, source in [*answers.items(), *((test["name"], test["source"]) for test in tests)]:
        verdict = {"name": name, "passed": True, "message": "", "hints": [], "facts": [], "traceback": "", "output": ""}
        try:
            exec(compile(source if name in answers else "assert standardize", name, "exec"), namespace)
        except Exception as error:
            verdict.update(passed=False, message=repr(error))
        if name not in answers:
            tell(verdict)
"""


def numpy_wheel():
    """Return the path of NumPy's wheel for Pyodide, or None."""
    return next((REPOSITORY.parent / "shared" / "pyodide").glob("numpy-*.whl"), None)


@contextmanager
def serve_mirror(wheel, sha256=None, gate=None):
    """Serve the book and NumPy's wheel, and yield the address and the list of requested paths.

    With the event `gate`, the course's own small wheel waits for it.
    """
    content = wheel.read_bytes()
    config = json.loads((HTML / CONFIG).read_text())
    numpy = config["lock"]["packages"]["numpy"]
    del config["files"][numpy["file_name"]]
    numpy |= {"file_name": f"../{BASE}/{wheel.name}", "sha256": sha256 or digest(content)}
    config["files"][numpy["file_name"]] = {"sha256": numpy["sha256"]}
    with _serve({CONFIG: json.dumps(config).encode(), f"{BASE}/{wheel.name}": content}, gate) as served:
        yield served


@contextmanager
def serve_without_numpy():
    """Serve the book with checks that need only Pyodide's core."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        wheel.writestr("bngrader/__init__.py", "")
        wheel.writestr("bngrader/check/in_browser.py", PLAIN_CHECK)
        wheel.writestr("bncourse-0.dist-info/METADATA", "Name: bncourse\nVersion: 0\n")
        wheel.writestr("bncourse-0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
    content = packed.getvalue()
    config = json.loads((HTML / CONFIG).read_text())
    packages = config["lock"]["packages"]
    del packages["numpy"]
    packages["bncourse"] |= {"depends": [], "sha256": digest(content)}
    config["files"][packages["bncourse"]["file_name"]] = {"bytes": len(content), "sha256": digest(content)}
    own = {CONFIG: json.dumps(config).encode(), f"check/{packages['bncourse']['file_name']}": content}
    with _serve(own) as served:
        yield served


@contextmanager
def _serve(own, gate=None):
    asked = []

    class Own(Quiet):
        def do_GET(self):
            path = self.path.lstrip("/")
            asked.append(path)
            if gate and path == COURSE:
                gate.wait()
            if path not in own:
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(path))
            self.send_header("Content-Length", str(len(own[path])))
            self.end_headers()
            self.wfile.write(own[path])

    with serve(Own) as site:
        yield site, asked


def need_wheel():
    """Return NumPy's wheel, or skip the test."""
    wheel = numpy_wheel()
    if wheel is None:
        pytest.skip("the NumPy part was not run: there is no NumPy wheel for Pyodide in ../shared/pyodide")
    return wheel
