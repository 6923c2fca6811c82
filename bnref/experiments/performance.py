"""Speed, accuracy and memory of the reference package, compared with other implementations on one thread."""

import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from threadpoolctl import threadpool_limits

from bnref import core, scaling
from bnref.core import blocks
from bnref.core.streaming import RunningMoments
from bnref.experiments import peers

Array = NDArray[np.floating]
Call = Callable[[], Any]

SHAPES = [(256, 512), (4096, 1024), (64, 64, 56, 56), (32, 256, 14, 14), (8, 3, 224, 224)]
TABLES = [(442, 10), (10_000, 100), (100_000, 20), (4096, 1024)]
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Timing:
    """Median seconds of one implementation of one task, for one shape and dtype."""

    task: str
    way: str
    shape: tuple[int, ...]
    dtype: str
    seconds: float


@dataclass(frozen=True)
class Ratio:
    """bnref's time over another implementation's: the geometric mean over all shapes, and the highest ratio."""

    task: str
    way: str
    dtype: str
    mean: float
    worst: float


def machine() -> str:
    """Describe the date, the machine and the versions in one line."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:
            model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, torch {torch.__version__.split('+')[0]}"
    return f"{date.today():%d %B %Y}, {model}, one thread, {versions}"


def timed(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """Return the median seconds of each call over `rounds` rounds, each of which runs all calls in turn.

    Each call runs twice in a row, and only the second run is timed, so that it finds caches and allocator in the state
    that it leaves itself, rather than the previous call's.
    """
    seconds: dict[str, list[float]] = {way: [] for way in calls}
    for _ in range(rounds):
        for way, call in calls.items():
            call()
            start = time.perf_counter()
            call()
            seconds[way].append(time.perf_counter() - start)
    return {way: statistics.median(times) for way, times in seconds.items()}


def norm_calls(shape: tuple[int, ...], dtype: str) -> dict[str, dict[str, Call]]:
    """Return by task the calls that batch-normalize a random array; `memcpy` only copies it, as a lower bound."""
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, *shape)).astype(dtype)
    gamma, beta = np.linspace(0.5, 1.5, shape[1]).astype(dtype), np.linspace(-1, 1, shape[1]).astype(dtype)
    zero, one, room = np.zeros_like(gamma), np.ones_like(gamma), np.empty_like(x)
    view = (*shape[:2], int(np.prod(shape[2:], dtype=int)))
    cache, kernel = core.forward(x, view, gamma, beta, peers.EPS)[1], peers.Kernel(x, gamma, beta, dy)
    textbook = peers.textbook_forward(x, gamma, beta)[1]
    leaves = [t.clone().requires_grad_() for t in (kernel.x, kernel.gamma, kernel.beta)]
    graph = peers.scratch_layer(*leaves)
    memcpy = partial(np.copyto, room, x)
    forward: dict[str, Call] = {
        "bnref": lambda: core.forward(x, view, gamma, beta, peers.EPS),
        "torch's kernel": kernel.forward,
        "textbook NumPy": lambda: peers.textbook_forward(x, gamma, beta),
        "d2l's layer": lambda: peers.scratch_layer(kernel.x, kernel.gamma, kernel.beta),
        "memcpy": memcpy,
    }
    if compiled := peers.compiled_forward():
        forward["numba"] = lambda: compiled(x.reshape(view), gamma, beta)
    return {
        "forward": forward,
        "evaluation": {
            "bnref": lambda: core.evaluate(x, view, gamma, beta, zero, one, peers.EPS),
            "torch's kernel": kernel.evaluate,
            "textbook NumPy": lambda: peers.textbook_evaluate(x, gamma, beta, zero, one),
            "memcpy": memcpy,
        },
        "backward": {
            "bnref": lambda: core.backward(dy, cache),
            "torch's kernel": kernel.backward,
            "textbook NumPy, staged": lambda: peers.staged_backward(dy, textbook),
            "textbook NumPy, short": lambda: peers.short_backward(dy, textbook),
            "d2l's layer": lambda: torch.autograd.grad(graph, leaves, kernel.dy, retain_graph=True),
            "memcpy": memcpy,
        },
    }


def table_calls(shape: tuple[int, ...], dtype: str) -> dict[str, dict[str, Call]]:
    """Return by task the calls that scale a random table, or compute its statistics in batches of 256 rows."""
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    batches = [x[i : i + 256] for i in range(0, len(x), 256)]
    return {
        "standardize": {
            "bnref": lambda: scaling.standardize(x),
            "scikit-learn": lambda: StandardScaler().fit_transform(x),
        },
        "min_max_scale": {
            "bnref": lambda: scaling.min_max_scale(x),
            "scikit-learn": lambda: MinMaxScaler().fit_transform(x),
        },
        "streaming statistics": {
            "bnref": lambda: _stream(RunningMoments().update, batches),
            "scikit-learn": lambda: _stream(StandardScaler().partial_fit, batches),
        },
    }


def _stream(update: Callable[[Array], Any], batches: Iterable[Array]) -> None:
    for batch in batches:
        update(batch)


def timings(rounds: int = 7, shapes: Iterable[tuple[int, ...]] = SHAPES) -> list[Timing]:
    """Time all implementations of all tasks on every shape and dtype, for at least `rounds` rounds and 0.2 seconds."""
    with one_thread():
        return list(_all_timings(rounds, shapes))


@contextmanager
def one_thread() -> Iterator[None]:
    """Restrict torch and NumPy's BLAS to one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)


