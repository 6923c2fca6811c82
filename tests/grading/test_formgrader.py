"""Tests that nothing in a submission can act in Formgrader, with a real class, JupyterLab and browser."""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from tests.conftest import REPOSITORY, free_port, jupyter_lab
from tests.grading import sample_class
from tests.grading.commands import (
    BIN,
    configuration_of_the_book,
    gradebook,
    graded_notebook,
    hand_in,
    records,
    records_in,
)

TOKEN = "of-the-grader"
RAN = "ran-as-the-grader.txt"
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ACTS = f"""<script>document.title = "ran";
fetch("/api/contents/{RAN}", {{method: "PUT", credentials: "include", body: JSON.stringify({{type: "file",
format: "text", content: "x"}}), headers: {{"X-XSRFToken": (document.cookie.match("_xsrf=([^;]*)") || [])[1]}}}})
</script>"""
PYTHON = f"import pathlib\npathlib.Path({RAN!r}).write_text('x')\n"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:h="http://www.w3.org/1999/xhtml">{ACTS.replace("<", "<h:", 1)}'
BESIDE = {
    "drawing.html": ACTS,
    "drawing.HTML ": ACTS,
    "drawing.svg": SVG.replace("</script>", "</h:script></svg>"),
    "drawing.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><head>{ACTS}</head></html>',
    "page/drawing.png.html": ACTS,
    "nbgrader_config.py": PYTHON,
    "ipykernel_launcher.py": PYTHON,
}
IDS = [cell.id for cell in sample_class.handed_out().cells if cell.metadata.nbgrader.grade]
OWN_CELL = """<div class="nbgrader_cell">IDS<input class="score tabbable" value="20">
<details class="full-credit" open><summary class="full-credit">Notes</summary>mine</details>
<button class="full-credit">Full</button></div></div></div>
""".replace("IDS", "".join(f'<span id="{name}"></span>' for name in IDS))
TRICKS = """
See [my drawing](drawing.html), <a href="drawing.svg">this</a>, <a href="http:drawing.html">this</a>,
<a href="//other.example/">this</a>, <a href="https:///formgrader">this</a>, 
[data](data:text/html,<script>1</script>),
[go](javascript:fetch('/api')), <a href="java&#10;script:fetch('/api')">go</a>, [log out](/logout),
[top](#test_standardize), [log out](http://127.0.0.1:PORT/logout), [log out](http://localhost:PORT/logout),
<a href="http://NUMBER:PORT/logout">this</a>, <a href="http:\\\\127.0.0.1:PORT\\logout">this</a>,
<a href="http://source.example@127.0.0.1:PORT/logout" ping="/logout" download>this</a>
and [the source](https://source.example/page "a title").

![](/logout) ![](http://other.example/a.png) ![x](//other.example/b.png) 
<img src="https://other.example/c.png" srcset="/logout 2x"> <img src=x onerror="fetch('/api')">
<img src="data:image/svg+xml;base64,PHN2Zy8+"> ![a figure](attachment:figure.svg)
<picture><source srcset="https://other.example/d.png"></picture>

<div class="full-credit" id="test_standardize" onclick="fetch('/api')">The whole answer</div>
<details class="full-credit" ontoggle="fetch('/api')"><summary class="no-credit">Notes</summary>mine</details>

<form action="/api/contents" method="post">
<input name="x" autofocus onfocus="fetch('/api')"><button>Send</button></form>
<iframe src="/logout"></iframe><object data="/logout"></object><embed src="/logout">
<video src="/logout" autoplay></video>
<svg><a href="/logout"><text y="20">a</text></a><image href="/logout"/><animate onbegin="fetch('/api')"/></svg>
<math><mtext><a href="javascript:fetch('/api')">x</a></mtext></math><base href="https://other.example/">
<meta http-equiv="refresh" content="0;url=/logout"><link rel="stylesheet" href="https://other.example/e.css">
<style>body { background: url(https://other.example/f.png) }</style><b style="background: url(/logout)">bold</b>
<span data-toggle="tooltip" data-link="/logout" title="x">span</span>

$\\href{javascript:fetch('/api')}{x}$ $\\class{full-credit}{y}$ $\\cssId{test_standardize}{z}$ $\\style{color: red}{w}$
$\\hr<!-- -->ef{/logout}{v}$ $\\text{<img src=/logout>}$
![$\\text{" onerror="fetch(1)}$](attachment:x.png) $\\frac{1}{2}$
$$\\raise 100em {\\rule{1000em}{1000em}}$$

<div style="position: fixed; inset: 0; z-index: 9999" class="navbar-fixed-top modal help">An overlay</div>
<button onclick="fetch('/api')" class="mark-graded">Resolve</button>
<area href="/logout"><label for="test_standardize">x</label>
<img src="attachment:dot.png" usemap="#m" width="9999%" height="99999" onload="fetch('/api')">
"""
SHOWS = """from IPython.display import HTML, Javascript, Latex, Markdown, SVG, display
display(HTML('<div class="full-credit" id="test_standardize">x</div><script>fetch("/api")</script>'))
display(Javascript('fetch("/api")'), SVG('<svg xmlns="http://www.w3.org/2000/svg" onload="fetch(1)"></svg>'))
display(Latex("<img src=/logout>"), Markdown("<img src=/logout>"))
print('\\x1b]8;;/logout\\x07link\\x1b]8;;\\x07 <img src=/logout>')
display({"application/vnd.jupyter.widget-view+json": {"model_id": "x", "version_major": 2}}, raw=True)
raise ValueError("<img src=/logout>")
"""
# Outputs as a notebook has them that something else than this package graded.
FOREIGN = [
    {"text/html": f'<div class="full-credit" id="test_standardize">x</div>{ACTS}<img src="/logout">'},
    {"application/javascript": "document.title = 'ran'"},
    {"image/svg+xml": SVG},
    {"text/markdown": "<img src=/logout>"},
    {"text/latex": "<img src=/logout>"},
    {"application/vnd.jupyter.widget-view+json": {"model_id": "</script><img src=/logout>"}},
    {"image/png": 'x"><img src="/logout">'},
]
EVIL_ID = "<img src=x onerror=document.title='ran'>"


