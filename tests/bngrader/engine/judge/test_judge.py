"""Tests and answers in two processes behave as in one."""

import pytest

from tests.bngrader.engine.running import judged, printed, run

pytestmark = pytest.mark.real

FUNCTIONS = """
import warnings
def scale(x, factor=2.0, *, shift=(0, 0)):
    return x * factor + shift[0]
def in_place(x, rows, table):
    x[0] = -1
    rows.append(3)
    table["a"] = [1]
    return x[1:]
def warns(x):
    warnings.warn("careful", RuntimeWarning)
    return x
def warns_and_fails(x):
    x[0] = 0
    np.log(x[0])
    raise KeyError(x[0])
class Own(ValueError):
    pass
def fails(x):
    y = x + 1
    raise Own(f"bad {y}")
def shuffled(n, rng):
    order = rng.permutation(n)
    for start in range(0, n, 2):
        yield order[start:start + 2]
def mean(batches):
    total = count = 0
    for batch in batches:
        total, count = total + batch.sum(axis=0), count + len(batch)
    return total / count
def zero(batches):
    for batch in batches:
        batch[:] = 0
def twice(function, x):
    return function(function(x))
class Counter:
    def __init__(self, start=0):
        self.count, self.weights = start, np.zeros(2)
    def __call__(self, x):
        self.count += 1
        return x + self.count
    def __len__(self):
        return self.count
def make(start):
    return Counter(start)
"""


def test_functions():
    assert (
        judged(
            FUNCTIONS,
            "x = np.arange(3.0)\nassert scale(x, shift=(1, 0)).tolist() == [1, 3, 5]\nassert scale(2) == 4.0",
            "import inspect\nassert scale.__name__ == 'scale'\n"
            "assert str(inspect.signature(scale)) == '(x, factor=2.0, *, shift=(0, 0))'",
            "assert twice(lambda x: x + 1, 3) == 5\nassert twice(np.sqrt, 16.0) == 2.0\n"
            "assert twice(lambda x: scale(x), 3) == 12\nassert twice(scale, 3) == 12",
            "from bngrader.check import call, close\nclose(call(scale, np.ones(2), y=(2,)), [2, 2], 'it doubles')",
        )
        == [None] * 4
    )


def test_arguments_and_results_behave_as_in_one_process():
    test = """
x, rows, table = np.arange(4.0), [1], {}
result = in_place(x, rows, table)
assert x[0] == -1 and rows == [1, 3] and table == {"a": [1]}
assert np.may_share_memory(result, x)
assert not np.may_share_memory(scale(x), x)
view = np.arange(20.0).reshape(4, 5)[::2, ::3]
view.flags.writeable = False
assert scale(view).tolist() == (2 * view).tolist()
"""
    assert judged(FUNCTIONS, test) == [None]


def test_checks_see_changed_arguments_views_and_warnings():
    first, second, third = judged(
        FUNCTIONS,
        "from bngrader.check import leaves_arguments_alone\nleaves_arguments_alone(in_place, np.ones(3), [], {})",
        "from bngrader.check import leaves_arguments_alone\nleaves_arguments_alone(warns, np.ones(3))",
        "from bngrader.check import call\ncall(warns, np.ones(3), quiet=True, x=(3,))",
    )
    assert "must not change its argument x" in first
    assert "must return new arrays" in second
    assert "RuntimeWarning: careful" in third


def test_an_error_hides_neither_warnings_nor_changes():
    test = """
import warnings
x = np.ones(2)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    try:
        warns_and_fails(x)
    except KeyError:
        pass
assert "divide by zero" in str(caught[0].message) and x.tolist() == [0, 1]
"""
    assert judged(FUNCTIONS, test) == [None]


def test_errors_keep_their_kind_and_the_students_line():
    cells = run(
        ("answer", FUNCTIONS.replace("np.zeros(2)", "0"), "fails"),
        ("test", "try:\n    fails(1)\nexcept ValueError as error:\n    print(error)\nelse:\n    raise AssertionError"),
        ("test", "from bngrader.check import call\ncall(fails, 1, y=())"),
        ("test", "fails(1)"),
    )
    assert printed(cells[1]) == "bad 2\n"
    assert 'in the line: raise Own(f"bad {y}")' in cells[2].outputs[0].evalue
    (own,) = [line for line in cells[3].outputs[0].traceback if line.startswith("Traceback of the submitted code:")]
    assert "in fails" in own
    assert 'raise Own(f"bad {y}")' in own


def test_an_error_with_a_huge_integer_keeps_its_text():
    assert judged("def answer():\n    raise ValueError(10**30)\n", "answer()") == [f"ValueError: {10**30}"]


