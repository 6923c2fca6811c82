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
# # Inference with batch normalization
#
# You will write a batch normalization (BN) layer with both of its modes: in training, it looks at a whole batch, and
# in evaluation, it can handle a single image. You will also compute the statistics that the layer uses in
# evaluation, and merge the finished layer into the linear layer before it. Then a network will read digits with your
# layer, and you will see what happens if somebody forgets to switch the mode.
#
# **When you are done, you can** say what a BN layer does in training and in evaluation and which numbers it stores,
# compute how many batches a moving average needs to forget its initial value, and merge BN into the layer before it.
#
# **Time:** about 75 minutes. **Read first:** the chapter *Inference with Batch Normalization*.
#
# **Points:** 20, of which 15 are for a class and three functions and 5 for a written question at the end.
#
# **Rules:** Use only NumPy and the standard library in the class and the three functions. The grader tests them in a
# place where only these two, and matplotlib for your plots, are installed. So a function that uses SciPy,
# scikit-learn, PyTorch or the course's own package `bnref` fails its tests. Cells that you add may use any package.
# If they do not run when your notebook is graded, you lose no points.
#
# Replace each `raise NotImplementedError()` with your code, and run the test cells below it. To check the whole
# notebook, press **Validate** in JupyterLab's toolbar. Your instructor's tests are stricter than the tests that you
# see, but they test nothing that the text does not say.
#
# These rules hold for the class and for all three functions:
#
# - A batch is a NumPy array of shape `(N, D)`, with $N$ samples in its rows and $D$ features in its columns. All
#   arrays of a call have the same dtype.
# - The results have the dtype of the first array that you receive, so `float32` input gives `float32` results. Treat
#   integers as `float64`.
# - Leave the arguments as they are, and return new arrays. An argument may be a view of another array, and it may be
#   read-only.
# - Valid input causes no warning.
# - If a function has several results, return a tuple or a list, in the order that the text gives.
# - Your numbers are right to six digits, or to two digits in `float32`. This includes columns whose mean is large
#   compared with their spread: values of 1,000,000 plus or minus 1 in `float64`, and of 10,000 plus or minus 1 in
#   `float32`.

# %% locked="imports"
import copy

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# %% [markdown] locked="about_BatchNorm"
# ## 1. `BatchNorm` (6 points)
#
# `BatchNorm(num_features, decay=0.9, eps=1e-5)` makes a layer for `num_features` ($D$) features. The layer has the
# attributes below. Other code may set them at any time, so each call of the layer uses their current values:
#
# - `gamma` (initially ones), `beta` (zeros), `running_mean` (zeros) and `running_var` (ones) are arrays of shape
#   `(D,)` and dtype `float64`, whatever the dtype of the batches is.
# - `training` is initially `True`.
#
# If you call the layer with a batch `x` of shape `(N, D)`, it returns `y` of the same shape.
#
# **In training** (`training` is `True`), the layer normalizes each column by its mean $\mu$ and its *biased*
# variance $\sigma^2$ in the batch, and it updates its running statistics. With $\alpha$ for `decay` and
# $\varepsilon$ for `eps`,
#
# $$y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta, \qquad
# \hat\mu \leftarrow \alpha \hat\mu + (1 - \alpha) \mu, \qquad
# \hat\sigma^2 \leftarrow \alpha \hat\sigma^2 + (1 - \alpha) \frac{N}{N - 1} \sigma^2 .$$
#
# Here $\hat\mu$ is `running_mean` and $\hat\sigma^2$ is `running_var`. So `decay` is the share of the *old* value
# that is kept. (PyTorch's `momentum` is $1 - \alpha$.) Although the batch is normalized by its biased variance,
# `running_var` collects the *unbiased* variance. A single sample has no unbiased variance, so in training a batch of
# one sample raises a `ValueError`.
#
# **In evaluation** (`training` is `False`), the layer normalizes by `running_mean` and `running_var` instead of
# $\mu$ and $\sigma^2$. It computes nothing from the batch, so a single sample works as well as a thousand, and it
# changes none of its attributes.
#
# For example, with $\varepsilon = 3$, $\gamma = 4$ and $\beta = 10$, the column 1, 3 becomes 8, 12 in training. In a
# new layer with decay 0.9, the running mean is then 0.2 and the running variance is 1.1. In evaluation, with running
# mean 2, running variance 4, $\varepsilon = 5$, $\gamma = 4$ and $\beta = 10$, the number 5 becomes 14.


# %% solution="BatchNorm"
class BatchNorm:
    """Batch normalization of batches of shape (N, D), in training and in evaluation."""

    def __init__(self, num_features, decay=0.9, eps=1e-5):
        ### BEGIN SOLUTION
        self.decay, self.eps = decay, eps
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean, self.running_var = np.zeros(num_features), np.ones(num_features)
        self.training = True
        ### END SOLUTION

    def __call__(self, x):
        """Return y of shape (N, D)."""
        ### BEGIN SOLUTION
        dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
        if self.training:
            mean, var = self._learn_from(x.astype(np.float64))
        else:
            mean, var = self.running_mean, self.running_var
        y = self.gamma * (x - mean) / np.sqrt(var + self.eps) + self.beta
        return y.astype(dtype)
        ### END SOLUTION

    ### BEGIN SOLUTION
    def _learn_from(self, x):
        if len(x) < 2:
            raise ValueError("in training, a batch needs two samples or more")
        mean, var = x.mean(axis=0), x.var(axis=0)
        unbiased = var * len(x) / (len(x) - 1)
        self.running_mean = self.decay * self.running_mean + (1 - self.decay) * mean
        self.running_var = self.decay * self.running_var + (1 - self.decay) * unbiased
        return mean, var

    ### END SOLUTION