def hostile(port):
    notebook = sample_class.handed_out()
    for cell in notebook.cells:
        cell.metadata.tags = ['"><img src="/logout">']
        if cell.id == sample_class.WRITTEN:
            cell.source = TRICKS.replace("PORT", str(port)).replace("NUMBER", str(0x7F000001))
            cell.attachments = {
                "figure.svg": {"image/svg+xml": "PHN2Zy8+", "text/html": "PHN2Zy8+"},
                "dot.png": {"image/png": DOT},
            }
    notebook.metadata.title = notebook.metadata.widgets = {"x": "</title><img src='/logout'>"}
    own = [new_markdown_cell(OWN_CELL), new_code_cell(SHOWS), new_raw_cell(TRICKS)]
    own[1].metadata = nbformat.from_dict({"magics_language": '"><img src="/logout">', "tags": ["full-credit"]})
    notebook.cells = [*own, *notebook.cells]
    return notebook


def foreign(notebook):
    """Return a graded notebook as if nothing had reduced it."""
    outputs = [
        new_output("display_data", data=data, metadata={"image/png": {"width": '"><img src="/logout">'}})
        for data in FOREIGN
    ]
    widgets = {"application/vnd.jupyter.widget-state+json": {"x": "</script><img src=/logout>"}}
    notebook.metadata.update(nbformat.from_dict({"title": "</title><img src=/logout>", "widgets": widgets}))
    notebook.cells += [
        new_code_cell("show()", outputs=outputs, metadata={"tags": ['"><img src="/logout">']}),
        new_raw_cell(OWN_CELL, metadata={"raw_mimetype": "text/html"}),
        new_markdown_cell(OWN_CELL, metadata={"tags": ['"><img src="/logout">']}),
    ]
    return notebook


def innocent():
    """Return a notebook with pictures as JupyterLab and Colab leave them.

    JupyterLab loses the file of a pasted picture when its text is copied to another cell; Colab writes a data URL.
    """
    text = f"![the figure](attachment:image.png)\n\nand ![a dot](data:image/png;base64,{DOT})"
    notebook = sample_class.filled_in(written_new_patient=text)
    notebook.cells.append(new_markdown_cell("![another](attachment:gone.png)"))
    return notebook


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def course(tmp_path_factory, port):
    """Return the folder of a graded class, configured as in the guide for instructors."""
    folder = tmp_path_factory.mktemp("class")
    (folder / "nbgrader_config.py").write_text(configuration_of_the_book(REPOSITORY))
    notebooks = {"mal": hostile(port), "zoe": innocent(), "old": innocent(), EVIL_ID: innocent()}
    for student, notebook in notebooks.items():
        hand_in(folder, student, json.dumps(notebook))
    for name, text in BESIDE.items():
        path = folder / "submitted/mal/scaling" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    records(folder)
    nbformat.write(foreign(graded_notebook(folder, "old")), folder / "autograded/old/scaling/scaling.ipynb")
    return folder


@pytest.fixture(scope="module")
def lab(course, port):
    with jupyter_lab(course, BIN, port, TOKEN) as address:
        yield address


