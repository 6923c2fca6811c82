"""Tests that timed implementations do the same work, and that ratios follow from timings."""

import numpy as np
import pytest

from bnref.experiments import peers, performance
from bnref.experiments.performance import Timing, errors, norm_calls, peak_memory, ratios, table_calls, timed, timings

SHAPES = [(64, 12), (4, 6, 5, 3)]


def first(result):
    """Return the output of a pass as an array, without its cache or statistics."""
    result = result[0] if isinstance(result, tuple) else result
    return result if isinstance(result, np.ndarray) else result.detach().numpy()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", performance.DTYPES)
def test_all_implementations_of_a_task_agree(shape, dtype):
    for task, calls in norm_calls(shape, dtype).items():
        want = first(calls["torch's kernel"]())
        for way, call in calls.items():
            if way != "memcpy":
                tolerance = 1e-4 if dtype == "float32" else 1e-9
                got = first(call()).reshape(want.shape)
                np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance, err_msg=f"{task}: {way}")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_textbook_backward_passes_agree_with_torch(shape):
    x, dy = np.random.default_rng(0).normal(size=(2, *shape))
    gamma, beta = np.linspace(1, 2, shape[1]), np.zeros(shape[1])
    cache = peers.textbook_forward(x, gamma, beta)[1]
    want = [t.numpy() for t in peers.Kernel(x, gamma, beta, dy).backward()]
    for backward in (peers.staged_backward, peers.short_backward):
        for got, expected in zip(backward(dy, cache), want, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


def test_both_implementations_of_scaling_agree():
    for task, calls in table_calls((300, 4), "float64").items():
        if task != "streaming statistics":
            np.testing.assert_allclose(first(calls["bnref"]()), first(calls["scikit-learn"]()), rtol=1e-9, atol=1e-9)


def test_each_call_runs_twice_in_a_row_in_each_round():
    called = []
    seconds = timed({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, rounds=3)
    assert called == ["a", "a", "b", "b"] * 3
    assert set(seconds) == {"a", "b"}
    assert all(s > 0 for s in seconds.values())


def test_ratios_are_geometric_means_over_the_shapes():
    results = [
        Timing("forward", "bnref", (1, 1), "float32", 2.0),
        Timing("forward", "other", (1, 1), "float32", 1.0),
        Timing("forward", "bnref", (2, 1), "float32", 1.0),
        Timing("forward", "other", (2, 1), "float32", 8.0),
    ]
    (ratio,) = ratios(results)
    assert (ratio.way, ratio.mean, ratio.worst) == ("other", pytest.approx(0.5), 2.0)


def test_every_task_is_timed_for_every_shape_and_dtype(monkeypatch):
    monkeypatch.setattr(performance, "TABLES", [(64, 3)])
    found = {(t.task, t.shape, t.dtype) for t in timings(rounds=1, shapes=[(8, 4)]) if t.way == "bnref"}
    tasks = {"forward": (8, 4), "evaluation": (8, 4), "backward": (8, 4)}
    tasks |= dict.fromkeys(["standardize", "min_max_scale", "streaming statistics"], (64, 3))
    assert found == {(task, shape, dtype) for task, shape in tasks.items() for dtype in performance.DTYPES}


def test_bnref_is_exact_on_hard_data_where_others_fail():
    by_data = {e.data: e for e in errors()}
    assert max(e.bnref for e in by_data.values()) < 1e-6
    for data in ("mean 1e4, std 1", "mean 1e4, std 1e-2", "values of 1e30"):
        assert min(by_data[data].torch, by_data[data].textbook) > 1e-3
    assert max(by_data["mean 0, std 1"].torch, by_data["mean 0, std 1"].textbook) < 1e-5


def test_pass_takes_little_memory_beyond_its_result():
    found = peak_memory((64, 32, 28, 28))
    assert max(found["forward"], found["evaluation"], found["backward"]) < 1.5
    assert found["textbook forward"] > 3


def test_block_size_is_changed_only_for_the_comparison():
    found = performance.times_by_block([1 << 12, 1 << 19], shape=(4, 3, 16, 16), rounds=1)
    assert {task: list(by_size) for task, by_size in found.items()} == {
        "evaluation": [1 << 12, 1 << 19],
        "backward": [1 << 12, 1 << 19],
    }
    assert performance.blocks.BLOCK_BYTES == 1 << 19
