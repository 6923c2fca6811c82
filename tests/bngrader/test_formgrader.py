"""Tests that the course's configuration changes Formgrader, whose own pages trust submissions."""

import subprocess
import sys

from tests.conftest import REPOSITORY

LOAD = """
import sys
from pathlib import Path
from bngrader.course.folders import Course
Course(Path(), Path()).nbgrader_config()
print({"bngrader.formgrader", "bngrader.gradebook.database"} - set(sys.modules))
"""


def test_the_configuration_loads_the_changes_to_formgrader():
    ran = subprocess.run([sys.executable, "-c", LOAD], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
