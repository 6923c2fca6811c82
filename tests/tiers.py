"""The tiers of the tests, and the order in which they run where several run at a time.

A quick test needs nothing but Python and the packages: `make check` runs these. A `real` test starts a kernel, a
sandbox or a browser, grades a class, or reads what `make book` made: `make test` runs these too. A `slow` test is one
more of a kind that `make test` has: only `make test-all` runs it.
"""

import os
import sys
from functools import cached_property

import pytest
from xdist.scheduler import LoadScopeScheduling

# Every test in these is real. Elsewhere, a module says it by `pytestmark = pytest.mark.real`, or a test by its mark.
REAL = tuple(
    f"tests/{folder}/"
    for folder in ("book", "browser", "grading", "student", "bnref/claims", "bnref/experiments", "bnref/figures")
)
# These build the book, or parts of it, while they run. No test may read it meanwhile.
BUILDERS = ("tests/book/test_formats.py", "tests/book/test_quickstart.py")
READERS = ("tests/book/", "tests/browser/", "tests/student/")
# Modules whose tests share nothing: the tests run on whichever core is free, those of a parameter one after the other.
SPLIT = {
    "tests/browser/test_pages.py",
    "tests/browser/test_widgets.py",
    "tests/grading/test_mistakes.py",
    "tests/grading/test_places.py",
}
# What a command line holds that only a real test may run.
KINDS = ("bngrader.engine", "chrom", "jupyter", "nbgrader", "ipykernel", "bngrader grade", "sphinx")

_quick: list[str] = []  # the quick test that runs now


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by marks
def pytest_collection_modifyitems(items):
    """Mark the real tests by their folder, and put long rows first, so that no core is idle at the end."""
    for item in items:
        if item.nodeid.startswith(REAL):
            item.add_marker("real")
    items.sort(key=lambda item: not is_real(item))


def is_real(item):
    return item.get_closest_marker("real") is not None or item.get_closest_marker("slow") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Remember the test while it runs, if it is quick."""
    _quick[:] = [] if is_real(item) else [item.nodeid]
    try:
        return (yield)
    finally:
        _quick.clear()


def _watch(event, arguments):
    if event == "subprocess.Popen" and _quick:
        program, words, *_ = arguments
        command = " ".join(map(os.fsdecode, [program or "", *words]))
        if any(kind in command.removeprefix(sys.prefix) for kind in KINDS):
            raise RuntimeError(f"{_quick[0]} runs {command!r}: mark it with pytest.mark.real")


sys.addaudithook(_watch)


class ByPlace(LoadScopeScheduling):
    """Runs the tests of a file one after the other, since they share what it sets up."""

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
    """Groups by pytest-xdist's own marks have no effect under pytest 9.2."""
    return ByPlace(config, log)
