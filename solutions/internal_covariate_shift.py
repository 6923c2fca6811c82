# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] locked="intro"
# # Internal covariate shift
#
# While a network trains, the inputs of its inner layers move, since the layers before them change. You write
# what is needed to watch that, and what batch normalization (BN) does about it. At the end you draw figure 1(b,
# c) of the paper that proposed BN, with your own code: how the inputs of one unit move during training, without
# BN and with it. Then you measure the shift in another way, which gives another answer.
#
# **When you are done you can** follow the distribution of activations by percentiles, record every layer of a
# PyTorch network without disturbing it, and compare gradients before and after a step.
#
# **Time** about 75 minutes. **Read first** the chapter *Internal covariate shift*.
#
# **Points** 20: 15 for the four functions, 5 for a written question at the end.
#
# **Rules** Use NumPy and the standard library in three functions, and PyTorch too in `record_activations`. Where
# the grader tests a function, only what it may use and matplotlib, for your plots, are installed: a function that
# uses SciPy, scikit-learn or the course's own package `bnref` fails its tests, and so does one of the three that
# uses PyTorch. Cells that you add may use any package. If they do not run when your notebook is graded, you lose no
# points. This assignment needs torch, which the other student's packages do not bring: see the page *For students*.
#
# Replace each `raise NotImplementedError()` by your code, and run the cell of tests below it. To check the
# whole notebook, press **Validate** in JupyterLab's toolbar. Your instructor's tests are stricter than the ones
# that you see, but test nothing that the text does not say.
#
# What holds for the three functions in NumPy:
#
# - `h` is a NumPy array of shape `(N, D)`: the activations of $D$ units for a batch of $N$ samples, at least
#   one. Each unit, a column, is treated by itself.
# - A result that is an array has the dtype of the first argument: `float32` in, `float32` out. Integers are
#   taken as `float64`. A result that is one number is of Python's or of NumPy's. In the tests, all arrays of
#   one call have one dtype.
# - Several results are a tuple or a list, in the order that the text says.
# - Arguments stay as they are, and results are new arrays. An argument may be a view of another array, or one
#   that cannot be written to.
# - No warning on valid input.
# - Numbers are right to six digits, and in `float32` to two. This is meant for columns with a large mean too:
#   10,000,000 give or take 10 in `float64`, 10,000 give or take 10 in `float32`.

# %% locked="imports"
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits

# %% [markdown] locked="about_activation_percentiles"
# ## 1. `activation_percentiles` (4 points)
#
# A mean hides a lot. The paper on BN shows the 15th, 50th and 85th percentile of a unit's activations: 15%, 50%
# and 85% of the batch lie below. Return, for each unit, the percentiles `q` over the batch.
#
# Between two activations, interpolate linearly. Sort the unit's $N$ activations, $h_{(0)} \le \dots \le
# h_{(N-1)}$. The percentile $q$ stands at the position $t = \frac{q}{100} (N - 1)$ among them, which is mostly
# no whole number. With $k = \lfloor t \rfloor$ it is
#
# $$p_q = h_{(k)} + (t - k) \left( h_{(k+1)} - h_{(k)} \right),$$
#
# or $h_{(k)}$ where $t = k$. (This is what `np.percentile` does if it is not told otherwise.)
#
# `q` is a tuple or a list of numbers from 0 to 100, at least one. Return an array of shape `(len(q), D)`, whose
# rows are in the order of `q`, whatever that is. For example, the activations 1, 2, 4, 8 of one unit have the
# percentiles 1.45, 3, 6.2 for 15, 50, 85.


# %% solution="activation_percentiles"
def activation_percentiles(h, q=(15, 50, 85)):
    """Return the percentiles q of each unit over the batch h of shape (N, D): shape (len(q), D)."""
    ### BEGIN SOLUTION
    dtype = h.dtype if h.dtype.kind == "f" else np.dtype(np.float64)
    return np.percentile(h.astype(np.float64), list(q), axis=0).astype(dtype)
    ### END SOLUTION


# %% test="test_activation_percentiles" points=2
from bngrader.check import call, close

h = np.array([[4.0, 0.0], [1.0, 10.0], [8.0, 10.0], [2.0, 20.0]])
p = call(activation_percentiles, h, p=(3, 2))
close(p[1], [3, 10], "the second row is the median of each unit", h=h)
close(p[:, 0], [1.45, 3, 6.2], "percentiles are interpolated linearly", h=h)
close(p[:, 1], [4.5, 10, 15.5], "percentiles are interpolated linearly", h=h)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("activation_percentiles")
for shape in [(1, 1), (1, 4), (2, 1), (3, 3), (4, 7), (8, 2), (500, 4)]:
    h = rng.normal(size=shape) * 10.0 ** rng.integers(-1, 3, shape[1])
    want = np.percentile(h, [15, 50, 85], axis=0)
    p = call(activation_percentiles, h, p=(3, shape[1]))
    close(p, want, "percentiles are interpolated linearly", h=h)
### END HIDDEN TESTS

# %% test="test_activation_percentiles_q" points=1
from bngrader.check import call, close

