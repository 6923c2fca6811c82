"""The zygote's memory, which submissions inherit, holds nothing of the tests' side."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.real
LOADED = """
import sys
import bngrader.engine.processes.zygote
print(*(name for name in sys.modules if name.startswith("bngrader.")))
"""


def test_a_zygote_loads_the_students_side_and_no_judge():
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = ran.stdout.split()
    assert "bngrader.engine.student.student" in loaded
    assert [name for name in loaded if name.startswith(("bngrader.engine.judge", "bngrader.check"))] == []
