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
# A network with batch normalization (BN) is two networks: one that learns, whose layers look at a whole batch,
# and one that is used, which has to give an answer to a single image. You write the layer that is both, the
# statistics that take it from one to the other, and the fold that makes it vanish. Then you let a network read
# digits with your layer, and see what happens when the two are mixed up.
#
# **When you are done you can** say what a BN layer does in training and in evaluation, and what it keeps; say
# how many batches a moving average needs to forget its start; and merge BN into the layer before it.
#
# **Time** about 75 minutes. **Read first** the chapter *Inference with Batch Normalization*.
#
# **Points** 20: 15 for a class and three functions, 5 for a written question at the end.
#
# **Rules** Use NumPy and the standard library in the class and the three functions. Where the grader tests them,
# only these and matplotlib, for your plots, are installed: a function that uses SciPy, scikit-learn, PyTorch or the
# course's own package `bnref` fails its tests. Cells that you add may use any package. If they do not run when your
# notebook is graded, you lose no points.
#
# Replace each `raise NotImplementedError()` by your code, and run the cell of tests below it. To check the
# whole notebook, press **Validate** in JupyterLab's toolbar. Your instructor's tests are stricter than the ones
# that you see, but test nothing that the text does not say.
#
# What holds everywhere:
#
# - A batch is a NumPy array of shape `(N, D)`: $N$ samples in rows and $D$ features in columns. All arrays of
#   one call have the same dtype.
# - Results have the dtype of the first array that is given: `float32` in, `float32` out. Integers are taken as
#   `float64`.
# - Arguments stay as they are, and results are new arrays. An argument may be a view of another array, or one
#   that cannot be written to.
# - No warning on valid input.
# - Several results are a tuple or a list, in the order that the text says.
# - Numbers are right to six digits, and in `float32` to two. This is meant for columns with a large mean too:
#   1,000,000 give or take 1 in `float64`, 10,000 give or take 1 in `float32`.

# %% locked="imports"
import copy

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# %% [markdown] locked="about_BatchNorm"
# ## 1. `BatchNorm` (6 points)
#
# `BatchNorm(num_features, decay=0.9, eps=1e-5)` makes a layer for `num_features` ($D$) features. It has these
# attributes, which may be set from outside at any time; the layer goes by what they are when it is called:
#
# - `gamma` (at the start ones), `beta` (zeros), `running_mean` (zeros) and `running_var` (ones): arrays of
#   shape `(D,)` and dtype `float64`, whatever the dtype of the batches;
# - `training`, at the start `True`.
#
# Calling the layer with a batch `x` of shape `(N, D)` returns `y`, of the same shape.
#
# **In training** it normalizes by the mean $\mu$ and the *biased* variance $\sigma^2$ of the batch, column by
# column, and updates its state. With $\alpha$ for `decay` and $\varepsilon$ for `eps`,
#
# $$y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta, \qquad
# \hat\mu \leftarrow \alpha \hat\mu + (1 - \alpha) \mu, \qquad
# \hat\sigma^2 \leftarrow \alpha \hat\sigma^2 + (1 - \alpha) \frac{N}{N - 1} \sigma^2 .$$
#
# Here $\hat\mu$ is `running_mean` and $\hat\sigma^2$ is `running_var`. So `decay` is the share of the *old*
# value, and the variance that is kept is the *unbiased* one. (PyTorch's `momentum` is $1 - \alpha$.) A batch of
# one sample has no unbiased variance: in training it raises `ValueError`.
#
# **In evaluation** (`training` is `False`) it normalizes by `running_mean` and `running_var` in place of $\mu$
# and $\sigma^2$. It uses no statistic of the batch, so that one sample works as well as a thousand, and it
# changes nothing.
#
# For example, with $\varepsilon = 3$, $\gamma = 4$ and $\beta = 10$ the column 1, 3 becomes 8, 12 in training.
# Of a new layer with decay 0.9 the running mean is then 0.2 and the running variance 1.1. With running mean 2
# and running variance 4, $\varepsilon = 5$, $\gamma = 4$ and $\beta = 10$, the number 5 becomes 14 in
# evaluation.


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
close(y, [[8], [12]], "in training y is gamma * (x - mean) / sqrt(var + eps) + beta, by the batch", x=x, eps=3)
y = call(bn, x + 100, y=(2, 1))
close(y, [[8], [12]], "in training only the batch at hand counts", x=x + 100, eps=3)
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
        close(y, want, "in training y is gamma * (x - mean) / sqrt(var + eps) + beta, by the batch", x=x, eps=eps)
    close(bn.gamma, gamma, "a call does not change gamma")
    close(bn.beta, beta, "a call does not change beta")
