"""`make bench-pages`: size of each page on a first visit, and time until it appears in a slowed Chromium.

Bytes are counted as compressed by gzip. MathJax is counted separately, since all pages share it. Paint is the first
contentful paint. Blocking is the sum of the time beyond 50 ms of each longer task until the page is idle.
"""

import argparse
import gzip
import statistics

from playwright.sync_api import Browser, Page, Response, sync_playwright
from rich.console import Console
from rich.table import Table

from tests.browser.conftest import HTML, serve
from tests.conftest import launch

LONG = """
    window.longTasks = [];
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((e) => e.duration)))
        .observe({ type: "longtask", buffered: true });
"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]"


def visit(browser: Browser, address: str, slowed: float) -> tuple[dict[str, int], float, float]:
    """Measure a first visit: the bytes of each file, and the milliseconds of paint and of blocking."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.add_init_script(LONG)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    page.goto(address, wait_until="networkidle")
    page.wait_for_function(f"{PAINT} !== undefined")
    paint, blocking = page.evaluate(f"{PAINT}.startTime"), blocked(page)
    sizes = {response.url: compressed(response.body()) for response in responses}
    context.close()
    return sizes, paint, blocking


def compressed(body: bytes) -> int:
    """Return the number of bytes sent; fonts and images do not become smaller by compression."""
    return min(len(body), len(gzip.compress(body, 6)))


def blocked(page: Page) -> float:
    """Return the total blocking time in milliseconds."""
    return sum(max(0.0, duration - 50) for duration in page.evaluate("longTasks"))


def main() -> None:
    """Visit the pages several times, and print the medians."""
    parser = argparse.ArgumentParser(prog="make bench-pages", description=__doc__)
    parser.add_argument("--slowed", type=float, default=4, help="how many times slower the processor is made")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    table = Table("page", "kB gzip", "MathJax, kB", "raw HTML, kB", "first paint, ms", "blocking, ms")
    with sync_playwright() as playwright, serve() as site:
        browser = launch(playwright)
        for path in sorted(HTML.glob("book/*.html")):
            visits = [visit(browser, f"{site}/book/{path.name}", options.slowed) for _ in range(options.rounds)]
            sizes, mathjax = visits[0][0], "/mathjax/"
            own = sum(size for url, size in sizes.items() if mathjax not in url) / 1000
            shared = sum(size for url, size in sizes.items() if mathjax in url) / 1000
            paint, blocking = (statistics.median(v[k] for v in visits) for k in (1, 2))
            raw = path.stat().st_size / 1000
            table.add_row(path.stem, f"{own:.0f}", f"{shared:.0f}", f"{raw:.0f}", f"{paint:.0f}", f"{blocking:.0f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
