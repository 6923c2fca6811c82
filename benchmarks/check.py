"""`make bench-pages`, second part: downloads of a check in the page, and seconds from the click to the first verdict.

Cold is a first visit, warm is a later visit with a filled browser cache, and again is the next check on the same page.
All files come from this machine, so the seconds are for unpacking and starting, without network time. Needs Pyodide's
NumPy wheel, as tests/browser/test_check.py does.
"""

import argparse
import statistics
import time

from playwright.sync_api import Browser, Page, Response, sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.pages import compressed
from tests.browser.mirror import numpy_wheel, serve_mirror
from tests.conftest import launch

VERDICT = ".course-check .verdicts li"
FIRST, STARTED = "scaling", "standardize"


def opened(page: Page, site: str) -> None:
    """Open the chapter and its first editor."""
    page.goto(f"{site}/book/{FIRST}.html", wait_until="networkidle")
    open_editor(page)


def open_editor(page: Page) -> None:
    """Open the chapter's first editor."""
    page.locator(f"details[data-name={STARTED}] summary").click()
    page.locator(".cm-content").wait_for()


def seconds(page: Page) -> float:
    """Measure the seconds from the click on Run & check to the first verdict."""
    page.evaluate("document.querySelector('.course-check .verdicts').replaceChildren()")
    start = time.perf_counter()
    page.get_by_role("button", name="Run & check").first.click()
    page.locator(VERDICT).first.wait_for()
    taken = time.perf_counter() - start
    page.locator("button.run:enabled").first.wait_for()
    return taken


def visits(browser: Browser, site: str, slowed: float) -> tuple[float, float, float]:
    """Measure the seconds of a cold check, a warm check and a repeated check."""
    context = browser.new_context()
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    opened(page, site)
    cold = seconds(page)
    opened(page, site)
    taken = cold, seconds(page), seconds(page)
    context.close()
    return taken


def weigh(browser: Browser, site: str) -> dict[str, tuple[int, int]]:
    """Measure the bytes, raw and compressed, that opening an editor and running the first check load."""
    context = browser.new_context()
    page = context.new_page()
    responses: list[Response] = []
    found: dict[str, list[bytes]] = {}
    page.goto(f"{site}/book/{FIRST}.html", wait_until="networkidle")
    page.on("response", lambda response: responses.append(response))
    open_editor(page)
    found["the first editor"] = [response.body() for response in responses]
    responses.clear()
    seconds(page)
    found["the first check"] = [response.body() for response in responses]
    context.close()
    return {name: (sum(map(len, part)), sum(map(compressed, part))) for name, part in found.items()}


def main() -> None:
    """Visit a chapter several times, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slowed", type=float, default=4, help="how many times slower the page's processor is made")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    wheel = numpy_wheel()
    if wheel is None:
        raise SystemExit("There is no NumPy wheel for Pyodide in ../shared/pyodide, so the checks were not timed.")
    with sync_playwright() as playwright, serve_mirror(wheel) as (site, _):
        browser = launch(playwright)
        weights = Table("loaded by", "kB", "kB gzip")
        for name, (raw, sent) in weigh(browser, site).items():
            weights.add_row(name, f"{raw / 1000:,.0f}", f"{sent / 1000:,.0f}")
        times = Table("processor", "cold, s", "warm, s", "again, s")
        for slowed in (1.0, options.slowed):
            rounds = [visits(browser, site, slowed) for _ in range(options.rounds)]
            times.add_row(
                f"slowed {slowed:g} times", *(f"{statistics.median(part):.2f}" for part in zip(*rounds, strict=True))
            )
    Console(width=110).print(weights, times)


if __name__ == "__main__":
    main()
