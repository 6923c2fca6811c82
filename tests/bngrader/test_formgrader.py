"""Tests that the course's configuration limits Formgrader, whose own pages trust submissions."""

import sys

from bngrader.course.folders import Course
from tests.conftest import REPOSITORY


def test_the_configuration_loads_the_limits_of_formgrader(monkeypatch):
    monkeypatch.delitem(sys.modules, "bngrader.formgrader", raising=False)
    Course(REPOSITORY, REPOSITORY).nbgrader_config()
    assert "bngrader.formgrader" in sys.modules
