"""The directive `check`: editors for the functions of a chapter's assignment, checked in the page with real NumPy.

    :::{check}
    :::

A page loads nothing for this until a reader opens an editor, and loads Python only at the first check. The build puts
the files for this into the folders `check/` and `pyodide/` of the book: the script with the editor, bundled by esbuild;
the functions of each assignment; a wheel with the parts of this course that checks need; and Pyodide's core, from npm.
NumPy's wheel comes from the address `check_numpy_base` in `_config.yml`, or `BNCOURSE_PYODIDE_BASE` in the build's
environment, and is used only if it matches Pyodide's lock file. A mirror with a different wheel must also state its
SHA-256, in `check_numpy_sha256` or `BNCOURSE_PYODIDE_SHA256`.
"""

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from wheel.wheelfile import WheelFile

from bngrader.authoring.browser_exercises import AssignmentExercises, Exercise, read_exercises

CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
PACKAGE = "bncourse-0-py3-none-any.whl"
COURSE_FILES = ("bnref/*.py", "bnref/core/*.py", "bngrader/__init__.py", "bngrader/check/**/*.py")
# The only script in a page until an editor is opened.
OPENER = """<script>
for (const details of document.querySelectorAll("details.course-check"))
  details.addEventListener("toggle", () => import("ROOTcheck/check.js").then((script) => script.open(details)).catch(
    () => details.append("The editor could not be loaded. Are you offline? Load the page again.")), {once: true});
</script>"""


class Check(SphinxDirective):
    """Editors for the functions of the assignment with the page's slug."""

    def run(self) -> list[nodes.Node]:
        """Read the students' notebook, and add a collapsed editor for each function."""
        slug = self.env.docname.rpartition("/")[2]
        notebook = Path(self.env.app.confdir, "exercises", slug, f"{slug}.ipynb")
        if not notebook.is_file():
            raise self.error(f"there is no assignment {slug!r}: {notebook} does not exist")
        self.env.note_dependency(str(notebook))
        found = read_exercises(notebook)
        root = "../" * self.env.docname.count("/")
        content = [*self.parse_text_to_nodes(_introduction(self.env.app))]
        for exercise in found.exercises:
            content += self._editor(found, exercise, f"{root}exercises/{slug}/{slug}.ipynb")
        content.append(_raw(OPENER.replace("ROOT", root)))
        editors = nodes.container("", *content, classes=["course-checks"], is_div=True)
        return [addnodes.only("", editors, expr="builder_html")]  # e-readers run no scripts

    def _editor(self, found: AssignmentExercises, exercise: Exercise, notebook: str) -> list[nodes.Node]:
        points = f"{exercise.points:g} points in the notebook"
        where = f", {points}" if not exercise.missing else f", {points}; needs {' and '.join(exercise.missing)}"
        text = f"{exercise.about}\n\n{_remarks(exercise, notebook)}"
        if not exercise.missing and found.common:
            text += f"\n\n{found.common}"
        summary = f"<summary><code>{exercise.name}</code>{escape(where)}</summary>"
        return [
            _raw(f'<details class="course-check" data-slug="{found.slug}" data-name="{exercise.name}">{summary}'),
            _raw("<noscript>This needs JavaScript.</noscript><template>"),
            *self.parse_text_to_nodes(text),
            _raw("</template></details>"),
        ]


def _introduction(app: Sphinx) -> str:
    core = sum((_pyodide(app) / name).stat().st_size for name in CORE) / 1e6
    return (
        "You can also write the functions here, and check them right away with the notebook's tests and hints. Your "
        f"code runs in your browser, in Python with NumPy. The first check loads Python ({core:.0f} MB) and NumPy, and "
        "later checks reuse them. Your browser keeps what you type, and nothing leaves it."
    )