h = np.array([[4.0], [1.0], [8.0], [2.0]])
p = call(activation_percentiles, h, (90, 0, 50, 100), p=(4, 1))
close(p, [[6.8], [1], [3], [8]], "the rows are the percentiles q, in the order of q", h=h, q=(90, 0, 50, 100))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("activation_percentiles", "q")
for q in [(50,), [25, 75], (99.5, 0.25), (50, 12.5, 50), tuple(float(v) for v in rng.uniform(0, 100, 5))]:
    h = rng.normal(size=(9, 3))
    want = np.percentile(h, list(q), axis=0)
    p = call(activation_percentiles, h, q, p=(len(q), 3))
    close(p, want, "the rows are the percentiles q, in the order of q", h=h, q=q)
h = rng.normal(size=(9, 3))
want = np.percentile(h, [85, 15], axis=0)
p = call(activation_percentiles, h, kwargs={"q": (85, 15)}, p=(2, 3))
close(p, want, "the rows are the percentiles q, in the order of q", h=h, q=(85, 15))
### END HIDDEN TESTS

# %% test="test_activation_percentiles_dtype" points=1
from bngrader.check import call, close, leaves_arguments_alone

h = np.array([[4, 0], [1, 10], [8, 10], [2, 20]])
for given, expected in [("float32", "float32"), ("float64", "float64"), ("int64", "float64")]:
    p = call(activation_percentiles, h.astype(given), p=(3, 2), dtype=expected)
    close(p[:, 0], [1.45, 3, 6.2], f"the percentiles are the same for {given}", h=h.astype(given))
leaves_arguments_alone(activation_percentiles, h.astype(float))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("activation_percentiles", "dtype")
leaves_arguments_alone(activation_percentiles, h.astype(np.float32))
leaves_arguments_alone(activation_percentiles, np.array([[3.0, 1.0]]), (50,))
p = call(activation_percentiles, h.astype(np.float32), (50,), p=(1, 2), dtype="float32")
p = call(activation_percentiles, np.array([[100], [-100], [90]], np.int8), (25, 75), p=(2, 1))
close(p, [[-5], [95]], "small integers do not overflow")
h = rng.normal(size=(40, 6))[::-2, ::3]
h.flags.writeable = False
want = np.percentile(h, [15, 50, 85], axis=0)
p = call(activation_percentiles, h, p=(3, 2))
close(p, want, "a view that cannot be written to works too", h=h)
h = (1e4 + 10 * rng.normal(size=(1000, 2))).astype(np.float32)
want = np.percentile(h.astype(float), [15, 50, 85], axis=0) - 1e4
p = call(activation_percentiles, h, p=(3, 2))
close(p - 1e4, want, "10,000 give or take 10 keeps two digits in float32", tol=1e-2, h=h)
### END HIDDEN TESTS

# %% [markdown] locked="about_record_activations"
# ## 2. `record_activations` (5 points)
#
# Now the whole network, in PyTorch. Return a dictionary that says, for every *leaf* of the model, with which
# mean and standard deviation its output leaves it for the input `x`. A leaf is a module that has no children.
# The key is its name, as `model.named_modules()` gives it, and the value a pair of numbers `(mean, std)`, of
# Python's or NumPy's (no tensors): the mean of all entries of the output together, and their *biased* standard
# deviation, which divides by the number of entries. The dictionary is in the order in which the leaves run.
#
# For example, for `torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())` the keys are `"0"` and `"1"`.
# If the output of the second were -0.5, 0.5, its value would be `(0.0, 0.5)`.
#
# Recording must not disturb what it records:
#
# - The model runs once, in the mode that it is in (each module in its own), and without gradients.
# - Afterwards all is as before: the parameters, the buffers (a BN layer in training updates its running
#   statistics when it runs), the mode, the hooks, and `x` too. A layer may work in place, as
#   `torch.nn.ReLU(inplace=True)` does: it overwrites its input.
#
# A large mean must not spoil the standard deviation: for 10,000,000 give or take 10 in a model of `float64`,
# and for 10,000 give or take 10 in `float32`, the numbers are as right as above.
#
# In the tests each leaf runs once and gives one tensor. The tool for the job are forward hooks: see
# `register_forward_hook` in PyTorch's documentation of `torch.nn.Module`. In the tests,
# `beside(record_activations, watched_network, ...)` makes a small network of given numbers, which notes how it is used.


# %% solution="record_activations" allowed="numpy, torch"
def record_activations(model, x):
    """Return {name of leaf: (mean, std) of its output for x}, in the order in which they run."""
    ### BEGIN SOLUTION
    record = {}

    def watch(name):
        def note(module, inputs, output):
            values = output.detach().double()
            record[name] = (values.mean().item(), values.std(correction=0).item())

        return note

    leaves = [(name, module) for name, module in model.named_modules() if not list(module.children())]
    hooks = [module.register_forward_hook(watch(name)) for name, module in leaves]
    before = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        with torch.no_grad():
            model(x.clone())
            for buffer, value in before:
                buffer.copy_(value)
    finally:
        for hook in hooks:
            hook.remove()
    return record
    ### END SOLUTION


# %% test="test_record_activations" points=1
from bngrader.check import beside, call, close, holds
from bngrader.check.networks import network_numbers, watched_network

