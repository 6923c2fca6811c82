"""Fixtures that serve the built book on a free port and open pages that are watched for faults."""

import functools
import http.server
import sys
import threading
from contextlib import ExitStack, contextmanager

import pytest

from tests.conftest import REPOSITORY, lacking

HTML = REPOSITORY / "_build" / "html"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Ignore a disconnected browser, whose page was closed or whose worker ended."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve(handler=Quiet):
    """Serve the built book, and yield its address."""
    server = Server(("127.0.0.1", 0), functools.partial(handler, directory=HTML))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def site():
    """Serve the built book for all tests, and yield its address."""
    if not (HTML / "index.html").is_file():
        lacking("the built book", "run make book first")
    with serve() as address:
        yield address


class Watch:
    """Faults while a page is open: requests to other hosts, failed requests and console errors."""

    def __init__(self, page, host):
        self.faults = []
        page.on(
            "request", lambda r: self.add(not r.url.startswith((host, "data:", "blob:")), f"asks another host: {r.url}")
        )
        page.on("requestfailed", lambda r: self.add(True, f"request failed: {r.url}"))
        page.on("response", lambda r: self.add(r.status >= 400, f"{r.status} for {r.url}"))
        page.on(
            "console",
            lambda m: self.add(m.type in ("error", "warning"), f"console: {m.text} at {m.location.get('url')}"),
        )
        page.on("pageerror", lambda e: self.add(True, f"page error: {e}"))

    def add(self, wrong, what):
        if wrong:
            self.faults.append(what)


def leave_out_formulas(page):
    """Have a page load an empty MathJax: setting a chapter's formulas takes longer than most tests."""
    page.route("**/mathjax/**", lambda route: route.fulfill(body="", content_type="text/javascript"))


@pytest.fixture
def opened(chromium, site):
    """Yield a function that opens a page of the book; at the end, the page must have had no faults."""
    watches, contexts = [], []

    def open_page(path, *, width=1280, theme="light", formulas=True, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, **options)
        contexts.append(context)
        page = context.new_page()
        watches.append(Watch(page, site))
        if not formulas:
            leave_out_formulas(page)
        page.goto(f"{site}/{path}", wait_until="networkidle")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [fault for watch in watches for fault in watch.faults] == []


@pytest.fixture(scope="module")
def browse(chromium):
    """Yield a function that opens a chapter at an address in a browser context of its own."""
    with ExitStack() as contexts:

        def open_page(address, slug="scaling", formulas=False, **options):
            context = contexts.enter_context(chromium.new_context(**options))
            page = context.new_page()
            page.watch = Watch(page, address)
            if not formulas:
                leave_out_formulas(page)
            page.goto(f"{address}/book/{slug}.html", wait_until="networkidle")
            return page

        yield open_page


@pytest.fixture
def figure(opened, request):
    """Open the page of the section named by the test's module, and return it with its interactive figure."""
    section = _section(request)
    page = opened(f"book/{section}.html", formulas=False)
    figure = page.locator(f".course-widget-{section}")
    figure.scroll_into_view_if_needed()
    return page, figure


@pytest.fixture
def fallback(chromium, site, request):
    """Return the text that replaces the figure for readers without scripts."""
    section = _section(request)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/book/{section}.html")
    yield page.locator(f".course-widget-{section}").inner_text()
    context.close()


def _section(request):
    return request.module.__name__.rpartition(".test_")[2]
