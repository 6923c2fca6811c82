"""Tests that the command takes part only in clusters that are closed to others, and unpickles no object."""

import os
import pickle

import pytest

from bngrader.course.folders import CourseError
from bngrader.grading.dask_client import NotUnpickledError, Scheduler, load_plain, texts_in

CERTIFICATES = ("tls_ca_file", "tls_cert", "tls_key")


@pytest.mark.parametrize(
    "address",
    ["tcp://192.0.2.1:8786", "192.0.2.1:8786", "tcp://cluster.example.org:8786", "tcp://[fe80::1]:8786", "ws://example.org:8786",
     "tcp://localhost.example.org:8786", "tcp://0.0.0.0:8786", "ucx://192.0.2.1:8786", "tcp://192.0.2.1"],
)  # fmt: skip
def test_an_open_scheduler_on_the_network_is_refused(address):
    with pytest.raises(CourseError, match="can run code as you") as refused:
        Scheduler(address).check()
    for option in ("tls://", "--tls-ca-file", "--tls-cert", "--tls-key", "--insecure-scheduler"):
        assert option in str(refused.value)
    Scheduler(address, insecure=True).check()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tcp://localhost:9", "tcp://[::1]:8786", "127.0.0.2:1"])
def test_a_scheduler_on_this_machine_is_accepted(address):
    Scheduler(address).check()


def test_tls_needs_all_three_files(tmp_path):
    paths = {name: tmp_path / name for name in CERTIFICATES}
    with pytest.raises(CourseError, match="add --tls-ca-file, --tls-cert, --tls-key"):
        Scheduler("tls://192.0.2.1:8786").check()
    with pytest.raises(CourseError, match=f"--tls-ca-file {paths['tls_ca_file']}: there is no such file"):
        Scheduler("tls://192.0.2.1:8786", **paths).check()
    for path in paths.values():
        path.touch()
    Scheduler("tls://192.0.2.1:8786", **paths).check()
    with pytest.raises(CourseError, match="is not encrypted: write tls://"):
        Scheduler("tcp://127.0.0.1:8786", **paths).check()


class Bomb:
    """Something that runs code when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("ran",)


@pytest.mark.parametrize("thing", [Bomb(), [Bomb()], {"a": Bomb}, ValueError("text"), os.mkdir, Bomb])
def test_an_object_is_not_unpickled(thing, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert isinstance(load_plain(pickle.dumps(thing, protocol)), NotUnpickledError)
    assert list(tmp_path.iterdir()) == []


def test_plain_data_is_unpickled():
    assert load_plain(pickle.dumps(["text", 1, 0.5, {"a": None}, (b"x",)])) == ["text", 1, 0.5, {"a": None}, (b"x",)]


def test_the_texts_of_an_exception_are_read_without_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = ModuleNotFoundError("No module named 'bngrader'")
    assert {"builtins", "ModuleNotFoundError", "No module named 'bngrader'"} <= set(texts_in(pickle.dumps(error)))
    assert "mkdir" in texts_in(pickle.dumps(Bomb()))
    assert [texts_in(thing) for thing in (b"not a pickle", "text", None)] == [[], [], []]
    assert "No module named 'bngrader'" in str(load_plain(pickle.dumps(error)))
    assert list(tmp_path.iterdir()) == []
