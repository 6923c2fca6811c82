"""Helpers for tests of faults: a class with known grades, rounds that can be stopped, and a check of all grades."""

import os
import signal
import subprocess

from nbgrader.api import Grade, SubmittedAssignment

from tests.conftest import REPOSITORY, TIMEOUT_S
from tests.grading import sample_class
from tests.grading.commands import gradebook, graded_notebook, grading, hand_in, records_in

SCORES = {"ada-right": 15, "dan-ddof": 12, "ida-inverse": 13, "kim-empty": 0}


def make_class(folder):
    submissions = sample_class.submissions()
    for student in SCORES:
        hand_in(folder, student, submissions[student])
    return folder


def start_round(folder, *arguments, after):
    """Start a round of grading in its own process group, and return it once it has stopped after `after` results."""
    call = 2 * after + 1  # each result is two files: the notebook and the page
    stopping = (
        "-m",
        "tests.grading.faults.signalled_at",
        "SIGSTOP",
        "bngrader.gradebook.class_gradebook:write_file",
        str(call),
    )
    process = subprocess.Popen(
        grading(folder, *arguments, start=stopping),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    state = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert state.si_code == os.CLD_STOPPED, process.communicate()
    return process


def resume(process):
    """Continue a stopped round to its end and return its output."""
    process.send_signal(signal.SIGCONT)
    return process.communicate(timeout=TIMEOUT_S)


def assert_each_has_its_grade(folder):
    """Assert that every submission has its files, and exactly one grade in the gradebook: the right one."""
    with gradebook(folder) as book:
        submissions = book.db.query(SubmittedAssignment).all()
        assert sorted(submission.student_id for submission in submissions) == sorted(SCORES)
        assert {submission.student_id: submission.score for submission in submissions} == SCORES
        assert book.db.query(Grade).count() == len(SCORES) * 11
    for student in SCORES:
        notebook = graded_notebook(folder, student)
        assert all(cell.execution_count for cell in notebook.cells if cell.id.startswith("test_"))
        assert (folder / "feedback" / student / "scaling" / "scaling.html").read_text().rstrip().endswith("</html>")
    assert [name for _, _, names in os.walk(folder) for name in names if name.endswith(".part")] == []
    assert {student: record["score"] for student, record in records_in(folder).items()} == SCORES
