"""Tests that a killed process costs no grade: the round or the next one grades every submission exactly once."""

import os
import signal
from dataclasses import dataclass

import nbformat
import psutil
import pytest

from bngrader.authoring.notebooks import gradable, read_solution
from bngrader.grading.grade_submission import GradingJob
from bngrader.grading.pool import LOST
from bngrader.grading.process_pool import in_processes
from tests.conftest import REPOSITORY, TIMEOUT_S
from tests.grading.commands import grade
from tests.grading.faults.rounds import assert_each_has_its_grade, make_class, resume, start_round

# Each round is killed at a later stage: the function, and at which of its calls.
STAGES = [
    ("bngrader.grading.grade_class:record_assignment", 1),
    ("bngrader.gradebook.class_gradebook:write_file", 2),
    ("bngrader.gradebook.class_gradebook:ClassGradebook._set_mark", 1),
    ("bngrader.gradebook.class_gradebook:ClassGradebook.outdated_feedback", 1),
]


@pytest.mark.slow
def test_killing_the_writer_at_any_stage_loses_nothing(tmp_path):
    folder = make_class(tmp_path)
    for place, number in STAGES:
        killed = ("-m", "tests.grading.faults.signalled_at", "SIGKILL", place, str(number))
        round_ = grade(folder, "--jobs", 1, start=killed)
        assert round_.returncode == -signal.SIGKILL, (place, round_.stdout, round_.stderr)
        assert not (folder / "scores.json").exists()
    last = grade(folder)
    assert last.returncode == 0, last.stdout + last.stderr
    assert_each_has_its_grade(folder)


@pytest.mark.slow
def test_killing_the_writer_loses_nothing(tmp_path):
    folder = make_class(tmp_path)
    round_ = start_round(folder, "--jobs", 2, after=1)
    others = psutil.Process(round_.pid).children(recursive=True)
    round_.kill()
    round_.communicate()
    assert others
    assert psutil.wait_procs(others, timeout=TIMEOUT_S)[1] == []
    last = grade(folder)
    assert last.returncode == 0, last.stdout + last.stderr
    assert "Already graded and unchanged:" in last.stdout
    assert_each_has_its_grade(folder)


def test_a_killed_worker_is_replaced(tmp_path):
    folder = make_class(tmp_path)
    process = start_round(folder, "--jobs", 2, after=1)
    killed = []

    # The workers are children of the fork server, which is a child of the round.
    def workers():
        servers = [c for c in psutil.Process(process.pid).children() if "forkserver" in " ".join(c.cmdline())]
        return [worker for server in servers for worker in server.children()]

    for worker in workers():
        worker.kill()
        killed.append(worker)
    output = resume(process)
    assert killed
    assert process.returncode == 0, output
    assert_each_has_its_grade(folder)


@pytest.mark.slow
def test_a_killed_zygote_costs_no_grade(tmp_path):
    folder = make_class(tmp_path)
    process = start_round(folder, "--jobs", 2, after=1)
    zygotes = [
        c for c in psutil.Process(process.pid).children() if "bngrader.engine.processes.zygote" in " ".join(c.cmdline())
    ]
    for zygote in zygotes:
        zygote.kill()
    output = resume(process)
    assert zygotes
    assert process.returncode == 0, output
    assert_each_has_its_grade(folder)


def test_the_next_round_finishes_what_ctrl_c_interrupted(tmp_path):
    folder = make_class(tmp_path)
    process = start_round(folder, "--jobs", 1, after=2)
    os.killpg(process.pid, signal.SIGINT)
    out, err = resume(process)
    assert process.returncode == 130, out + err
    assert "of 4 submissions." in err
    assert "Traceback" not in err
    last = grade(folder)
    assert last.returncode == 0, last.stdout + last.stderr
    assert "Already graded and unchanged:" in last.stdout
    assert_each_has_its_grade(folder)


@dataclass(frozen=True)
class Deadly(GradingJob):
    """A job that ends every process that receives it."""

    def __reduce__(self):
        return os._exit, (1,)


def test_a_job_that_kills_two_processes_fails_by_itself():
    source = nbformat.writes(gradable(read_solution(REPOSITORY / "solutions" / "scaling.py"))).encode()
    kinds = {"before": GradingJob, "deadly": Deadly, "after": GradingJob, "last": GradingJob}
    jobs = [kind(student, "scaling", source) for student, kind in kinds.items()]
    with in_processes(source, 2) as run:
        outcomes = {outcome.student: outcome.error for outcome in run(jobs)}
    assert set(outcomes) == set(kinds)
    assert outcomes["deadly"] == LOST
    assert all("it is empty" in outcomes[student] for student in ("before", "after", "last"))