def _all_timings(rounds: int, shapes: Iterable[tuple[int, ...]]) -> Iterator[Timing]:
    jobs = [(norm_calls, shape) for shape in shapes] + [(table_calls, shape) for shape in TABLES]
    for make_calls, shape in jobs:
        for dtype in DTYPES:
            for task, calls in make_calls(shape, dtype).items():
                once = sum(timed(calls, 1).values())  # to choose a number of rounds that takes about 0.2 seconds
                for way, seconds in timed(calls, max(rounds, min(200, round(0.2 / once)))).items():
                    yield Timing(task, way, shape, dtype, seconds)


def ratios(results: Iterable[Timing]) -> list[Ratio]:
    """Compute bnref's time over each other implementation's, by task and dtype."""
    by_job = {(t.task, t.shape, t.dtype, t.way): t.seconds for t in results}
    found: dict[tuple[str, str, str], list[float]] = {}
    for (task, shape, dtype, way), seconds in by_job.items():
        if way != "bnref":
            found.setdefault((task, way, dtype), []).append(by_job[task, shape, dtype, "bnref"] / seconds)
    return [
        Ratio(*job, statistics.geometric_mean(shares), max(shares)) for job, shares in sorted(found.items(), key=str)
    ]


@dataclass(frozen=True)
class Error:
    """Largest errors of float32 forward passes compared with long double, on one kind of data."""

    data: str
    bnref: float
    torch: float
    textbook: float


def errors() -> list[Error]:
    """Measure the errors of three float32 forward passes on data with a large mean, no spread, or huge values."""
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(1000, 16))
    data = {
        "mean 0, std 1": normal,
        "mean 1e4, std 1": 1e4 + normal,
        "mean 1e4, std 1e-2": 1e4 + 1e-2 * normal,
        "constant, 3.3": np.full((1000, 16), 3.3),
        "values of 1e30": 1e30 * normal,
    }
    with np.errstate(all="ignore"):
        return [Error(name, *_three_errors(x.astype(np.float32))) for name, x in data.items()]


def _three_errors(x: Array) -> list[float]:
    wide = x.astype(np.longdouble)  # more digits than any of the passes uses, as the exact result
    exact = (wide - wide.mean(axis=0)) / np.sqrt(wide.var(axis=0) + peers.EPS)
    one = np.ones(x.shape[1], np.float32)
    found = [
        core.forward(x, (*x.shape, 1), one, 0 * one, peers.EPS)[0],
        peers.Kernel(x, one, 0 * one, x).forward()[0].numpy(),
        peers.textbook_forward(x, one, 0 * one)[0],
    ]
    return [float(np.abs(y - exact).max()) for y in found]


def peak_memory(shape: tuple[int, ...] = (64, 64, 56, 56)) -> dict[str, float]:
    """Measure the peak memory of each pass, including its results, as a multiple of its input's size."""
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    view, one = (*shape[:2], x[0, 0].size), np.ones(shape[1], np.float32)
    cache = core.forward(x, view, one, one, peers.EPS)[1]
    passes: dict[str, Call] = {
        "forward": lambda: core.forward(x, view, one, one, peers.EPS),
        "evaluation": lambda: core.evaluate(x, view, one, one, one, one, peers.EPS),
        "backward": lambda: core.backward(x, cache),
        "textbook forward": lambda: peers.textbook_forward(x, one, one),
    }
    found = {}
    for name, call in passes.items():
        tracemalloc.start()
        call()
        found[name] = tracemalloc.get_traced_memory()[1] / x.nbytes
        tracemalloc.stop()
    return found


def times_by_block(
    sizes: Iterable[int], shape: tuple[int, ...] = (32, 256, 28, 28), rounds: int = 15
) -> dict[str, dict[int, float]]:
    """Measure bnref's time over that of torch's kernel in float32, by pass and by block size in bytes."""
    found: dict[str, dict[int, float]] = {"evaluation": {}, "backward": {}}
    with one_thread():
        calls = norm_calls(shape, "float32")
        for size in sizes:
            with mock.patch.object(blocks, "BLOCK_BYTES", size):
                for task, by_size in found.items():
                    pair = {way: calls[task][way] for way in ("bnref", "torch's kernel")}
                    seconds = timed(pair, rounds)
                    by_size[size] = seconds["bnref"] / seconds["torch's kernel"]
    return found