# %% test="test_BatchNorm_training" points=1
from bngrader.check import call, close

bn = call(BatchNorm, 1, kwargs={"eps": 3.0})
bn.gamma, bn.beta = np.array([4.0]), np.array([10.0])
x = np.array([[1.0], [3.0]])
y = call(bn, x, y=(2, 1))
close(
    y,
    [[8], [12]],
    "in training, y is gamma * (x - mean) / sqrt(var + eps) + beta, with the batch's mean and var",
    x=x,
    eps=3,
)
y = call(bn, x + 100, y=(2, 1))
close(y, [[8], [12]], "in training, y depends only on the current batch", x=x + 100, eps=3)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("BatchNorm_training")
for shape, spread, eps in [
    ((2, 1), 1, 1e-5),
    ((7, 3), 2, 0.5),
    ((4, 4), 1e-2, 1e-3),
    ((3, 9), 1e-3, 1e-5),
    ((80, 2), 1, 1),
]:
    bn, gamma, beta = (
        call(BatchNorm, shape[1], kwargs={"eps": eps}),
        rng.normal(size=shape[1]) + 2,
        rng.normal(size=shape[1]),
    )
    bn.gamma, bn.beta = gamma.copy(), beta.copy()
    for _ in range(2):
        x = rng.normal(size=shape) * spread + rng.normal(size=shape[1])
        want = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta
        y = call(bn, x, y=shape, quiet=True)
        close(
            y,
            want,
            "in training, y is gamma * (x - mean) / sqrt(var + eps) + beta, with the batch's mean and var",
            x=x,
            eps=eps,
        )
    close(bn.gamma, gamma, "a call does not change gamma")
    close(bn.beta, beta, "a call does not change beta")
bn = call(BatchNorm, 2)
x = np.tile([0.1, -7.0], (3, 1))
y = call(bn, x, y=(3, 2), quiet=True)
close(y, np.zeros((3, 2)), "if all values of a column are equal, the column becomes beta", x=x)
### END HIDDEN TESTS

# %% test="test_BatchNorm_running_mean" points=1
from bngrader.check import call, close

bn = call(BatchNorm, 1)
x = np.array([[1.0], [3.0]])
call(bn, x, y=(2, 1))
close(bn.running_mean, [0.2], "running_mean keeps the share decay of its old value, here 0.9", x=x)
x = np.array([[10.0], [20.0], [30.0]])
call(bn, x, y=(3, 1))
close(bn.running_mean, [2.18], "the second batch updates running_mean from 0.2: 0.9 * 0.2 + 0.1 * 20", x=x)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("BatchNorm_running_mean")
for shape, decay in [((2, 1), 0.99), ((7, 3), 0.9), ((4, 4), 0.3), ((3, 9), 0.5), ((80, 2), 0.0)]:
    bn = call(BatchNorm, shape[1], kwargs={"decay": decay})
    want = rng.normal(size=shape[1])
    bn.running_mean = want.copy()
    for _ in range(3):
        x = rng.normal(size=shape) + 3 * rng.normal(size=shape[1])
        want = decay * want + (1 - decay) * x.mean(axis=0)
        call(bn, x, y=shape, quiet=True)
        close(bn.running_mean, want, f"running_mean keeps the share decay of its old value, here {decay}", x=x)
### END HIDDEN TESTS

# %% test="test_BatchNorm_running_var" points=1
from bngrader.check import call, close

bn = call(BatchNorm, 1)
x = np.array([[1.0], [3.0]])
call(bn, x, y=(2, 1))
close(bn.running_var, [1.1], "running_var averages the unbiased variances, here 2: 0.9 * 1 + 0.1 * 2", x=x)
x = np.array([[10.0], [20.0], [30.0]])
call(bn, x, y=(3, 1))
close(bn.running_var, [10.99], "the second batch updates running_var from 1.1: 0.9 * 1.1 + 0.1 * 100", x=x)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("BatchNorm_running_var")
for shape, decay in [((2, 1), 0.99), ((7, 3), 0.9), ((4, 4), 0.3), ((3, 9), 0.5), ((80, 2), 0.0)]:
    bn = call(BatchNorm, shape[1], kwargs={"decay": decay})
    want = rng.uniform(1, 2, shape[1])
    bn.running_var = want.copy()
    for _ in range(3):
        x = rng.normal(size=shape) * rng.uniform(0.5, 3, shape[1])
        want = decay * want + (1 - decay) * x.var(axis=0, ddof=1)
        call(bn, x, y=shape, quiet=True)
        close(bn.running_var, want, f"running_var averages the unbiased variances, here with decay {decay}", x=x)
### END HIDDEN TESTS

# %% test="test_BatchNorm_evaluation" points=1
from bngrader.check import call, close

bn = call(BatchNorm, 1, kwargs={"eps": 5.0})
bn.gamma, bn.beta, bn.running_mean, bn.running_var = (np.array([a]) for a in (4.0, 10.0, 2.0, 4.0))
bn.training = False
x = np.array([[5.0]])
y = call(bn, x, y=(1, 1))
close(y, [[14]], "in evaluation, y is gamma * (x - running_mean) / sqrt(running_var + eps) + beta", x=x, eps=5)
x = np.array([[5.0], [2.0], [-1.0]])
y = call(bn, x, y=(3, 1))
close(
    y, [[14], [10], [6]], "in evaluation, the result for a sample does not depend on the rest of its batch", x=x, eps=5
)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("BatchNorm_evaluation")
for shape, spread, eps in [
    ((1, 1), 1, 1e-5),
    ((1, 3), 1e-2, 1e-3),
    ((4, 4), 1, 0.5),
    ((30, 2), 2, 1e-5),
    ((2, 3), 1e-4, 1e-5),
]:
    bn = call(BatchNorm, shape[1], kwargs={"eps": eps})
    state = rng.normal(size=(4, shape[1])) + 2
    state[3] = (spread * rng.uniform(0.5, 2, shape[1])) ** 2
    bn.gamma, bn.beta, bn.running_mean, bn.running_var = state.copy()
    bn.training = False
    x = state[2] + spread * rng.normal(size=shape)
    want = state[0] * (x - state[2]) / np.sqrt(state[3] + eps) + state[1]
    y = call(bn, x, y=shape, quiet=True)
    close(y, want, "in evaluation, y is gamma * (x - running_mean) / sqrt(running_var + eps) + beta", x=x, eps=eps)