bn = call(BatchNorm, 2)
x = np.tile([0.1, -7.0], (3, 1))
y = call(bn, x, y=(3, 2), quiet=True)
close(y, np.zeros((3, 2)), "a column whose values are all equal becomes beta", x=x)
### END HIDDEN TESTS

# %% test="test_BatchNorm_running_mean" points=1
from bngrader.check import call, close

bn = call(BatchNorm, 1)
x = np.array([[1.0], [3.0]])
call(bn, x, y=(2, 1))
close(bn.running_mean, [0.2], "running_mean keeps the share decay of its old value, here 0.9", x=x)
x = np.array([[10.0], [20.0], [30.0]])
call(bn, x, y=(3, 1))
close(bn.running_mean, [2.18], "running_mean goes on from where it was: 0.9 * 0.2 + 0.1 * 20", x=x)
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
close(bn.running_var, [1.1], "running_var takes up the unbiased variance, here 2: 0.9 * 1 + 0.1 * 2", x=x)
x = np.array([[10.0], [20.0], [30.0]])
call(bn, x, y=(3, 1))
close(bn.running_var, [10.99], "running_var goes on from where it was: 0.9 * 1.1 + 0.1 * 100", x=x)
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
        close(bn.running_var, want, f"running_var takes up the unbiased variance, decay {decay}", x=x)
### END HIDDEN TESTS

# %% test="test_BatchNorm_evaluation" points=1
from bngrader.check import call, close

bn = call(BatchNorm, 1, kwargs={"eps": 5.0})
bn.gamma, bn.beta, bn.running_mean, bn.running_var = (np.array([a]) for a in (4.0, 10.0, 2.0, 4.0))
bn.training = False
x = np.array([[5.0]])
y = call(bn, x, y=(1, 1))
close(y, [[14]], "in evaluation y is gamma * (x - running_mean) / sqrt(running_var + eps) + beta", x=x, eps=5)
x = np.array([[5.0], [2.0], [-1.0]])
y = call(bn, x, y=(3, 1))
close(y, [[14], [10], [6]], "in evaluation a sample does not depend on the others in its batch", x=x, eps=5)
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
    close(y, want, "in evaluation y is gamma * (x - running_mean) / sqrt(running_var + eps) + beta", x=x, eps=eps)
### END HIDDEN TESTS

# %% test="test_BatchNorm_evaluation_state" points=1
from bngrader.check import call, close, holds

bn = call(BatchNorm, 2)
mean, var = np.array([3.0, -20.0]), np.array([4.0, 0.5])
bn.running_mean, bn.running_var, bn.training = mean.copy(), var.copy(), False
x = np.array([[1.0, 10.0], [3.0, 20.0], [8.0, 90.0]])
y = call(bn, x, y=(3, 2))
holds(np.any(y != 0), "y is not all zeros here", x=x)
close(bn.running_mean, mean, "in evaluation running_mean stays as it is", tol=0, x=x)
close(bn.running_var, var, "in evaluation running_var stays as it is", tol=0, x=x)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("BatchNorm_evaluation_state")
for rows in (1, 2, 5):
    bn, mean, var = call(BatchNorm, 2), rng.normal(size=2), rng.uniform(1, 2, 2)
    bn.running_mean, bn.running_var, bn.training = mean.copy(), var.copy(), False
    x = rng.normal(size=(rows, 2)) + 3
    call(bn, x, y=(rows, 2))
    call(bn, x, y=(rows, 2))
    close(bn.running_mean, mean, "in evaluation running_mean stays as it is", tol=0, x=x)
    close(bn.running_var, var, "in evaluation running_var stays as it is", tol=0, x=x)
    bn.training = True
    x = 9 + rng.normal(size=(4, 2)) * 9
    call(bn, x, y=(4, 2))
    close(bn.training, True, "a call does not change the attribute training")
    moved = [np.all(now != before) for now, before in ((bn.running_mean, mean), (bn.running_var, var))]
    close(moved, [True, True], "back in training the running statistics move again", x=x)
