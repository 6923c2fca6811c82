"""The memory of the zygote for answers, which submissions inherit, holds nothing of the tests' side."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.real
LOADED = """
import sys
import bngrader.engine.processes.answers
import bngrader.engine.processes.zygote
print(*(name for name in sys.modules if name.startswith("bngrader.")))
"""


def test_the_zygote_for_answers_loads_no_judge():
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = ran.stdout.split()
    assert "bngrader.engine.student.student" in loaded
    assert [name for name in loaded if name.startswith(("bngrader.engine.judge", "bngrader.check"))] == []
