"""Fuzzing of what reads a submission's messages and notebook. `make fuzz` does it for longer."""

import importlib.util
import sys

import numpy as np
import pytest

from bngrader.engine.protocol import array_memory, values
from tests.conftest import lacking
from tests.fuzzing import targets
from tests.grading.commands import run

SECONDS = 12  # for each target
RUNS = 500  # at least, even on a busy machine: the slowest target does some hundred a second


@pytest.mark.parametrize("target", targets.TARGETS)
def test_the_inputs_that_fuzzing_begins_with_hold(target, monkeypatch):
    monkeypatch.setattr(values, "rebuild", values.rebuild)
    targets.watch_arrays()
    seeds = targets.seeds(target)
    assert seeds
    for data in seeds:
        targets.TARGETS[target](data)


def test_fuzzing_notices_an_array_outside_of_its_buffer(monkeypatch):
    monkeypatch.setattr(values, "rebuild", values.rebuild)
    monkeypatch.setattr(array_memory, "rebuild", lambda *_: np.ones(3))
    targets.watch_arrays()
    with pytest.raises(AssertionError, match="outside of its memory"):
        targets.array(np.array([0, 3, 0, 1, 8], "<i8").tobytes())


@pytest.mark.slow
@pytest.mark.parametrize("target", targets.TARGETS)
def test_fuzzing_finds_nothing(target, tmp_path):
    if importlib.util.find_spec("atheris") is None:
        lacking("Atheris", "it is there for Python 3.11 to 3.13 on Linux: pip install atheris")
    ran = run(sys.executable, "-m", "tests.fuzzing.fuzz", target, SECONDS, tmp_path)
    failed = [path.read_bytes() for path in tmp_path.glob("*-failed-*")]
    assert (ran.returncode, failed) == (0, []), ran.stderr[-5000:]
    (count,) = [
        line.split()[1] for line in ran.stderr.splitlines() if line.startswith("stat::number_of_executed_units")
    ]
    assert int(count) >= RUNS
