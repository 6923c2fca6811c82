"""`make pdf`: print the single-page book with the system's Chromium."""

import functools
import http.server
import shutil
import sys
import threading
from pathlib import Path

from _serve import Quiet
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FOOTER = '<div style="width: 100%; font-size: 8px; text-align: center"><span class="pageNumber"></span></div>'
MARGIN = {"top": "15mm", "bottom": "18mm", "left": "15mm", "right": "15mm"}


def print_pdf(folder: Path, target: Path) -> None:
    """Print the book from the output of Sphinx's singlehtml builder in `folder` to `target`, with all formulas."""
    shutil.copy(folder / "book" / "index.html", folder / "whole.html")  # its links are relative to the top folder
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        sys.exit("The PDF is printed by Chromium, which is missing. Install it; on Debian: apt-get install chromium")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=FLAGS).new_page(color_scheme="light")
        opened.goto(f"http://127.0.0.1:{server.server_port}/whole.html", wait_until="networkidle")
        opened.wait_for_function("!window.MathJax || MathJax.startup.promise.then(() => true)")
        opened.pdf(
            path=target, format="A4", margin=MARGIN, display_header_footer=True, header_template=" ",
            footer_template=FOOTER, outline=True, tagged=True,
        )  # fmt: skip
    server.shutdown()


if __name__ == "__main__":
    print_pdf(Path(sys.argv[1]), Path(sys.argv[2]))