x, numbers = np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0]]), network_numbers("plain")
first = x @ numbers["0.weight"].T + numbers["0.bias"]
second = np.tanh(first)
third = second @ numbers["2.weight"].T + numbers["2.bias"]
network = beside(record_activations, watched_network, "plain", "train", numbers)
record = call(record_activations, network, torch.tensor(x), record=dict)
holds({"0", "1", "2"} <= set(record), "the record has every leaf", got=sorted(record))
pairs = [number for pair in record.values() for number in pair]
holds(all(isinstance(n, float | np.number) for n in pairs), "the values are pairs of numbers", got=record)
for name, output in zip("012", (first, second, third), strict=True):
    close(record[name][0], output.mean(), f"the mean of all entries of the output of {name!r}", output=output)
    close(record[name][1], output.std(), f"the std divides by the number of entries, for {name!r}", output=output)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("record_activations")
for rows in (1, 2, 7):
    x, numbers = rng.normal(size=(rows, 3)), network_numbers("plain", rng)
    first = x @ numbers["0.weight"].T + numbers["0.bias"]
    second = np.tanh(first)
    third = second @ numbers["2.weight"].T + numbers["2.bias"]
    network = beside(record_activations, watched_network, "plain", "eval", numbers)
    record = call(record_activations, network, torch.tensor(x), record=dict)
    holds({"0", "1", "2"} <= set(record), "the record has every leaf", got=sorted(record))
    for name, output in zip("012", (first, second, third), strict=True):
        close(record[name][0], output.mean(), f"the mean of all entries of the output of {name!r}", output=output)
        close(record[name][1], output.std(), f"the std divides by the number of entries, for {name!r}", output=output)


def far(dtype, size):
    layer = torch.nn.Linear(1, 1).to(getattr(torch, dtype))
    with torch.no_grad():
        layer.weight.fill_(1)
        layer.bias.fill_(size)
    return torch.nn.Sequential(layer)


for dtype, size, tol in [("float32", 1e4, 1e-2), ("float64", 1e7, 1e-6)]:
    x = rng.integers(-15, 16, (1000, 1)).astype(dtype)
    right_mean, right_std = size + x.astype(float).mean(), x.astype(float).std()
    network = beside(record_activations, far, dtype, size)
    record = call(record_activations, network, torch.tensor(x), record=dict)
    holds("0" in record, "the record has every leaf", got=sorted(record))
    close(record["0"][1], right_std, f"the std of {size:.0f} give or take 10 in {dtype}", tol=tol)
    close(record["0"][0], right_mean, f"the mean of {size:.0f} give or take 10 in {dtype}", tol=tol)
### END HIDDEN TESTS

# %% test="test_record_activations_names" points=1
from bngrader.check import beside, call, close, holds
from bngrader.check.networks import watched_network

x = np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0]])
network = beside(record_activations, watched_network, "nested", "train")
record = call(record_activations, network, torch.tensor(x), record=dict)
want = ["0", "1.0", "1.1.0", "1.1.1", "2"]
holds(list(record) == want, f"the keys are the leaves' names, {want}", got=list(record))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng
from bngrader.check.networks import network_numbers

rng = hidden_rng("record_activations", "names")
x, numbers = rng.normal(size=(2, 3)), network_numbers("backwards", rng)
output = x @ numbers["2.weight"].T + numbers["2.bias"]
network = beside(record_activations, watched_network, "backwards", "train", numbers)
record = call(record_activations, network, torch.tensor(x), record=dict)
holds(list(record) == ["2", "1", "0"], "the keys are in the order in which the leaves run", got=list(record))
close(record["2"], [output.mean(), output.std()], "each name has the numbers of its own leaf", output=output)


def named():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(4, 2)
            self.body = torch.nn.ModuleDict({"input": torch.nn.Linear(3, 4), "act": torch.nn.Tanh()})

        def forward(self, x):
            return self.head(self.body["act"](self.body["input"](x)))

    return Model().double()


record = call(record_activations, beside(record_activations, named), torch.tensor(x), record=dict)
want = ["body.input", "body.act", "head"]
holds(list(record) == want, f"the keys are the leaves' names in the order in which they run, {want}", got=list(record))
### END HIDDEN TESTS

# %% test="test_record_activations_mode" points=1
from bngrader.check import beside, call, close, holds
from bngrader.check.networks import modes_of, network_numbers, watched_network

x, numbers = np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0], [0.0, 0.0, 1.0]]), network_numbers("batch_norm")
h = x @ numbers["0.weight"].T + numbers["0.bias"]
of_batch, running = (h.mean(axis=0), h.var(axis=0)), (numbers["1.running_mean"], numbers["1.running_var"])
outputs = [
    (h - mean) / np.sqrt(var + 1e-5) * numbers["1.weight"] + numbers["1.bias"] for mean, var in (of_batch, running)
]
for mode, z in zip(("train", "eval"), outputs, strict=True):
    network = beside(record_activations, watched_network, "batch_norm", mode, numbers)
    record = call(record_activations, network, torch.tensor(x), record=dict)
    holds("1" in record, "the record has every leaf", got=sorted(record))
    close(record["1"], [z.mean(), z.std()], f"a network in {mode} mode runs in {mode} mode", output=z)
    holds(modes_of(network) == [mode == "train"] * 4, f"a network in {mode} mode is in {mode} mode afterwards")
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("record_activations", "mode")
x, numbers = rng.normal(size=(6, 3)), network_numbers("batch_norm", rng)
h = x @ numbers["0.weight"].T + numbers["0.bias"]
z = (h - numbers["1.running_mean"]) / np.sqrt(numbers["1.running_var"] + 1e-5) * numbers["1.weight"] + numbers["1.bias"]
before = modes_of(watched_network("batch_norm", "mixed"))
network = beside(record_activations, watched_network, "batch_norm", "mixed", numbers)
record = call(record_activations, network, torch.tensor(x), record=dict)
holds("1" in record, "the record has every leaf", got=sorted(record))
close(record["1"], [z.mean(), z.std()], "a module runs in its own mode, which may differ from the network's", output=z)
after = modes_of(network)
holds(after == before, "each module is in its own mode afterwards, which may differ from the network's")
### END HIDDEN TESTS

