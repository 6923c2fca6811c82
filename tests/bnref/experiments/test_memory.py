"""Tests that results are kept on disk for the code that made them, and only if a folder is named."""

import pytest

from bnref.experiments import memory

COUNT = []


def experiment(size=2):
    COUNT.append(size)
    return list(range(size))


@pytest.fixture(autouse=True)
def fresh():
    COUNT.clear()
    memory._memory.cache_clear()
    yield
    memory._memory.cache_clear()


def in_a_new_process():
    """Return the experiment as a new process would have it, which remembers only results on disk."""
    return memory.remembered(experiment)


def test_experiment_runs_once_per_choice_of_arguments(monkeypatch):
    monkeypatch.delenv("BNREF_EXPERIMENTS", raising=False)
    run = in_a_new_process()
    assert [run(), run(), run(3), run(3)] == [[0, 1], [0, 1], [0, 1, 2], [0, 1, 2]]
    assert COUNT == [2, 3]
    in_a_new_process()()
    assert COUNT == [2, 3, 2]


def test_next_process_finds_result_on_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("BNREF_EXPERIMENTS", str(tmp_path))
    assert in_a_new_process()(4) == in_a_new_process()(4) == [0, 1, 2, 3]
    assert COUNT == [4]


def test_change_in_package_runs_experiment_again(monkeypatch, tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "module.py").write_text("VALUE = 1\n")
    monkeypatch.setattr(memory, "PACKAGE", package)
    monkeypatch.setenv("BNREF_EXPERIMENTS", str(tmp_path / "kept"))
    in_a_new_process()()
    (package / "module.py").write_text("VALUE = 2\n")
    memory._memory.cache_clear()
    in_a_new_process()()
    assert COUNT == [2, 2]


def test_remembered_experiment_keeps_its_name():
    assert memory.remembered(experiment).__name__ == "experiment"
