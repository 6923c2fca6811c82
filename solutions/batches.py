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
# # Batch and epoch
#
# You will write everything that lies between a data set and a trained model: the number of iterations, the samples
# in each batch, statistics that are collected batch by batch, and mini-batch gradient descent itself.
# Then you will train on real patient data with four batch sizes, and see what the batch size changes.
#
# **When you are done, you can** tell how many iterations a training run has, cut an epoch into batches,
# compute the mean and variance of data that do not fit into memory, and explain the benefits and the costs of a
# larger batch.
#
# **Time:** about 75 minutes. **Read first:** the chapter *Batch, epoch*.
#
# **Points:** 20, of which 15 are for the four functions and 5 for a written question at the end.
#
# **Rules:** Use only NumPy and the standard library in the four functions. The grader tests them in a place where
# only these two, and matplotlib for your plots, are installed. So a function that uses SciPy, scikit-learn, PyTorch
# or the course's own package `bnref` fails its tests. Cells that you add may use any package. If they do not run
# when your notebook is graded, you lose no points.
#
# Replace each `raise NotImplementedError()` with your code, and run the test cells below it. To check
# the whole notebook, press **Validate** in JupyterLab's toolbar. Your instructor's tests are stricter
# than the tests that you see, but they test nothing that the text does not say.
#
# First, some terms. A data set has $n$ samples. An *iteration* is one training step on one *batch* of `batch_size`
# samples. An *epoch* is one pass over the whole data set, and every epoch starts with a new batch. If the batch size
# does not divide $n$, the last batch of an epoch is shorter, because it holds only the samples that are left. With
# `drop_last=True`, this short batch is left out, so the epoch skips its samples.

# %% locked="imports"
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

# %% [markdown] locked="about_count_iterations"
# ## 1. `count_iterations` (3 points)
#
# Return the number of iterations of a training run as an `int`. For example, 2,000 samples in batches of 500 make
# 4 iterations per epoch, so 20 epochs make 80 iterations.
#
# A short last batch counts as an iteration too. For example, 10 samples in batches of 4 make 3 iterations per epoch
# (with 4, 4 and 2 samples), so 3 epochs make 9 iterations. With `drop_last=True`, they make only 2 iterations per
# epoch. The batch size can be larger than the data set. Then each epoch has one short batch, or none with
# `drop_last=True`.
#
# `n_samples`, `batch_size` and `epochs` are whole numbers. If one of them is below 1, raise a `ValueError`.


# %% solution="count_iterations"
def count_iterations(n_samples, batch_size, epochs, drop_last=False):
    """Return how many iterations a training run has."""
    ### BEGIN SOLUTION
    if min(n_samples, batch_size, epochs) < 1:
        raise ValueError("n_samples, batch_size and epochs must be at least 1")
    full, left = divmod(n_samples, batch_size)
    return epochs * (full if drop_last or not left else full + 1)
    ### END SOLUTION


# %% test="test_count_iterations" points=1
from bngrader.check import call, close

for n, size, epochs, want in [(2000, 500, 20, 80), (10, 4, 3, 9), (3, 5, 2, 2), (1, 1, 1, 1)]:
    got = call(count_iterations, n, size, epochs, iterations=int)
    text = f"{n} samples in batches of {size} make {want} iterations in {epochs} epochs"
    close(got, want, text, tol=0)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("count_iterations")