# %% test="test_record_activations_state" points=1
from bngrader.check import beside, call, close, holds
from bngrader.check.networks import hooks_of, network_numbers, state_of, watched_network

x, numbers, passes = np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0], [0.0, 0.0, 1.0]]), network_numbers("batch_norm"), []
state = state_of(watched_network("batch_norm", "train", numbers))
network = beside(record_activations, watched_network, "batch_norm", "train", numbers, passes.append)
call(record_activations, network, torch.tensor(x), record=dict)
holds(passes, "the network runs")
after = state_of(network)
for name, before in state.items():
    close(after[name], before, f"{name} is as before", tol=0)
holds(hooks_of(network) == [0, 0, 0, 0], "no hook is left behind", after=hooks_of(network))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng
from bngrader.check.networks import learning_of, outputs_of

rng = hidden_rng("record_activations", "state")
for kind in ("batch_norm", "nested"):
    x, numbers, passes = rng.normal(size=(3, 3)), network_numbers(kind, rng), []
    reference = watched_network(kind, "train", numbers)
    state, learning, hooks = state_of(reference), learning_of(reference), hooks_of(reference)
    want = outputs_of(reference.eval(), x)["2"]
    network = beside(record_activations, watched_network, kind, "train", numbers, passes.append)
    for _ in range(2):
        call(record_activations, network, torch.tensor(rng.normal(size=(4, 3))), record=dict)
    holds(passes, "the network runs")
    after = state_of(network)
    for name, before in state.items():
        close(after[name], before, f"{name} is as before", tol=0)
    holds(learning_of(network) == learning, "parameters take gradients as before, and have got none")
    holds(hooks_of(network) == hooks, "no hook is left behind", before=hooks, after=hooks_of(network))
    network.eval()
    got = call(network, torch.tensor(x))
    close(got, want, "in evaluation the network does afterwards what it did before", x=x)
passes = []
network = beside(record_activations, watched_network, "hooked", "eval", network_numbers("hooked", rng), passes.append)
call(record_activations, network, torch.tensor(rng.normal(size=(4, 3))), record=dict)
holds(passes, "the network runs")
passes.clear()
call(network, torch.tensor(rng.normal(size=(4, 3))))
holds("its own hook" in passes, "hooks that were there before are still there")
### END HIDDEN TESTS

# %% test="test_record_activations_once" points=1
from bngrader.check import beside, call, close, holds
from bngrader.check.networks import watched_network

x, passes = np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0]]), []
network = beside(record_activations, watched_network, "plain", "train", None, passes.append)
call(record_activations, network, torch.tensor(x), record=dict)
holds(len(passes) == 1, "the network runs once", passes=passes)
holds(passes == ["without gradients"], "the network runs without gradients", passes=passes)
network = beside(record_activations, watched_network, "in_place", "train")
given, before = torch.tensor(x), x.copy()
call(record_activations, network, given, uncopied=[given], record=dict)
close(given, before, "x is as before", tol=0)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng
from bngrader.check.networks import network_numbers

rng = hidden_rng("record_activations", "once")
x, numbers = rng.normal(size=(3, 3)), network_numbers("in_place", rng)
h = np.maximum(x, 0) @ numbers["1.weight"].T + numbers["1.bias"]
wants = {"1": h, "2": np.maximum(h, 0)}
network = beside(record_activations, watched_network, "in_place", "train", numbers)
record = call(record_activations, network, torch.tensor(x), record=dict)
holds({"0", "1", "2"} <= set(record), "the record has every leaf", got=sorted(record))
for name, output in wants.items():
    claim = f"the record of {name!r} is its own output, also if the next layer works in place"
    close(record[name], [output.mean(), output.std()], claim, output=output)
passes = []
network = beside(record_activations, watched_network, "hooked", "train", network_numbers("hooked", rng), passes.append)
call(record_activations, network, torch.tensor(x), record=dict)
holds(sorted(passes) == ["its own hook", "without gradients"], "the network runs once, with its hooks", passes=passes)
### END HIDDEN TESTS

# %% [markdown] locked="about_gradient_shift"
# ## 3. `gradient_shift` (3 points)
#
# Moving activations do no harm by themselves. They do if a layer takes a step for the world as it was, while
# the layers before it take theirs and change that world. Santurkar et al. (2018, definition 2.1) measure this:
# $G$ is the gradient of a layer's parameters, and $G'$ their gradient after the layers *before* have taken
# their step. If these steps changed nothing for the layer, $G' = G$. The shift is
#
# $$\ell_2 = \lVert G' - G \rVert_2, \qquad \cos = \frac{G \cdot G'}{\lVert G \rVert_2 \, \lVert G' \rVert_2},$$
#
# where $\lVert v \rVert_2$ is the square root of the sum of squares, and $G \cdot G'$ the sum of products of
# entries. The cosine is 1 where both point the same way, and is taken to be 0 where one of the norms is 0.
#
# `g` and `g_after` are arrays of one shape, which may be any: take them flat. Return `(l2, cosine)`, two
# numbers. For example, from (3, 4) to (3, 0) the distance is 4, and the cosine 9 / (5 * 3) = 0.6.


