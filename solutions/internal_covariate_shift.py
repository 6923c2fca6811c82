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
# While a network trains, the inputs of its inner layers keep moving, because the layers before them change. You will
# write the tools to watch this, and the step of batch normalization (BN) that works against it. Then you will use your
# own code to draw figure 1(b, c) of the paper that proposed BN, which shows how the inputs of one unit move during
# training, with and without BN. At the end you will measure the shift in a second way, and get a different answer.
#
# **When you are done, you can** follow the distribution of activations with percentiles, record every layer of a
# PyTorch network without disturbing it, and compare gradients before and after a step.
#
# **Time:** about 75 minutes. **Read first:** the chapter *Internal covariate shift*.
#
# **Points:** 20, of which 15 are for the four functions and 5 for a written question at the end.
#
# **Rules:** Use only NumPy and the standard library in three of the functions. In `record_activations` you may also
# use PyTorch. The grader tests each function in a place where only the packages that it may use, and matplotlib for
# your plots, are installed. So a function that uses SciPy, scikit-learn or the course's own package `bnref` fails its
# tests, and so does any of the other three functions that uses PyTorch. Cells that you add may use any package. If
# they do not run when your notebook is graded, you lose no points. This assignment needs torch, which you may have to
# install first: the page *For students* says how.
#
# Replace each `raise NotImplementedError()` with your code, and run the test cells below it. To check
# the whole notebook, press **Validate** in JupyterLab's toolbar. Your instructor's tests are stricter
# than the tests that you see, but they test nothing that the text does not say.
#
# These rules hold for the three functions in NumPy:
#
# - `h` is a NumPy array of shape `(N, D)`. It holds the activations of $D$ units for a batch of $N$ samples, at least
#   one. Each unit is a column. Treat each column by itself.
# - If a result is an array, it has the dtype of the first argument, so `float32` input gives a `float32` result.
#   Treat integers as `float64`. If a result is a single number, it is a Python or a NumPy number. In the tests, all
#   arrays of a call have the same dtype.
# - Return several results as a tuple or a list, in the order that the text gives.
# - Leave the arguments as they are, and return new arrays. An argument may be a view of another array, and it
#   may be read-only.
# - Valid input causes no warning.
# - Your numbers are right to six digits, or to two digits in `float32`. This includes columns whose mean is large
#   compared with their spread: values of 10,000,000 plus or minus 10 in `float64`, and of 10,000 plus or minus 10
#   in `float32`.

# %% locked="imports"
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits

# %% [markdown] locked="about_activation_percentiles"
# ## 1. `activation_percentiles` (4 points)
#
# A mean alone says little about a distribution. So the paper on BN shows the 15th, 50th and 85th percentile of a
# unit's activations, which have 15%, 50% and 85% of the batch below them. For each unit, return the percentiles `q`
# over the batch.
#
# Interpolate linearly between two activations. To do so, sort the $N$ activations of the unit: $h_{(0)} \le \dots \le
# h_{(N-1)}$. Among them, the percentile $q$ lies at the position $t = \frac{q}{100} (N - 1)$, which is usually not a
# whole number. With $k = \lfloor t \rfloor$, the percentile is
#
# $$p_q = h_{(k)} + (t - k) \left( h_{(k+1)} - h_{(k)} \right),$$
#
# or simply $h_{(k)}$ if $t = k$. (`np.percentile` does this by default.)
#
# `q` is a tuple or a list with at least one number from 0 to 100. Return an array of shape `(len(q), D)`, with its
# rows in the order of `q`, even if `q` is not sorted. For example, if the activations of a unit are 1, 2, 4, 8, its
# percentiles for 15, 50, 85 are 1.45, 3, 6.2.


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
close(p, want, "a read-only view works too", h=h)
h = (1e4 + 10 * rng.normal(size=(1000, 2))).astype(np.float32)
want = np.percentile(h.astype(float), [15, 50, 85], axis=0) - 1e4
p = call(activation_percentiles, h, p=(3, 2))
close(p - 1e4, want, "10,000 plus or minus 10 keeps two digits in float32", tol=1e-2, h=h)
### END HIDDEN TESTS

