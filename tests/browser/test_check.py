"""Tests of every editor under the assignments in a real browser, with Python and NumPy in the page."""

import os
import re
import subprocess
import sys

import pytest

from tests.bngrader.check.test_in_browser import ITEMS, hints_for
from tests.browser.conftest import HTML
from tests.browser.editor import Editor
from tests.browser.mirror import need_wheel, serve_mirror, serve_without_numpy
from tests.conftest import REPOSITORY
from tests.solutions.runner import RIGHT, SLUGS, answers, cells, functions

WORKS = "def standardize(x):\n    return x\n"
HANGS = "def standardize(x):\n    return x\n\nwhile True:\n    pass\n"
LOADED = re.compile(r"^(pyodide|check|mirror)/")


@pytest.fixture(scope="module")
def mirror():
    """Serve the book with a NumPy mirror, and yield its address and the list of requested paths."""
    with serve_mirror(need_wheel()) as served:
        yield served


@pytest.fixture(scope="module")
def plain():
    """Serve the book with checks that need no NumPy."""
    with serve_without_numpy() as served:
        yield served


@pytest.fixture(scope="module")
def chapters(mirror, browse):
    """Pages of the chapters with NumPy, each opened once."""
    pages = {}

    def chapter(slug):
        if slug not in pages:
            pages[slug] = browse(mirror[0], slug)
        return pages[slug]

    yield chapter
    assert {slug: page.watch.faults for slug, page in pages.items() if page.watch.faults} == {}


def first_named(slug, function):
    """Return the first known mistake that the visible tests name."""
    for answer in answers(slug, every_way=False):
        wrong = answer.function == function and answer.kind != RIGHT
        if wrong and hints_for(slug, function, answer) == {answer.hint}:
            return answer
    raise AssertionError(f"no visible test of {function} names a mistake")


# `make test` tries functions that need no other, and one that does. Few chapters, because each starts a Python.
TRIED = [("scaling", "standardize"), ("scaling", "min_max_scale"), ("cnn", "batch_norm2d_backward")]


@pytest.mark.parametrize(
    ("slug", "function"),
    [*TRIED, *(pytest.param(*item, marks=pytest.mark.slow) for item in ITEMS if item not in TRIED)],
)
def test_solution_stub_and_known_mistake_get_their_verdicts(chapters, slug, function):
    page, mistake = chapters(slug), first_named(slug, function)
    tests = len(ITEMS[slug, function][1].tests)
    for needed in ITEMS[slug, function][1].needs:
        Editor(page, needed).write(cells(slug)[needed].source)
    editor = Editor(page, function)

    editor.run()
    assert editor.verdicts(".pass").count() == 0
    assert editor.verdicts().filter(has_text="is not written yet").count() in (1, tests)

    assert editor.check(cells(slug)[function].source).startswith(f"All {tests} tests pass")
    assert editor.verdicts(".pass").count() == tests

    for needed in ITEMS[slug, function][1].needs:
        Editor(page, needed).write(mistake.sources[needed])
    assert editor.check(mistake.sources[function]).endswith(f" of {tests} tests pass.")
    hints = editor.part.locator(".advice").all_inner_texts()
    assert set(hints) == {f"Hint: {mistake.hint}"}


@pytest.mark.parametrize("slug", SLUGS)
def test_every_chapter_lists_all_functions_of_its_assignment(browse, plain, slug):
    page = browse(plain[0], slug)
    parts = page.locator("details.course-check")
    assert parts.evaluate_all("parts => parts.map((part) => part.dataset.name)") == functions(slug)
    for function in set(functions(slug)) - {name for where, name in ITEMS if where == slug}:
        part = page.locator(f"details.course-check[data-name={function}]")
        assert "needs" in part.locator("summary").inner_text()
        part.locator("summary").click()
        link = part.get_by_role("link", name="the notebook")
        link.wait_for()
        assert "torch, which does not run in the page" in part.inner_text()
        assert part.locator(".cm-content").count() == 0
        assert page.request.get(link.evaluate("link => link.href")).json()["nbformat"] == 4
    assert page.watch.faults == []


def test_an_error_shows_the_editors_lines_and_the_output(chapters):
    editor = Editor(chapters("scaling"), "standardize")
    assert (
        editor.check("def standardize(x):\n    print('seen', x.shape)\n    return x.middle\n") == "0 of 3 tests pass."
    )
    said = editor.verdicts().first.inner_text()
    assert 'File "standardize.py", line 3, in standardize' in said
    assert "seen (3, 2)" in said
    assert editor.check("def standardize(x)\n    return x\n") == "Your code could not be run."
    assert 'File "standardize.py", line 1' in editor.verdicts().first.inner_text()


@pytest.mark.parametrize(
    ("slug", "function", "tested"), [("batches", "count_iterations", False), ("batches", "merge_statistics", True)]
)
def test_only_tests_of_warnings_mention_that_pages_have_none(chapters, slug, function, tested):
    editor = Editor(chapters(slug), function)
    assert any("quiet=True" in test.source for test in ITEMS[slug, function][1].tests) == tested
    assert ("does not warn about division by 0" in editor.part.inner_text()) == tested
    editor.check("import numpy as np\nprint(np.ones(1) / np.zeros(1))\n")
    assert editor.verdicts(".ran").locator("pre").inner_text().strip() == "[inf]"


