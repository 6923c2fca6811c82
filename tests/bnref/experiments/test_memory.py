"""Results are kept on disk for the very code that made them, and nowhere without a folder."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from bnref.experiments import memory
from tests.conftest import REPOSITORY, TIMEOUT_S

COUNT = []
# Each run leaves a line, so that the runs of several processes can be counted.
EXPERIMENT = """
from pathlib import Path

from bnref.experiments.memory import remembered
from laboratory.tools import double


@remembered
def measured(size=2):
    with Path(__file__).with_name("runs").open("a") as runs:
        print(size, file=runs)
    return [double(n) for n in range(size)]
"""
RUN = "from laboratory.experiment import measured; print(measured())"


def experiment(size=2):
    COUNT.append(size)
    return list(range(size))


@pytest.fixture(autouse=True)
def fresh():
    COUNT.clear()


def in_a_new_process():
    """Return what a process that starts anew remembers: only what is on disk."""
    return memory.remembered(experiment)


@pytest.fixture
def laboratory(tmp_path, monkeypatch):
    """Make a package with an experiment, and set the folder for its results."""
    folder = tmp_path / "laboratory"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "experiment.py").write_text(EXPERIMENT)
    (folder / "tools.py").write_text("def double(n):\n    return 2 * n\n")
    (folder / "unrelated.py").touch()
    monkeypatch.setenv("BNREF_EXPERIMENTS", str(tmp_path / "kept"))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{REPOSITORY}")
    return folder


def measured():
    """Return what a new process gets from the laboratory's experiment."""
    command = [sys.executable, "-c", RUN]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def runs(laboratory):
    return len((laboratory / "runs").read_text().splitlines())


def test_experiment_runs_once_per_choice_of_arguments(monkeypatch):
    monkeypatch.delenv("BNREF_EXPERIMENTS", raising=False)
    run = in_a_new_process()
    assert [run(), run(), run(3), run(3)] == [[0, 1], [0, 1], [0, 1, 2], [0, 1, 2]]
    assert COUNT == [2, 3]
    in_a_new_process()()
    assert COUNT == [2, 3, 2]


def test_the_next_process_finds_the_result_on_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("BNREF_EXPERIMENTS", str(tmp_path))
    assert in_a_new_process()(4) == in_a_new_process()(4) == [0, 1, 2, 3]
    assert COUNT == [4]


def test_a_default_that_is_given_is_the_same_argument(monkeypatch, tmp_path):
    monkeypatch.setenv("BNREF_EXPERIMENTS", str(tmp_path))
    in_a_new_process()()
    in_a_new_process()(2)
    in_a_new_process()(size=2)
    in_a_new_process()(3)
    assert COUNT == [2, 3]


def test_who_comes_second_waits_for_the_first(monkeypatch, tmp_path):
    asked, second = [], Event()

    class Watched(memory.FileLock):
        def acquire(self, *args, **options):
            asked.append(self)
            if len(asked) == 2:
                second.set()
            return super().acquire(*args, **options)

    def slow():
        COUNT.append(second.wait(TIMEOUT_S))
        return "found"

    monkeypatch.setattr(memory, "FileLock", Watched)
    monkeypatch.setenv("BNREF_EXPERIMENTS", str(tmp_path))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda run: run(), [memory.remembered(slow), memory.remembered(slow)]))
    assert found == ["found"] * 2
    assert COUNT == [True]


@pytest.mark.parametrize("file", ["experiment.py", "tools.py"])
def test_changed_code_runs_it_again(laboratory, file):
    assert measured() == "[0, 2]"
    path = laboratory / file
    path.write_text(path.read_text().replace("range(size)", "range(size + 1)").replace("2 * n", "2 * n + 1"))
    assert measured() == {"experiment.py": "[0, 2, 4]", "tools.py": "[1, 3]"}[file]
    assert runs(laboratory) == 2


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("experiment.py", "    with", '    """Words."""\n\n    # Why.\n    with'),
        ("tools.py", "    return", '    """Double a number."""\n    return'),
        ("unrelated.py", "", "VALUE = 1\n"),
    ],
)
def test_words_and_unrelated_code_do_not_run_it_again(laboratory, file, old, new):
    measured()
    path = laboratory / file
    path.write_text(path.read_text().replace(old, new, 1))
    assert measured() == "[0, 2]"
    assert runs(laboratory) == 1


def test_another_version_of_a_package_runs_it_again(monkeypatch, tmp_path):
    monkeypatch.setenv("BNREF_EXPERIMENTS", str(tmp_path))
    in_a_new_process()()
    monkeypatch.setattr(memory, "version", lambda name: "99" if name == "torch" else "1")
    in_a_new_process()()
    assert COUNT == [2, 2]


def test_a_run_that_fails_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("BNREF_EXPERIMENTS", str(tmp_path))
    with pytest.raises(TypeError):
        in_a_new_process()("two")
    assert list(tmp_path.glob("*.joblib")) == []