### END HIDDEN TESTS

# %% test="test_BatchNorm_evaluation_state" points=1
from bngrader.check import call, close, holds

bn = call(BatchNorm, 2)
mean, var = np.array([3.0, -20.0]), np.array([4.0, 0.5])
bn.running_mean, bn.running_var, bn.training = mean.copy(), var.copy(), False
x = np.array([[1.0, 10.0], [3.0, 20.0], [8.0, 90.0]])
y = call(bn, x, y=(3, 2))
holds(np.any(y != 0), "y is not all zeros here", x=x)
close(bn.running_mean, mean, "in evaluation, running_mean does not change", tol=0, x=x)
close(bn.running_var, var, "in evaluation, running_var does not change", tol=0, x=x)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("BatchNorm_evaluation_state")
for rows in (1, 2, 5):
    bn, mean, var = call(BatchNorm, 2), rng.normal(size=2), rng.uniform(1, 2, 2)
    bn.running_mean, bn.running_var, bn.training = mean.copy(), var.copy(), False
    x = rng.normal(size=(rows, 2)) + 3
    call(bn, x, y=(rows, 2))
    call(bn, x, y=(rows, 2))
    close(bn.running_mean, mean, "in evaluation, running_mean does not change", tol=0, x=x)
    close(bn.running_var, var, "in evaluation, running_var does not change", tol=0, x=x)
    bn.training = True
    x = 9 + rng.normal(size=(4, 2)) * 9
    call(bn, x, y=(4, 2))
    close(bn.training, True, "a call does not change the attribute training")
    moved = [np.all(now != before) for now, before in ((bn.running_mean, mean), (bn.running_var, var))]
    close(moved, [True, True], "back in training, the running statistics change again", x=x)
### END HIDDEN TESTS

# %% test="test_BatchNorm_care" points=1
from bngrader.check import call, close, leaves_arguments_alone, raises

form = {"gamma": (3,), "beta": (3,), "running_mean": (3,), "running_var": (3,)}
bn = call(BatchNorm, 3)
for name, start in {"gamma": 1, "beta": 0, "running_mean": 0, "running_var": 1}.items():
    call(lambda value: value, getattr(bn, name), dtype=np.float64, **{name: (3,)})
    close(getattr(bn, name), np.full(3, start), f"all entries of {name} are {start} in a new layer")
close(bn.training, True, "a new layer is in training mode")
raises(ValueError, bn, np.ones((1, 3)))
x = np.array([[1, 10, 0], [2, 30, 5], [6, 20, 2]])
for given, expected in [("float32", np.float32), ("float64", np.float64), ("int64", np.float64)]:
    call(bn, x.astype(given), dtype=expected, y=(3, 3))
leaves_arguments_alone(bn, x.astype(float))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("BatchNorm_care")
one, other = call(BatchNorm, 2), call(BatchNorm, 2)
call(one, rng.normal(size=(4, 2)), y=(4, 2))
close(other.running_mean, np.zeros(2), "two layers do not share their state")
for dtype in (np.float64, np.float32):
    bn = call(BatchNorm, 2)
    x = rng.normal(size=(4, 2)).astype(dtype)
    leaves_arguments_alone(bn, x)
    for name in ("running_mean", "running_var"):
        call(lambda value: value, getattr(bn, name), dtype=np.float64, **{name: (2,)})
    bn.training = False
    leaves_arguments_alone(bn, x)
    leaves_arguments_alone(call(BatchNorm, 2, kwargs={"eps": 0.5}), x)
    call(bn, x[:1], dtype=dtype, y=(1, 2))
for training in (True, False):
    whole, bn = rng.integers(-9, 9, (5, 2)), call(BatchNorm, 2)
    bn.training = training
    mean, var = (whole.mean(axis=0), whole.var(axis=0)) if training else (0, 1)
    want, right_mean = (whole - mean) / np.sqrt(var + 1e-5), 0.1 * mean + np.zeros(2)
    y = call(bn, whole, dtype=np.float64, y=(5, 2))
    close(y, want, "integers are treated as float64", x=whole)
    close(bn.running_mean, right_mean, "integers are treated as float64", x=whole)
x = rng.normal(size=(20, 6))[::2, ::3]
x.flags.writeable = False
want = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
y = call(call(BatchNorm, 2), x, y=(10, 2))
close(y, want, "a read-only view works too", x=x)
for rows, offset, dtype, tol in [(50, 1e6, np.float64, 1e-6), (16, 1e4, np.float32, 1e-2)]:
    bn = call(BatchNorm, 2)
    x = (offset + rng.normal(size=(rows, 2))).astype(dtype)
    wide = x.astype(np.longdouble)
    want = ((wide - wide.mean(axis=0)) / np.sqrt(wide.var(axis=0) + 1e-5)).astype(float)
    right_var = (0.9 + 0.1 * wide.var(axis=0, ddof=1)).astype(float)
    y = call(bn, x, y=(rows, 2))
    close(y, want, f"y is accurate for a column with a large mean, in {x.dtype}", tol=tol, x=x)
    close(
        bn.running_var, right_var, f"running_var is accurate for a column with a large mean, in {x.dtype}", tol=tol, x=x
    )