# %% [markdown] locked="about_record_activations"
# ## 2. `record_activations` (5 points)
#
# Now look at a whole network in PyTorch. Run the model on the input `x`, and return a dictionary with the mean and
# the standard deviation of the output of every *leaf*. A leaf is a module that has no children. Its key is its name
# from `model.named_modules()`. Its value is a pair `(mean, std)` of Python or NumPy numbers, not tensors. The
# first number is the mean over all entries of the output together. The second is their *biased* standard deviation,
# which divides by the number of entries. The keys are in the order in which the leaves run.
#
# For example, for `torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())` the keys are `"0"` and `"1"`.
# If the output of the tanh were -0.5, 0.5, its value would be `(0.0, 0.5)`.
#
# Recording must not disturb the model that it records:
#
# - Run the model only once, with each module in the mode that it is in, and without gradients.
# - Afterwards everything is as before: the parameters, the buffers, the modes, the hooks, and also `x`. Two kinds of
#   layers make this harder. A BN layer in training mode updates its running statistics, which are buffers, whenever it
#   runs. And a layer that works in place, such as `torch.nn.ReLU(inplace=True)`, overwrites its input.
#
# A large mean must not spoil the standard deviation. For outputs of 10,000,000 plus or minus 10 in a `float64` model,
# and of 10,000 plus or minus 10 in a `float32` model, your numbers are as accurate as the rules above demand.
#
# In the tests, each leaf runs once and returns one tensor. The right tool here is a forward hook: look up
# `register_forward_hook` in PyTorch's documentation of `torch.nn.Module`. The tests call `beside(record_activations,
# watched_network, ...)`, which builds a small network from given numbers and keeps track of how your function uses
# it.


# %% solution="record_activations" allowed="numpy, torch"
def record_activations(model, x):
    """Return {name of leaf: (mean, std) of its output for x}, in the order in which the leaves run."""
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
        close(record[name][0], output.mean(), f"the mean is over all entries of the output of {name!r}", output=output)
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
    close(record["0"][1], right_std, f"the std of {size:.0f} plus or minus 10 is right in {dtype}", tol=tol)
    close(record["0"][0], right_mean, f"the mean of {size:.0f} plus or minus 10 is right in {dtype}", tol=tol)
### END HIDDEN TESTS

# %% test="test_record_activations_names" points=1
from bngrader.check import beside, call, close, holds
from bngrader.check.networks import watched_network

x = np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0]])
network = beside(record_activations, watched_network, "nested", "train")
record = call(record_activations, network, torch.tensor(x), record=dict)
want = ["0", "1.0", "1.1.0", "1.1.1", "2"]
holds(list(record) == want, f"the keys are the names of the leaves, {want}", got=list(record))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng
from bngrader.check.networks import network_numbers

rng = hidden_rng("record_activations", "names")
x, numbers = rng.normal(size=(2, 3)), network_numbers("backwards", rng)
output = x @ numbers["2.weight"].T + numbers["2.bias"]
network = beside(record_activations, watched_network, "backwards", "train", numbers)
record = call(record_activations, network, torch.tensor(x), record=dict)
holds(list(record) == ["2", "1", "0"], "the keys are in the order in which the leaves run", got=list(record))
close(
    record["2"],
    [output.mean(), output.std()],
    "the numbers of each name describe the leaf with this name",
    output=output,
)


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
holds(
    list(record) == want,
    f"the keys are the names of the leaves in the order in which they run, {want}",
    got=list(record),
)
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
    holds(modes_of(network) == [mode == "train"] * 4, f"a network in {mode} mode is still in {mode} mode afterwards")
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
holds(after == before, "each module is still in its own mode afterwards, which may differ from the network's")
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
    holds(learning_of(network) == learning, "the parameters require gradients as before, and have received none")
    holds(hooks_of(network) == hooks, "no hook is left behind", before=hooks, after=hooks_of(network))
    network.eval()
    got = call(network, torch.tensor(x))
    close(got, want, "in evaluation mode, the network gives the same output as before", x=x)
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
    claim = f"the record of {name!r} describes its own output, even if the next layer works in place"
    close(record[name], [output.mean(), output.std()], claim, output=output)