@pytest.fixture
def context(chromium, lab):
    """Yield a browser of a grader who is logged in; it reaches only this host, and collects its requests in `asked`."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{lab}/formgrader/gradebook?token={TOKEN}")
    page.close()
    assert is_logged_in(context, lab)
    context.asked = []
    context.on("request", lambda request: context.asked.append(request))
    context.route(lambda url: urlsplit(url).hostname != "127.0.0.1", lambda route: route.abort())
    yield context
    context.close()


def is_logged_in(context, lab):
    page = context.new_page()
    page.goto(f"{lab}/formgrader/gradebook")
    allowed = page.evaluate("fetch('/formgrader/api/assignments').then(answer => [answer.status, answer.redirected])")
    page.close()
    return allowed == [200, False]


def scores(course, student):
    with gradebook(course) as book:
        grades = book.find_submission_notebook("scaling", "scaling", student).grades
        return {grade.name: (grade.auto_score, grade.manual_score, grade.extra_credit) for grade in grades}


def address_of(lab, course, student):
    with gradebook(course) as book:
        return f"{lab}/formgrader/submissions/{book.find_submission_notebook('scaling', 'scaling', student).id}/"


def opened(context, address):
    """Open a submission's page and wait for its scores and comments, so that its buttons are ready."""
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda fault: faults.append(fault))
    page.goto(address)
    page.wait_for_function("formgrader.loaded && formgrader.grades.loaded && formgrader.comments.loaded")
    page.wait_for_function("MathJax.loaded")
    assert faults == []
    return page


def files(course):
    return {path for path in course.rglob("*") if ".jupyter" not in path.parts and not path.match("gradebook.db*")}


def save_a_comment(page):
    """Write a comment as a person would. Its answer shows that all earlier requests have reached the server."""
    box = page.locator("textarea.comment").last
    with page.expect_response(lambda answer: answer.request.method == "PUT") as saved:
        box.fill("Read.")
        box.blur()
    assert saved.value.ok


@pytest.mark.parametrize("student", ["mal", "old"])
def test_clicks_on_a_students_text_do_nothing(course, lab, context, student):
    before, there, address = scores(course, student), files(course), address_of(lab, course, student)
    page = opened(context, address)
    shown = page.locator("#notebook-container").locator(".text_cell_render *:not(math *), .output *")
    assert shown.count() > 50
    for element in shown.element_handles():
        if element.is_visible():
            element.scroll_into_view_if_needed()
            element.click(force=True, no_wait_after=True)
        element.dispatch_event("click")
        for other in context.pages[1:]:  # a browser slows down a page behind another
            other.close()
        assert re.split("[?#]", page.url)[0] == address
    save_a_comment(page)
    writes = [request.url for request in context.asked if request.method != "GET"]
    assert len(writes) == 1
    assert scores(course, student) == before
    assert files(course) == there
    assert is_logged_in(context, lab)
    assert page.title() != "ran"
    assert {urlsplit(request.url).hostname for request in context.asked if request.frame.page == page} == {"127.0.0.1"}
    assert not [
        request.url for request in context.asked if re.search(r"/logout|drawing|\.png|/api\b(?!/)", request.url)
    ]


def test_students_html_has_none_of_formgraders_names(course, lab, context):
    page = opened(context, address_of(lab, course, "mal"))
    for name in IDS:
        assert page.locator(f"#{name}").count() == 1
    students = page.locator("#notebook-container").locator(".text_cell_render, .output")
    others = "[class*=credit], [id], input, button, form, iframe, svg, script, style, .text_cell_render [style]"
    assert students.locator(others).evaluate_all("all => all.map(element => element.outerHTML)") == []
    assert students.locator("[class]:not([class*=output], [class*=ansi], [class*=prompt])").count() == 0
    links = students.locator("a[href^=http]").evaluate_all("all => all.map(a => [a.href, a.target, a.rel])")
    assert ["https://source.example/page", "_blank", "noopener noreferrer nofollow"] in links
    assert {link[0] for link in links} == {"https://source.example/page"}
    assert students.locator("math mfrac").first.is_visible()
    assert students.locator("math [href], math [class], math [style]").count() == 0


def test_formgraders_own_page_works_without_mathjax(course, lab, context):
    page = opened(context, address_of(lab, course, "mal"))
    assert page.evaluate("document.activeElement.classList.contains('tabbable')")
    page.locator(".glyphicon-eye-open.name-hidden").click()
    page.locator("a.name-shown").wait_for()
    page.keyboard.press("Tab")
    assert page.locator(f"#{IDS[0]}").is_visible()