### END HIDDEN TESTS

# %% [markdown] locked="about_population_statistics"
# ## 2. `population_statistics` (3 points)
#
# A moving average gives the most weight to the latest batches. Algorithm 2 of Ioffe and Szegedy (2015) gives every
# batch the same weight instead. It freezes the trained network, sends $n$ batches of equal size $m$ through it, and
# *averages* their statistics. Let $\mu_b$ be the mean and $\sigma_b^2$ the *biased* variance of a column in batch
# $b$. Then
#
# $$\mathrm{mean} = \frac{1}{n} \sum_{b=1}^{n} \mu_b, \qquad
# \mathrm{var} = \frac{m}{m - 1} \cdot \frac{1}{n} \sum_{b=1}^{n} \sigma_b^2 .$$
#
# Return `(mean, var)`, each of shape `(D,)` and with the dtype of the batches. For example, the two batches 1, 3 and
# 6, 10 have the means 2 and 8 and the biased variances 1 and 4. So the mean is 5 and the variance is $2 \cdot 2.5 =
# 5$. (The variance of all four numbers together would be 11.5.)
#
# `batches` is any iterable of at least one array of shape `(m, D)`, with $m \geq 2$. It may be a list or a
# generator. So read each batch only once, one after the other, and use neither `len(batches)` nor an index.


# %% solution="population_statistics"
def population_statistics(batches):
    """Return (mean, var) of shape (D,) from an iterable of batches of equal shape (m, D)."""
    ### BEGIN SOLUTION
    means, variances = [], []
    for batch in batches:
        means.append(batch.mean(axis=0, dtype=np.float64))
        variances.append(batch.var(axis=0, dtype=np.float64))
    m, dtype = len(batch), batch.dtype if batch.dtype.kind == "f" else np.dtype(np.float64)
    mean, var = np.mean(means, axis=0), m / (m - 1) * np.mean(variances, axis=0)
    return mean.astype(dtype), var.astype(dtype)
    ### END SOLUTION


# %% test="test_population_statistics" points=1
from bngrader.check import call, close

batches = [np.array([[1.0], [3.0]]), np.array([[6.0], [10.0]])]
mean, var = call(population_statistics, batches, mean=(1,), var=(1,))
close(mean, [5], "mean is the average of the batches' means", batches=batches)
close(var, [5], "var is m / (m - 1) times the average of the batches' biased variances", batches=batches)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("population_statistics")
for n, m, d in [(2, 2, 1), (1, 5, 3), (6, 4, 4), (3, 2, 9), (20, 30, 2)]:
    batches = list(rng.normal(size=(n, m, d)) * 3 + 4 * rng.normal(size=(n, 1, d)))
    right_mean = np.mean(batches, axis=(0, 1))
    right_var = np.mean([b.var(axis=0, ddof=1) for b in batches], axis=0)
    mean, var = call(population_statistics, batches, mean=(d,), var=(d,), quiet=True)
    close(mean, right_mean, "mean is the average of the batches' means", batches=batches)
    close(var, right_var, "var is m / (m - 1) times the average of the batches' biased variances", batches=batches)
### END HIDDEN TESTS

# %% test="test_population_statistics_once" points=1
from bngrader.check import call, close, fitting

batches = [np.array([[1.0], [3.0]]), np.array([[6.0], [10.0]])]
expected = call(population_statistics, batches, mean=(1,), var=(1,))[1]
mean, var = call(population_statistics, (batch for batch in batches), mean=(1,), var=(1,))
close(mean, [5], "a generator gives the same mean as a list", batches=batches)
# 2.5 is the average of the biased variances: an answer without m / (m - 1) has already lost a point above.
close(var, fitting(expected, ([5], [5]), ([2.5], [2.5])), "a generator gives the same var as a list", batches=batches)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("population_statistics_once")
batches = list(rng.normal(size=(5, 3, 2)) + rng.normal(size=(5, 1, 2)))
right_mean = np.mean(batches, axis=(0, 1))
right_vars = [np.mean([b.var(axis=0, ddof=ddof) for b in batches], axis=0) for ddof in (1, 0)]
cases = [(right_var, right_var) for right_var in right_vars]
expected = call(population_statistics, batches, mean=(2,), var=(2,))[1]
for iterable in ((b for b in batches), iter(batches), tuple(batches), map(np.array, batches)):
    mean, var = call(population_statistics, iterable, mean=(2,), var=(2,))
    close(mean, right_mean, "any iterable gives the same mean as a list", batches=batches)
    close(var, fitting(expected, *cases), "any iterable gives the same var as a list", batches=batches)
### END HIDDEN TESTS

# %% test="test_population_statistics_care" points=1
from bngrader.check import call, close

form = {"mean": (2,), "var": (2,)}
batches = np.array([[[1, 10], [2, 30], [6, 20]], [[0, 5], [1, 5], [7, 7]]])
for given, expected in [("float32", np.float32), ("float64", np.float64), ("int64", np.float64)]:
    call(population_statistics, list(batches.astype(given)), dtype=expected, **form)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng, leaves_arguments_alone

rng = hidden_rng("population_statistics_care")


def right(batches):
    return np.mean(batches, axis=(0, 1)), np.mean([np.var(b, axis=0, ddof=1) for b in batches], axis=0)


whole = list(rng.integers(-9, 30, (2, 3, 2)))
frozen = [rng.normal(size=(8, 6))[::2, ::3] for _ in range(3)]
for batch in frozen:
    batch.flags.writeable = False
cases = [(whole, right(whole), "integers are treated as float64")]
cases.append((frozen, right(frozen), "read-only views work too"))
for batches, wants, claim in cases:
    for got, want in zip(call(population_statistics, batches, **form), wants, strict=True):
        close(got, want, claim, batches=batches)
