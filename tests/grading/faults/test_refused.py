"""Tests that a full disk or a locked gradebook is reported in one message, and the next round does the rest."""

import os
import shutil
import sqlite3
import subprocess
import threading
from contextlib import contextmanager

import pytest

from tests.conftest import lacking
from tests.grading.commands import grade, grading
from tests.grading.faults.rounds import assert_each_has_its_grade, make_class, resume, start_round

# Grades in a new file system of 1 MB, which fills up, and again after the file system has grown.
FULL_THEN_NOT = """
mount -t tmpfs -o size=1m full "$1" || exit 77
cp -r "$2/submitted" "$1"
shift 2
"$@"; echo "first: $?"
mount -o remount,size=100m full
"$@"; echo "second: $?"
cp -r "$CLASS"/* "$OUT"
"""


def test_a_full_disk_stops_the_round_and_loses_nothing(tmp_path):
    folder, disk, out = make_class(tmp_path / "class"), tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    out.mkdir()
    apart = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    script = [*apart, "sh", "-c", FULL_THEN_NOT, "sh", disk, folder, *grading(disk, "--jobs", 1)]
    if shutil.which("unshare") is None:
        lacking("unshare", "install util-linux")
    environment = os.environ | {"CLASS": str(disk), "OUT": str(out)}
    ran = subprocess.run(script, capture_output=True, text=True, check=False, env=environment)
    if ran.returncode == 77:
        lacking("a file system of its own", "allow this user to mount a tmpfs in a namespace")
    assert "first: 2" in ran.stdout, ran.stdout + ran.stderr
    assert "run the command again" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "second: 0" in ran.stdout, ran.stdout + ran.stderr
    assert_each_has_its_grade(out)


@contextmanager
def locked(folder):
    """Hold the gradebook's write lock, as another program would."""
    connection = sqlite3.connect(folder / "gradebook.db", isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


@pytest.mark.slow
def test_a_round_waits_for_a_locked_gradebook(tmp_path):
    folder = make_class(tmp_path)
    process = start_round(folder, "--jobs", 1, after=1)
    with locked(folder) as connection:
        # SQLite by itself gives up after 5 seconds.
        threading.Timer(8, connection.rollback).start()
        output = resume(process)
    assert process.returncode == 0, output
    assert_each_has_its_grade(folder)


@pytest.mark.slow
def test_a_gradebook_that_stays_locked_loses_nothing(tmp_path):
    folder = make_class(tmp_path)
    database = f"sqlite:///{folder / 'gradebook.db'}?timeout=1"
    process = start_round(folder, "--jobs", 1, "--db", database, after=1)
    with locked(folder):
        out, err = resume(process)
        before = grade(folder, "--jobs", 1, "--db", database)
    for code, text in [(process.returncode, err), (before.returncode, before.stderr)]:
        assert code == 2, out + text
        assert "database is locked" in text
        assert "Traceback" not in text
    assert "run the command again" in err
    last = grade(folder)
    assert last.returncode == 0, last.stdout + last.stderr
    assert_each_has_its_grade(folder)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    folder = make_class(tmp_path)
    (folder / "feedback").write_text("a file where the folder should be")
    ran = grade(folder, "--jobs", 1)
    assert ran.returncode == 2
    assert f"{folder / 'feedback'}/ada-right/scaling/scaling.html cannot be written" in ran.stderr
    assert "Traceback" not in ran.stderr
