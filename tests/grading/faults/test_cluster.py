"""Tests of grading on dask.distributed: lost and hostile workers, missing and open schedulers."""

import os
import signal
import subprocess

import pytest
from distributed import LocalCluster
from distributed.security import Security

from tests.conftest import REPOSITORY, TIMEOUT_S
from tests.grading.commands import grade, grading, records_in
from tests.grading.faults.rounds import assert_each_has_its_grade, make_class, resume, start_round

# What each worker runs when it starts: then it answers each job with something that runs code if it is unpickled.
HOSTILE = """
import os, pickle, distributed
from bngrader.grading import dask_pool

class Bomb:
    def __reduce__(self):
        return eval, ("open({folder!r} + str(__import__('os').getpid()), 'w').close()",)

class BombError(Exception):
    __reduce__ = Bomb.__reduce__

def graded_text(job):
    worker = distributed.get_worker()
    for topic in ("print", "warn"):
        message = pickle.dumps(Bomb())
        worker.log_event(topic, {{"message": message, "category": message, "args": ("printed",), "kwargs": {{}}}})
    if job.student.startswith("ada"):
        return Bomb()
    if job.student.startswith("dan"):
        raise BombError("bomb")
    if job.student.startswith("ida"):
        raise ValueError(Bomb(), "text")
    return "[" * 100_000

dask_pool.graded_text = graded_text
"""


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


def test_a_scheduler_that_is_open_to_the_network_is_refused(tmp_path):
    ran = grade(make_class(tmp_path), "--scheduler", "tcp://192.0.2.1:8786")
    assert ran.returncode == 2
    assert "--scheduler tcp://192.0.2.1:8786 has no TLS: whoever can reach this address can run code" in ran.stderr


def test_options_of_a_scheduler_need_one(tmp_path):
    ran = grade(make_class(tmp_path), "--insecure-scheduler")
    assert ran.returncode == 2
    assert "need --scheduler ADDRESS" in ran.stderr


def test_nothing_that_a_hostile_worker_sends_runs(tmp_path):
    folder, ran = make_class(tmp_path / "class"), tmp_path / "ran"
    ran.mkdir()
    preload = tmp_path / "hostile.py"
    preload.write_text(HOSTILE.format(folder=f"{ran}/"))
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, preload=str(preload)) as cluster:
        command = grading(folder, "--scheduler", cluster.scheduler_address)
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        output = process.communicate(timeout=TIMEOUT_S)
        workers = {worker.pid for worker in cluster.workers.values()}
    assert process.returncode == 0, output
    assert "printed" not in "".join(output)
    errors = {student: record["error"] for student, record in records_in(folder).items()}
    assert all("could not be graded: a worker " in error for error in errors.values()), errors
    assert {int(path.name) for path in ran.iterdir()} <= workers  # which pickle their own exceptions


def certificate(folder, name):
    """Make a certificate that is its own authority, and return the paths of it and its key."""
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj"]
    command = [*words, f"/CN={name}", "-out", *paths[:1], "-keyout", *paths[1:]]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return paths


@pytest.mark.slow
def test_a_cluster_with_certificates_grades(tmp_path):
    folder = make_class(tmp_path / "class")
    cert, key = certificate(tmp_path, "cluster")
    files = {f"tls_{part}_{file}": str(path) for part in ("scheduler", "worker", "client") for file, path in
             (("cert", cert), ("key", key))}  # fmt: skip
    security = Security(tls_ca_file=str(cert), require_encryption=True, **files)
    options = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": None}
    with LocalCluster(security=security, protocol="tls://", **options) as cluster:
        address = cluster.scheduler_address
        assert address.startswith("tls://")
        ran = grade(folder, "--scheduler", address, "--tls-ca-file", cert, "--tls-cert", cert, "--tls-key", key)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert_each_has_its_grade(folder)
        other_cert, other_key = certificate(tmp_path, "other")
        refused = grade(
            folder, "--scheduler", address, "--tls-ca-file", cert, "--tls-cert", other_cert, "--tls-key", other_key
        )
        assert refused.returncode == 2
        assert "no scheduler answers" in refused.stderr