leaves_arguments_alone(population_statistics, list(rng.normal(size=(3, 4, 2))))
for offset, dtype, tol in [(1e6, np.float64, 1e-6), (1e4, np.float32, 1e-2)]:
    batches = [(offset + rng.normal(size=(16, 2))).astype(dtype) for _ in range(4)]
    want = np.mean([b.astype(np.longdouble).var(axis=0, ddof=1) for b in batches], axis=0).astype(float)
    mean, var = call(population_statistics, batches, **form)
    close(var, want, f"var is accurate for a column with a large mean, in {np.dtype(dtype)}", tol=tol, batches=batches)
### END HIDDEN TESTS

# %% [markdown] locked="about_fold_linear"
# ## 3. `fold_linear` (4 points)
#
# In evaluation, BN multiplies each feature by a fixed number and adds another. The linear layer before it can do
# both itself, so the two layers together are one linear layer.
#
# A linear layer returns $W x + b$ for a sample $x$. Its `weight` $W$ has shape `(out, in)`, and its `bias` $b$ has
# shape `(out,)`. If `bias` is `None`, the layer returns $W x$. The BN layer after it has `gamma`, `beta`, `mean` and
# `var`, each of shape `(out,)`, where `mean` and `var` are its running statistics. Find $W'$ and $b'$ with
#
# $$W' x + b' = \gamma \, \frac{(W x + b) - \mathrm{mean}}{\sqrt{\mathrm{var} + \varepsilon}} + \beta
# \qquad \text{for every } x .$$
#
# Return `(weight, bias)`, new arrays of shape `(out, in)` and `(out,)`, even if `bias` is `None`.
#
# For example, take a linear layer with one input, one output, weight 2 and bias 3, followed by BN with gamma 4, beta
# 10, mean 1, var 1 and $\varepsilon = 3$. The two become one layer with weight $2 \cdot 4 / 2 = 4$ and bias $(3 - 1)
# \cdot 4 / 2 + 10 = 14$. If the linear layer has no bias, the new bias is 8.


# %% solution="fold_linear"
def fold_linear(weight, bias, gamma, beta, mean, var, eps=1e-5):
    """Return (weight, bias) of the linear layer that does what a linear layer and BN after it do in evaluation."""
    ### BEGIN SOLUTION
    dtype = weight.dtype if weight.dtype.kind == "f" else np.dtype(np.float64)
    scale = gamma / np.sqrt(var.astype(np.float64) + eps)
    shift = beta - mean * scale
    if bias is not None:
        shift = shift + bias * scale
    return (weight * scale[:, np.newaxis]).astype(dtype), shift.astype(dtype)
    ### END SOLUTION


# %% test="test_fold_linear_weight" points=1
from bngrader.check import call, close

weight = np.array([[2.0]])
bias, gamma, beta, mean, var = (np.array([a]) for a in (3.0, 4.0, 10.0, 1.0, 1.0))
new_weight, new_bias = call(fold_linear, weight, bias, gamma, beta, mean, var, 3.0, weight=(1, 1), bias=(1,))
close(new_weight, [[4]], "each row of the new weight is scaled as BN scales the output of that row", weight=weight)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("fold_linear_weight")
for shape, spread, eps in [
    ((2, 3), 1, 1e-5),
    ((4, 2), 1e-5, 1e-3),
    ((3, 3), 2, 0.5),
    ((1, 5), 1e-6, 1e-5),
    ((5, 1), 1, 1),
]:
    weight, (bias, gamma, beta, mean) = rng.normal(size=shape), rng.normal(size=(4, shape[0])) + 1
    var = spread * rng.uniform(0.5, 2, shape[0])
    given = {"weight": weight, "gamma": gamma, "var": var, "eps": eps}
    args = weight, bias, gamma, beta, mean, var, eps
    want = np.diag(gamma / np.sqrt(var + eps)) @ weight
    new_weight, new_bias = call(fold_linear, *args, weight=shape, bias=shape[:1], quiet=True)
    close(new_weight, want, "each row of the new weight is scaled as BN scales the output of that row", **given)
### END HIDDEN TESTS

# %% test="test_fold_linear_bias" points=1
from bngrader.check import call, close

weight = np.array([[2.0]])
bias, gamma, beta, mean, var = (np.array([a]) for a in (3.0, 4.0, 10.0, 1.0, 1.0))
new_weight, new_bias = call(fold_linear, weight, bias, gamma, beta, mean, var, 3.0, weight=(1, 1), bias=(1,))
close(
    new_bias,
    [14],
    "the new bias is what the two old layers return for x = 0",
    bias=bias,
    gamma=gamma,
    beta=beta,
    mean=mean,
)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("fold_linear_bias")
for shape, spread, eps in [
    ((2, 3), 1, 1e-5),
    ((4, 2), 1e-5, 1e-3),
    ((3, 3), 2, 0.5),
    ((1, 5), 1e-6, 1e-5),
    ((5, 1), 1, 1),
]:
    weight, (bias, gamma, beta, mean) = rng.normal(size=shape), rng.normal(size=(4, shape[0])) + 1
    var = spread * rng.uniform(0.5, 2, shape[0])
    given = {"bias": bias, "gamma": gamma, "beta": beta, "mean": mean, "var": var, "eps": eps}
    args = weight, bias, gamma, beta, mean, var, eps
    want = gamma * (bias - mean) / np.sqrt(var + eps) + beta
    new_weight, new_bias = call(fold_linear, *args, weight=shape, bias=shape[:1], quiet=True)
    close(new_bias, want, "the new bias is what the two old layers return for x = 0", **given)
### END HIDDEN TESTS