# %% solution="gradient_shift"
def gradient_shift(g, g_after):
    """Return (l2, cosine): how far, and in which direction, a gradient moved."""
    ### BEGIN SOLUTION
    a, b = (np.ravel(v).astype(np.float64) for v in (g, g_after))
    norms = np.linalg.norm(a), np.linalg.norm(b)
    cosine = a @ b / norms[0] / norms[1] if all(norms) else 0.0
    return float(np.linalg.norm(b - a)), float(cosine)
    ### END SOLUTION


# %% test="test_gradient_shift" points=1
from bngrader.check import call, close

g, g_after = np.array([3.0, 4.0]), np.array([3.0, 0.0])
l2, cosine = call(gradient_shift, g, g_after, l2=float, cosine=float)
close(l2, 4, "l2 is the norm of the difference", g=g, g_after=g_after)
close(cosine, 0.6, "the cosine is the sum of products over the two norms", g=g, g_after=g_after)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("gradient_shift")
for size, shift in [(1, 0.5), (2, -1.0), (5, 0.0), (300, 2.0)]:
    g = rng.normal(size=size) + 1
    g_after = shift * g + rng.normal(size=size)
    right_l2 = np.sqrt(np.sum((g_after - g) ** 2))
    right_cosine = np.sum(g * g_after) / np.sqrt(np.sum(g**2)) / np.sqrt(np.sum(g_after**2))
    l2, cosine = call(gradient_shift, g, g_after, l2=float, cosine=float)
    close(l2, right_l2, "l2 is the norm of the difference", g=g, g_after=g_after)
    close(cosine, right_cosine, "the cosine is the sum of products over the two norms", g=g, g_after=g_after)
g = rng.normal(size=4)
want = [3 * np.linalg.norm(g), -1]
l2, cosine = call(gradient_shift, g, -2 * g, l2=float, cosine=float)
close([l2, cosine], want, "the cosine is -1 if the gradient turns round", g=g, g_after=-2 * g)
### END HIDDEN TESTS

# %% test="test_gradient_shift_zero" points=1
from bngrader.check import call, close

zero, g = np.zeros(2), np.array([3.0, 4.0])
for before, after in [(zero, g), (g, zero)]:
    l2, cosine = call(gradient_shift, before, after, l2=float, cosine=float, quiet=True)
    close([l2, cosine], [5, 0], "the cosine is 0 where one norm is 0", g=before, g_after=after)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("gradient_shift", "zero")
l2, cosine = call(gradient_shift, zero, zero, l2=float, cosine=float, quiet=True)
close([l2, cosine], [0, 0], "both are 0 where both gradients are 0", g=zero, g_after=zero)
for size in (1e-4, 1e-9, 1e-50):
    g, g_after = size * rng.normal(size=6), size * rng.normal(size=6)
    want = np.sum(g / size * g_after / size) / np.linalg.norm(g / size) / np.linalg.norm(g_after / size)
    right_l2 = np.linalg.norm((g_after - g) / size)
    l2, cosine = call(gradient_shift, g, g_after, l2=float, cosine=float, quiet=True)
    close(cosine, want, "a small norm is not 0", g=g, g_after=g_after)
    close(l2 / size, right_l2, "l2 of small gradients", g=g, g_after=g_after)
### END HIDDEN TESTS

# %% test="test_gradient_shift_shape" points=1
from bngrader.check import call, close, leaves_arguments_alone

g, g_after = np.array([[3, 0], [0, 4]]), np.array([[3, 0], [0, 0]])
for given in ("float32", "float64", "int64"):
    got = call(gradient_shift, g.astype(given), g_after.astype(given), l2=float, cosine=float)
    close(got, [4, 0.6], f"a matrix is taken flat, for {given}", g=g.astype(given), g_after=g_after.astype(given))
leaves_arguments_alone(gradient_shift, g.astype(float), g_after.astype(float))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("gradient_shift", "shape")
leaves_arguments_alone(gradient_shift, g.astype(np.float32), g_after.astype(np.float32))
leaves_arguments_alone(gradient_shift, np.array([3.0, 4.0]), np.zeros(2))
for shape in [(), (3, 2), (2, 3, 4), (4, 3, 2, 2)]:
    g, g_after = rng.normal(size=shape), rng.normal(size=shape)
    want = [
        np.sqrt(np.sum((g_after - g) ** 2)),
        np.sum(g * g_after) / np.sqrt(np.sum(g**2) * np.sum(g_after**2)),
    ]
    got = call(gradient_shift, np.asarray(g), np.asarray(g_after), l2=float, cosine=float)
    close(got, want, f"arrays of shape {shape} are taken flat")
