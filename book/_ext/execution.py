"""Execute the pages side by side, and again only when the code that they import changes.

myst-nb executes a page when Sphinx reads it, one page after the other, and its cache compares the cells of a page, not
the modules that these import. Here each page has a cache of its own, in a folder named after the code that the page
depends on. Kernels execute the pages and fill the caches while Sphinx reads; it waits before it reads a page that is
not executed yet. Pages share the results of experiments, and wait for each other's: see `bnref/experiments/memory.py`.
"""

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import joblib
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.config import NbParserConfig
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError, SphinxError

from bnref.experiments.code_digest import code_digest, imported_names


class PageFailed(SphinxError):
    """A cell of a page raised an error."""

    category = "A page failed"


@dataclass(frozen=True)
class Page:
    """A page with cells, and the folder of its cache."""

    path: Path
    notebook: NotebookNode
    cache: Path

    def is_cached(self) -> bool:
        """Return whether the cells were executed before, with the same code."""
        try:
            get_cache(self.cache).match_cache_notebook(self.notebook)
        except KeyError:
            return False
        return True


def depends_on(cells: list[str], places: list[Path]) -> str:
    """Hash what cells depend on: the code that they import of packages and modules, and any other file as a whole."""
    try:
        names = list(chain.from_iterable(map(imported_names, cells)))
    except SyntaxError:  # a magic command of IPython, or a mistake
        names = ["*"]
    total = hashlib.sha256()
    for place in places:
        code = place.is_dir() or place.suffix == ".py"
        total.update(code_digest(names, place).encode() if code else place.read_bytes())
    return total.hexdigest()[:16]


def execute(page: Page, config: NbParserConfig, clients: list[NotebookClient]) -> None:
    """Execute a page's cells as myst-nb does, and put their outputs into its cache."""
    with TemporaryDirectory() as temporary:
        settings = {"timeout": config.execution_timeout, "allow_errors": config.execution_allow_errors}
        folder = temporary if config.execution_in_temp else str(page.path.parent)
        # Times in the cells' metadata would change the key under which the cache keeps the page.
        client = NotebookClient(
            page.notebook, record_timing=False, resources={"metadata": {"path": folder}}, **settings
        )
        clients.append(client)
        started = time.monotonic()
        try:
            client.execute(stderr=subprocess.DEVNULL)  # a kernel may complain there while it shuts down
        except (CellExecutionError, CellTimeoutError) as error:
            if config.execution_raise_on_error:
                raise PageFailed(f"{page.path}\n{error}") from None
            return  # myst-nb executes the page again, and reports the error
    seconds = {"execution_seconds": time.monotonic() - started}
    executed = CacheBundleIn(page.notebook, str(page.path), data=seconds)
    get_cache(page.cache).cache_notebook_bundle(executed, check_validity=False, overwrite=True)


class Execution:
    """The pages of one build: which there are, and which are being executed."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.running: dict[str, Future[None]] = {}
        self.clients: list[NotebookClient] = []

    def find(self, app: Sphinx, env: Any, *_: set[str]) -> list[str]:
        """Find all pages with cells, and return those whose code changed: Sphinx reads them again."""
        before = getattr(env, "page_caches", {})
        self.pages = dict(_pages(app, env))
        env.page_caches = {name: str(page.cache) for name, page in self.pages.items()}
        return [name for name, cache in env.page_caches.items() if before.get(name) != cache]

    def start(self, app: Sphinx, env: Any, names: list[str]) -> None:
        """Start to execute the pages that are about to be read, in the order of `execution_order`."""
        order, alone = app.config.execution_order, app.config.execution_alone
        ahead = [n for n in names if n in self.pages and n not in alone and not self.pages[n].is_cached()]
        if not ahead or env.mystnb_config.execution_mode != "cache":
            return
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of several pages would wait for each other
        pool = ThreadPoolExecutor(joblib.cpu_count())  # each waits for a kernel, which is a process
        for name in sorted(ahead, key=lambda name: order.index(name) if name in order else -1):
            self.running[name] = pool.submit(execute, self.pages[name], env.mystnb_config, self.clients)
            self.running[name].add_done_callback(partial(_count, app, name))
        pool.shutdown(wait=False)  # there is nothing more to come

    def finish(self, app: Sphinx, name: str, _: list[str]) -> None:
        """Wait until a page is executed, before it is read."""
        try:
            if name in app.config.execution_alone:
                wait(self.running.values())
            if name in self.running:
                self.running[name].result()
        except BaseException:
            self.stop()
            raise
        if name in self.pages:
            env: Any = app.env
            env.mystnb_config = env.mystnb_config.copy(execution_cache_path=str(self.pages[name].cache))

    def stop(self) -> None:
        """Execute no more pages, and end the kernels, so that the build ends at once."""
        for future in self.running.values():
            future.cancel()
        for client in self.clients:
            if client.km and client.km.has_kernel:
                client.km.provisioner.process.kill()


def _count(app: Sphinx, name: str, future: Future[None]) -> None:
    if not future.cancelled() and future.exception() is None:
        app.emit("page-executed", name)


def _pages(app: Sphinx, env: Any) -> Iterator[tuple[str, Page]]:
    places = [Path(app.confdir, place) for place in app.config.execution_depends_on]
    caches = Path(app.outdir).parent / ".jupyter_cache"
    for name in env.found_docs:
        path = Path(env.doc2path(name))
        text = path.read_text()
        if reader := create_nb_reader(str(path), env.myst_config, env.mystnb_config, text):
            notebook = reader.read(text)
            if cells := [cell.source for cell in notebook.cells if cell.cell_type == "code"]:
                yield name, Page(path, notebook, caches / name / depends_on(cells, places))


def _check_places(app: Sphinx, config: Config) -> None:
    for place in config.execution_depends_on:
        if not Path(app.confdir, place).exists():
            raise ConfigError(f"execution_depends_on in _config.yml names {place}, which does not exist")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    execution = Execution()
    app.setup_extension("progress")
    app.add_config_value("execution_depends_on", [], "env", [list])
    app.add_config_value("execution_order", [], "", [list])
    app.add_config_value("execution_alone", [], "", [list])
    app.connect("config-inited", _check_places)
    app.connect("env-get-outdated", execution.find)
    app.connect("env-before-read-docs", execution.start, priority=950)  # after the count of pages has begun
    app.connect("source-read", execution.finish)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
