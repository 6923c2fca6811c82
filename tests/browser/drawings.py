"""The figures to play with as tests look at them: in light, in dark and on paper, beside the committed pictures.

`python -m tests.browser.drawings` makes the pictures anew from the built book.
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
WIDTH = 640  # of a drawing, whatever the page leaves it
NARROW = 280
# Two pictures are compared by the mean colors of their cells: edges may be smoothed in another way.
CELL, TOLERANCE, SHARE = 8, 12, 0.01
FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")


def widgets():
    """The page of each figure to play with, by the figure's name."""
    pages = sorted((REPOSITORY / "book").glob("*.md"))
    return {
        name: f"book/{page.stem}.html"
        for page in pages
        for name in re.findall(r"^:+\{widget\} (\w+)$", page.read_text(), re.MULTILINE)
    }


def _font(weight, file):
    content = base64.b64encode((FONTS / file).read_bytes()).decode()
    return f"@font-face {{ font-family: Pictures; font-weight: {weight}; src: url(data:font/ttf;base64,{content}) }}"


# Every machine draws the same letters in the same room.
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
    """The figure `name` on a new page of a browser, whose formulas are not drawn."""

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
        """Wait for a drawing of this width."""
        drawn = "([figure, width]) => figure.querySelector('svg')?.viewBox.baseVal.width === width"
        self.page.wait_for_function(drawn, arg=[self.figure.element_handle(), width])

    def show(self, medium):
        """Begin anew in light, in dark or on paper, which a reader prints from a dark page."""
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
        """As on a telephone."""
        self.figure.evaluate("figure => figure.classList.add('narrow')")
        self.redrawn(NARROW)
        yield
        self.figure.evaluate("figure => figure.classList.remove('narrow')")
        self.redrawn(WIDTH)

    @contextmanager
    def styled(self, css):
        """With other styles in the place of the course's."""
        toggle = "off => document.querySelector('link[href*=\"course.css\"]').disabled = off"
        self.page.evaluate(toggle, True)
        style = self.page.add_style_tag(content=css)
        self.page.locator("style").last.evaluate("style => style.after(document.querySelector('style'))")
        yield
        style.evaluate("style => style.remove()")
        self.page.evaluate(toggle, False)

    def picture(self, texts=True):
        """The drawing as it is seen, with or without its texts."""
        mute = "(figure, mute) => figure.classList.toggle('mute', mute)"
        self.figure.evaluate(mute, not texts)
        taken = self.figure.locator("svg").screenshot()
        self.figure.evaluate(mute, False)
        return Image.open(io.BytesIO(taken)).convert("RGB")


def theme_classes():
    """The class names that styles other than the course's have rules for."""
    styles = [path.read_text() for path in (HTML / "_static").rglob("*.css") if path.name != "course.css"]
    selectors = [re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", css, flags=re.DOTALL) for css in styles]
    return {name for text in selectors for name in re.findall(r"\.([A-Za-z][\w-]*)", text)} - {"docutils"}


def reference(name, medium):
    """The path of the committed picture of a figure. On paper it looks as in light."""
    return PICTURES / f"{name}-{'dark' if medium == 'dark' else 'light'}.png"


def difference(one, other):
    """The share of cells in which two pictures differ: 1 where their sizes differ."""
    if one.size != other.size:
        return 1.0
    cells = [np.asarray(image.convert("RGB").reduce(CELL), dtype=float) for image in (one, other)]
    return float((np.abs(cells[0] - cells[1]).max(axis=2) > TOLERANCE).mean())


def changed(one, other):
    """The number of pixels that plainly differ."""
    pixels = [np.asarray(image, dtype=int) for image in (one, other)]
    return int((np.abs(pixels[0] - pixels[1]).max(axis=2) > 48).sum())


def main():
    """Make the pictures of all figures anew."""
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