def _remarks(exercise: Exercise, notebook: str) -> str:
    """Describe the differences between the page and the notebook for a function."""
    if exercise.missing:
        missing = " and ".join(exercise.missing)
        return f"It needs {missing}, which does not run in the page. Use {{download}}`the notebook <{notebook}>`."
    remarks = [f"The tests also call your `{name}`, which you wrote above." for name in exercise.needs]
    if any("quiet=True" in test.source for test in exercise.tests):
        remarks.append("Python in the page does not warn about division by 0, so only the notebook tests that part.")
    return " ".join(remarks)


def _raw(html: str) -> nodes.raw:
    return nodes.raw("", html, format="html")


def _pyodide(app: Sphinx) -> Path:
    folder = Path(app.confdir, "node_modules", "pyodide")
    if not folder.is_dir():
        raise ExtensionError(f"{folder} does not exist: run `make book`, or `npm ci` in {app.confdir}, and build again")
    return folder


def _put_in_place(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    home, check, core = Path(app.confdir), Path(app.outdir, "check"), Path(app.outdir, "pyodide")
    for folder in (check, core):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    for name in CORE:
        shutil.copy(_pyodide(app) / name, core)
    _bundle(home, check)
    shutil.copy(home / "book/_check/worker.mjs", check)
    shutil.copy(home / "book/_check/check.css", check)
    for notebook in sorted(home.glob("exercises/*/*.ipynb")):
        (check / f"{notebook.stem}.json").write_text(json.dumps(read_exercises(notebook).for_page()))
    write_wheel(home, check / PACKAGE)
    lock = json.loads((_pyodide(app) / "pyodide-lock.json").read_text())
    (check / "config.json").write_text(json.dumps(config(check, core, lock, app.config)))


def _bundle(home: Path, into: Path) -> None:
    command = ["node_modules/.bin/esbuild", "book/_check/check.mjs", "--bundle", "--minify", "--format=esm"]
    options = ["--target=es2022", "--log-level=warning", f"--outfile={into / 'check.js'}"]
    subprocess.run([*command, *options], cwd=home, check=True)


def write_wheel(home: Path, path: Path) -> None:
    """Write a wheel with the students' part of `bngrader` and `bnref`'s functions in NumPy."""
    about = {
        "METADATA": "Metadata-Version: 2.1\nName: bncourse\nVersion: 0\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: bncourse\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with WheelFile(str(path), "w", zipfile.ZIP_DEFLATED) as wheel:
        for source in sorted(source for pattern in COURSE_FILES for source in home.glob(pattern)):
            wheel.writestr(source.relative_to(home).as_posix(), source.read_bytes())
        for file, text in about.items():
            wheel.writestr(f"{wheel.dist_info_path}/{file}", text)


def config(check: Path, core: Path, lock: dict[str, Any], settings: Config) -> dict[str, Any]:
    """Build the worker's configuration: the lock file of its packages, and sizes and digests of all files by path."""
    base = os.environ.get("BNCOURSE_PYODIDE_BASE") or settings.check_numpy_base
    digest = os.environ.get("BNCOURSE_PYODIDE_SHA256") or settings.check_numpy_sha256
    numpy = lock["packages"]["numpy"]
    numpy |= {"file_name": f"{base.rstrip('/')}/{numpy['file_name']}", "sha256": digest or numpy["sha256"]}
    files = {f"../pyodide/{name}": _file(core / name) for name in CORE} | {PACKAGE: _file(check / PACKAGE)}
    course = numpy | {"name": "bncourse", "version": "0", "file_name": PACKAGE, "sha256": files[PACKAGE]["sha256"]}
    course |= {"imports": ["bngrader", "bnref"], "depends": ["numpy"]}
    return {
        "files": files | {numpy["file_name"]: {"sha256": numpy["sha256"]}},
        "lock": {"info": lock["info"], "packages": {"numpy": numpy, "bncourse": course}},
    }


def _file(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive, its settings, and the step that writes its files."""
    app.add_directive("check", Check)
    app.add_config_value("check_numpy_base", "", "html", [str])
    app.add_config_value("check_numpy_sha256", "", "html", [str])
    app.connect("build-finished", _put_in_place)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
