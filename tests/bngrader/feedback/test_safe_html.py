"""Tests that nothing in a student's notebook can run in the grader's browser."""

import re

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions.formgrader.handlers import static_path, template_path
from traitlets.config.loader import PyFileConfigLoader

from bngrader.feedback.hide_tests import Shown, hide_tests
from bngrader.feedback.page import page
from bngrader.feedback.safe_html import reduced
from tests.conftest import REPOSITORY

ACTS = re.compile(r"<script>fetch|<[^>]*(?:onerror|onmouseover)\s*=|href=\W*javascript:|<iframe|<object|<form", re.I)
WRITTEN = [
    "<script>fetch('/api')</script>",
    "<img src=x onerror=fetch('/api')>",
    "[a link](javascript:fetch('/api'))",
    "<a href='javascript:fetch(1)'>a link</a>",
    "<iframe src='/api'></iframe><object data=x></object><form action=/api></form>",
    "![x](attachment:x.png)",
    "`code` $a<b$ <b onmouseover=x onerror = y>bold</b>",
]
SHOWN = [
    {"text/html": "<script>fetch('/api')</script>", "text/plain": "a table"},
    {"application/javascript": "<script>fetch('/api')</script>"},
    {"image/svg+xml": "<svg onerror=fetch(1)><script>fetch('/api')</script></svg>"},
    {"text/latex": "<script>fetch('/api')</script>"},
    {"text/markdown": "<script>fetch('/api')</script>"},
    {"image/png": '"><script>fetch(1)</script>'},
    {"image/png": "é"},
]


@pytest.fixture(scope="module")
def graded():
    cells = [new_markdown_cell(text) for text in WRITTEN]
    cells[5]["attachments"] = {"x.png": {"image/png": '"><script>fetch(1)</script>'}}
    metadata = {"image/png": {"width": '"><script>fetch(1)</script>', "alt": '"><script>fetch(1)</script>'}}
    outputs = [new_output("display_data", data=data, metadata=metadata) for data in SHOWN]
    outputs.append(new_output("display_data", data={"image/png": "aGk="}))
    outputs.append(new_output("error", ename="<script>fetch(1)", evalue="x", traceback=["<script>fetch(1)</script>"]))
    return hide_tests(new_notebook(cells=[*cells, new_code_cell("show()", outputs=outputs)]))


def test_the_feedback_page_shows_markup_as_text(graded):
    html = page(graded, "scaling", Shown({}, {}))
    assert ACTS.findall(html) == []
    assert "&lt;script&gt;fetch(" in html
    assert "<b>bold</b>" in html
    assert "$a&lt;b$" in html
    assert 'src="data:image/png;base64,aGk="' in html
    assert "a table" in html


def test_formgrader_does_not_run_it_either(graded):
    config = PyFileConfigLoader("nbgrader_config.py", path=str(REPOSITORY)).load_config()
    html, _ = HTMLExporter(config=config).from_notebook_node(graded)
    assert ACTS.findall(html) == []
    assert "&lt;script&gt;fetch(" in html


def test_a_graded_notebook_holds_only_text_and_pictures(graded):
    shown = [set(output.data) for output in graded.cells[-1].outputs if "data" in output]
    assert shown == [{"text/plain"}, {"image/png"}]
    nbformat.validate(graded)


@pytest.mark.parametrize("template", ["formgrade", "feedback"])
def test_nbgraders_pages_load_nothing_from_elsewhere(graded, template):
    config = PyFileConfigLoader("nbgrader_config.py", path=str(REPOSITORY)).load_config()
    config.HTMLExporter.template_name = template
    course = CourseDirectory(config=config)
    exporter = GenerateFeedback(coursedir=course, config=config).exporter_class(
        config=config,
        extra_template_basedirs=[template_path],
        extra_template_paths=[f"{static_path}/node_modules/bootstrap/dist/css"],
    )
    names = {"notebook": "a", "late_penalty": 0, "score": 0, "max_score": 0}
    resources = {"index": 0, "total": 1, "base_url": "", "nbgrader": names}
    html, _ = exporter.from_notebook_node(graded, resources)
    assert "<b>bold</b>" in html
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//[^"' >]*|@import|url\(["']?https?:[^)]*""", html) == []


def test_a_notebook_is_reduced_whoever_graded_it():
    outputs = [new_output("display_data", data={"text/html": "<b class=x>"}), new_output("display_data", data=SHOWN[0])]
    code = new_code_cell("show()", outputs=outputs, metadata={"tags": ["x"], "nbgrader": {"grade_id": "a"}})
    raw = new_raw_cell("<b id=x>", metadata={"raw_mimetype": "text/html"})
    shown = reduced(new_notebook(cells=[code, raw], metadata={"title": "x", "widgets": {"x": 1}}))
    assert shown.metadata == {}
    assert shown.cells[0].metadata == {"nbgrader": {"grade_id": "a"}}
    assert [set(output.data) for output in shown.cells[0].outputs] == [{"text/plain"}]
    assert shown.cells[1].cell_type == "markdown"