for _ in range(20):
    size, batches, epochs = (int(k) for k in rng.integers(2, 50, 3))
    for n in (size * batches - 1, size * batches, size * batches + 1):
        want = -(-n // size) * epochs
        got = call(count_iterations, n, size, epochs, iterations=int)
        close(got, want, "every epoch has its own short last batch", tol=0, n_samples=n, batch_size=size)
### END HIDDEN TESTS

# %% test="test_count_iterations_drop_last" points=1
from bngrader.check import call, close

for n, size, epochs, want in [(2000, 500, 20, 80), (10, 4, 3, 6), (3, 5, 2, 0)]:
    got = call(count_iterations, n, size, epochs, True, iterations=int)
    text = f"{n} samples in batches of {size} make {want} full batches in {epochs} epochs"
    close(got, want, text, tol=0)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("count_iterations", "drop_last")
for _ in range(20):
    size, batches, epochs = (int(k) for k in rng.integers(2, 50, 3))
    for n in (size * batches - 1, size * batches, size * batches + 1):
        want = n // size * epochs
        got = call(count_iterations, n, size, epochs, kwargs={"drop_last": True}, iterations=int)
        close(got, want, "a short last batch is left out", tol=0, n_samples=n, batch_size=size)
### END HIDDEN TESTS

# %% test="test_count_iterations_errors" points=1
from bngrader.check import raises

raises(ValueError, count_iterations, 0, 500, 20)
raises(ValueError, count_iterations, 2000, 0, 20)
raises(ValueError, count_iterations, 2000, 500, 0)
raises(ValueError, count_iterations, 2000, -1, 20)
### BEGIN HIDDEN TESTS
from bngrader.check import call, close

for wrong in [(-5, 2, 3), (5, -2, 3), (5, 2, -3), (-4, -2, 3), (-4, 2, -1), (4, -2, -1), (0, 0, 0)]:
    raises(ValueError, count_iterations, *wrong)
    raises(ValueError, count_iterations, *wrong, drop_last=True)
for *right, want in [(1, 1, 1, 1), (1, 7, 2, 2), (6, 1, 1, 6)]:
    got = call(count_iterations, *right, iterations=int)
    close(got, want, "1 is a valid number of samples, a valid batch size and a valid number of epochs", tol=0)
### END HIDDEN TESTS

# %% [markdown] locked="about_iterate_minibatches"
# ## 2. `iterate_minibatches` (4 points)
#
# Yield the batches of *one* epoch. Each batch is a one-dimensional array of indices between 0 and $n - 1$, which say
# which samples belong to it. (The caller then gets the samples themselves from a table with `x[batch]`.)
#
# `rng` is a NumPy random generator, such as `np.random.default_rng(0)`. Draw one permutation of the
# $n$ indices with `rng.permutation(n_samples)`, and cut it into consecutive slices of length `batch_size`. The
# first `batch_size` entries are the first batch, and so on. If the batch size does not divide $n$, the last batch is
# shorter, and with `drop_last=True` it is left out. No batch is empty. Draw nothing else from `rng`, so that a
# second call with the same `rng` gets the next permutation for the next epoch.
#
# For example, cut into batches of 4, the permutation 4, 6, 2, 7, 3, 5, 9, 0, 8, 1 gives the batches 4, 6, 2, 7 and 3,
# 5, 9, 0 and 8, 1. You may write a generator with `yield`, or return a list.


# %% solution="iterate_minibatches"
def iterate_minibatches(n_samples, batch_size, rng, drop_last=False):
    """Yield the batches of one epoch as arrays of indices: consecutive slices of a random permutation."""
    ### BEGIN SOLUTION
    order = rng.permutation(n_samples)
    end = n_samples - n_samples % batch_size if drop_last else n_samples
    for start in range(0, end, batch_size):
        yield order[start : start + batch_size]
    ### END SOLUTION


# %% test="test_iterate_minibatches" points=2
from bngrader.check import call, close, holds

order = np.random.default_rng(0).permutation(10)  # 4 6 2 7 3 5 9 0 8 1
batches = call(iterate_minibatches, 10, 4, np.random.default_rng(0), batches=list)
holds(all(isinstance(batch, np.ndarray) for batch in batches), "each batch is an array")
close([np.size(batch) for batch in batches], [4, 4, 2], "10 samples make batches of 4, 4 and 2", tol=0)
for batch, want in zip(batches, [order[:4], order[4:8], order[8:]], strict=True):
    close(batch, want, "the batches are consecutive slices of rng.permutation(10)", tol=0)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

for n, size in [(1, 1), (1, 3), (12, 4), (13, 4), (15, 4), (5, 9), (7, 1), (30, 30), (31, 30)]:
    seed = int(hidden_rng("iterate_minibatches", str(n), str(size)).integers(10**6))
    order = np.random.default_rng(seed).permutation(n)
    sizes = [min(size, n - start) for start in range(0, n, size)]
    batches = call(iterate_minibatches, n, size, np.random.default_rng(seed), batches=list)
    shown = {"n_samples": n, "batch_size": size}
    holds(all(isinstance(batch, np.ndarray) for batch in batches), "each batch is an array", **shown)
    close(
        [np.size(batch) for batch in batches],
        sizes,
        "all batches except the last have batch_size samples",
        tol=0,
        **shown,
    )
    close(np.hstack(batches), order, "the batches are consecutive slices of rng.permutation(n)", tol=0, **shown)
    holds(all(batch.dtype.kind in "iu" for batch in batches), "a batch holds whole numbers", **shown)
### END HIDDEN TESTS

# %% test="test_iterate_minibatches_drop_last" points=1
from bngrader.check import call, close

for n, sizes in [(10, [4, 4]), (8, [4, 4]), (3, [])]:
    order = np.random.default_rng(0).permutation(n)
    batches = call(iterate_minibatches, n, 4, np.random.default_rng(0), True, batches=list)
    close(
        [np.size(batch) for batch in batches],
        sizes,
        f"{n} samples in batches of 4 make {len(sizes)} full batches",
        tol=0,
    )
    for start, batch in zip(range(0, sum(sizes), 4), batches, strict=True):
        close(batch, order[start : start + 4], "the batches are slices of the permutation", tol=0)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

for n, size in [(1, 1), (1, 3), (12, 4), (13, 4), (15, 4), (5, 9), (7, 1), (30, 30), (31, 30)]:
    seed = int(hidden_rng("iterate_minibatches", "drop", str(n), str(size)).integers(10**6))
    order = np.random.default_rng(seed).permutation(n)
    wants = [order[start : start + size] for start in range(0, n - n % size, size)]
    sizes, drop = [len(want) for want in wants], {"drop_last": True}
    batches = call(iterate_minibatches, n, size, np.random.default_rng(seed), kwargs=drop, batches=list)
    shown = {"n_samples": n, "batch_size": size}
    close([np.size(batch) for batch in batches], sizes, "each batch has batch_size samples", tol=0, **shown)
    for batch, want in zip(batches, wants, strict=True):
        close(batch, want, "the batches are slices of the permutation", tol=0, **shown)
### END HIDDEN TESTS

# %% test="test_iterate_minibatches_rng" points=1
from bngrader.check import call, close

ours, yours = np.random.default_rng(3), np.random.default_rng(3)
for epoch in (1, 2, 3):
    want = ours.permutation(12)
    batches = call(iterate_minibatches, 12, 4, yours, uncopied=[yours], batches=list)
    close(np.hstack([[], *batches]), want, f"epoch {epoch} uses the next permutation of the same rng", tol=0)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

seed = int(hidden_rng("iterate_minibatches", "rng").integers(10**6))
ours, yours = np.random.default_rng(seed), np.random.default_rng(seed)
for n, size in [(9, 3), (40, 8), (5, 5), (11, 1), (20, 4)]:
    want = ours.permutation(n)
    batches = call(iterate_minibatches, n, size, yours, uncopied=[yours], batches=list)
    close(
        np.hstack([[], *batches]),
        want,
        "each epoch uses the next permutation of the same rng",
        tol=0,
        n_samples=n,
        batch_size=size,
    )
close(yours.integers(10**9), ours.integers(10**9), "nothing else is drawn from rng", tol=0)
### END HIDDEN TESTS

# %% [markdown] locked="about_merge_statistics"
# ## 3. `merge_statistics` (4 points)
#
# A table that is too large for memory arrives in batches. Return `(mean, var)` of *all* its rows: two arrays of shape
# `(D,)` with the mean and the *biased* variance of each of its $D$ columns.
#
# `batches` is any iterable of arrays of shape $(m_i, D)$, such as a list or a generator that reads a file. There
# is at least one batch. The batches can differ in size, but each has at least one row. Read each batch only once,
# and do not keep any of them, because the reader may write the next batch into the same memory.
#
# You can merge the statistics of two groups of rows without looking at the rows again. Suppose that $a$ rows have the
# mean $\mu_a$ and the sum of squared deviations $S_a = \sum (x - \mu_a)^2$, and that $b$ further rows have the mean
# $\mu_b$ and the sum $S_b$. Then all $a + b$ rows together have
#
# $$\mu = \mu_a + \frac{b}{a + b}\,(\mu_b - \mu_a), \qquad
# S = S_a + S_b + \frac{a b}{a + b}\,(\mu_b - \mu_a)^2,$$
#
# and the biased variance is $S / (a + b)$. For example, the batches (1, 3) and (8) have the means 2 and 8, and the
# sums of squared deviations 2 and 0. Together they have the mean $2 + \frac13 \cdot 6 = 4$, the sum of squared
# deviations $2 + 0 + \frac23 \cdot 36 = 26$, and the variance $26 / 3 \approx 8.667$.
#
# - Sums and results are `float64`, even for `float32` or integer batches.
# - Six digits are right for a mean of 1,000,000 and a standard deviation of 1, even in `float32`. (The mean of the
#   squares minus the square of the mean is not accurate enough.)
# - If all values of a column are equal, its mean is exactly that value and its variance is exactly 0.
#   Watch out for rounding here: `np.full(3, 0.1).mean()` is not exactly 0.1. It helps to subtract the very first row
#   from all rows.
# - Leave the batches as they are. Your results share no memory with them. A batch may be a view, and it may be
#   read-only. Valid input causes no warning.


# %% solution="merge_statistics"
def merge_statistics(batches):
    """Return the mean and the biased variance of each column, over the rows of all batches together."""
    ### BEGIN SOLUTION
    n = 0
    for batch in batches:
        rows = np.array(batch, dtype=np.float64)
        if n == 0:
            first, mean, sum_of_squares = rows[0].copy(), 0.0, 0.0
        rows -= first  # a column of equal values is now exactly 0
        batch_mean = rows.mean(axis=0)
        delta, m = batch_mean - mean, len(rows)
        sum_of_squares = sum_of_squares + ((rows - batch_mean) ** 2).sum(axis=0) + delta**2 * n * m / (n + m)
        mean = mean + delta * m / (n + m)
        n += m
    return first + mean, sum_of_squares / n
    ### END SOLUTION


# %% test="test_merge_statistics" points=1
from bngrader.check import call, close

batches = [np.array([[1.0, 10.0], [3.0, 20.0]]), np.array([[8.0, 60.0]])]
mean, var = call(merge_statistics, batches, mean=(2,), var=(2,), dtype="float64")
close(mean, [4, 30], "mean is the mean of all rows, no matter how they are split into batches", batches=batches)
close(var, [26 / 3, 1400 / 3], "var is the biased variance of all rows", batches=batches)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("merge_statistics")
for sizes, d in [([5], 3), ([1], 2), ([3, 3, 3], 3), ([1, 1, 1, 1], 1), ([7, 1, 4], 2), ([2, 90, 5, 1, 30], 4)]:
    batches = [rng.normal(rng.normal(size=d) * 3, 2, (m, d)) for m in sizes]
    rows = np.concatenate(batches)
    mean, var = call(merge_statistics, batches, mean=(d,), var=(d,), dtype="float64")
    close(mean, rows.mean(axis=0), "mean is the mean of all rows", sizes=sizes, batches=batches)
    close(var, rows.var(axis=0), "var is the biased variance of all rows", sizes=sizes, batches=batches)
### END HIDDEN TESTS

# %% test="test_merge_statistics_once" points=1
from bngrader.check import call, close, leaves_arguments_alone

batches = [np.array([[1.0, 10.0], [3.0, 20.0]]), np.array([[8.0, 60.0]])]
mean, var = call(merge_statistics, (batch for batch in batches), mean=(2,), var=(2,), quiet=True)
close(mean, [4, 30], "mean is right for a generator, which can be read only once", batches=batches)
close(var, [26 / 3, 1400 / 3], "var is right for a generator, which can be read only once", batches=batches)
leaves_arguments_alone(merge_statistics, [np.array([[1.0, 2.0]]), np.array([[2.0, 4.0]])])
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng


def read_into(memory, table):
    """Yield the table in batches, each of which overwrites the batch before."""
    for start in range(0, len(table), len(memory)):
        batch = memory[: min(len(memory), len(table) - start)]
        batch[:] = table[start : start + len(memory)]
        yield batch


rng = hidden_rng("merge_statistics", "once")
table = rng.normal(1, 2, (20, 3))
right_mean, right_var = table.mean(axis=0), table.var(axis=0)
for rows in (1, 6, 10):
    mean, var = call(merge_statistics, read_into(np.empty((rows, 3)), table), mean=(3,), var=(3,), quiet=True)
    close(mean, right_mean, f"mean is right if each batch of {rows} overwrites the batch before", table=table)
    close(var, right_var, f"var is right if each batch of {rows} overwrites the batch before", table=table)
table.flags.writeable = False
batches = [table[:5, ::2], table[5::2, ::2], table[6::2, ::2]]
mean, var = call(merge_statistics, batches, mean=(2,), var=(2,), quiet=True)
close(mean, right_mean[::2], "batches that are read-only views work too", batches=batches)
close(var, right_var[::2], "batches that are read-only views work too", batches=batches)
for rows, dtype in [(1, float), (4, float), (1, np.float32), (4, np.float32)]:
    x = rng.normal(size=(rows, 2)).astype(dtype)
    leaves_arguments_alone(merge_statistics, [x])
    leaves_arguments_alone(merge_statistics, [x, x, x])
### END HIDDEN TESTS

# %% test="test_merge_statistics_precision" points=1
from bngrader.check import call, close

far = [1e6 + np.array([[-1.0], [1.0]]), 1e6 + np.array([[-1.0], [0.0], [1.0]])]
for dtype in (np.float64, np.float32):
    batches = [batch.astype(dtype) for batch in far]
    mean, var = call(merge_statistics, batches, mean=(1,), var=(1,), dtype="float64")
    close(mean - 1e6, [0], "the mean of numbers near 1,000,000 is right", batches=batches)
    close(var, [0.8], "the variance of numbers near 1,000,000 is right", batches=batches)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("merge_statistics", "precision")
for dtype in (np.float64, np.float32):
    for offset, sizes in [(1e6, [100, 37, 1]), (-1e6, [1, 2, 500, 60]), (1e6, [1] * 40), (0.0, [300, 1])]:
        batches = [(offset + rng.normal(size=(m, 2))).astype(dtype) for m in sizes]
        rows = np.concatenate(batches).astype(np.float64) - offset
        mean, var = call(merge_statistics, batches, mean=(2,), var=(2,), dtype="float64")
        close(mean - offset, rows.mean(axis=0), "the mean keeps six digits of the standard deviation", sizes=sizes)
        close(var, rows.var(axis=0), "the variance keeps six digits", sizes=sizes)
x = rng.integers(-100, 100, (12, 2))
right_mean, right_var = x.mean(axis=0), x.var(axis=0)
for given in (x, x.astype(np.int8)):
    batches = [given[:4], given[4:8], given[8:]]
    mean, var = call(merge_statistics, batches, mean=(2,), var=(2,), dtype="float64", quiet=True)
    close(mean, right_mean, f"the mean of {given.dtype} is right", batches=batches)
    close(var, right_var, f"the variance of {given.dtype} is right", batches=batches)
### END HIDDEN TESTS

# %% test="test_merge_statistics_constant" points=1
from bngrader.check import call, close

batches = [np.array([[0.1, 5.0], [0.1, 5.0]]), np.array([[0.1, 5.0]])]
mean, var = call(merge_statistics, batches, mean=(2,), var=(2,), quiet=True)
close(mean, [0.1, 5], "the mean of a constant column is exactly its value", tol=0, batches=batches)
close(var, [0, 0], "the variance of a constant column is exactly 0", tol=0, batches=batches)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("merge_statistics", "constant")
for dtype in (np.float64, np.float32):
    for sizes in ([1], [3], [6, 10], [49, 7, 1], [1, 999]):
        row = np.array([0.1, -1e9 / 3, 0.0, 1e15 / 7, rng.normal()], dtype)
        batches = [np.tile(row, (m, 1)) for m in sizes]
        mean, var = call(merge_statistics, batches, mean=(5,), var=(5,), quiet=True)
        close(mean, row, "the mean of a constant column is exactly its value", tol=0, row=row, sizes=sizes)
        close(var, np.zeros(5), "the variance of a constant column is exactly 0", tol=0, row=row, sizes=sizes)
### END HIDDEN TESTS

# %% [markdown] locked="about_train_linear"
# ## 4. `train_linear` (4 points)
#
# Fit a linear model by mini-batch gradient descent. `x` has shape `(N, D)` and `y` has shape `(N,)`. The model
# predicts $\hat y = x w$ with weights $w$ of shape `(D,)`. Start at $w = 0$. In each of the `epochs` epochs, go over
# the batches that `iterate_minibatches(N, batch_size, rng)` yields, including a short last batch. Draw nothing else
# from `rng`. A batch has the rows $x_b$, the targets $y_b$, and $m$ samples. For each batch, do two things:
#
# 1. Append the mean squared error of the batch, $\frac1m \sum (x_b w - y_b)^2$, to `losses` *before* you take the
#    step.
# 2. Take a step against its gradient: $w \leftarrow w - \text{lr} \cdot \frac2m\, x_b^\top (x_b w - y_b)$.
#
# Return `(w, losses)`. `w` has the dtype of `x`, so `float32` input gives `float32` weights. Treat integers as
# `float64`. `losses` is a list with one `float` per step. Leave `x` and `y` as they are. They may be views, and they
# may be read-only. Valid input causes no warning.
#
# You may call your `iterate_minibatches`. You may also cut `rng.permutation(N)` into batches again, so that a mistake
# in that function costs you nothing here.
#
# For example, let `x` be (1), (2) and `y` be 2, 4, in one batch, with lr = 0.1. At $w = 0$ the loss is $(4 + 16)/2 =
# 10$ and the gradient is $\frac22(1 \cdot (-2) + 2 \cdot (-4)) = -10$, so $w$ becomes 1. At $w = 1$ the loss is 2.5
# and the gradient is -5, so $w$ becomes 1.5.


# %% solution="train_linear"
def train_linear(x, y, lr, batch_size, epochs, rng):
    """Return (w, losses) of mini-batch gradient descent on the mean squared error of x @ w."""
    ### BEGIN SOLUTION
    dtype = x.dtype if x.dtype.kind == "f" else np.float64
    x, y = x.astype(np.float64), y.astype(np.float64)
    w, losses = np.zeros(x.shape[1]), []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            batch = order[start : start + batch_size]
            error = x[batch] @ w - y[batch]
            losses.append(float(np.mean(error**2)))
            w -= lr * 2 / len(batch) * (x[batch].T @ error)
    return w.astype(dtype), losses
    ### END SOLUTION


# %% test="test_train_linear" points=2
from bngrader.check import call, close

x, y = np.array([[1.0], [2.0]]), np.array([2.0, 4.0])
w, losses = call(train_linear, x, y, 0.1, 2, 2, np.random.default_rng(0), w=(1,), losses=object)
close(losses, [10, 2.5], "losses are the mean squared errors before each step", x=x, y=y)
close(w, [1.5], "w is the result of two steps against the gradient", x=x, y=y)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("train_linear")
for n, d, epochs in [(1, 1, 1), (2, 3, 1), (6, 2, 4), (9, 9, 3), (50, 4, 12)]:
    x, y = rng.normal(size=(n, d)), rng.normal(size=n) + 1
    w, want = np.zeros(d), []
    for _ in range(epochs):
        want.append(np.mean((x @ w - y) ** 2))
        w = w - 0.05 * 2 / n * x.T @ (x @ w - y)
    for size in (n, n + 3):
        got, losses = call(train_linear, x, y, 0.05, size, epochs, np.random.default_rng(1), w=(d,), losses=object)
        shown = {"x": x, "y": y, "epochs": epochs, "batch_size": size}
        close(losses, want, "with one batch per epoch, losses are the errors of all samples before each step", **shown)
        close(got, w, "w is the result of the steps against the gradient", **shown)
### END HIDDEN TESTS

# %% test="test_train_linear_batches" points=1
from bngrader.check import call, close

x, y = np.array([[1.0], [2.0], [4.0]]), np.array([2.0, 4.0, 6.0])
# The first epoch of this rng takes sample 2, then 0, then 1; the second takes 2, then 1, then 0.
w, losses = call(train_linear, x, y, 0.01, 2, 2, np.random.default_rng(0), w=(1,), losses=object)
close(len(losses), 4, "3 samples in batches of 2 make 2 steps per epoch, so 4 steps in 2 epochs", tol=0)
close(losses[0], 20, "the first batch is samples 2 and 0, and its loss is (36 + 4) / 2", x=x, y=y)
close(losses[1], (2 * 0.26 - 4) ** 2, "the second batch is sample 1 alone, and w is 0.26 before its step", x=x, y=y)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("train_linear", "batches")
for n, d, size, epochs in [(8, 2, 4, 3), (7, 3, 3, 4), (5, 1, 1, 2), (30, 4, 8, 5), (10, 2, 9, 6)]:
    x, y, seed = rng.normal(size=(n, d)), rng.normal(size=n) + 1, int(rng.integers(10**6))
    w, want, ours = np.zeros(d), [], np.random.default_rng(seed)
    for _ in range(epochs):
        order = ours.permutation(n)
        for start in range(0, n, size):
            x_b, y_b = x[order[start : start + size]], y[order[start : start + size]]
            want.append(np.mean((x_b @ w - y_b) ** 2))
            w = w - 0.05 * 2 / len(x_b) * x_b.T @ (x_b @ w - y_b)
    yours, shown = np.random.default_rng(seed), {"x": x, "y": y, "epochs": epochs, "batch_size": size}
    args = x, y, 0.05, size, epochs, yours
    got, losses = call(train_linear, *args, uncopied=[yours], w=(d,), losses=object)
    close(losses, want, "losses are the errors of each batch before its step, in the order of rng", **shown)
    close(got, w, "w is the result of one step per batch", **shown)
    close(yours.integers(10**9), ours.integers(10**9), "each epoch draws one permutation from rng", tol=0, **shown)
### END HIDDEN TESTS

# %% test="test_train_linear_dtype" points=1
from bngrader.check import call, close, holds, leaves_arguments_alone

x, y = np.array([[1, 0], [2, 1], [0, 1]]), np.array([2, 4, 1])
for given, expected in [("float32", "float32"), ("float64", "float64"), ("int64", "float64")]:
    args = x.astype(given), y.astype(given), 0.1, 3, 2
    w, losses = call(train_linear, *args, np.random.default_rng(0), w=(2,), losses=object, quiet=True)
    holds(w.dtype == np.dtype(expected), f"w has dtype {expected} for {given}", x=args[0])
    close(w, [1.066667, 0.533333], f"w is the same for {given} as for float64", tol=1e-2, x=x, y=y)
leaves_arguments_alone(train_linear, x.astype(float), y.astype(float), 0.1, 3, 2, np.random.default_rng(0))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng


def descend(x, y, lr, epochs):
    """Return w and the losses of steps on all samples together, which do not depend on the order of the samples."""
    x, y, w, losses = x.astype(float), y.astype(float), np.zeros(x.shape[1]), []
    for _ in range(epochs):
        error = x @ w - y
        losses.append(np.mean(error**2))
        w = w - lr * 2 / len(x) * x.T @ error
    return w, losses


rng = hidden_rng("train_linear", "dtype")
for dtype, tol in [(np.float32, 1e-2), (np.int64, 1e-6), (np.int8, 1e-6)]:
    x, y = rng.integers(-20, 21, (8, 2)).astype(dtype), rng.integers(90, 120, 8).astype(dtype)
    right_w, right_losses = descend(x, y, 0.0005, 3)
    args = x, y, 0.0005, 8, 3
    w, losses = call(train_linear, *args, np.random.default_rng(0), w=(2,), losses=object, quiet=True)
    close(w, right_w, f"w is the same for {x.dtype} as for float64", tol=tol, x=x, y=y)
    close(losses, right_losses, f"losses are the same for {x.dtype} as for float64", tol=tol, x=x, y=y)
    for size in (3, 8):
        leaves_arguments_alone(train_linear, x, y, 0.0005, size, 3, np.random.default_rng(0))
        doubles = x.astype(float), y.astype(float)
        leaves_arguments_alone(train_linear, *doubles, 0.0005, size, 3, np.random.default_rng(0))
x, y = rng.normal(size=(12, 4))[::2, ::2], rng.normal(size=12)[::2]
x.flags.writeable = y.flags.writeable = False
right_w, right_losses = descend(x, y, 0.1, 2)
args = x, y, 0.1, 6, 2
w, losses = call(train_linear, *args, np.random.default_rng(0), w=(2,), losses=object, quiet=True)
close(w, right_w, "a read-only view works too", x=x, y=y)
close(losses, right_losses, "a read-only view works too", x=x, y=y)
### END HIDDEN TESTS

# %% [markdown] locked="about_comparison"
# ## What the batch size changes
#
# The table below holds ten measurements for each of 442 diabetes patients, and how far the disease of each patient
# had progressed after a year. The cell first standardizes the table with your `merge_statistics`, as if it were read
# from a disk in pieces of 100 rows. Then your `train_linear` fits a linear model with the *same learning rate* and
# four batch sizes, and the cell measures the error on the whole table after each epoch. You have nothing to write
# here, so just run the cell. It takes a few seconds.


# %% locked="patients"
patients = load_diabetes(scaled=False)


# %% locked="comparison"
def standardized(table):
    """Standardize the table with the statistics that your function merges from pieces of 100 rows."""
    mean, var = merge_statistics(table[start : start + 100] for start in range(0, len(table), 100))
    return (table - mean) / np.sqrt(var)


def errors(x, y, lr, batch_size, epochs):
    """Return the mean squared error on all of x before training and after each epoch."""
    weights = [train_linear(x, y, lr, batch_size, k, np.random.default_rng(1))[0] for k in range(1, epochs + 1)]
    return np.array([np.mean(y**2)] + [np.mean((x @ w - y) ** 2) for w in weights])


x, y = standardized(patients.data), standardized(patients.target[:, None])[:, 0]
lowest = np.mean((x @ np.linalg.lstsq(x, y, rcond=None)[0] - y) ** 2)
goal, epochs = lowest + 0.05 * (1 - lowest), 30
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True, layout="constrained")
print(f"The error is 1 at w = 0 and {lowest:.3f} at the best w. The goal is {goal:.3f}, 95% of the way.")
print(f"{'batch size':>10} {'steps per epoch':>15} {'epochs to goal':>15} {'steps to goal':>14} {'last error':>10}")
for size in (4, 16, 64, 442):
    curve = errors(x, y, 0.02, size, epochs)
    steps = count_iterations(len(x), size, 1)
    reached = int(np.argmax(curve <= goal)) if (curve <= goal).any() else None
    needed = f"{reached:>15} {reached * steps:>14}" if reached else f"{'not in ' + str(epochs):>15} {'-':>14}"
    print(f"{size:>10} {steps:>15} {needed} {curve[-1]:>10.4f}")
    axes[0].plot(curve, label=f"batches of {size}")
    axes[1].semilogx(np.arange(1, epochs + 1) * steps, curve[1:], ".")