def test_iterators_are_read_once_and_random_numbers_are_shared():
    test = """
batches = iter([np.ones((2, 3)), np.zeros((2, 3))])
assert mean(batches).tolist() == [0.5] * 3 and list(batches) == []
seen = []
def source():
    for number in range(3):
        seen.append(number)
        yield np.full((1, 1), number)
assert mean(source()) == 1 and seen == [0, 1, 2]
batches = [np.ones(3), np.ones(2)]
zero(iter(batches))
assert not np.concatenate(batches).any()
rng, twin = np.random.default_rng(1), np.random.default_rng(1)
lazily = shuffled(5, rng)
assert rng.bit_generator.state == twin.bit_generator.state
assert np.concatenate(list(lazily)).tolist() == twin.permutation(5).tolist()
assert rng.integers(1000) == twin.integers(1000)
"""
    assert judged(FUNCTIONS, test) == [None]


def test_classes_and_their_objects():
    test = """
import copy, inspect
counter = Counter(start=3)
assert isinstance(counter, Counter) and not isinstance(3, Counter) and inspect.isclass(Counter)
assert counter(1) == 5 and counter.count == 4 and len(counter) == 4
counter.count = 0
assert counter(1) == 2
assert counter.weights.tolist() == [0, 0]
counter.weights = np.ones(2)
assert counter.weights.sum() == 2
counter.weights[0] = 5
assert counter.weights.tolist() == [5, 1]
other = copy.deepcopy(counter)
other.count = 7
assert counter.count == 1
assert isinstance(make(2), Counter) and counter != make(1)
assert not hasattr(counter, "nothing")
"""
    assert judged(FUNCTIONS, test) == [None]


NETWORK = """
import torch
from torch import nn
class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(2, 8, bias=False), nn.BatchNorm1d(8), nn.Linear(8, 1)
    def forward(self, x):
        return self.last(torch.relu(self.norm(self.first(x))))
def make_network():
    return Network()
def make_block():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
def square(x):
    return (x ** 2).sum()
def record(model, x):
    means, hooks = {}, []
    for name, module in model.named_modules():
        if not list(module.children()):
            keep = lambda module, given, got, name=name: means.__setitem__(name, got.mean().item())
            hooks.append(module.register_forward_hook(keep))
    with torch.no_grad():
        model(x)
    for hook in hooks[1:]:
        hook.remove()
    return means
"""


def test_torch_modules_of_torchs_own_classes_and_gradients():
    test = """
import torch
block = make_block()
assert type(block) is torch.nn.Sequential and type(block[1]) is torch.nn.BatchNorm1d and block[1].eps == 1e-5
x = torch.tensor([1.0, 2.0], requires_grad=True)
square(x).backward()
assert x.grad.tolist() == [2, 4]
"""
    assert judged(NETWORK, test) == [None]


def test_a_test_can_train_a_network_of_a_students_class():
    test = """
import torch
torch.manual_seed(0)
network = make_network()
torch.manual_seed(0)
assert torch.equal(network.first.weight, make_network().first.weight)
kinds = [type(module).__name__ for module in network.modules()]
assert isinstance(network, torch.nn.Module) and kinds == ["Network", "Linear", "BatchNorm1d", "Linear"]
x = torch.randn(64, 2)
y = x[:, :1] - x[:, 1:]
optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
losses = []
for _ in range(30):
    optimizer.zero_grad()
    loss = ((network(x) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
assert losses[-1] < losses[0] / 5
assert network.norm.num_batches_tracked == 30
network.eval()
with torch.no_grad():
    result = network(x)
assert not result.requires_grad and torch.equal(result, network(x)) and network.norm.num_batches_tracked == 30
seen = []
hook = network.norm.register_forward_hook(lambda module, given, got: seen.append(module is network.norm))
network(x)
hook.remove()
network(x)
assert seen == [True]
"""
    assert judged(NETWORK, test) == [None]


def test_a_model_that_the_test_makes_beside_the_answer():
    test = """
import torch
def build(width):
    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.calls, self.inner = 0, torch.nn.BatchNorm1d(width)
        def forward(self, x):
            self.calls += 1
            return self.inner(x)
    return Counting()
model = type(record).__beside__(record, build, 2)
before = model.inner.running_mean.clone()
means = record(model, torch.ones(4, 2))
assert list(means) == ["inner"] and model.calls == 1 and model.training
assert not torch.equal(model.inner.running_mean, before)
assert len(model.inner._forward_hooks) == 1
"""
    leaves = NETWORK.replace("hooks[1:]", "[]")
    assert judged(leaves, test) == [None]


