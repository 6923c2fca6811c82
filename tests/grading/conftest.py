"""Classes that are graded once a run, whichever process needs one first."""

import shutil

import pytest
from filelock import FileLock

from tests.grading import one_class
from tests.grading.commands import records_in


@pytest.fixture(scope="session")
def course(tmp_path_factory, worker_id):
    """The folder of the class, graded. Nobody may change it: see `own_course`."""
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
    """The records of the class, by student."""
    return records_in(course)


@pytest.fixture
def own_course(course, tmp_path):
    """A copy of the class that a test may change."""
    return shutil.copytree(course, tmp_path / "class")