# %% test="test_fold_linear_no_bias" points=1
from bngrader.check import call, close

weight = np.array([[2.0]])
gamma, beta, mean, var = (np.array([a]) for a in (4.0, 10.0, 1.0, 1.0))
new_weight, new_bias = call(fold_linear, weight, None, gamma, beta, mean, var, 3.0, weight=(1, 1), bias=(1,))
close(
    new_bias,
    [8],
    "even without an old bias, the new layer has a bias, because BN shifts",
    gamma=gamma,
    beta=beta,
    mean=mean,
    var=var,
)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("fold_linear_no_bias")
for shape, eps in [((2, 3), 1e-5), ((4, 2), 1e-3), ((3, 3), 0.5)]:
    weight, (gamma, beta, mean), var = (
        rng.normal(size=shape),
        rng.normal(size=(3, shape[0])),
        rng.uniform(1, 2, shape[0]),
    )
    args = gamma, beta, mean, var, eps
    form = {"weight": shape, "bias": shape[:1]}
    given = {"gamma": gamma, "beta": beta, "mean": mean, "var": var, "eps": eps}
    scale = gamma / np.sqrt(var + eps)
    right_weight, right_bias = weight * scale[:, np.newaxis], beta - mean * scale
    new_weight, new_bias = call(fold_linear, weight, None, *args, **form)
    close(new_bias, right_bias, "even without an old bias, the new layer has a bias, because BN shifts", **given)
    close(
        new_weight, right_weight, "the new weight is the same with an old bias and without it", weight=weight, **given
    )
### END HIDDEN TESTS

# %% test="test_fold_linear_care" points=1
from bngrader.check import call, close, leaves_arguments_alone

form = {"weight": (2, 3), "bias": (2,)}
layer = [np.array([[1, 2, 3], [4, 5, 6]]), *(np.array(a) for a in ([1, 2], [2, 3], [0, 1], [1, 0], [4, 1]))]
for given, expected in [("float32", np.float32), ("float64", np.float64), ("int64", np.float64)]:
    call(fold_linear, *(a.astype(given) for a in layer), dtype=expected, **form)
leaves_arguments_alone(fold_linear, *(a.astype(float) for a in layer))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("fold_linear_care")
ones = [np.ones((2, 3)), *np.array([[0.0, 0], [1, 1], [0, 0], [0, 0], [1, 1]])]
for dtype in (np.float64, np.float32):
    for arrays in (layer, ones):
        first, *rest = (a.astype(dtype) for a in arrays)
        leaves_arguments_alone(fold_linear, first, *rest)
        leaves_arguments_alone(fold_linear, first, *rest, 0.0)
        leaves_arguments_alone(fold_linear, first, None, *rest[1:])
        call(fold_linear, first, None, *rest[1:], dtype=dtype, **form)


def right(weight, bias, gamma, beta, mean, var):
    scale = gamma.astype(float) / np.sqrt(var + 1e-5)
    return weight * scale[:, np.newaxis], (bias - mean.astype(float)) * scale + beta


whole = [rng.integers(-9, 9, (2, 3)), *rng.integers(1, 9, (5, 2))]
frozen = [rng.normal(size=(4, 9))[::2, ::3], *rng.uniform(1, 2, (5, 4))[:, ::2]]
for array in frozen:
    array.flags.writeable = False
single = [a.astype(np.float32) for a in (rng.normal(size=(2, 3)), *rng.uniform(1, 2, (5, 2)))]
cases = [(whole, right(*whole), 1e-6, "integers are treated as float64")]
cases.append((frozen, right(*frozen), 1e-6, "read-only views work too"))
cases.append((single, right(*single), 1e-2, "float32 results are right to two digits"))
for arrays, wants, tol, claim in cases:
    for got, want in zip(call(fold_linear, *arrays, **form), wants, strict=True):
        close(got, want, claim, tol=tol, weight=arrays[0])
### END HIDDEN TESTS

# %% [markdown] locked="about_steps_to_forget"
# ## 4. `steps_to_forget` (2 points)
#
# A running statistic starts from an initial value that has nothing to do with the data. After $k$ updates, the share
# of this initial value in the statistic is $\alpha^k$, where $\alpha$ is `decay`. Return the smallest whole number
# $k \geq 0$ with $\alpha^k \leq$ `tolerance`, as an `int`. You can rely on $0 < \alpha < 1$ and $0 <$ `tolerance`
# $\leq 1$.
#
# For example, with decay 0.9 it takes 22 updates until at most a tenth is left, because $0.9^{21} \approx 0.109$ and
# $0.9^{22} \approx 0.098$. With tolerance 1, it takes no update at all. If $\alpha^k$ is exactly the tolerance, then
# $k$ updates are enough: with decay 0.5 and tolerance 0.125, it takes 3. The tests use such ties only with powers of
# 1/2, which computers store exactly.


# %% solution="steps_to_forget"
def steps_to_forget(decay, tolerance):
    """Return the fewest updates after which the initial value's share is at most tolerance."""
    ### BEGIN SOLUTION
    steps = max(0, int(np.log(tolerance) / np.log(decay)) - 1)  # not too many: the logarithms are rounded
    while decay**steps > tolerance:
        steps += 1
    return steps
    ### END SOLUTION


# %% test="test_steps_to_forget" points=1
from bngrader.check import call, close

close(
    call(steps_to_forget, 0.9, 0.1, steps=int),
    22,
    "with decay 0.9, at most a tenth is left after 22 updates",
    decay=0.9,
    tolerance=0.1,
)
for decay, tolerance, k in [(0.99, 0.5, 69), (0.5, 0.3, 2), (0.9, 0.95, 1)]:
    steps = call(steps_to_forget, decay, tolerance, steps=int)
    close(steps, k, f"{k} is the smallest k with {decay} ** k <= {tolerance}", decay=decay, tolerance=tolerance)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("steps_to_forget")
