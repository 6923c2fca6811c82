"""Torch objects on their way through the judge: lazy modules, and caches of tensors that keep their graph."""

from functools import cache

import pytest

from tests.bngrader.engine.running import error, run

pytestmark = pytest.mark.real

LAZY = """
import torch

def network():
    layers = [torch.nn.LazyConv2d(4, 3, bias=False), torch.nn.LazyBatchNorm2d(), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.LazyLinear(3))

def layer():
    return torch.nn.LazyLinear(3)
"""
START = """
import copy
import torch
images, net = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(1)), network()
"""
LAZY_TESTS = {
    "the classes after the first pass": """
assert net(images).shape == (5, 3)
kinds = (torch.nn.Conv2d, torch.nn.BatchNorm2d, torch.nn.Linear)
assert all(isinstance(net[i], kind) for i, kind in zip((0, 1, 4), kinds))
assert not any(isinstance(part, torch.nn.modules.lazy.LazyModuleMixin) for part in net.modules())
""",
    "shapes and attributes after the first pass": """
net(images)
assert net[0].weight.shape == (4, 1, 3, 3) and net[4].in_features == 144
assert sum(p.numel() for p in net.parameters()) == 36 + 8 + 144 * 3 + 3
""",
    "gradients of the first pass": """
net(images).sum().backward()
assert net[4].bias.grad.tolist() == [5, 5, 5] and net[0].weight.grad.abs().sum() > 0
""",
    "a step of training": """
net(images)
optimizer, before = torch.optim.SGD(net.parameters(), lr=0.1), net(images).detach()
net(images).sum().backward()
optimizer.step()
assert not torch.allclose(net(images), before)
""",
    "hooks of a test, and none left by the answer": """
seen = []
hooks = [part.register_forward_hook(lambda module, i, o: seen.append(module)) for part in net.modules()]
net(images)
assert len(seen) == 6
for hook in hooks:
    hook.remove()
assert [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in net.modules()] == [0] * 6
""",
    "copies, and a state from another network": """
net(images)
net.eval()
other = network()
other.load_state_dict(net.state_dict())
for same in (copy.deepcopy(net), other.eval()):
    assert torch.allclose(same(images), net(images))
""",
    "a lazy layer by itself": """
linear = layer()
assert linear(torch.ones(2, 7)).shape == (2, 3)
assert isinstance(linear, torch.nn.Linear) and linear.in_features == 7
""",
}
# How a cache holds the tensors `a` and `y`, and how they are taken out of it.
CACHES = {
    "tuple": ("(a, y)", "a, y = cache"),
    "list": ("[a, y]", "a, y = cache"),
    "dict": ("{'a': a, 'y': y}", "a, y = cache['a'], cache['y']"),
    "nested": ("((a,), {'y': [y]})", "(a,), y = cache[0], cache[1]['y'][0]"),
    "namedtuple": ("Kept(a, y)", "a, y = cache.a, cache.y"),
    "object": ("Box(a, y)", "a, y = cache.a, cache.y"),
}
CACHING = """
import torch
from collections import namedtuple
Kept = namedtuple("Kept", "a y")
class Box:
    def __init__(self, a, y):
        self.a, self.y = a, y
def forward_{kind}(x):
    a = torch.tensor(x, requires_grad=True)
    y = (a**3).sum(0)
    return y.detach().numpy(), {made}
def backward_{kind}(dy, cache):
    {read}
    return torch.autograd.grad(y, a, torch.tensor(dy))[0].numpy()
"""
BACKWARD = """
from bngrader.check import call, close
x = np.array([[1.0, 2.0], [3.0, 4.0]])
y, cache = call(forward_{kind}, x, y=(2,), cache=object)
dx = call(backward_{kind}, np.ones(2), cache, dx=(2, 2))
close(dx, 3 * x**2, "dx is the slope of x**3")
"""
CHAIN = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
    def forward(self, x):
        return self.linear(x)
def make():
    return Net()
def first(net, x):
    return 2 * net(x)
def second(net, t):
    return net(t) + t
"""
CHAIN_TEST = """
import torch
net, x = make(), torch.ones(1, 2, requires_grad=True)
second(net, first(net, x)).sum().backward()
w, b = (p.detach().clone().requires_grad_() for p in (net.linear.weight, net.linear.bias))
other = x.detach().clone().requires_grad_()
t = 2 * (other @ w.T + b)
(t @ w.T + b + t).sum().backward()
assert torch.allclose(x.grad, other.grad)
assert torch.allclose(net.linear.weight.grad, w.grad) and torch.allclose(net.linear.bias.grad, b.grad)
"""
CHANGED = """
import torch
from bngrader.check import call, close
x = np.array([[1.0, 2.0], [3.0, 4.0]])
_, (a, y) = call(forward_tuple, x, y=(2,), cache=tuple)
with torch.no_grad():
    a[0] = 7
assert a.tolist() == [[7, 7], [3, 4]]
"""
WITHOUT_GRADIENTS = """
import torch
net = make()
with torch.no_grad():
    assert not first(net, torch.ones(1, 2)).requires_grad
"""


@cache
def ran():
    """Run all these answers in one notebook; returns the test cells by name."""
    cells = [("locked", "import numpy as np"), ("answer", LAZY, "network")]
    cells += [("test", START + test, name) for name, test in LAZY_TESTS.items()]
    for kind, (made, read) in CACHES.items():
        cells += [("answer", CACHING.format(kind=kind, made=made, read=read), f"forward_{kind}")]
        cells += [("test", BACKWARD.format(kind=kind), kind)]
    cells += [("test", CHANGED, "changed"), ("answer", CHAIN, "first"), ("test", CHAIN_TEST, "chain")]
    cells += [("test", WITHOUT_GRADIENTS), ("answer", "make()(torch.ones(1, 2)).sum().backward()", "after")]
    return {cell.metadata.nbgrader.grade_id: cell for cell in run(*cells)}


@pytest.mark.parametrize("test", LAZY_TESTS)
def test_a_lazy_module_works_as_in_jupyter(test):
    assert error(ran()[test]) is None


@pytest.mark.parametrize("kind", CACHES)
def test_a_cache_of_tensors_keeps_its_graph(kind):
    assert error(ran()[kind]) is None


@pytest.mark.parametrize("test", ["chain", "changed"])
def test_gradients_through_two_calls_count_once(test):
    assert error(ran()[test]) is None


def test_a_tests_no_grad_ends_with_its_call():
    assert error(ran()["after"]) is None