g, g_after = np.array([100, -100], np.int8), np.array([-100, -100], np.int8)
got = call(gradient_shift, g, g_after, l2=float, cosine=float, quiet=True)
close(got, [200, 0], "small integers do not overflow", g=g, g_after=g_after)
g, g_after = rng.normal(size=(6, 8))[::2, ::-3], rng.normal(size=(3, 3)).T
g.flags.writeable = g_after.flags.writeable = False
want = [np.sqrt(np.sum((g_after - g) ** 2)), np.sum(g * g_after) / np.sqrt(np.sum(g**2) * np.sum(g_after**2))]
got = call(gradient_shift, g, g_after, l2=float, cosine=float)
close(got, want, "a view that cannot be written to works too", g=g, g_after=g_after)
### END HIDDEN TESTS

# %% [markdown] locked="about_standardize_activations"
# ## 4. `standardize_activations` (3 points)
#
# What BN does to the activations of a batch, before it scales and shifts them:
#
# $$\hat h_{ij} = \frac{h_{ij} - \mu_j}{\sqrt{\sigma_j^2 + \varepsilon}},$$
#
# where $\mu_j$ is the mean and $\sigma_j^2$ the *biased* variance (divided by $N$) of unit $j$ in the batch.
# The argument `eps`, $\varepsilon$, is added to the variance, inside the square root.
#
# Return an array of shape `(N, D)`. For example, with `eps=0.03` the activations 0, 0.2 of a unit (mean 0.1,
# variance 0.01) become -0.5, 0.5, since $\sqrt{0.01 + 0.03} = 0.2$. A unit that gives the same for all samples,
# and a batch of a single sample, become 0.


# %% solution="standardize_activations"
def standardize_activations(h, eps=1e-5):
    """Return h of shape (N, D), standardized by the statistics of the batch."""
    ### BEGIN SOLUTION
    dtype = h.dtype if h.dtype.kind == "f" else np.dtype(np.float64)
    values = h.astype(np.float64)
    return ((values - values.mean(axis=0)) / np.sqrt(values.var(axis=0) + eps)).astype(dtype)
    ### END SOLUTION


# %% test="test_standardize_activations" points=1
from bngrader.check import call, close

h = np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]])
want = (h[:, 0] - 3) / np.sqrt(14 / 3 + 1e-5)
z = call(standardize_activations, h, z=(3, 2))
close(z.mean(axis=0), [0, 0], "every unit has mean 0", h=h)
close(z.var(axis=0), [0.9999979, 0.9999999], "every unit has variance 1, but for eps", h=h)
close(z[:, 0], want, "z is (h - mean) / sqrt(var + eps)", h=h)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("standardize_activations")
for shape in [(2, 1), (2, 3), (7, 3), (4, 4), (3, 12), (500, 4)]:
    h = rng.normal(4, 3, shape) * rng.uniform(0.5, 2, shape[1])
    want = (h - h.mean(axis=0)) / np.sqrt(h.var(axis=0) + 1e-5)
    close(call(standardize_activations, h, z=shape), want, "z is (h - mean) / sqrt(var + eps)", h=h)
### END HIDDEN TESTS

# %% test="test_standardize_activations_eps" points=1
from bngrader.check import call, close

h = np.array([[0.0], [0.2]])
z = call(standardize_activations, h, kwargs={"eps": 0.03}, z=(2, 1))
close(z, [[-0.5], [0.5]], "eps is added to the variance, inside the square root", h=h, eps=0.03)
z = call(standardize_activations, np.full((3, 1), 7.0), z=(3, 1), quiet=True)
close(z, np.zeros((3, 1)), "a constant unit becomes 0", h=np.full((3, 1), 7.0))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("standardize_activations", "eps")
claim = "eps is added to the variance, inside the square root"
for scale, eps in [(1e-2, 1e-3), (1e-4, 1e-3), (1e-3, 1e-5), (1.0, 1e-3), (1.0, 0.5)]:
    h = scale * rng.normal(size=(6, 3))
    want = (h - h.mean(axis=0)) / np.sqrt(h.var(axis=0) + eps)
    z = call(standardize_activations, h, eps, z=(6, 3))
    close(z / scale, want / scale, claim, h=h, eps=eps)
for h in (np.array([[3.0, -8.0]]), np.tile([0.1, 1 / 3], (6, 1)), np.zeros((2, 2))):
    z = call(standardize_activations, h, z=h.shape, quiet=True)
    close(z, np.zeros(h.shape), "a constant unit, or a batch of one sample, becomes 0", h=h)
### END HIDDEN TESTS

# %% test="test_standardize_activations_dtype" points=1
from bngrader.check import call, close, leaves_arguments_alone

h = np.array([[0, 10], [2, 50]])
for given, expected in [("float32", "float32"), ("float64", "float64"), ("int64", "float64")]:
    z = call(standardize_activations, h.astype(given), z=(2, 2), dtype=expected)
    close(z, [[-1, -1], [1, 1]], f"z is the same for {given}", tol=1e-5, h=h.astype(given))
