"""A worker's own limits: no file takes much of them, and one that does fails by itself, with the limit's name."""

import json
import resource
import signal
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

from bngrader.authoring.notebooks import gradable, read_solution
from bngrader.grading.apart import grade_apart
from bngrader.grading.grade_submission import GradingJob
from bngrader.grading.process_pool import in_processes
from tests.conftest import REPOSITORY
from tests.grading import sample_class

pytestmark = pytest.mark.real

SOURCE = nbformat.writes(gradable(read_solution(REPOSITORY / "solutions" / "scaling.py"))).encode()
EMPTY = "it is empty"


def with_cells(*cells, **metadata):
    """Return the sample notebook with more cells and metadata, as bytes."""
    notebook = json.loads(json.dumps(sample_class.filled_in()))
    notebook["cells"] += cells
    notebook["metadata"] |= metadata
    return json.dumps(notebook).encode()


def cell(source, kind="code", **parts):
    return {"cell_type": kind, "source": source, "metadata": {}, **parts}


def listed(item, count):
    """Return a file with a list of many items, which are JSON."""
    return b'{"cells": [], "other": [' + item + (b"," + item) * (count - 1) + b"]}"


MANY_CODE = with_cells(*(cell("def f(x):\n    return ((((x))))\n" * 300) for _ in range(950)))
LARGE = {
    "empty-cells": (b'{"cells": [' + b"{}," * 345_000 + b"{}]}", "has 345,001 cells; at most 1,000 can be graded"),
    "three-megabytes-of-objects": (b'{"cells": [' + b"{}," * 10**6 + b"{}]}", "has 1,000,001 cells"),
    "old-cells": (
        b'{"worksheets": [{"cells": [' + b"{}," * 345_000 + b'{"cell_type": "raw"}]}]}',
        "another kind of file",
    ),
    "fifty-megabytes-of-objects": (listed(b"{}", 16_000_000), "more than 5,000,000 values"),
    "objects": (listed(b'{"a": 1}', 2_400_000), "none of the assignment's cells"),
    "texts": (listed(b'"abcdefg"', 4_900_000), "none of the assignment's cells"),
    "huge-integers": (listed(b"9" * 4000, 12_000), "none of the assignment's cells"),
    "a-huge-number": (listed(b"1" * 49_000_000 + b".5", 1), "none of the assignment's cells"),
    "deep-lists": (b"[" * 4_900_000, "another kind of file"),
    "deep-objects": (b'{"a":' * 2_000_000, "is not a notebook"),
    "escapes": (listed(b'"' + b'\\"[' * 16_000_000 + b'"', 1), "none of the assignment's cells"),
    "surrogates": (b'{"cells": [{"source": "' + rb"\ud800" * 8_000_000 + b'"}]}', "none of the assignment's cells"),
    "text": (with_cells(cell("#" * 45_000_000)), "has 45 MB of text and pictures in its cells, more than the limit"),
    "pictures": (with_cells(cell("", "markdown", attachments={f"{n}": {} for n in range(10**6)})), "1,000 pictures"),
}


def outcomes(jobs):
    """Return the error of each student's job; all are done in one process, after each other."""
    with in_processes(SOURCE, 1) as run:
        return {outcome.student: outcome.error for outcome in run(jobs)}


def job(student, submission, **settings):
    return GradingJob(student, "scaling", SOURCE, submission, settings)


@pytest.fixture(scope="module")
def errors():
    limits = {"worker_cpu_seconds": 20, "worker_memory_mb": 1200, "notebook_seconds": 300}
    return outcomes([job(name, data, **limits) for name, (data, _) in LARGE.items()])


@pytest.mark.parametrize("name", LARGE)
def test_a_large_file_is_refused_within_the_limits(errors, name):
    assert LARGE[name][1] in errors[name]


def test_a_job_beyond_a_limit_fails_by_itself_with_its_name():
    jobs = [
        job("memory", with_cells(cell("#" * 9_000_000)), worker_memory_mb=20, notebook_seconds=60),
        job("empty", b"", notebook_seconds=60),
        job("cpu", MANY_CODE, worker_cpu_seconds=0.2, notebook_seconds=60),
        job("empty again", b"", notebook_seconds=60),
    ]
    found = outcomes(jobs)
    assert "takes more than the 20 MB of memory that reading and showing a notebook may take" in found["memory"]
    assert "takes more than the 0.2 CPU seconds that reading and showing a notebook may take" in found["cpu"]
    assert EMPTY in found["empty"]
    assert EMPTY in found["empty again"]


def test_threads_grade_in_processes_with_limits_of_their_own():
    jobs = [
        job("empty", b"", notebook_seconds=60),
        job("memory", with_cells(cell("#" * 9_000_000)), worker_memory_mb=20, notebook_seconds=60),
        job("empty again", b"", notebook_seconds=60),
    ]
    limits = resource.getrlimit(resource.RLIMIT_DATA), signal.getsignal(signal.SIGPROF)
    with ThreadPoolExecutor(2) as threads:
        first, memory, last = [outcome.error for outcome in threads.map(grade_apart, jobs)]
    assert "takes more than the 20 MB of memory" in memory
    assert EMPTY in first
    assert EMPTY in last
    assert (resource.getrlimit(resource.RLIMIT_DATA), signal.getsignal(signal.SIGPROF)) == limits