### END HIDDEN TESTS

# %% test="test_BatchNorm_care" points=1
from bngrader.check import call, close, leaves_arguments_alone, raises

form = {"gamma": (3,), "beta": (3,), "running_mean": (3,), "running_var": (3,)}
bn = call(BatchNorm, 3)
for name, start in {"gamma": 1, "beta": 0, "running_mean": 0, "running_var": 1}.items():
    call(lambda value: value, getattr(bn, name), dtype=np.float64, **{name: (3,)})
    close(getattr(bn, name), np.full(3, start), f"{name} of a new layer is all {start}")
close(bn.training, True, "a new layer is in training")
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
close(other.running_mean, np.zeros(2), "a layer does not share its state with another")
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
    close(y, want, "integers are taken as float64", x=whole)
    close(bn.running_mean, right_mean, "integers are taken as float64", x=whole)
x = rng.normal(size=(20, 6))[::2, ::3]
x.flags.writeable = False
want = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
y = call(call(BatchNorm, 2), x, y=(10, 2))
close(y, want, "a view that cannot be written to works too", x=x)
for rows, offset, dtype, tol in [(50, 1e6, np.float64, 1e-6), (16, 1e4, np.float32, 1e-2)]:
    bn = call(BatchNorm, 2)
    x = (offset + rng.normal(size=(rows, 2))).astype(dtype)
    wide = x.astype(np.longdouble)
    want = ((wide - wide.mean(axis=0)) / np.sqrt(wide.var(axis=0) + 1e-5)).astype(float)
    right_var = (0.9 + 0.1 * wide.var(axis=0, ddof=1)).astype(float)
    y = call(bn, x, y=(rows, 2))
    close(y, want, f"a column with a large mean keeps its digits, in {x.dtype}", tol=tol, x=x)
    close(
        bn.running_var, right_var, f"running_var keeps its digits where the mean is large, in {x.dtype}", tol=tol, x=x
    )
### END HIDDEN TESTS

# %% [markdown] locked="about_population_statistics"
# ## 2. `population_statistics` (3 points)
#
# A moving average remembers the last batches best. Algorithm 2 of Ioffe and Szegedy (2015) instead fixes the
# trained network, sends $n$ batches of equal size $m$ through it, and takes *averages* of their statistics.
# With $\mu_b$ for the mean and $\sigma_b^2$ for the *biased* variance of batch $b$, column by column,
#
# $$\mathrm{mean} = \frac{1}{n} \sum_{b=1}^{n} \mu_b, \qquad
# \mathrm{var} = \frac{m}{m - 1} \cdot \frac{1}{n} \sum_{b=1}^{n} \sigma_b^2 .$$
#
# Return `(mean, var)`, each of shape `(D,)` and of the dtype of the batches. For example, of the two batches 1,
# 3 and 6, 10 the means are 2 and 8, and the biased variances 1 and 4; so the mean is 5 and the variance $2
# \cdot 2.5 = 5$. (The variance of the four numbers together would be 11.5.)
#
# `batches` is any iterable of at least one array of shape `(m, D)`, with $m \geq 2$. It may be a list or a
# generator: each batch can be read once, and nothing but reading them one after the other is sure to work.


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
# 2.5 is the average of the biased variances: whoever forgot m / (m - 1) has lost a point for it above.
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
cases = [(whole, right(whole), "integers are taken as float64")]
cases.append((frozen, right(frozen), "views that cannot be written to work too"))
for batches, wants, claim in cases:
    for got, want in zip(call(population_statistics, batches, **form), wants, strict=True):
        close(got, want, claim, batches=batches)
leaves_arguments_alone(population_statistics, list(rng.normal(size=(3, 4, 2))))
for offset, dtype, tol in [(1e6, np.float64, 1e-6), (1e4, np.float32, 1e-2)]:
    batches = [(offset + rng.normal(size=(16, 2))).astype(dtype) for _ in range(4)]
    want = np.mean([b.astype(np.longdouble).var(axis=0, ddof=1) for b in batches], axis=0).astype(float)
    mean, var = call(population_statistics, batches, **form)
    close(var, want, f"var keeps its digits where the mean is large, in {np.dtype(dtype)}", tol=tol, batches=batches)
### END HIDDEN TESTS