leaves_arguments_alone(standardize_activations, h.astype(float))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("standardize_activations", "dtype")
leaves_arguments_alone(standardize_activations, h.astype(np.float32))
leaves_arguments_alone(standardize_activations, np.zeros((1, 2)))
h = np.array([[200], [250], [0]], np.uint8)
want = (h - 150.0) / np.sqrt(np.var([200.0, 250, 0]) + 1e-5)
close(call(standardize_activations, h, z=(3, 1), dtype="float64"), want, "small integers do not overflow", h=h)
h = rng.normal(size=(40, 6))[::-2, ::3]
h.flags.writeable = False
want = (h - h.mean(axis=0)) / np.sqrt(h.var(axis=0) + 1e-5)
close(call(standardize_activations, h, z=(20, 2)), want, "a view that cannot be written to works too", h=h)
h = rng.integers(-15, 16, (100, 2)).astype(float)
want = (h - h.mean(axis=0)) / np.sqrt(h.var(axis=0) + 1e-5)
far = call(standardize_activations, 1e7 + h, z=(100, 2))
close(far, want, "adding 10,000,000 to every activation changes nothing", h=1e7 + h)
h = (1e4 + 10 * rng.normal(size=(1000, 2))).astype(np.float32)
want = (h - np.mean(h, axis=0, dtype=float)) / np.std(h, axis=0, dtype=float)
z = call(standardize_activations, h, z=(1000, 2), dtype="float32")
close(z, want, "10,000 give or take 10 keeps two digits in float32", tol=1e-2, h=h)
### END HIDDEN TESTS

# %% [markdown] locked="about_figure"
# ## What it is good for: figure 1 of the paper
#
# Ioffe and Szegedy (2015) trained a network of three sigmoid layers with 100 units each on handwritten digits,
# with and without BN, and drew how the inputs of one unit of the last sigmoid layer moved. Their digits were
# MNIST; the cell below does the same with the 1797 smaller digits of scikit-learn, in 1000 steps of 60 digits.
# Your `activation_percentiles` and `record_activations` look at 397 digits that the networks are not trained
# with. The unit is a typical one: of all 100, that whose median moves by the middle amount. There is nothing to
# write here: run it. It takes some seconds.


# %% locked="digits"
digits = load_digits()

# %% locked="figure"
torch.set_num_threads(1)
shuffled = torch.randperm(len(digits.data), generator=torch.Generator().manual_seed(0))
pixels = torch.tensor(digits.data / 16, dtype=torch.float32)[shuffled]
labels = torch.tensor(digits.target)[shuffled]
train_x, train_y, other_x, other_y = pixels[:1400], labels[:1400], pixels[1400:], labels[1400:]
RATE = 1.0


def make_network(with_bn):
    """Return three sigmoid layers and a linear one; BN, if any, always uses the statistics of the batch at hand."""
    torch.manual_seed(0)
    parts, width = [], 64
    for _ in range(3):
        linear = torch.nn.Linear(width, 100)
        torch.nn.init.normal_(linear.weight, std=0.1)
        torch.nn.init.zeros_(linear.bias)
        norm = [torch.nn.BatchNorm1d(100, track_running_stats=False)] if with_bn else []
        parts += [linear, *norm, torch.nn.Sigmoid()]
        width = 100
    return torch.nn.Sequential(*parts, torch.nn.Linear(width, 10))


def gradients(network, x, y):
    """Compute the gradients of the loss, for all parameters of the network."""
    network.zero_grad()
    torch.nn.functional.cross_entropy(network(x), y).backward()


def shift_of(network, x, y):
    """Return your gradient_shift for the third layer's weights, before and after a step of the layers before it."""
    third = [part for part in network if isinstance(part, torch.nn.Linear)][2]
    before = third.weight.grad.numpy().copy()
    earlier = [p for part in network[: list(network).index(third)] for p in part.parameters()]
    kept = [(p, p.detach().clone(), p.grad.clone()) for p in network.parameters()]
    with torch.no_grad():
        for p in earlier:
            p -= RATE * p.grad
    gradients(network, x, y)
    shift = gradient_shift(before, third.weight.grad.numpy().copy())
    for p, value, gradient in kept:
        p.data, p.grad = value, gradient
    return shift


def train(network, steps=1000, every=20):
    """Train a network. Return what was seen every few steps: percentiles, records, shifts and accuracies."""
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    order = torch.Generator().manual_seed(1)
    percentiles, records, shifts, accuracies = [], [], [], []
    for step in range(steps + 1):
        batch = torch.randint(0, len(train_x), (60,), generator=order)
        gradients(network, train_x[batch], train_y[batch])
        if step % every == 0:
            with torch.no_grad():
                percentiles.append(activation_percentiles(network[:-2](other_x).numpy()))
                accuracies.append(float((network(other_x).argmax(1) == other_y).float().mean()))
            records.append(record_activations(network, other_x))
            shifts.append(shift_of(network, train_x[batch], train_y[batch]))
        optimizer.step()
    return np.array(percentiles), records, np.array(shifts), np.array(accuracies)


seen = {name: train(make_network(with_bn)) for name, with_bn in [("without BN", False), ("with BN", True)]}
steps = np.arange(0, 1001, 20)
figure, axes = plt.subplots(1, 3, figsize=(10, 3))
for ax, (name, (percentiles, records, _, accuracies)) in zip(axes[:2], seen.items(), strict=True):
    moved = np.ptp(percentiles[:, 1], axis=0)
    unit = np.argsort(moved)[50]
    ax.plot(steps, percentiles[:, :, unit], color="C0")
    ax.set(title=f"{name}: one unit", xlabel="step", ylabel="15th, 50th, 85th percentile", ylim=(-4, 4))
    axes[2].plot(steps, accuracies, label=name)
    last = list(records[0])[-3]
    first, end = records[0][last], records[-1][last]
    print(f"{name}: mean and std of all inputs of the last sigmoid layer: from", end=" ")
    print(f"{first[0]:.2f}, {first[1]:.2f} to {end[0]:.2f}, {end[1]:.2f}; accuracy at the end {accuracies[-1]:.2f}")