SNOOP = """
import gc, sys, types
import torch
def seen():
    strings = [thing for frame in sys._current_frames().values() for thing in parts(frame)]
    return any("tset eht tuoba kramer a"[::-1] in text for text in strings)  # else it would find itself
def parts(frame):
    while frame:
        for thing in [*frame.f_locals.values(), *gc.get_referents(*frame.f_locals.values())]:
            yield repr(thing)[:100_000]
        frame = frame.f_back
class Linear(torch.nn.Linear):
    def __init__(self, *args):
        super().__init__(*args)
        self.snooped = seen()
torch.nn.Linear = Linear
def answer(model):
    return model.snooped or seen()
"""


def test_the_text_of_a_tests_own_function_stays_with_the_test():
    test = """
import torch
def build():
    # a remark about the test
    return torch.nn.Linear(1, 1)
model = type(answer).__beside__(answer, build)
assert answer(model) is False
"""
    assert judged(SNOOP, test) == [None]


LIES = """
class Equal:
    def __eq__(self, other):
        return True
    def __array__(self, *args, **kwargs):
        return np.zeros(3)
    def __float__(self):
        return 1.0
class Array(np.ndarray):
    def __eq__(self, other):
        return np.ones(3, bool)
def equal():
    return Equal()
def array():
    return np.ones(3).view(Array)
np.isclose = np.allclose = np.array_equal = np.testing.assert_allclose = lambda *args, **kwargs: True
"""


def test_lying_objects_and_patched_packages_earn_nothing():
    first, second, third, fourth = judged(
        LIES,
        "assert equal() == 3",
        "np.testing.assert_allclose(np.asarray(equal(), float), 0)",
        "assert type(array()) is np.ndarray and (array() == 1).all()\nassert (array() == 0).all()",
        "np.testing.assert_allclose(array(), 0)",
    )
    assert first is not None
    assert second is not None
    assert third.startswith("AssertionError")
    assert fourth.startswith("AssertionError")


def test_names_of_locked_cells_and_builtins_are_the_instructors():
    cells = run(
        ("locked", "import math\ndef helper(x):\n    return x + 1"),
        ("answer", "helper = math = abs = lambda *args: 0\ndef f(x):\n    return helper(x)", "f"),
        ("locked", "demonstration = f(1)\nshown = helper(1)"),
        ("test", "assert helper(1) == 2 and abs(-1) == 1 and math.floor(1.5) == 1"),
        ("test", "assert demonstration == 0 and shown == 2"),
        ("test", "assert f(1) == 2"),
    )
    assert [bool(cell.outputs) for cell in cells[3:]] == [False, False, True]


def test_a_missing_function_is_named_with_its_cells_error():
    cells = run(("answer", "def f(x)\n    return x", "f"), ("test", "f(1)"), ("test", "g(1)"))
    assert cells[1].outputs[0].ename == "CheckFailed"
    assert "Failed: f is not defined." in cells[1].outputs[0].evalue
    assert "SyntaxError" in cells[1].outputs[0].evalue
    assert cells[2].outputs[0].ename == "NameError"


def test_hidden_seed_is_the_judges_alone():
    look = "import os\nprint(os.environ.get('BNGRADER_HIDDEN_SEED'))"
    cells = run(("answer", look), ("test", look), hidden_seed=4711)
    assert printed(cells[0]) == "None\n"
    assert printed(cells[1]) == "4711\n"


def test_the_judge_has_packages_that_answers_may_not_use():
    answers = """
def package(x):
    import torch
    return x
def reference(x):
    import bnref
    return x
"""
    call = "from bngrader.check import call\ncall({}, np.ones((2, 1)), y=(2, 1))"
    tests = [call.format(name) for name in ("package", "reference")]
    allowed = "assert __import__('torch').zeros(1) == 0"
    *refused, free = judged(answers, *tests, allowed, allowed=["numpy"])
    for message, name in zip(refused, ["torch", "bnref"], strict=True):
        assert f"The answer used {name}, but it may use only NumPy and the standard library." in message
    assert free is None


SPOILING = """
class Layer:
    gamma = property(lambda self: np.zeros(3), lambda self, value: value.__setitem__(..., 0))
    def __getitem__(self, key):
        return 0
    def __setitem__(self, key, value):
        value[...] = 0
def f(*args):
    pass
"""


def test_an_object_cannot_change_the_numbers_it_is_given():
    test = """
from bngrader.check import beside
layer, numbers = Layer(), np.ones(3)
layer.gamma = numbers
layer[0] = numbers
def build(numbers):
    numbers[...] = 0
beside(f, build, numbers)
assert numbers.tolist() == [1, 1, 1]
"""
    assert judged(SPOILING, test) == [None]
