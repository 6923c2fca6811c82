"""Tests that a class finds its gradebook, wherever its address is set."""

import pytest

from bngrader.course.folders import Course
from tests.conftest import REPOSITORY


@pytest.fixture
def elsewhere(tmp_path):
    """Return the address of a gradebook outside the class's folder."""
    return f"sqlite:///{tmp_path / 'grades.db'}"


@pytest.mark.parametrize("source", ["command line", "configuration"])
def test_no_submission_may_see_a_gradebook_elsewhere(tmp_path, elsewhere, source):
    folder = tmp_path / "class"
    folder.mkdir()
    if source == "configuration":
        text = f"c = get_config()\nc.CourseDirectory.db_url = {elsewhere!r}\n"
        (folder / "nbgrader_config.py").write_text(text)
    course = Course(REPOSITORY, folder, elsewhere if source == "command line" else None)
    assert course.gradebook_url() == elsewhere
    files = [str(tmp_path / f"grades.db{ending}") for ending in ("", "-wal", "-shm")]
    assert course.private == [str(REPOSITORY), str(folder), *files]


def test_the_gradebook_is_in_the_folder_if_nobody_says_more(tmp_path):
    assert Course(REPOSITORY, tmp_path).gradebook_url() == f"sqlite:///{tmp_path / 'gradebook.db'}"


def test_no_submission_may_see_nbgraders_exchange(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.Exchange.root = '/usr/share/exchange'\n")
    assert "/usr/share/exchange" in Course(REPOSITORY, tmp_path).private