passes = []
network = beside(record_activations, watched_network, "hooked", "train", network_numbers("hooked", rng), passes.append)
call(record_activations, network, torch.tensor(x), record=dict)
holds(sorted(passes) == ["its own hook", "without gradients"], "the network runs once, with its hooks", passes=passes)
### END HIDDEN TESTS

# %% [markdown] locked="about_gradient_shift"
# ## 3. `gradient_shift` (3 points)
#
# Moving activations do no harm by themselves. They do harm if the step of a layer no longer fits, because the layers
# before it take their steps at the same time and change its inputs. Santurkar et al. (2018, definition 2.1) measure
# this. Let $G$ be the gradient of the loss with respect to a layer's parameters, and let $G'$ be the same gradient
# after the layers *before* it have taken their step. If these steps change nothing for the layer, then $G' = G$. The
# shift is
#
# $$\ell_2 = \lVert G' - G \rVert_2, \qquad \cos = \frac{G \cdot G'}{\lVert G \rVert_2 \, \lVert G' \rVert_2},$$
#
# where $\lVert v \rVert_2$ is the square root of the sum of the squared entries, and $G \cdot G'$ is the sum of the
# products of corresponding entries. The cosine is 1 if both gradients point in the same direction. If one of the
# norms is 0, set the cosine to 0.
#
# `g` and `g_after` are arrays of the same shape, with any number of axes, so flatten them first. Return the two
# numbers `(l2, cosine)`. For example, from (3, 4) to (3, 0) the distance is 4, and the cosine is 9 / (5 * 3) = 0.6.


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
close(cosine, 0.6, "the cosine is the sum of products divided by both norms", g=g, g_after=g_after)
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
    close(cosine, right_cosine, "the cosine is the sum of products divided by both norms", g=g, g_after=g_after)
g = rng.normal(size=4)
want = [3 * np.linalg.norm(g), -1]
l2, cosine = call(gradient_shift, g, -2 * g, l2=float, cosine=float)
close([l2, cosine], want, "the cosine is -1 if the gradient reverses its direction", g=g, g_after=-2 * g)
### END HIDDEN TESTS

# %% test="test_gradient_shift_zero" points=1
from bngrader.check import call, close

zero, g = np.zeros(2), np.array([3.0, 4.0])
for before, after in [(zero, g), (g, zero)]:
    l2, cosine = call(gradient_shift, before, after, l2=float, cosine=float, quiet=True)
    close([l2, cosine], [5, 0], "the cosine is 0 if one norm is 0", g=before, g_after=after)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("gradient_shift", "zero")
l2, cosine = call(gradient_shift, zero, zero, l2=float, cosine=float, quiet=True)
close([l2, cosine], [0, 0], "l2 and the cosine are 0 if both gradients are 0", g=zero, g_after=zero)
for size in (1e-4, 1e-9, 1e-50):
    g, g_after = size * rng.normal(size=6), size * rng.normal(size=6)
    want = np.sum(g / size * g_after / size) / np.linalg.norm(g / size) / np.linalg.norm(g_after / size)
    right_l2 = np.linalg.norm((g_after - g) / size)
    l2, cosine = call(gradient_shift, g, g_after, l2=float, cosine=float, quiet=True)
    close(cosine, want, "a small norm is not treated as 0", g=g, g_after=g_after)
    close(l2 / size, right_l2, "l2 is right for small gradients too", g=g, g_after=g_after)
### END HIDDEN TESTS

# %% test="test_gradient_shift_shape" points=1
from bngrader.check import call, close, leaves_arguments_alone

g, g_after = np.array([[3, 0], [0, 4]]), np.array([[3, 0], [0, 0]])
for given in ("float32", "float64", "int64"):
    got = call(gradient_shift, g.astype(given), g_after.astype(given), l2=float, cosine=float)
    close(got, [4, 0.6], f"a matrix is flattened, for {given}", g=g.astype(given), g_after=g_after.astype(given))
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
    close(got, want, f"arrays of shape {shape} are flattened")
