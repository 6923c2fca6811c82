"""Tests of the message of a failed check: the claim and the input, on one screen."""

import warnings

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from bngrader.check import (
    CheckFailed,
    call,
    close,
    fitting,
    grows,
    hidden_rng,
    holds,
    leaves_arguments_alone,
    raises,
)
from bngrader.check.assertions import HIDDEN_SEED


def message(function, *args, **kwargs):
    with pytest.raises(CheckFailed) as failure:
        function(*args, **kwargs)
    return str(failure.value)


def double(x):
    return 2 * x


X = np.array([[1.0, 2.0], [3.0, 4.0]])


def test_close_accepts_values_within_the_tolerance():
    close([1.0, np.nan], np.array([1 + 1e-9, np.nan]), "they agree")
    close(3, 3.0, "numbers too")
    close(np.float32(1.004), 1, "as close as asked", tol=1e-2)


def test_a_difference_shows_claim_input_expectation_and_answer():
    text = message(close, [2.0, 5.0], [2.0, 4.0], "the mean is right", x=X)
    assert text.splitlines()[0] == "Failed: the mean is right."
    assert "x =         [[1. 2.]\n" in text
    assert "float64, shape (2, 2)" in text
    assert "expected:   [2. 4.]" in text
    assert "got:        [2. 5.]" in text
    assert "1 of 2 entries differ; the first is at index [1]: expected 4, got 5" in text


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (None, "None: did you forget the `return`?"),
        ([1.0], "a list with 1 item"),
        (1.0, "float: 1.0"),
        ([1.0, np.nan], "1 of 2 entries differ; the first is at index [1]: expected 4, got nan"),
        ("ab", "str: ab"),
        ([[1.0], [1.0, 2.0]], "a list with 2 items"),
        ({"a": 1}, "dict: {'a': 1}"),
    ],
)
def test_each_kind_of_wrong_result_is_named(got, said):
    assert said in message(close, got, [1.0, 4.0], "it is right")


def test_an_object_that_equals_everything_fails():
    class Agreeable:
        def __eq__(self, other):
            return True

    assert "Agreeable" in message(close, Agreeable(), [1.0], "it is right")


def test_a_large_input_is_abbreviated():
    table = np.zeros((1000, 500))
    text = message(close, table, table + 1, "it is right", x=table)
    assert len(text.splitlines()) < 30
    assert max(map(len, text.splitlines())) < 110
    assert "500000 of 500000 entries differ" in text


def test_call_passes_a_copy_and_returns_the_result():
    def spoil(x):
        x += 1
        return x

    assert call(spoil, X)[0, 0] == 2
    assert X[0, 0] == 1


def test_call_requires_the_named_results_in_a_tuple_or_list():
    assert call(lambda x: [x, x[0]], X, y=(2, 2), row=(2,))[1] is not None
    assert call(double, X) is not None
    text = message(call, double, X, y=(2, 2), row=(2,))
    assert text.splitlines()[0] == "Failed: double must return y, row, in this order."
    assert "got:        an array with shape (2, 2) and dtype float64" in text
    assert "got:        a tuple with 3 items" in message(call, lambda x: (x, x, x), X, y=(2, 2), row=(2,))
    assert "got:        None: did you forget the `return`?" in message(call, lambda x: None, X, y=(2, 2), row=(2,))


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (None, "None: did you forget the `return`?"),
        (X, "an array with shape (2, 2) and dtype float64"),
        (X[:1], "an array with shape (1, 2) and dtype float64"),
        ([1.0, 2.0], "a list with 2 items"),
        (np.array(["a", "b"]), "an array with shape (2,) and dtype <U1"),
        ("ab", "str: ab"),
    ],
)
def test_call_requires_an_array_with_the_given_shape(result, said):
    text = message(call, lambda x: result, X, row=(2,))
    assert text.splitlines()[0] == "Failed: row must be an array of numbers with shape (2,)."
    assert f"got:        {said}" in text


