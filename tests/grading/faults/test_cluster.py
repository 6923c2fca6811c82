"""Tests of grading on dask.distributed: a lost worker costs no grade, and a missing scheduler is reported."""

import os
import signal

import pytest
from distributed import LocalCluster

from tests.grading.commands import grade
from tests.grading.faults.rounds import assert_each_has_its_grade, make_class, resume, start_round


@pytest.mark.slow
def test_a_lost_dask_worker_loses_no_submission(tmp_path):
    folder = make_class(tmp_path)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        process = start_round(folder, "--scheduler", cluster.scheduler_address, after=1)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        output = resume(process)
        assert process.returncode == 0, output
    assert_each_has_its_grade(folder)


def test_a_missing_scheduler_is_one_message(tmp_path):
    ran = grade(make_class(tmp_path), "--scheduler", "tcp://127.0.0.1:9")
    assert ran.returncode == 2
    assert "--scheduler tcp://127.0.0.1:9: no scheduler answers at this address" in ran.stderr
    assert "Traceback" not in ran.stderr
