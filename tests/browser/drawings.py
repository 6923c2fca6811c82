"""The interactive figures as tests see them: in light, in dark and on paper, compared with committed pictures.

`python -m tests.browser.drawings` renews the pictures from the built book.
"""

import base64
import io
import re
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.conftest import HTML, Watch, leave_out_formulas, serve
from tests.conftest import REPOSITORY, launch

PICTURES = Path(__file__).with_name("pictures")
MEDIA = ("light", "dark", "paper")
WIDTH = 640  # pixels of a drawing, regardless of the room on the page
NARROW = 280
# Pictures are compared by the mean colors of cells, because machines may smooth edges differently.
CELL, TOLERANCE, SHARE = 8, 12, 0.01
FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")


def widgets():
    """Return the page of each interactive figure by the figure's name."""
    pages = sorted((REPOSITORY / "book").glob("*.md"))
    return {
        name: f"book/{page.stem}.html"
        for page in pages
        for name in re.findall(r"^:+\{widget\} (\w+)$", page.read_text(), re.MULTILINE)
    }


def _font(weight, file):
    content = base64.b64encode((FONTS / file).read_bytes()).decode()
    return f"@font-face {{ font-family: Pictures; font-weight: {weight}; src: url(data:font/ttf;base64,{content}) }}"


# A fixed font and fixed sizes, so that every machine draws the same picture.
STYLE = f"""
{_font(400, "DejaVuSans.ttf")}
{_font(600, "DejaVuSans-Bold.ttf")}
.course-widget {{ box-sizing: content-box; width: {WIDTH + 24}px; padding: 0 !important }}
.course-widget.narrow {{ width: {NARROW + 24}px }}
.course-widget svg {{ width: {WIDTH}px !important; outline: 0 !important }}
.course-widget.narrow svg {{ width: {NARROW}px !important }}
.course-widget text {{ font-family: Pictures }}
.course-widget.mute text {{ visibility: hidden }}
"""


class Drawing:
    """The figure `name` on a new browser page without rendered formulas."""

    def __init__(self, browser, site, name):
        self.name = name
        self.page = page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.watch = Watch(page, site)
        leave_out_formulas(page)
        page.goto(f"{site}/{widgets()[name]}")
        page.add_style_tag(content=STYLE)
        page.add_script_tag(path=Path(__file__).with_name("drawings.js"))
        page.evaluate("Promise.all([400, 600].map((weight) => document.fonts.load(`${weight} 15px Pictures`)))")
        self.figure = page.locator(f".course-widget-{name}")
        self.redrawn(WIDTH)

    def redrawn(self, width):
        """Wait until the drawing has this width."""
        drawn = "([figure, width]) => figure.querySelector('svg')?.viewBox.baseVal.width === width"
        self.page.wait_for_function(drawn, arg=[self.figure.element_handle(), width])

    def show(self, medium):
        """Reset the figure and show it in light, in dark, or on paper as printed from a dark page."""
        scheme = "light" if medium == "light" else "dark"
        self.page.emulate_media(media="screen", color_scheme=scheme)
        self.themed(scheme)
        if medium == "paper":
            self.page.emulate_media(media="print")
            self.themed("light")
        self.ask("reset")
        self.ask("align")
        return self

    def themed(self, theme):
        """Wait for the page's theme."""
        self.page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")

    def ask(self, question, *arguments):
        """Call a function of drawings.js on the figure."""
        call = f"(figure, rest) => drawings.{question}(figure, ...rest)"
        return self.figure.evaluate(call, list(arguments))

    @contextmanager
    def narrow(self):
        """Show the drawing at the width of a phone."""
        self.figure.evaluate("figure => figure.classList.add('narrow')")
        self.redrawn(NARROW)
        yield
        self.figure.evaluate("figure => figure.classList.remove('narrow')")
        self.redrawn(WIDTH)

    @contextmanager
    def styled(self, css):
        """Replace the course's styles with others."""
        toggle = "off => document.querySelector('link[href*=\"course.css\"]').disabled = off"
        self.page.evaluate(toggle, True)
        style = self.page.add_style_tag(content=css)
        self.page.locator("style").last.evaluate("style => style.after(document.querySelector('style'))")
        yield
        style.evaluate("style => style.remove()")
        self.page.evaluate(toggle, False)

    def picture(self, texts=True):
        """Take a picture of the drawing, with or without its texts."""
        mute = "(figure, mute) => figure.classList.toggle('mute', mute)"
        self.figure.evaluate(mute, not texts)
        taken = self.figure.locator("svg").screenshot()
        self.figure.evaluate(mute, False)
        return Image.open(io.BytesIO(taken)).convert("RGB")


def theme_classes():
    """Find the class names with rules in styles other than the course's."""
    styles = [path.read_text() for path in (HTML / "_static").rglob("*.css") if path.name != "course.css"]
    selectors = [re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", css, flags=re.DOTALL) for css in styles]
    return {name for text in selectors for name in re.findall(r"\.([A-Za-z][\w-]*)", text)} - {"docutils"}


def reference(name, medium):
    """Return the path of the committed picture of a figure, which looks the same on paper as in light."""
    return PICTURES / f"{name}-{'dark' if medium == 'dark' else 'light'}.png"


def difference(one, other):
    """Return the share of cells in which two pictures differ, or 1 if their sizes differ."""
    if one.size != other.size:
        return 1.0
    cells = [np.asarray(image.convert("RGB").reduce(CELL), dtype=float) for image in (one, other)]
    return float((np.abs(cells[0] - cells[1]).max(axis=2) > TOLERANCE).mean())


def changed(one, other):
    """Count the pixels that differ clearly."""
    pixels = [np.asarray(image, dtype=int) for image in (one, other)]
    return int((np.abs(pixels[0] - pixels[1]).max(axis=2) > 48).sum())


def main():
    """Renew the pictures of all figures."""
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    with serve() as site, sync_playwright() as playwright:
        browser = launch(playwright)
        for drawing in (Drawing(browser, site, name) for name in widgets()):
            for medium in ("light", "dark"):
                picture = drawing.show(medium).picture().quantize(128, dither=Image.Dither.NONE)
                picture.save(reference(drawing.name, medium), optimize=True)
            drawing.page.close()


if __name__ == "__main__":
    main()