g, g_after = np.array([100, -100], np.int8), np.array([-100, -100], np.int8)
got = call(gradient_shift, g, g_after, l2=float, cosine=float, quiet=True)
close(got, [200, 0], "small integers do not overflow", g=g, g_after=g_after)
g, g_after = rng.normal(size=(6, 8))[::2, ::-3], rng.normal(size=(3, 3)).T
g.flags.writeable = g_after.flags.writeable = False
want = [np.sqrt(np.sum((g_after - g) ** 2)), np.sum(g * g_after) / np.sqrt(np.sum(g**2) * np.sum(g_after**2))]
got = call(gradient_shift, g, g_after, l2=float, cosine=float)
close(got, want, "a read-only view works too", g=g, g_after=g_after)
### END HIDDEN TESTS

# %% [markdown] locked="about_standardize_activations"
# ## 4. `standardize_activations` (3 points)
#
# BN first standardizes the activations of a batch, before it scales and shifts them. Write this first step:
#
# $$\hat h_{ij} = \frac{h_{ij} - \mu_j}{\sqrt{\sigma_j^2 + \varepsilon}}.$$
#
# Here $h_{ij}$ is the activation of unit $j$ for sample $i$, $\mu_j$ is the mean of unit $j$ in the batch, and
# $\sigma_j^2$ is its *biased* variance, which divides by $N$. The argument `eps` is $\varepsilon$, and it is added to
# the variance, under the square root.
#
# Return an array of shape `(N, D)`. For example, let the activations of a unit be 0 and 0.2 (mean 0.1, variance 0.01).
# With `eps=0.03` they become -0.5 and 0.5, because $\sqrt{0.01 + 0.03} = 0.2$. A unit that has the same activation for
# all samples becomes 0, and so does a batch of a single sample.


# %% solution="standardize_activations"
def standardize_activations(h, eps=1e-5):
    """Return h of shape (N, D), standardized with the statistics of the batch."""
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
close(z.var(axis=0), [0.9999979, 0.9999999], "every unit has variance 1, apart from the effect of eps", h=h)
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
close(z, [[-0.5], [0.5]], "eps is added to the variance, under the square root", h=h, eps=0.03)
z = call(standardize_activations, np.full((3, 1), 7.0), z=(3, 1), quiet=True)
close(z, np.zeros((3, 1)), "a constant unit becomes 0", h=np.full((3, 1), 7.0))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("standardize_activations", "eps")
claim = "eps is added to the variance, under the square root"
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
close(call(standardize_activations, h, z=(20, 2)), want, "a read-only view works too", h=h)
h = rng.integers(-15, 16, (100, 2)).astype(float)
want = (h - h.mean(axis=0)) / np.sqrt(h.var(axis=0) + 1e-5)
far = call(standardize_activations, 1e7 + h, z=(100, 2))
close(far, want, "adding 10,000,000 to every activation changes nothing", h=1e7 + h)
h = (1e4 + 10 * rng.normal(size=(1000, 2))).astype(np.float32)
want = (h - np.mean(h, axis=0, dtype=float)) / np.std(h, axis=0, dtype=float)
z = call(standardize_activations, h, z=(1000, 2), dtype="float32")
close(z, want, "10,000 plus or minus 10 keeps two digits in float32", tol=1e-2, h=h)
### END HIDDEN TESTS

