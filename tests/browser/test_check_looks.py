"""Tests of the look of an opened editor: in light and dark, with the theme's styles, and while Python loads."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from tests.barriers import violations
from tests.browser.conftest import HTML
from tests.browser.drawings import theme_classes
from tests.browser.editor import Editor
from tests.browser.mirror import COURSE, need_wheel, serve_mirror

# After a change of width or theme: nothing moves any more, nothing is wider than the window, and the theme has made
# the code that scrolls focusable, which it does a moment after the width has changed.
SETTLED = """width => document.documentElement.scrollWidth <= width
    && document.getAnimations().every((animation) => animation.playState !== 'running')
    && [...document.querySelectorAll('pre')].every((pre) => pre.scrollWidth <= pre.clientWidth || pre.tabIndex === 0)"""


@pytest.fixture(scope="module")
def mirror():
    """Serve the book with a NumPy mirror, and yield its address."""
    with serve_mirror(need_wheel()) as (site, _):
        yield site


def test_an_open_editor_is_accessible_in_light_and_dark(browse, mirror):
    page = browse(mirror, formulas=True)
    Editor(page, "min_max_scale").check("def min_max_scale(x):\n    print(x)\n    return x - x.min(1)\n")
    assert page.locator(".course-check pre").count() > 3
    page.locator(".course-check mjx-container").nth(3).wait_for(state="attached")
    for width, theme in ((1280, "light"), (375, "light"), (375, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
        page.wait_for_function(SETTLED, arg=width)
        assert violations(page) == []
    assert page.watch.faults == []


@pytest.fixture(scope="module")
def held(browse):
    """Yield an editor that has loaded Python and NumPy, and the event that it waits for to load the course's wheel."""
    gate = threading.Event()
    with serve_mirror(need_wheel(), gate=gate) as (site, _):
        editor = Editor(browse(site), "standardize")
        editor.part.get_by_role("button", name="Run & check").click()
        left = "held => [...document.querySelectorAll('progress')].some((bar) => bar.max - bar.value === held)"
        editor.page.wait_for_function(left, arg=(HTML / COURSE).stat().st_size, timeout=120_000)
        yield editor, gate
        gate.set()


def test_the_progress_bar_shows_the_loaded_share(held):
    editor, _ = held
    label = editor.part.locator("label", has=editor.page.locator("progress"))
    loaded, total = label.locator("progress").evaluate("bar => [bar.value, bar.max]")
    assert 0.98 < loaded / total < 1
    for theme in ("light", "dark"):
        editor.page.emulate_media(color_scheme=theme)
        editor.page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
        assert abs(fullness(label) - loaded / total) < 0.03


def test_no_class_name_of_an_editor_clashes_with_the_theme(held):
    editor, gate = held
    gate.set()
    editor.ended()
    editor.check("def standardize(x)\n")
    names = editor.part.evaluate("""part => {
        const made = part.querySelectorAll('.editor, .editor ~ *, .editor ~ * *');
        return [...made].flatMap((element) => [...element.classList]);
    }""")
    assert {"verdicts", "broken", "run"} <= set(names)
    assert set(names) & theme_classes() == set()


def fullness(label):
    """Measure the visibly filled share of a progress bar's track, which is everything not in the page's color."""
    bar = label.locator("progress")
    accent = bar.evaluate("bar => getComputedStyle(bar).accentColor.match(/\\d+/g).map(Number)")
    label.locator("span").evaluate("text => text.style.visibility = 'hidden'")
    box, around = bar.bounding_box(), label.bounding_box()
    pixels = np.asarray(Image.open(io.BytesIO(label.screenshot())).convert("RGB"), dtype=int)
    row = pixels[round(box["y"] - around["y"] + box["height"] / 2)]
    page = np.array(
        label.evaluate("label => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    )
    track = np.abs(row - page).max(axis=1) > 4
    filled = np.abs(row - accent).max(axis=1) < 60
    return filled.sum() / track.sum()