cases = [(0.999, 0.01, 4603), (0.0001, 0.5, 1), (0.3, 1e-6, 12), (0.7, 1e-300, 1937)]
for decay in (0.2, 0.6, 0.9, 0.99, 0.999):
    k = int(rng.integers(2, 40))
    cases.append((decay, decay ** (k - 0.5), k))
    cases.append((decay, decay ** (k - 0.9), k))
    cases.append((decay, decay ** (k - 0.1), k))
for decay, tolerance, k in cases:
    steps = call(steps_to_forget, decay, tolerance, steps=int, quiet=True)
    close(steps, k, f"{k} is the smallest k with {decay} ** k <= {tolerance:.6g}", decay=decay, tolerance=tolerance)
### END HIDDEN TESTS

# %% test="test_steps_to_forget_ties" points=1
from bngrader.check import call, close

close(call(steps_to_forget, 0.9, 1.0, steps=int, quiet=True), 0, "with tolerance 1, it takes no update", decay=0.9)
close(call(steps_to_forget, 0.5, 0.125, steps=int), 3, "0.5 ** 3 is exactly 0.125, so 3 updates are enough", decay=0.5)
### BEGIN HIDDEN TESTS
for power in (1, 2, 3):
    for exponent in range(0, 61):
        decay, tolerance, k = 0.5**power, 0.5**exponent, -(-exponent // power)
        steps = call(steps_to_forget, decay, tolerance, steps=int, quiet=True)
        claim = f"with decay (1/2)**{power}, it takes {k} updates to reach (1/2)**{exponent}"
        close(steps, k, claim, decay=decay, tolerance=tolerance)
for decay in (1e-3, 0.3, 0.999):
    steps = call(steps_to_forget, decay, 1.0, steps=int, quiet=True)
    close(steps, 0, "with tolerance 1, it takes no update", decay=decay)
### END HIDDEN TESTS

# %% [markdown] locked="about_reader"
# ## Your layer in a network that reads digits
#
# From here on you have no code to write. Run the cells, and watch what your own code does.
#
# The network below reads handwritten digits. It first multiplies the 64 pixels by a random matrix, without a bias.
# Then come *your* `BatchNorm`, a tanh, and a linear layer with ten outputs. The random matrix, gamma and beta stay
# as they are. Only the last layer is trained: least squares fits it to the outputs of the tanh for 63 training
# batches of 64 images. This is a quick way to make a network, and it is good enough here, because the rest of the
# notebook is about your layer.


# %% locked="digits"
digits = load_digits()
images, test_images, labels, test_labels = train_test_split(
    digits.data, digits.target, test_size=0.25, stratify=digits.target, random_state=0
)

# %% locked="reader"
matrix = np.random.default_rng(0).normal(size=(64, 300))
inputs, test_inputs = images @ matrix, test_images @ matrix  # the inputs of your layer


def epochs_of(count, size=64, seed=0):
    """Yield the rows of each batch for `count` epochs, each in a random order."""
    generator = np.random.default_rng(seed)
    for order in (generator.permutation(len(labels)) for _ in range(count)):
        yield from (order[k : k + size] for k in range(0, len(order) - size + 1, size))


def guesses_of(norm, inputs):
    """Guess the digits from the outputs of the first layer."""
    return (np.tanh(norm(inputs)) @ readout).argmax(axis=1)


norm = BatchNorm(300)
rows = list(epochs_of(3))
hidden = np.vstack([np.tanh(norm(inputs[batch])) for batch in rows])
wanted = np.eye(10)[labels[np.concatenate(rows)]] - 0.1
readout = np.linalg.solve(hidden.T @ hidden + np.eye(300), hidden.T @ wanted)
norm.training = False
print(
    f"In evaluation, the network reads {(guesses_of(norm, test_inputs) == test_labels).mean():.1%} of the test images."
)

# %% [markdown] locked="about_gap"
# **What happens if you forget to switch to evaluation?** Suppose that nobody sets `training = False`, so the network
# normalizes each batch of test images by the statistics of that batch. The cell measures the accuracy for several
# batch sizes, once with the images in random order and once sorted by digit. The dotted line shows the accuracy in
# evaluation, where neither the batch size nor the order matters.
#
# Keep in mind that the first layer of this network is random. A network whose weights were all trained together with
# BN may lose more accuracy than this one, or less.

# %% locked="gap"
left_on = copy.deepcopy(norm)
left_on.training = True
sizes = [2, 4, 8, 16, 32, 64, 128, 256]
orders = {
    "in random order": np.random.default_rng(1).permutation(len(test_images)),
    "sorted by digit": np.argsort(test_labels, kind="stable"),
}
figure, axes = plt.subplots(figsize=(7, 3))
for label, order in orders.items():
    shares = []
    for size in sizes:
        parts = [order[k : k + size] for k in range(0, len(order) - size + 1, size)]
        right = [guesses_of(left_on, test_inputs[part]) == test_labels[part] for part in parts]
        shares.append(np.mean(right))
    axes.semilogx(sizes, shares, marker="o", base=2, label=f"training mode, {label}")
axes.axhline((guesses_of(norm, test_inputs) == test_labels).mean(), color="gray", linestyle=":", label="evaluation")
axes.set(xlabel="batch size", ylabel="accuracy", ylim=(0, 1))
axes.legend()
plt.show()

# %% [markdown] locked="about_lag"
# **How long does a layer remember its start?** A new layer starts with running mean 0 and running variance 1. The
# cell shows training batches to three new layers, each with its own decay, and leaves the rest of the network as it
# is. Every few updates, it measures the accuracy in evaluation. The vertical lines show after how many updates at
# most 1% of the start is left, according to your `steps_to_forget`. (For decay 0.999, this point lies beyond the
# plot.) For the dashed line, the same network uses the averages that your `population_statistics` computes from one
# epoch, or 21 batches. These averages have no start to forget.
#
# In this experiment, the network stays the same while the averages catch up. In real training, the network changes
# too. Then a decay close to 1 makes the averages lag behind the network, even when they have long forgotten their
# start, and a much smaller decay makes them noisy. The plot cannot show how a network suffers from this lag, because
# only the start matters here.

# %% locked="lag"
precise = copy.deepcopy(norm)
precise.running_mean, precise.running_var = population_statistics(inputs[batch] for batch in epochs_of(1))
figure, axes = plt.subplots(figsize=(9, 3), layout="constrained")
for color, decay in zip(("C0", "C1", "C2"), (0.9, 0.99, 0.999), strict=True):
    late, shares, updates = BatchNorm(300, decay=decay), [], []
    for count, batch in enumerate(epochs_of(30, seed=2), 1):
        late.training = True
        late(inputs[batch])
        late.training = False
        if count < 30 or count % 20 == 0:
            updates.append(count)
            shares.append((guesses_of(late, test_inputs) == test_labels).mean())
    axes.semilogx(updates, shares, color=color, label=f"decay {decay}: {steps_to_forget(decay, 0.01):,} updates to 1%")
    if steps_to_forget(decay, 0.01) <= updates[-1]:
        axes.axvline(steps_to_forget(decay, 0.01), color=color, linestyle=":")
share = (guesses_of(precise, test_inputs) == test_labels).mean()
axes.axhline(share, color="black", linestyle="--", label="averages of 21 batches")
axes.set(xlabel="updates", ylabel="accuracy")
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown] locked="about_folding"
# **Folding removes the layer.** Your `fold_linear` merges BN into the random first layer. The cell compares the two
# networks on all test images. Their outputs differ only by rounding, and the first layer of the folded network is a
# single matrix product and a sum.

