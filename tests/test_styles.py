"""Tests that `make lint` reads every style sheet and finds faults in it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, lacking
from tests.test_house import tracked

NODE = Path(sys.executable).parent / "node"
LINT = REPOSITORY / "node_modules" / "stylelint" / "bin" / "stylelint.mjs"
COURSE = REPOSITORY / "book" / "_static" / "course.css"
CSS = COURSE.read_text()
BEFORE, ENTRY, AFTER = CSS.partition("}\n.course-widget .entry.picked text {")
FAULTS = {
    "the closing brace of a rule is missing": BEFORE + ENTRY.removeprefix("}\n") + AFTER,
    "a closing brace is in the wrong place": BEFORE + ENTRY.removeprefix("}\n") + AFTER + "}\n",
    "a property is unknown": CSS.replace("stroke-width: 2;", "stroke-with: 2;"),
    "a color is invalid": CSS.replace("fill: transparent;", "fill: #0072b;"),
    "a rule appears twice": CSS + "\n.course-widget .moved {\n  fill: var(--moved);\n}\n",
}


def lint(*arguments, **options):
    if not LINT.is_file():
        lacking("stylelint", "run make book first")
    return subprocess.run([NODE, LINT, *arguments], cwd=REPOSITORY, capture_output=True, text=True, **options)


def test_make_lint_reads_every_style():
    (pattern,) = re.findall(r'stylelint "(.+)"', (REPOSITORY / "Makefile").read_text())
    read = lint(pattern, "--formatter=json")
    assert read.returncode == 0, read.stderr
    for name in tracked():
        if name.endswith(".css"):
            assert f'"source":"{REPOSITORY / name}"' in read.stdout + read.stderr


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_style_fails_the_lint(fault):
    assert FAULTS[fault] != CSS
    assert lint(f"--stdin-filename={COURSE}", input=FAULTS[fault]).returncode == 2


def test_no_template_has_styles_that_the_lint_misses():
    templates = [name for name in tracked() if name.endswith((".j2", ".html"))]
    assert len(templates) >= 4
    for name in templates:
        text = (REPOSITORY / name).read_text()
        for styles in re.findall(r"<style>(.*?)</style>|{% block styles %}(.*?){% endblock %}", text, re.DOTALL):
            assert re.sub(r"{%.*?%}|{{.*?}}", "", "".join(styles)).strip() == "", name
