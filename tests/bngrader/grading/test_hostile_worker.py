"""Tests that a local worker which a submission has taken over can cost that submission its grade, and nothing else."""

import subprocess
import sys

import pytest

from bngrader.gradebook.records import GradingOutcome
from bngrader.grading.apart import _Program
from bngrader.grading.grade_submission import GradingJob
from bngrader.grading.outcome_text import to_text
from bngrader.grading.pool import LOST
from bngrader.grading.process_pool import Slot, Workers
from tests.conftest import TIMEOUT_S

pytestmark = pytest.mark.real

# A worker that reads its job, and sends what `answers` says, if that is still a message.
WORKER = """
import os, pickle, sys
from multiprocessing.connection import Connection
pipe = Connection(int(sys.argv[1]))
pipe.recv_bytes()
left = sys.argv[2]

class Opens:
    def __reduce__(self):
        return open, (left, "w")

{sends}
pipe.close()
"""
ANSWERS = {
    "a pickle that acts when it is read": "pipe.send_bytes(pickle.dumps(Opens()))",
    "a pickled object": "pipe.send(Opens())",
    "the outcome of another kind of result": """pipe.send_bytes(b'{"scores": {}}')""",
    "a score that is no number": """pipe.send_bytes(TEXT.replace(b"5.0", b"NaN"))""",
    "a score that is a list": """pipe.send_bytes(TEXT.replace(b"5.0", b"[5.0]"))""",
    "bytes that are no text": """pipe.send_bytes(bytes(range(128, 256)))""",
    "brackets without an end": """pipe.send_bytes(b"[" * 1_000_000)""",
    "a length that no memory holds": "os.write(pipe.fileno(), b'\\xff' * 4 + b'\\x7f' * 8 + bytes(100))",
    "half a message": "os.write(pipe.fileno(), b'\\x00\\x00\\x00\\x10half')",
    "nothing": "",
}
RIGHT = to_text(GradingOutcome("ada", scores={"test_scale": 5.0}))


class Hostile(Workers):
    """Workers that all send what they like."""

    def __init__(self, sends, left):
        super().__init__(())
        self.code = WORKER.format(sends=f"TEXT = {RIGHT.encode()!r}\n{sends}")
        self.left, self.started = left, 0

    def start(self, pipe):
        self.started += 1
        command = [sys.executable, "-c", self.code, str(pipe.fileno()), str(self.left)]
        return _Program(subprocess.Popen(command, pass_fds=[pipe.fileno()], stderr=subprocess.DEVNULL))


def graded_by(hostile):
    slot = Slot(hostile)
    slot.take(GradingJob("ada", b"", b"", {"notebook_seconds": TIMEOUT_S}))
    try:
        while (outcome := slot.outcome()) is None:
            slot.pipe.poll(0.1)
        return outcome
    finally:
        slot.end()


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_hostile_answer_is_a_lost_submission(tmp_path, kind):
    hostile = Hostile(ANSWERS[kind], tmp_path / "left")
    assert graded_by(hostile) == GradingOutcome("ada", error=LOST)
    assert hostile.started >= 2  # each job is tried once more
    assert not hostile.left.exists()


def test_an_outcome_is_read(tmp_path):
    hostile = Hostile("pipe.send_bytes(TEXT)", tmp_path / "left")
    assert graded_by(hostile) == GradingOutcome("ada", scores={"test_scale": 5.0})
    assert hostile.started == 1


def test_an_outcome_belongs_to_the_student_of_the_job(tmp_path):
    sends = """pipe.send_bytes(TEXT.replace(b'{"scores"', b'{"student": "eve", "scores"'))"""
    hostile = Hostile(sends, tmp_path / "left")
    assert graded_by(hostile) == GradingOutcome("ada", error=LOST)