def test_python_loads_once_and_after_the_first_click(browse, mirror):
    site, asked = mirror
    page = browse(site)
    loaded = page.evaluate("performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname)")
    assert [path for path in loaded if LOADED.match(path.lstrip("/"))] == []

    editor = Editor(page, "standardize")
    page.evaluate("""() => {
        const label = document.querySelector('details[data-name=standardize] .loading');
        window.shown = [];
        new MutationObserver(() => shown.push([label.hidden, label.innerText]))
            .observe(label, {subtree: true, childList: true, characterData: true, attributes: true});
    }""")
    editor.run()
    shown = page.evaluate("shown")
    texts = [text.strip() for hidden, text in shown if not hidden]
    assert re.fullmatch(r"(1\d\.\d) of \1 MB", texts[-1]), texts[-1]
    assert f"about {round(float(texts[-1].split()[0]))} MB" in (REPOSITORY / "book" / "students.md").read_text()
    assert len(set(texts)) > 10
    assert shown[-1][0], "the bar is hidden when all is there"

    before = len(asked)
    page.reload(wait_until="networkidle")
    again = Editor(page, "standardize")
    assert again.run().startswith("0 of 3")
    large = re.compile(r"\.(wasm|zip|whl)$")
    assert [path for path in asked[before:] if large.search(path)] == []
    assert page.watch.faults == []


def test_typed_text_is_kept_and_can_be_reset_and_downloaded(browse, plain):
    page = browse(plain[0])
    editor = Editor(page, "standardize")
    stub = editor.text()
    assert stub == ITEMS["scaling", "standardize"][1].stub
    editor.write(WORKS)
    page.reload(wait_until="networkidle")
    editor = Editor(page, "standardize")
    assert editor.text() == WORKS
    editor.part.get_by_role("button", name="Reset").click()
    assert editor.text() == stub
    editor.code.focus()
    page.keyboard.press("ControlOrMeta+z")
    assert editor.text() == WORKS
    assert Editor(page, "min_max_scale").text() == ITEMS["scaling", "min_max_scale"][1].stub
    assert page.watch.faults == []


def test_an_endless_loop_is_stopped_and_the_page_recovers(browse, plain):
    page = browse(plain[0])
    editor = Editor(page, "standardize")
    assert "ran for more than 10 seconds" in editor.check(HANGS)
    assert editor.text() == HANGS
    assert editor.check(WORKS).startswith("All 3 tests pass")
    assert page.watch.faults == []


CUTS = ["worker.mjs", *(pytest.param(file, marks=pytest.mark.slow) for file in ("pyodide.mjs", "pyodide.asm.wasm"))]


@pytest.mark.parametrize("cut", CUTS)
def test_a_lost_connection_is_reported_and_loses_no_text(browse, plain, cut):
    page = browse(plain[0])
    editor = Editor(page, "standardize")
    editor.write(WORKS)
    page.route(f"**/{cut}", lambda route: route.abort())
    said = editor.run()
    assert "Are you offline?" in said
    assert "What you typed is safe in this browser." in said
    page.unroute(f"**/{cut}")
    assert editor.run().startswith("All 3 tests pass")
    assert editor.text() == WORKS


def test_an_editor_that_cannot_load_offline_says_so(browse, plain):
    page = browse(plain[0])
    page.context.set_offline(True)
    part = page.locator("details.course-check").first
    part.locator("summary").click()
    part.get_by_text("The editor could not be loaded. Are you offline?").wait_for()


def test_a_file_with_a_wrong_checksum_is_rejected(browse):
    with serve_mirror(need_wheel(), sha256="0" * 64) as (site, _):
        editor = Editor(browse(site), "standardize")
        said = editor.run()
        assert "is not the one that this book was built with, so it was not used" in said
        assert "numpy" in said
        assert editor.verdicts().count() == 0


def test_a_mirror_without_the_file_is_reported(browse, plain):
    site, _ = plain
    page = browse(site)
    page.route("**/*.whl", lambda route: route.fulfill(status=404))
    assert "could not be loaded: the server answered 404." in Editor(page, "standardize").run()


def test_the_keyboard_reaches_every_control_in_order(browse, plain):
    page = browse(plain[0], formulas=True)
    page.locator("details.course-check summary").first.focus()
    page.keyboard.press("Enter")
    editor = Editor(page, "standardize")
    page.locator("details.course-check summary").first.focus()
    for _ in range(40):  # past the formulas, which MathJax makes reachable by keyboard
        page.keyboard.press("Tab")
        if page.evaluate("!document.activeElement.matches('mjx-container')"):
            break
    assert page.evaluate("document.activeElement.ariaLabel") == "Your standardize"
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("def standardize(x):\n\treturn x")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    names = []
    for _ in range(3):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent"))
    assert names == ["Run & check", "Reset", "Download standardize.py"]
    editor.code.focus()
    page.keyboard.press("Control+Enter")
    assert editor.ended().startswith("All 3 tests pass")
    assert page.watch.faults == []


def test_the_pages_wheel_needs_no_other_part_of_the_course(tmp_path):
    (wheel,) = (HTML / "check").glob("*.whl")
    imports = "import bnref.scaling, bngrader.check.in_browser; from bngrader.check.mistakes import known"
    code = f"{imports}; print(known('standardize').right)"
    environment = os.environ | {"PYTHONPATH": str(wheel)}
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}; print(bngrader.check.in_browser.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(wheel) in ran.stdout