# %% [markdown] locked="about_fold_linear"
# ## 3. `fold_linear` (4 points)
#
# In evaluation BN multiplies by one number and adds another, and so does the linear layer before it: the two
# together are one linear layer. A linear layer gives $W x + b$ for a sample $x$, with `weight` $W$ of shape
# `(out, in)` and `bias` $b$ of shape `(out,)`; where `bias` is `None`, it gives $W x$. BN after it has `gamma`,
# `beta`, `mean` and `var` (the running statistics), each of shape `(out,)`. Find $W'$ and $b'$ with
#
# $$W' x + b' = \gamma \, \frac{(W x + b) - \mathrm{mean}}{\sqrt{\mathrm{var} + \varepsilon}} + \beta
# \qquad \text{for every } x .$$
#
# Return `(weight, bias)`, new arrays of shape `(out, in)` and `(out,)`, also where `bias` is `None`. For
# example, a layer with one input and one output, weight 2 and bias 3, before BN with gamma 4, beta 10, mean 1,
# var 1 and $\varepsilon = 3$, becomes a layer with weight $2 \cdot 4 / 2 = 4$ and bias $(3 - 1) \cdot 4 / 2 +
# 10 = 14$; without the bias, with bias 8.


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
close(new_weight, [[4]], "the new weight has BN's scale, gamma / sqrt(var + eps), in every row", weight=weight)
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
    close(new_weight, want, "the new weight has BN's scale, gamma / sqrt(var + eps), in every row", **given)
### END HIDDEN TESTS

# %% test="test_fold_linear_bias" points=1
from bngrader.check import call, close

weight = np.array([[2.0]])
bias, gamma, beta, mean, var = (np.array([a]) for a in (3.0, 4.0, 10.0, 1.0, 1.0))
new_weight, new_bias = call(fold_linear, weight, bias, gamma, beta, mean, var, 3.0, weight=(1, 1), bias=(1,))
close(
    new_bias, [14], "the new bias is what the two layers give for x = 0", bias=bias, gamma=gamma, beta=beta, mean=mean
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
    close(new_bias, want, "the new bias is what the two layers give for x = 0", **given)
### END HIDDEN TESTS

# %% test="test_fold_linear_no_bias" points=1
from bngrader.check import call, close

weight = np.array([[2.0]])
gamma, beta, mean, var = (np.array([a]) for a in (4.0, 10.0, 1.0, 1.0))
new_weight, new_bias = call(fold_linear, weight, None, gamma, beta, mean, var, 3.0, weight=(1, 1), bias=(1,))
close(new_bias, [8], "without a bias too, the new layer has one: BN shifts", gamma=gamma, beta=beta, mean=mean, var=var)
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
    close(new_bias, right_bias, "without a bias too, the new layer has one: BN shifts", **given)
    close(new_weight, right_weight, "the new weight is the same with a bias as without one", weight=weight, **given)
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
cases = [(whole, right(*whole), 1e-6, "integers are taken as float64")]
cases.append((frozen, right(*frozen), 1e-6, "views that cannot be written to work too"))
cases.append((single, right(*single), 1e-2, "float32 keeps two digits"))
for arrays, wants, tol, claim in cases:
    for got, want in zip(call(fold_linear, *arrays, **form), wants, strict=True):
        close(got, want, claim, tol=tol, weight=arrays[0])
### END HIDDEN TESTS

# %% [markdown] locked="about_steps_to_forget"
# ## 4. `steps_to_forget` (2 points)
#
# A running statistic starts with a value that has nothing to do with the data. After $k$ updates the share of
# this first value in it is $\alpha^k$, where $\alpha$ is `decay`. Return the smallest whole number $k \geq 0$
# with $\alpha^k \leq$ `tolerance`, as an `int`, for $0 < \alpha < 1$ and $0 <$ `tolerance` $\leq 1$.
#
# For example, with decay 0.9 it takes 22 updates until at most a tenth is left: $0.9^{21} \approx 0.109$ and
# $0.9^{22} \approx 0.098$. With tolerance 1 it takes none. Where $\alpha^k$ is exactly the tolerance, $k$ is
# enough: with decay 0.5 and tolerance 0.125 it takes 3. Such ties are tested only with powers of 1/2, which
# computers hold exactly.


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
    call(steps_to_forget, 0.9, 0.1, steps=int), 22, "after 22 updates at most a tenth is left", decay=0.9, tolerance=0.1
)
for decay, tolerance, k in [(0.99, 0.5, 69), (0.5, 0.3, 2), (0.9, 0.95, 1)]:
    steps = call(steps_to_forget, decay, tolerance, steps=int)
    close(steps, k, f"{decay} ** {k} is at most {tolerance}, and no smaller power", decay=decay, tolerance=tolerance)
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
    close(
        steps, k, f"{decay} ** {k} is at most {tolerance:.6g}, and no smaller power", decay=decay, tolerance=tolerance
    )