axes[0].set(xlabel="epochs", ylabel="error on all patients", ylim=(0.47, 1.02))
axes[1].set(xlabel="steps (one dot per epoch)")
for panel in axes:
    panel.axhline(goal, color="gray", linestyle=":")
axes[0].legend()
plt.show()

# %% [markdown] locked="about_comparison_read"
# Read the two panels together. Counted in *epochs*, the small batches are ahead. An epoch is one pass over the data,
# and batches of 4 turn it into 111 steps, while the full batch makes only one. Counted in *steps*, the batch sizes 64
# and 442 need 28 steps each and 16 needs 56, although its epochs are too coarse to tell exactly. So at this learning
# rate, a step on few samples goes about as far, on average, as a step on all of them. The smallest batches need more
# steps, and they pay for their noise in the end: their error does not settle at the lowest value but hovers above it.
#
# Keep in mind what this comparison leaves out. Each batch size could have its own learning rate: the full batch would
# tolerate a larger one, and a smaller one would calm the small batches. The model is linear, and we measured the error
# on the data that it was trained on. We used only one order of the samples, from one random generator. We did
# not measure time either. On most hardware, a step on 64 samples takes hardly longer than a step on 4, and this is the
# main reason for large batches.

# %% [markdown] locked="about_written_larger_batch"
# ## 5. Written question (5 points)
#
# A colleague trains a network on 50,000 images for 10 epochs, in batches of 50. To make better use of a new machine,
# she changes the batch size to 5,000, but keeps the learning rate and the 10 epochs.
# The run now takes a tenth of the time, but it ends with a much higher training loss. "Large batches do not
# learn," she says.
#
# Explain in five to ten sentences: How many steps did the network take before the change, and how many after it?
# Is she right? Name two things that she can change to reach a lower loss with batches of 5,000, and give a drawback
# of each. Suppose that she plots the *batch losses*, step by step. How would the curves for 50 and for 5,000 images
# differ, and why?

