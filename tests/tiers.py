"""The tiers of the tests, and the order in which parallel tests run.

A quick test needs only Python and the packages: `make check` runs these. A `real` test starts a kernel, a
sandbox or a browser, grades a class, or reads what `make book` made: `make test` runs these too. `make test` has
another test of the same kind as each `slow` test: only `make test-all` runs these.
"""

import os
import sys
from functools import cached_property

import pytest
from xdist.scheduler import LoadScopeScheduling

# Every test in these folders is real. Elsewhere, modules and tests are marked one by one with pytest.mark.real.
REAL = tuple(
    f"tests/{folder}/"
    for folder in ("book", "browser", "grading", "student", "bnref/claims", "bnref/experiments", "bnref/figures")
)
# BUILDERS write to the built book while they run, so no test of READERS may run at the same time.
BUILDERS = ("tests/book/test_formats.py", "tests/book/test_quickstart.py")
READERS = ("tests/book/", "tests/browser/", "tests/student/")
# Modules whose tests share no fixtures but those of one parameter: each parameter may run on another core.
SPLIT = {
    "tests/browser/test_pages.py",
    "tests/browser/test_widgets.py",
    "tests/grading/attacks/test_points.py",
    "tests/grading/test_mistakes.py",
    "tests/grading/test_places.py",
}
# A test that takes so long by itself that it has to start first, or one core would wait for the other at the end.
LONGEST = "tests/test_readme.py"
# Words in a command line that only a real test may run.
KINDS = ("bngrader.engine", "chrom", "jupyter", "nbgrader", "ipykernel", "bngrader grade", "sphinx")

_quick: list[str] = []  # the id of the running test, if that is quick


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by marks
def pytest_collection_modifyitems(items):
    """Mark real tests by their folder, and run the longest first, so that no core is idle at the end."""
    for item in items:
        if item.nodeid.startswith(REAL):
            item.add_marker("real")
    items.sort(key=lambda item: (not item.nodeid.startswith(LONGEST), not is_real(item)))


def is_real(item):
    return item.get_closest_marker("real") is not None or item.get_closest_marker("slow") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Note the test while it runs, if it is quick, for `_watch`."""
    _quick[:] = [] if is_real(item) else [item.nodeid]
    try:
        return (yield)
    finally:
        _quick.clear()


def _watch(event, arguments):
    """Raise an error if a quick test starts a program that only real tests may start."""
    if event == "subprocess.Popen" and _quick:
        program, words, *_ = arguments
        command = " ".join(map(os.fsdecode, [program or "", *words]))
        if any(kind in command.removeprefix(sys.prefix) for kind in KINDS):
            raise RuntimeError(f"{_quick[0]} runs {command!r}: mark it with pytest.mark.real")


sys.addaudithook(_watch)


class FileScheduling(LoadScopeScheduling):
    """A scheduler that keeps the tests of a file on one worker, since they share its fixtures."""

    @cached_property
    def _builds(self):
        return any(test.startswith(BUILDERS) for test in self.collection)

    def _split_scope(self, nodeid):
        place, _, test = nodeid.partition("::")
        if self._builds and place.startswith(READERS):
            return "the book"
        return place + test.partition("[")[2] if place in SPLIT else place


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Use our scheduler, because xdist_group marks have no effect under pytest 9.2."""
    return FileScheduling(config, log)