### END HIDDEN TESTS

# %% test="test_steps_to_forget_ties" points=1
from bngrader.check import call, close

close(call(steps_to_forget, 0.9, 1.0, steps=int, quiet=True), 0, "with tolerance 1 it takes no update", decay=0.9)
close(call(steps_to_forget, 0.5, 0.125, steps=int), 3, "0.5 ** 3 is exactly 0.125, and that is enough", decay=0.5)
### BEGIN HIDDEN TESTS
for power in (1, 2, 3):
    for exponent in range(0, 61):
        decay, tolerance, k = 0.5**power, 0.5**exponent, -(-exponent // power)
        steps = call(steps_to_forget, decay, tolerance, steps=int, quiet=True)
        claim = f"it takes {k} updates from 1 to (1/2)**{exponent}, with decay (1/2)**{power}"
        close(steps, k, claim, decay=decay, tolerance=tolerance)
for decay in (1e-3, 0.3, 0.999):
    steps = call(steps_to_forget, decay, 1.0, steps=int, quiet=True)
    close(steps, 0, "with tolerance 1 it takes no update", decay=decay)
### END HIDDEN TESTS

# %% [markdown] locked="about_reader"
# ## What it is good for
#
# From here on there is nothing to write: run the cells, and look at what your own code does.
#
# The network below reads handwritten digits. Its first layer multiplies the 64 pixels by a random matrix and
# has no bias, then comes *your* `BatchNorm`, then a tanh, and then a linear layer with ten outputs. The random
# matrix stays as it is, and so do gamma and beta; the last layer is fitted by least squares to what the others
# give for 63 training batches of 64 images. That is a cheap way to get a network, and enough of one: what
# follows is about your layer.


# %% locked="digits"
digits = load_digits()
images, test_images, labels, test_labels = train_test_split(
    digits.data, digits.target, test_size=0.25, stratify=digits.target, random_state=0
)

# %% locked="reader"
matrix = np.random.default_rng(0).normal(size=(64, 300))
inputs, test_inputs = images @ matrix, test_images @ matrix  # what your layer gets


def epochs_of(count, size=64, seed=0):
    """Yield the rows of each batch, of `count` epochs in random order."""
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
print(f"right on {(guesses_of(norm, test_inputs) == test_labels).mean():.1%} of the test images, in evaluation")

# %% [markdown] locked="about_gap"
# **The gap between training and evaluation.** Suppose that somebody forgets `training = False`, and the network
# is used as it was trained: it normalizes each batch of test images by that batch. The cell counts how often it
# is then right, for batches of several sizes, once with the images in random order and once sorted by digit,
# one digit after the other. The dotted line is evaluation, where size and company do not matter.
#
# What this does not show: a network whose weights were trained through BN may suffer more or less than this
# one, whose first layer is random.

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
    axes.semilogx(sizes, shares, marker="o", base=2, label=f"training left on, {label}")
axes.axhline((guesses_of(norm, test_inputs) == test_labels).mean(), color="gray", linestyle=":", label="evaluation")
axes.set(xlabel="batch size", ylabel="share of right answers", ylim=(0, 1))
axes.legend()
plt.show()

# %% [markdown] locked="about_lag"
# **How long the start is remembered.** A new layer starts with running mean 0 and running variance 1. The cell
# lets new layers with three decays look at training batches, without any change of the rest of the network, and
# evaluates after each update. The vertical lines stand where your `steps_to_forget` says that at most 1% of the
# start is left (for decay 0.999 that is beyond the plot). The dashed line shows the same network with your
# `population_statistics` of one epoch, 21 batches: there is no start to forget.
#
# Here the network does not change while the averages follow. In real training it does, and then a decay close
# to 1 lags behind the network too, even when the start is long forgotten; a decay far from 1 gives noisy
# statistics. This plot shows the first of these three things alone.

# %% locked="lag"
precise = copy.deepcopy(norm)
precise.running_mean, precise.running_var = population_statistics(inputs[batch] for batch in epochs_of(1))
figure, axes = plt.subplots(figsize=(7, 3))
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
axes.set(xlabel="updates", ylabel="share of right answers")
axes.legend(loc="lower right")
plt.show()

# %% [markdown] locked="about_folding"
# **A layer that vanishes.** Your `fold_linear` merges the random first layer and BN. The cell compares the two
# networks on all test images. The outputs differ by rounding alone, and what is left to do for an image is one
# matrix product and a sum.

# %% locked="folding"
weight, bias = fold_linear(matrix.T, None, norm.gamma, norm.beta, norm.running_mean, norm.running_var)
with_norm = np.tanh(norm(test_inputs)) @ readout
without = np.tanh(test_images @ weight.T + bias) @ readout
changed, largest = (with_norm.argmax(axis=1) != without.argmax(axis=1)).sum(), np.abs(with_norm - without).max()
print(f"{changed} of {len(test_images)} answers changed; the largest difference of an output is {largest:.0e}")

# %% [markdown] locked="about_written_night_shift"
# ## 5. Written question (5 points)
#
# A hospital has bought a network with BN. In the laboratory it was tested in batches of 256 and was right in
# 97% of the cases. At night the images come one by one, and the program stops with `ValueError`. The technician
# on duty finds a remedy: he sends every image *twice*, as a batch of two equal rows. There is no error any
# more.
#
# Explain, in eight to twelve sentences: in which mode is the network, and how do you know? What does a BN
# layer, with its gamma and beta, give for two equal rows, whatever the image shows? What does the network then
# answer? What should have been set, and which numbers does each BN layer use then? And how might the test in
# the laboratory have found the mistake, though it is true that 97% were right?

# %% [markdown] written="written_night_shift" points=5
# **Rubric.**
#
# - 1 point: the network is in training mode, and the error shows it: only there a batch of one sample is
#   refused.
# - 1 point: two equal rows have this row as their mean and variance 0, so the normalized values are all 0 (eps
#   keeps 0/0 away).
# - 1 point: the layer gives beta for every image, so all that follows is the same: the network answers the same
#   for each image.
# - 1 point: training has to be switched off; then each layer uses its stored running mean and running variance
#   (with gamma and beta), from the training data.
# - 1 point: a test that would have found it: the same images in other batches, one by one, sorted or in another
#   order; an answer must not depend on its company. Large mixed batches have nearly the statistics of the
#   training data, so 97% was no sign of the right mode.
#
# **An answer worth 5 points.** The network is in training mode: in evaluation a batch of one is as good as any,
# and only in training a BN layer refuses it, because one sample has no unbiased variance. Sending the image
# twice hides the error and makes things worse. For two equal rows the mean of every feature is the feature
# itself, so x minus the mean is exactly 0, and the variance is 0 too. Because of eps the layer divides 0 by a
# small positive number and gets 0. Then y is gamma times 0 plus beta: the first BN layer gives beta, whatever
# the image shows. All layers behind it see the same input for every image, so the network gives one and the
# same answer all night. What should have been done is to set training to False. Then each layer normalizes by
# its running mean and running variance, which were collected from the training batches and are stored with the
# network, and uses gamma and beta as always; nothing comes from the batch. In the laboratory the batches had
# 256 mixed images, whose mean and variance are nearly those of the training data, so that the wrong mode did no
# harm that shows. The test should have sent the same images one by one, or in batches sorted by diagnosis, and
# compared the answers: in evaluation they are the same to the last digits, and here they would have differed,
# or the error would have come up in the laboratory.
#
# **An answer worth 3 points** (what two equal rows give is said without a reason, and no test is named). The
# network was left in training mode, since it wants the variance of the batch. With the same image twice BN does
# not work any more and gives the same for all images, only beta. One has to switch to evaluation, where the
# moving mean and the moving variance from training are used in place of those of the batch. The test in the
# laboratory used large batches, so nobody saw it.
#
# **An answer worth 1 point** (the mode alone; it takes the doubled image for harmless). The network is in
# training mode, and BN needs more than one image there. Sending the image twice solves this, but it costs twice
# the time. It would be better to collect some images and send them together.