def test_a_script_in_a_submissions_page_does_not_run(course, lab, context):
    """Test the page's policy, which would stop a text of a student that got through the cleaning."""
    page = opened(context, address_of(lab, course, "mal"))
    page.evaluate(
        """() => {
            window.refused = [];
            document.addEventListener("securitypolicyviolation", event => refused.push(event.effectiveDirective));
            document.body.append(Object.assign(document.createElement("script"), {textContent: "window.ran = 1"}));
            document.body.insertAdjacentHTML("beforeend", '<b onclick="window.ran = 1">x</b>');
            document.body.lastElementChild.click();
        }"""
    )
    page.wait_for_function("refused.length == 2")
    assert page.evaluate("[window.ran, ...refused]") == [None, "script-src-elem", "script-src-attr"]


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("manage_submissions/scaling", marks=pytest.mark.slow),
        "gradebook/scaling/scaling",
        pytest.param("manage_students", marks=pytest.mark.slow),
        f"manage_students/{quote(EVIL_ID)}",
        pytest.param(f"manage_students/{quote(EVIL_ID)}/scaling", marks=pytest.mark.slow),
        "manage_students/%22;document.title='ran';%22",
    ],
)
def test_a_name_is_only_text_in_formgraders_pages(course, lab, context, place):
    page = context.new_page()
    with page.expect_response(lambda answer: "/formgrader/api/" in answer.url):
        page.goto(f"{lab}/formgrader/{place}")
    page.locator("#main-table tr").first.wait_for()
    page.wait_for_load_state("networkidle")
    assert page.locator("img").count() == 0
    assert page.title() != "ran"
    assert {urlsplit(request.url).hostname for request in context.asked} == {"127.0.0.1"}


def test_a_name_is_only_text_in_the_page_of_a_submission(course, lab, context):
    page = opened(context, address_of(lab, course, EVIL_ID))
    assert page.locator("nav img").count() == 0
    assert page.title() == "scaling"
    assert EVIL_ID in page.locator("a.name-shown").inner_text()


def test_a_submissions_page_loads_no_remote_picture(course, lab, context):
    page = opened(context, address_of(lab, course, "mal"))
    page.evaluate(
        """() => {
            document.addEventListener("securitypolicyviolation", event => window.refused = event.effectiveDirective);
            document.body.append(Object.assign(new Image(), {src: "/logout"}));
        }"""
    )
    assert page.wait_for_function("window.refused").json_value() == "img-src"


@pytest.mark.parametrize("name", [name for name in BESIDE if "drawing" in name])
def test_a_submitted_page_runs_no_script(course, lab, context, name):
    brought = course / "autograded/mal/scaling" / name
    assert not brought.exists()
    assert Path(f"{brought}.txt").read_text() == BESIDE[name]
    brought.write_text(BESIDE[name])  # as if an earlier version or a person had copied it
    page, there = context.new_page(), files(course)
    for asked in (name, f"{name}.txt"):
        answer = page.goto(address_of(lab, course, "mal") + asked)
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert page.title() != "ran"
    brought.unlink()
    assert files(course) == there - {brought}


@pytest.mark.parametrize("place", ["submitted/mal/scaling", "autograded/mal/scaling", "/tmp"])
def test_formgrader_opens_no_course_of_a_student(course, lab, context, place):
    answer = context.new_page().goto(f"{lab}/formgrader?path={place}")
    assert answer.status == 403
    assert not (course / RAN).exists()


def test_formgrader_opens_the_course_by_its_path(course, lab, context):
    page = context.new_page()
    page.goto(f"{lab}/formgrader?path={course}")
    page.get_by_role("link", name="scaling").first.wait_for()


def test_a_graded_notebooks_kernel_imports_no_student_file(course):
    command = [sys.executable, "-m", "ipykernel_launcher", "--version"]
    subprocess.run(command, cwd=course / "autograded/mal/scaling", capture_output=True, check=True)
    assert not (course / "autograded/mal/scaling" / RAN).exists()


def test_a_missing_attachment_costs_nothing(course, lab, context):
    zoe = records_in(course)["zoe"]
    assert (zoe["status"], zoe["score"]) == ("needs_manual", 15)
    page = opened(context, address_of(lab, course, "zoe"))
    for name in ("the figure", "another"):
        page.get_by_text(f"[{name} (its file is missing)]").wait_for()
    assert page.get_by_alt_text("a dot").evaluate("picture => picture.naturalWidth") == 1
    feedback = (course / "feedback/zoe/scaling/scaling.html").read_text()
    assert "[the figure (its file is missing)]" in feedback
    assert DOT in feedback