# %% [markdown] written="written_larger_batch" points=5
# **Rubric.** 1 point: The answer gives the two numbers of steps, 10,000 and 100. 1 point: It says that the loss is
# higher because there were fewer steps of the same size, and that this says nothing against large batches
# themselves. 2 points: It names two changes that help (a larger learning rate, more epochs), each with its drawback
# (1 each). 1 point: It says that the curve of the small batches is noisier, because a mean of 50 losses
# varies more than a mean of 5,000 losses (by a factor of 10). Wrong statements next to right ones cost nothing, unless
# they contradict them.
#
# **An answer worth 5 points.** Before the change, an epoch had 1,000 steps and the run had 10,000. Now an epoch has
# 10 steps and the run has 100. A step on 5,000 images points more exactly in the direction in which the loss falls,
# but at the same learning rate it is hardly longer than a step on 50 images. So the network has gone about a
# hundredth of the way, and her conclusion does not follow: the large batches have not had a chance yet. She can
# raise the learning rate, so that each of the few steps goes further. But this has a limit, because above some
# learning rate the descent diverges, no matter how exact the gradient is. So 100 times the rate will not work. Or
# she can train for more epochs, until there are enough steps. But then every step looks at 100 times as many images,
# so she loses most of the time that she had saved. The batch loss is a mean over the images of a batch, and it
# varies around the loss of all images. It varies ten times as much for 50 images as for 5,000, because the variation
# shrinks with the square root of the number of images. So the first curve is a broad band and the second is a thin
# line.
#
# **An answer worth 3 points** (the second change, and the reason why the curve is smoother, are missing).
# With batches of 50 there were 50,000 / 50 · 10 = 10,000 steps, and with batches of 5,000 there were only 100. With so
# few steps the weights cannot move as far, so it is not the fault of the large batches. She should train for more
# epochs, but then the time that she saved is gone. The loss curve is smoother with the large batches.
#
# **An answer worth 1 point** (the numbers of steps are right; the rest is not about the training loss). There are
# 1,000 and 10 steps per epoch, so 10,000 and 100 steps in total. Large batches generalize worse, as she says, so she
# should go back to 50.
