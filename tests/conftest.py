"""Fixtures and helpers for all tests: the browser, a JupyterLab server, and skipping what cannot run here."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import sync_playwright

# `make test` exports these to the tests. A test that starts `make` would pass them on, and that `make` would
# consider itself a part of the outer one.
for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(name, None)
pytest_plugins = ["tests.tiers"]
# On a busy machine an example may take longer than hypothesis allows by default.
hypothesis.settings.register_profile("course", deadline=None)
hypothesis.settings.load_profile("course")

REPOSITORY = Path(__file__).resolve().parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_S = 600  # generous, since a busy machine may need minutes
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def lacking(part: str, way_out: str) -> None:
    """Skip the test because a part is missing, or fail it in CI, where every part must be there."""
    message = f"{part} is missing: {way_out}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def chromium():
    """Yield one browser for all tests; each test opens its own context."""
    if browser_path() is None:
        lacking("Chromium", "install it; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


def browser_path():
    """Return the path of the system's Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright):
    """Start the system's Chromium without its own background requests, which tests would count as the page's."""
    return playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)


def free_port():
    """Return a port that no program of this machine uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def jupyter_lab(folder, bin_folder, port=None, token=""):
    """Serve `folder` with the JupyterLab in `bin_folder`, and yield its address; without a token, to everybody."""
    port = port or free_port()
    settings = {"JUPYTER_CONFIG_DIR": str(folder / ".jupyter"), "JUPYTER_DATA_DIR": str(folder / ".jupyter")}
    options = [
        "--no-browser",
        "--allow-root",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        f"--port={port}",
    ]
    quiet = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [bin_folder / "jupyter-lab", *options, *quiet],
            cwd=folder,
            env=os.environ | settings,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/api", server, folder / "lab.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(TIMEOUT_S)


def _wait_for(address, server, log):
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")