axes[2].set(title="accuracy on other digits", xlabel="step", ylim=(0, 1))
axes[2].legend()
figure.tight_layout()
plt.show()

# %% [markdown] locked="about_shift"
# As in the paper, the percentiles without BN wander, and with BN they stay; and the network with BN learns much
# sooner. It is tempting to say: sooner, *because* its distributions stay. But two things that happen together
# need not cause each other. Measure the shift where it would hurt, in the gradients, with your
# `gradient_shift`: how much does the gradient of the third layer's weights change when the layers before it
# take their step?


# %% locked="shift"
figure, axes = plt.subplots(1, 2, figsize=(8, 3))
for name, (_, _, shifts, _) in seen.items():
    axes[0].semilogy(steps, np.maximum(shifts[:, 0], 1e-6), label=name)
    axes[1].plot(steps, shifts[:, 1], label=name)
    for part, window in [("first 400 steps", steps <= 400), ("last 400 steps", steps >= 600)]:
        l2, cosine = np.median(shifts[window], axis=0)
        print(f"{name:>10}, {part}: median l2 {l2:.4f}, median cosine {cosine:.2f}")
axes[0].set(xlabel="step", ylabel="l2")
axes[1].set(xlabel="step", ylabel="cosine", ylim=(-1, 1.05))
axes[0].legend()
figure.tight_layout()
plt.show()

# %% [markdown] locked="about_written_shift"
# In the first 400 steps the network without BN has almost *no* internal covariate shift by this measure, and
# learns nothing; the network with BN has some, and learns. Little shift does not make a network learn. Later
# the two change places. Santurkar et al. found on larger networks that BN often does not reduce this shift, and
# that the loss becomes smoother with it. One network of each kind, one seed, one learning rate, and one layer
# show none of this in general; they show that the simple story does not hold always.
#
# ## 5. Written question (5 points)
#
# A fellow student shows your first figure and says: "BN keeps the distribution of the inputs of each layer as
# it was, and so removes internal covariate shift. That is why it trains faster. I would get the same by
# standardizing the activations once, before training."
#
# Answer in eight to twelve sentences.
#
# 1. What does the figure show, and what does it not show, of the claim "that is why"? Name an experiment that
#    would tell more.
# 2. What do the two numbers of `gradient_shift` measure that percentiles do not? Use the first 400 steps as an
#    example.
# 3. Does BN keep the inputs of the *next layer* at mean 0 and standard deviation 1? Think of its learnable
#    scale and shift, and of what comes after BN in this network.
# 4. What happens to activations that are standardized once, before training, when training has gone on for a
#    while?

# %% [markdown] written="written_shift" points=5
# **Rubric.** 1 point: says that the figure shows two things together and no cause, and names an experiment that
# changes one of them alone (such as noise added after BN, which brings the shift back). 1 point: says that
# `gradient_shift` asks what the steps of earlier layers change for the gradient of a later one, which
# percentiles do not see. 1 point: uses the first 400 steps: hardly any shift without BN, and no learning. 1
# point: says that gamma and beta can set any mean and spread, or that the sigmoid changes the distribution. 1
# point: says that weights change, so that what was standardized once drifts away. Wrong statements beside right
# ones cost nothing, unless they contradict them.
#
# **An answer worth 5 points.** The figure shows that with BN the percentiles stay and that the network learns
# sooner. It does not show that the one causes the other, since BN changes other things too, such as the scale
# of the gradients. One would have to bring the shift back without taking BN away: Santurkar et al. add noise
# with a changing mean and scale after each BN layer, and the network still trains fast. Percentiles tell how
# the inputs of one unit are distributed. `gradient_shift` tells whether a layer's step is still right when the
# layers before it have taken theirs. In the first 400 steps the network without BN has a cosine of nearly 1 and
# a tiny l2, so hardly any shift of this kind, and it learns nothing, while the one with BN has a shift and
# learns.
#
# BN standardizes, but then multiplies by gamma and adds beta, which are learned and can set any mean and any
# spread. After that comes the sigmoid, so that the next layer's inputs lie between 0 and 1 in any case. If
# activations were standardized only once, the weights of the layers before would go on changing, and mean and
# spread would drift away from 0 and 1. BN computes them anew in each batch, and the gradient takes this into
# account.
#
# **An answer worth 3 points** (the experiment and the next layer's inputs are missing). Percentiles are about
# single units, but `gradient_shift` compares the gradient of a layer before and after the earlier layers moved,
# so it measures what the shift does to learning. Without BN it is nearly zero in the first 400 steps, yet the
# accuracy stays at 10%, so a small shift is not enough to learn. Standardizing once would not help for long:
# after some steps the weights are others, and the activations have another mean and another spread. The figure
# shows that BN keeps the distributions, and this is also the reason why it trains faster.
#
# **An answer worth 1 point** (what happens to what was standardized once, and nothing else that is right). The
# figure proves that BN removes internal covariate shift, and that this makes training faster. `gradient_shift`
# measures the same as the percentiles, only with gradients. BN makes the next layer's inputs have mean 0 and
# standard deviation 1 at all times. Standardizing once is not the same, because the weights change during
# training and the activations with them.