# %% [markdown] locked="about_figure"
# ## What your code is good for: figure 1 of the paper
#
# Ioffe and Szegedy (2015) trained a network with three sigmoid layers of 100 units each on handwritten digits, with
# and without BN, and drew how the inputs of one unit in the last sigmoid layer moved. They used the MNIST digits.
# The cells below do the same with the 1,797 smaller digits of scikit-learn, in 1,000 steps with 60 digits each. Your
# `activation_percentiles` and `record_activations` look at 397 digits that the networks never train on. The figure
# shows a typical unit: its median moves more than the medians of half of the 100 units. You have nothing to write
# here, so just run the cells. They take some seconds.


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
    """Return your gradient_shift of the third layer's weights, before and after a step of the layers before it."""
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
    """Train a network. Return percentiles, records, shifts and accuracies, measured every few steps."""
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
# As in the paper, the percentiles wander without BN and stay almost in place with BN. And the network with BN learns
# much sooner. It is tempting to conclude that it learns sooner *because* its distributions stay in place. But when two
# things happen together, one need not cause the other. So use your `gradient_shift` to measure the shift where it
# would hurt, in the gradients: how much does the gradient of the third layer's weights change when the layers before
# it take their step?


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
# In the first 400 steps, the network without BN has almost *no* internal covariate shift by this measure, yet it
# learns nothing. The network with BN has some shift, and it learns. So little shift is not enough to make a network
# learn. Later, the two networks trade places. On larger networks, Santurkar et al. found that BN often does not reduce
# this shift, but that it makes the loss smoother. You have seen only one network of each kind, with one seed, one
# learning rate, and one layer. That cannot prove anything in general, but it is enough to show that the simple story
# does not always hold.
#
# ## 5. Written question (5 points)
#
# A fellow student points to your first figure and says: "BN keeps the distribution of each layer's inputs as
# it was, so it removes internal covariate shift. That is why the network trains faster. I would get the same result
# by standardizing the activations once, before training."
#
# Answer in eight to twelve sentences.
#
# 1. Which part of this claim does the figure support, and what does it say about "that is why"? Name an experiment
#    that would tell you more.
# 2. What do the two numbers of `gradient_shift` measure that percentiles do not? Use the first 400 steps as an
#    example.
# 3. Does BN keep the inputs of the *next layer* at mean 0 and standard deviation 1? Think of its learnable
#    scale and shift, and of what comes after BN in this network.
# 4. Suppose that you standardize the activations once, before training. What do they look like after many training
#    steps?

# %% [markdown] written="written_shift" points=5
# **Rubric.** 1 point: The answer says that the figure shows two things happening together but no cause, and it names
# an experiment that changes only one of them (such as noise added after BN, which brings the shift back). 1 point: It
# says that `gradient_shift` measures how the steps of earlier layers change the gradient of a later layer, which
# percentiles do not show. 1 point: It uses the first 400 steps, where the network without BN has hardly any shift and
# does not learn. 1 point: It says that gamma and beta can set any mean and spread, or that the sigmoid changes the
# distribution. 1 point: It says that the weights change, so activations that were standardized once drift away. Wrong
# statements next to right ones cost nothing, unless they contradict them.
#
# **An answer worth 5 points.** The figure shows that with BN the percentiles stay in place and that the network learns
# sooner. It does not show that one causes the other, because BN changes other things too, such as the scale
# of the gradients. To find out, you would have to bring the shift back without removing BN. Santurkar et al. did so:
# they added noise with a changing mean and scale after each BN layer, and the network still trained fast. Percentiles
# describe how the inputs of one unit are distributed. `gradient_shift` tells you whether the step of a layer still
# fits after the layers before it have taken their steps. In the first 400 steps, the network without BN has a cosine
# of nearly 1 and a tiny l2. So it has hardly any shift of this kind, but it learns nothing. The network with BN has a
# shift and learns.
#
# BN standardizes, but then it multiplies by gamma and adds beta. Both are learned, so they can set any mean and any
# spread. After that comes the sigmoid, so the inputs of the next layer lie between 0 and 1 in any case. If you
# standardized the activations only once, the weights of the earlier layers would keep changing, and the mean and
# spread would drift away from 0 and 1. BN recomputes both for each batch, and the gradient takes this into
# account.
#
# **An answer worth 3 points** (the experiment and the inputs of the next layer are missing). Percentiles describe
# single units, but `gradient_shift` compares the gradient of a layer before and after the earlier layers have moved,
# so it measures what the shift does to learning. Without BN it is nearly zero in the first 400 steps, yet the
# accuracy stays at 10%, so a small shift is not enough to learn. Standardizing once would not help for long. After
# some steps the weights are different, so the activations have a different mean and a different spread. The figure
# shows that BN keeps the distributions in place, and this is also the reason why the network trains faster.
#
# **An answer worth 1 point** (it says what becomes of activations that were standardized once, but nothing else in it
# is right). The figure proves that BN removes internal covariate shift, and that this makes training faster.
# `gradient_shift` measures the same as the percentiles, only with gradients. BN makes the inputs of the next layer
# have mean 0 and standard deviation 1 at all times. Standardizing once is not the same, because the weights change
# during training, and the activations change with them.
