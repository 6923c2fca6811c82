"""Fixtures of a class that is graded once for all tests, by the first worker that needs it."""

import shutil

import pytest
from filelock import FileLock

from tests.grading import one_class
from tests.grading.commands import records_in


@pytest.fixture(scope="session")
def course(tmp_path_factory, worker_id):
    """Return the folder of the graded class. A test must not change it: see `own_course`."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "one-class"
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            unfinished = folder.with_suffix(".part")
            one_class.make(unfinished)
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session")
def records(course):
    """Return the records of the graded class by student."""
    return records_in(course)


@pytest.fixture
def own_course(course, tmp_path):
    """Return a copy of the graded class that a test may change."""
    return shutil.copytree(course, tmp_path / "class")