# %% locked="folding"
weight, bias = fold_linear(matrix.T, None, norm.gamma, norm.beta, norm.running_mean, norm.running_var)
with_norm = np.tanh(norm(test_inputs)) @ readout
without = np.tanh(test_images @ weight.T + bias) @ readout
changed, largest = (with_norm.argmax(axis=1) != without.argmax(axis=1)).sum(), np.abs(with_norm - without).max()
print(f"{changed} of {len(test_images)} answers changed. The largest difference in an output is {largest:.0e}.")

# %% [markdown] locked="about_written_night_shift"
# ## 5. Written question (5 points)
#
# A hospital has bought a network with BN. Its laboratory tested the network with batches of 256 images, and 97% of
# the answers were right. At night, the images arrive one by one, and the program stops with a `ValueError`. The
# technician on duty finds a way around the error: he sends every image *twice*, as a batch of two equal rows.
#
# Explain in eight to twelve sentences: Which mode is the network in, and how do you know? What does a BN layer with
# its gamma and beta return for two equal rows, whatever the image shows? What does the network then answer? What
# should somebody have set, and which numbers does each BN layer use then? The 97% are true. How could the laboratory
# have found the mistake all the same?

# %% [markdown] written="written_night_shift" points=5
# **Rubric.**
#
# - 1 point: The network is in training mode, and the error shows it, because BN refuses a batch of one sample only
#   in training.
# - 1 point: Two equal rows are equal to their mean and have variance 0, so all normalized values are 0 (eps prevents
#   0/0).
# - 1 point: The layer returns beta for every image, so everything after it is the same and the network gives the
#   same answer for every image.
# - 1 point: Training should have been switched off. Then each layer uses its stored running mean and running
#   variance from the training data (with gamma and beta).
# - 1 point: A test that would have found the mistake: send the same images in other batches (one by one, sorted, or
#   in another order), because an answer must not depend on the rest of the batch. Large mixed batches have almost
#   the statistics of the training data, so 97% did not prove that the mode was right.
#
# **An answer worth 5 points.** The network is in training mode. In evaluation a batch of one image is as good as any
# other, but in training a BN layer refuses it, because one sample has no unbiased variance. Sending the image twice
# hides the error and makes things worse. If two rows are equal, the mean of every feature is the feature itself, so
# x minus the mean is exactly 0, and the variance is 0 too. Because of eps, the layer divides 0 by a small positive
# number and gets 0. Then y is gamma times 0 plus beta, so the first BN layer returns beta, whatever the image shows.
# All later layers see the same input for every image, and so the network gives the same answer all night. Somebody
# should have set training to False. Then each layer normalizes by its running mean and running variance, which were
# collected from the training batches and are stored with the network. It still uses gamma and beta, but it takes
# nothing from the batch. In the laboratory, a batch had 256 mixed images, and their mean and variance were almost
# the same as in the training data, so the wrong mode did no visible harm. The laboratory should have sent the same
# images one by one, or in batches sorted by diagnosis, and compared the answers. In evaluation they agree to the
# last digits. Here they would have differed, or the error would have appeared in the laboratory.
#
# **An answer worth 3 points** (it gives no reason for what two equal rows return, and names no test). The network
# was left in training mode, since it needs the variance of the batch. If you send the same image twice, BN does not
# work any more and returns only beta, the same for all images. You have to switch to evaluation, where the moving
# mean and the moving variance from training replace the statistics of the batch. The laboratory tested with large
# batches, so nobody noticed.
#
# **An answer worth 1 point** (it names only the mode, and believes that sending the image twice is harmless). The
# network is in training mode, and BN needs more than one image there. Sending the image twice solves this, but it
# takes twice the time. It would be better to collect some images and send them together.