def test_a_students_error_shows_the_input_and_the_line():
    def broken(x):
        return x @ np.zeros(7)

    text = message(call, broken, X)
    assert text.splitlines()[0] == "Failed: broken raised an error."
    assert "[[1. 2.]" in text
    assert "raised:     ValueError: matmul" in text
    assert "in the line: return x @ np.zeros(7)" in text


def test_an_error_inside_numpy_shows_the_students_line():
    def broken(x):
        return np.stack([x, x[0]])

    assert "in the line: return np.stack([x, x[0]])" in message(call, broken, X)


def test_an_unwritten_function_is_reported_as_such():
    def standardize(x):
        raise NotImplementedError

    assert message(call, standardize, X) == "Failed: standardize is not written yet."


def test_a_warning_fails_only_with_quiet():
    def divide(x):
        return x / (x - x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call(divide, X)
    text = message(call, divide, X, quiet=True)
    assert "divide must raise no warning on valid input" in text
    assert "warned:     RuntimeWarning: divide by zero" in text


def test_a_resource_warning_does_not_count():
    def collect(x):
        open(__file__)  # noqa: SIM115
        return x

    call(collect, X, quiet=True)


def test_a_wrong_dtype_is_named():
    call(double, X.astype(np.float32), dtype=np.float32, y=(2, 2))
    text = message(call, lambda x: x.astype(float), X.astype(np.float32), dtype="float32", y=(2, 2))
    assert text.splitlines()[0] == "Failed: y must have dtype float32 here."
    assert "got:        dtype float64" in text


def test_a_changed_argument_is_named():
    def spoil(x, y):
        y[0] = 9
        return x + y

    leaves_arguments_alone(lambda x, y: (x + y, 2 * x), X, X[0])
    text = message(leaves_arguments_alone, spoil, X, np.zeros(2))
    assert text.splitlines()[0] == "Failed: spoil must not change its argument y."
    assert "y =         [0. 0.]" in text
    assert "after:      [9. 0.]" in text


@pytest.mark.parametrize("view", [lambda x: x, lambda x: (x + 1, x[0]), lambda x: x.T])
def test_a_result_that_shares_memory_with_an_argument_fails(view):
    assert "must return new arrays" in message(leaves_arguments_alone, view, X)


def test_a_notebook_shows_the_message_and_no_frames(capsys):
    shell = InteractiveShell.instance()
    try:
        shell.run_cell("from bngrader.check import close\nclose([1.0], [2.0], 'one is two')")
    finally:
        InteractiveShell.clear_instance()
    printed = capsys.readouterr().out
    assert "Failed: one is two." in printed
    assert "Traceback" not in printed
    assert "check.py" not in printed


def test_arguments_are_passed_by_name_and_shown():
    def scale(x, factor=1.0):
        return x * factor

    assert call(scale, X, kwargs={"factor": 3.0}, y=(2, 2))[0, 0] == 3
    assert "factor =    3.0" in message(call, scale, X, kwargs={"factor": 3.0}, y=(1,))
    leaves_arguments_alone(scale, X, factor=2.0)
    assert "must not change its argument x" in message(
        leaves_arguments_alone, lambda x: x.sort(axis=0), x=X[::-1].copy()
    )


@pytest.mark.parametrize(
    ("form", "right", "wrong", "said"),
    [
        (int, [3, np.int64(3)], [3.0, "3", True, None, np.float64(3)], "n must be a whole number"),
        (float, [3, 0.5, np.float32(0.5)], ["3", None, True, np.zeros(1)], "n must be a number"),
        (dict, [{}], [[]], "n must be a dict"),
    ],
)
def test_call_requires_other_results_by_type(form, right, wrong, said):
    for result in right:
        assert call(lambda result=result: result, n=form) is result
    for result in wrong:
        assert said in message(call, lambda result=result: result, n=form)


def test_a_generators_items_are_returned_as_a_list():
    def count(n):
        yield from range(n)
        if n == 4:
            raise ValueError("four")

    assert call(count, 3, numbers=list) == [0, 1, 2]
    assert call(lambda: iter((1, 2)), numbers=list) == [1, 2]
    assert "count raised an error" in message(call, count, 4, numbers=list)
    assert "numbers must be a list" in message(call, lambda: None, numbers=list)


def test_an_expected_error_may_come_when_the_result_is_read():
    def refuse(n):
        raise ValueError(n)

    def refuse_later(n):
        yield 1
        raise ValueError(n)

    raises(ValueError, refuse, 0)
    raises(ValueError, refuse_later, n=0)
    text = message(raises, ValueError, double, X)
    assert text.splitlines()[0] == "Failed: double must raise ValueError here."
    assert "got:        an array with shape (2, 2)" in text
    assert "got:        ValueError: 0" in message(raises, KeyError, refuse, 0)


def test_an_unwritten_function_does_not_pass_raises():
    def standardize(n):
        raise NotImplementedError

    assert message(raises, RuntimeError, standardize, 0) == "Failed: standardize is not written yet."
    assert message(raises, ValueError, standardize, 0) == "Failed: standardize is not written yet."


def test_holds_fails_with_the_claim():
    holds([1], "there is one")
    text = message(holds, [], "there is one", x=X)
    assert text.splitlines()[0] == "Failed: there is one."
    assert "[[1. 2.]" in text


def pairs(values):
    return sum(1 for a in values for b in values)


def square(values):
    return len(values) ** 2


def test_grows_finds_work_that_grows_too_fast():
    grows(len, ([0] * 10,), ([0] * 1000,), 1000, "the work grows with the length", reference=len)
    text = message(grows, pairs, ([0] * 100,), ([0] * 3000,), 100, "the work grows with the length", reference=square)
    assert text.splitlines()[0] == "Failed: the work grows with the length."
    assert "at most 100 times as long" in text


def test_grows_checks_the_results_for_both_inputs():
    for wrong in ((lambda values: 7), (lambda values: 100 if len(values) == 100 else 7)):
        text = message(grows, wrong, ([0] * 100,), ([0] * 3000,), 100, "the work grows with the length", reference=len)
        assert "is right." in text.splitlines()[0]


def test_grows_is_not_fooled_by_waiting_on_the_small_input():
    def dawdles(values):
        if len(values) == 100:
            pairs([0] * 2000)
        return pairs(values)

    text = message(grows, dawdles, ([0] * 100,), ([0] * 4000,), 10, "the work grows with the length", reference=square)
    assert text.splitlines()[0] == "Failed: the work grows with the length."


@pytest.mark.parametrize(
    ("result", "chosen"), [([1.0, 2.0], "right"), ([1.1, 2.2], "slip"), ([7.0, 7.0], "right"), (None, "right")]
)
def test_fitting_chooses_the_case_that_is_nearest(result, chosen):
    assert fitting(result, ([1.0, 2.0], "right"), ([1.1, 2.2], "slip")) == chosen


def test_hidden_inputs_depend_on_the_seed_and_the_words(monkeypatch):
    usual = hidden_rng("a").random()
    assert hidden_rng("a").random() == usual
    assert hidden_rng("b").random() != usual
    monkeypatch.setenv(HIDDEN_SEED, "7")
    assert hidden_rng("a").random() != usual


def test_tensors_are_compared_by_their_numbers():
    torch = pytest.importorskip("torch")
    close(torch.ones(2, requires_grad=True), [1, 1], "they are ones")
    assert "2 of 2 entries differ" in message(close, torch.zeros(2), [1, 1], "they are ones")


def test_call_copies_lists_deeply():
    batches = [X.copy(), X.copy()]

    def spoil(batches):
        batches[0] += 1
        batches[1:] = []
        return batches

    assert len(call(spoil, batches)) == 1
    assert len(batches) == 2
    assert batches[0][0, 0] == 1
