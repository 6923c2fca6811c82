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
# # In-layer normalization
#
# You write batch normalization (BN) as a layer, forward and backward, in NumPy. Then you check its gradients
# numerically, train a network with it that does not learn without it, and measure what BN does to the
# activation that follows.
#
# **When you are done you can** derive the gradients of BN, with both paths that lead through the statistics of
# the batch; check a gradient by numbers; say how nearly linear a tanh works on its inputs; and put BN before or
# after an activation, with no parameter too many.
#
# **Time** about 90 minutes. **Read first** the chapter *In-layer normalization*.
#
# **Points** 20: 15 for the four functions, 5 for a written question at the end.
#
# **Rules** Use NumPy and the standard library in the first three functions, and PyTorch too in the fourth. Where
# the grader tests a function, only what it may use and matplotlib, for your plots, are installed: a function that
# uses SciPy, scikit-learn or the course's own package `bnref` fails its tests, and so does one of the first three
# that uses PyTorch. Cells that you add may use any package. If they do not run when your notebook is graded, you
# lose no points. This assignment needs torch (`pip install "./bncourse-0.1.0-py3-none-any.whl[student-torch]"`
# brings it).
#
# Replace each `raise NotImplementedError()` by your code, and run the cell of tests below it. To check the
# whole notebook, press **Validate** in JupyterLab's toolbar. Your instructor's tests are stricter than the ones
# that you see, but test nothing that the text does not say.
#
# What holds for the first three functions:
#
# - `x` is a NumPy array of shape `(N, D)`: a batch of $N$ samples in rows, at least one, and $D$ features in
#   columns. All arrays of one call have the same dtype.
# - Results have the dtype of the first argument: `float32` in, `float32` out. Integers are taken as `float64`.
#   A result that is a single number is a Python or a NumPy number.
# - Arguments stay as they are, and results are new arrays. An argument may be a view of another array, or one
#   that cannot be written to.
# - No warning on valid input.
# - Several results are a tuple or a list, in the order that the text says.
# - Numbers are right to six digits, and in `float32` to two. This is meant for columns with a large mean too:
#   1,000,000 give or take 1 in `float64`, 10,000 give or take 1 in `float32`.

# %% locked="imports"
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# %% [markdown] locked="about_batch_norm_forward"
# ## 1. `batch_norm_forward` (5 points)
#
# Normalize each feature by the mean and the variance of the batch, then scale and shift it. For the entry
# $x_{ij}$ of sample $i$ and feature $j$,
#
# $$y_{ij} = \gamma_j \hat x_{ij} + \beta_j, \qquad
# \hat x_{ij} = \frac{x_{ij} - \mu_j}{\sqrt{\sigma_j^2 + \varepsilon}}, \qquad
# \mu_j = \frac{1}{N} \sum_{i=1}^{N} x_{ij}, \qquad
# \sigma_j^2 = \frac{1}{N} \sum_{i=1}^{N} (x_{ij} - \mu_j)^2.$$
#
# Here $\mu_j$ is the mean of the column, $\sigma_j^2$ its *biased* variance, and $\varepsilon$ (`eps`) a small
# positive number that stands *inside* the square root. `gamma` ($\gamma$) and `beta` ($\beta$) have shape
# `(D,)`.
#
# Return `(y, cache)`. `y` has shape `(N, D)`. `cache` is whatever your own backward pass will need, in any form
# that you like. For example, the column 1, 3 with $\varepsilon = 3$, $\gamma = 4$ and $\beta = 10$ has mean 2
# and variance 1; $\hat x$ is $-1 / \sqrt{1 + 3} = -0.5$ and $0.5$, and $y$ is 8 and 12.
#
# A column whose values are all equal becomes $y = \beta$, and so does a batch of one sample.


# %% solution="batch_norm_forward"
def batch_norm_forward(x, gamma, beta, eps=1e-5):
    """Return (y, cache): the batch x of shape (N, D), normalized, scaled and shifted, and what backward needs."""
    ### BEGIN SOLUTION
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    centred = x - x.mean(axis=0, dtype=np.float64)
    inverse_std = 1 / np.sqrt((centred**2).mean(axis=0) + eps)
    x_hat = centred * inverse_std
    y = gamma * x_hat + beta
    return y.astype(dtype), (x_hat, inverse_std, gamma)
    ### END SOLUTION


# %% test="test_batch_norm_forward" points=2
from bngrader.check import call, close

x, gamma, beta = np.array([[1.0], [3.0]]), np.array([4.0]), np.array([10.0])
y, cache = call(batch_norm_forward, x, gamma, beta, kwargs={"eps": 3.0}, y=(2, 1), cache=object)
close(y, [[8], [12]], "y is gamma * (x - mean) / sqrt(var + eps) + beta", x=x, gamma=gamma, beta=beta, eps=3)

x = np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]])
y, cache = call(batch_norm_forward, x, np.ones(2), np.zeros(2), y=(3, 2), cache=object)
close(y.mean(axis=0), [0, 0], "with gamma = 1 and beta = 0 every column of y has mean 0", x=x)
close(y.var(axis=0), [1, 1], "with gamma = 1 and beta = 0 every column of y has variance 1, nearly", tol=1e-4, x=x)
y, cache = call(batch_norm_forward, x, np.array([2.0, -3.0]), np.array([5.0, 0.5]), y=(3, 2), cache=object)
close(y.mean(axis=0), [5, 0.5], "the mean of a column of y is beta", x=x)
close(y.std(axis=0), [2, 3], "the standard deviation of a column of y is |gamma|, nearly", tol=1e-4, x=x)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("batch_norm_forward")
for shape in [(2, 1), (7, 3), (4, 4), (3, 12), (200, 4)]:
    x = rng.normal(size=shape) * rng.uniform(0.3, 4, shape[1]) + rng.normal(size=shape[1]) * 3
    gamma, beta = rng.normal(size=(2, shape[1])) + 2
    want = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5) + beta
    y, cache = call(batch_norm_forward, x, gamma, beta, y=shape, cache=object)
    close(y, want, "y is gamma * (x - mean) / sqrt(var + eps) + beta", x=x, gamma=gamma, beta=beta)
### END HIDDEN TESTS

# %% test="test_batch_norm_forward_eps" points=1
from bngrader.check import call, close

one, zero = np.ones(1), np.zeros(1)
x = np.array([[0.0], [0.002]])
y, cache = call(batch_norm_forward, x, one, zero, kwargs={"eps": 1e-3}, y=(2, 1), cache=object)
close(y, [[-0.0316070], [0.0316070]], "eps is added to the variance, inside of the square root", x=x, eps=1e-3)
x = np.full((3, 1), 0.1)
y, cache = call(batch_norm_forward, x, one, np.array([7.0]), y=(3, 1), cache=object, quiet=True)
close(y, [[7], [7], [7]], "a column whose values are all equal becomes beta", x=x)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("batch_norm_forward_eps")
gamma, beta = np.array([2.0, -0.5, 1.0]), np.array([0.0, 3.0, -1.0])
for spread, eps in [(1e-2, 1e-3), (1e-3, 1e-5), (1.0, 1e-3), (1.0, 0.5), (1e-6, 1e-8), (2.0, 3.0)]:
    x = spread * rng.normal(size=(6, 3))
    want = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta
    y, cache = call(batch_norm_forward, x, gamma, beta, eps, y=(6, 3), cache=object, quiet=True)
    close(y, want, "eps is added to the variance, inside of the square root", x=x, gamma=gamma, beta=beta, eps=eps)
for rows in (1, 2, 10):
    x, beta = np.tile([0.1, 0.0, -7.0], (rows, 1)), rng.normal(size=3)
    want = np.tile(beta, (rows, 1))
    y, cache = call(batch_norm_forward, x, gamma, beta, y=(rows, 3), cache=object, quiet=True)
    claim = "a column whose values are all equal becomes beta" if rows > 1 else "a batch of one sample becomes beta"
    close(y, want, claim, x=x, gamma=gamma, beta=beta)
### END HIDDEN TESTS

# %% test="test_batch_norm_forward_dtype" points=1
from bngrader.check import call, close

form = {"y": (3, 2), "cache": object}
x, gamma, beta = np.array([[1, 10], [2, 30], [6, 20]]), np.array([2, 3]), np.array([0, 1])
for given, expected in [("float32", np.float32), ("float64", np.float64), ("int64", np.float64)]:
    y, cache = call(batch_norm_forward, *(a.astype(given) for a in (x, gamma, beta)), **form)
    call(lambda y: y, y, y=(3, 2), dtype=expected)
### BEGIN HIDDEN TESTS
from bngrader.check import fitting, hidden_rng
from bngrader.check.layers import normalized

rng = hidden_rng("batch_norm_forward_dtype")
x, gamma, beta = rng.integers(-9, 9, (3, 2)), rng.integers(1, 9, 2), rng.integers(-9, 9, 2)
small, factors, shifts = np.array([[200, 1], [250, 0], [100, 1]], np.uint8), np.ones(2, np.uint8), np.zeros(2, np.uint8)
for claim, *given in [
    ("integers are taken as float64", x, gamma, beta),
    ("small integers do not overflow", small, factors, shifts),
]:
    cases = [(y, y) for y, _ in normalized(*given, np.zeros((3, 2)))]  # a slip in y has cost its points above
    got = call(batch_norm_forward, *given, **form)[0]
    close(got, fitting(got, *cases), claim, x=given[0], gamma=given[1], beta=given[2])
ones = np.ones((1, 2), np.float32), np.ones(2, np.float32), np.ones(2, np.float32)
y, cache = call(batch_norm_forward, *ones, y=(1, 2), cache=object)
call(lambda y: y, y, y=(1, 2), dtype=np.float32)
### END HIDDEN TESTS

# %% test="test_batch_norm_forward_care" points=1
from bngrader.check import call, close, fitting, leaves_arguments_alone

x = np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]])
leaves_arguments_alone(batch_norm_forward, x, np.array([2.0, 3.0]), np.array([0.0, 1.0]))
one, zero = np.ones(1), np.zeros(1)
x = np.array([[0.0], [2.0], [4.0]])
y, cache = call(batch_norm_forward, x, one, zero, y=(3, 1), cache=object)
# By N and by N - 1: a slip in y has cost its points above.
cases = [(want, want) for want in np.array([[[-1.224743], [0], [1.224743]], [[-0.9999988], [0], [0.9999988]]])]
far, cache = call(batch_norm_forward, x + 1e6, one, zero, y=(3, 1), cache=object)
close(far, fitting(y, *cases), "adding 1,000,000 to every entry changes nothing in y", x=x + 1e6)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("batch_norm_forward_care")
for dtype in (np.float64, np.float32):
    arrays = [a.astype(dtype) for a in (rng.normal(size=(5, 2)), *rng.normal(size=(2, 2)))]
    leaves_arguments_alone(batch_norm_forward, *arrays)
    leaves_arguments_alone(batch_norm_forward, arrays[0], np.ones(2, dtype), np.zeros(2, dtype))
x, gamma, beta = rng.normal(size=(8, 6))[::2, ::3], np.array([2.0, -1.0]), np.array([1.0, 0.0])
x.flags.writeable = gamma.flags.writeable = beta.flags.writeable = False
want = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5) + beta
y, cache = call(batch_norm_forward, x, gamma, beta, y=(4, 2), cache=object)
close(y, want, "a view that cannot be written to works too", x=x, gamma=gamma, beta=beta)
for rows, spread, dtype, tol in [(50, 1, float, 1e-6), (16, 1, np.float32, 1e-2), (1000, 10, np.float32, 1e-2)]:
    x = ((1e6 if tol == 1e-6 else 1e4) + spread * rng.normal(size=(rows, 2))).astype(dtype)
    arrays, wide = (x, np.ones(2, dtype), np.zeros(2, dtype)), x.astype(np.longdouble)
    want = ((wide - wide.mean(axis=0)) / np.sqrt(wide.var(axis=0) + 1e-5)).astype(float)
    y, cache = call(batch_norm_forward, *arrays, y=(rows, 2), cache=object)
    close(y, want, f"a column with a large mean keeps its digits, in {x.dtype}", tol=tol, x=x)
### END HIDDEN TESTS

# %% [markdown] locked="about_batch_norm_backward"
# ## 2. `batch_norm_backward` (5 points)
#
# Let $L$ be a number that is computed from $y$, such as the loss of a network in which BN is one layer. `dy`
# holds the slopes of $L$ with respect to the entries of $y$, so $\mathrm{dy}_{ij} = \partial L / \partial
# y_{ij}$, and has shape `(N, D)`. Return `(dx, dgamma, dbeta)`: the slopes of the same $L$ with respect to `x`
# (shape `(N, D)`), `gamma` and `beta` (each of shape `(D,)`).
#
# $\gamma_j$ and $\beta_j$ act on every sample, so their slopes are sums over the batch. For `dx`, follow the
# chain rule along every path from $x_{ij}$ to $L$: one through $\hat x_{ij}$ itself, and one each through
# $\mu_j$ and $\sigma_j^2$, which depend on $x_{ij}$ too and act on all samples of the column.
#
# For example, for the column 1, 3 with $\varepsilon = 3$, $\gamma = 4$ and dy = 1, 0 you get dbeta = 1, dgamma
# = -0.5, and dx = 0.75, -0.75.
#
# - `cache` is what your own `batch_norm_forward` returned. It is an argument, and stays as it is: a second call
#   with the same cache gives the same result.
# - `gamma` may be negative, or 0. Columns whose values are all equal and batches of one sample are valid.
# - The first argument, whose dtype the results have, is `dy`; `x`, `gamma` and `beta` had the same dtype.


# %% solution="batch_norm_backward"
def batch_norm_backward(dy, cache):
    """Return (dx, dgamma, dbeta), the slopes of the loss, from its slopes dy with respect to y."""
    ### BEGIN SOLUTION
    dtype = dy.dtype if dy.dtype.kind == "f" else np.dtype(np.float64)
    x_hat, inverse_std, gamma = cache
    dbeta = dy.sum(axis=0, dtype=np.float64)
    dgamma = (dy * x_hat).sum(axis=0)
    dx = gamma * inverse_std * (dy - dbeta / len(dy) - x_hat * dgamma / len(dy))
    return dx.astype(dtype), dgamma.astype(dtype), dbeta.astype(dtype)
    ### END SOLUTION


# %% test="test_batch_norm_backward_gamma_beta" points=1
from bngrader.check import call, close, fitting

x, gamma, beta, dy = np.array([[1.0], [3.0]]), np.array([4.0]), np.array([10.0]), np.array([[1.0], [0.0]])
y, cache = call(batch_norm_forward, x, gamma, beta, kwargs={"eps": 3.0}, y=(2, 1), cache=object)
dx, dgamma, dbeta = call(batch_norm_backward, dy, cache, dx=(2, 1), dgamma=(1,), dbeta=(1,))
close(dbeta, [1], "dbeta adds up dy over the batch", x=x, dy=dy)
# The second case is the dgamma of a forward pass that divides by N - 1, and has lost its points for that above.
want = fitting(y, ([[8], [12]], [-0.5]), ([[8.211146], [11.788854]], [-0.447214]))
close(dgamma, want, "dgamma adds up dy times the normalized x (y must be right for that)", x=x, dy=dy, eps=3, y=y)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng
from bngrader.check.layers import normalized

rng = hidden_rng("batch_norm_backward_gamma_beta")
for shape in [(2, 1), (7, 3), (4, 4), (3, 12), (100, 2)]:
    x, dy = rng.normal(size=shape) * 3 + 1, rng.normal(size=shape) + 0.5
    gamma, beta = rng.uniform(0.5, 2, (2, shape[1])) * rng.choice([-1, 1], (2, shape[1]))
    cases, right_dbeta = normalized(x, gamma, beta, dy), dy.sum(axis=0)
    y, cache = call(batch_norm_forward, x, gamma, beta, y=shape, cache=object)
    dx, dgamma, dbeta = call(batch_norm_backward, dy, cache, dx=shape, dgamma=shape[1:], dbeta=shape[1:])
    close(dbeta, right_dbeta, "dbeta adds up dy over the batch", x=x, gamma=gamma, dy=dy)
    _, want, _ = fitting(y, *cases)
    close(dgamma, want, "dgamma adds up dy times the normalized x", x=x, gamma=gamma, dy=dy)
### END HIDDEN TESTS

# %% test="test_batch_norm_backward_x" points=2
from bngrader.check import call, close, fitting

x, gamma, beta, dy = np.array([[1.0], [3.0]]), np.array([4.0]), np.array([10.0]), np.array([[1.0], [0.0]])
y, cache = call(batch_norm_forward, x, gamma, beta, kwargs={"eps": 3.0}, y=(2, 1), cache=object)
dx, dgamma, dbeta = call(batch_norm_backward, dy, cache, dx=(2, 1), dgamma=(1,), dbeta=(1,))
# The second case is the dx of a forward pass that divides by N - 1, and has lost its points for that above.
want = fitting(y, ([[8], [12]], [[0.75], [-0.75]]), ([[8.211146], [11.788854]], [[0.536656], [-0.536656]]))
close(
    dx, want, "dx is the slope of the loss along every path from x (y must be right for that)", x=x, dy=dy, eps=3, y=y
)

x, dy = np.array([[1.0, 7.0], [2.0, 5.0], [6.0, 0.0]]), np.array([[1.0, 2.0], [0.0, 2.0], [-3.0, 2.0]])
y, cache = call(batch_norm_forward, x, np.array([2.0, 3.0]), np.zeros(2), y=(3, 2), cache=object)
dx, dgamma, dbeta = call(batch_norm_backward, dy, cache, dx=(3, 2), dgamma=(2,), dbeta=(2,))
close(dx.sum(axis=0), [0, 0], "a number added to a whole column changes nothing, so dx adds up to 0", x=x, dy=dy)
close(dx[:, 1], [0, 0, 0], "the sum of a column of y is always the same, so dx is 0 where dy is constant", x=x, dy=dy)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng
from bngrader.check.layers import normalized

rng = hidden_rng("batch_norm_backward_x")
for shape in [(2, 1), (7, 3), (4, 4), (3, 12), (100, 2)]:
    x, dy = rng.normal(size=shape) * rng.uniform(0.5, 2, shape[1]) + 1, rng.normal(size=shape) + 0.5
    gamma, beta = rng.uniform(0.5, 2, (2, shape[1])) * rng.choice([-1, 1], (2, shape[1]))
    cases = normalized(x, gamma, beta, dy)
    y, cache = call(batch_norm_forward, x, gamma, beta, y=shape, cache=object)
    dx, dgamma, dbeta = call(batch_norm_backward, dy, cache, dx=shape, dgamma=shape[1:], dbeta=shape[1:])
    want, _, _ = fitting(y, *cases)
    close(dx, want, "dx is the slope of the loss along every path from x", x=x, gamma=gamma, dy=dy)
### END HIDDEN TESTS

# %% test="test_batch_norm_backward_edges" points=1
from bngrader.check import call, close

x, gamma, beta, dy = np.full((2, 1), 0.1), np.array([4.0]), np.array([10.0]), np.array([[3.0], [1.0]])
y, cache = call(batch_norm_forward, x, gamma, beta, kwargs={"eps": 4.0}, y=(2, 1), cache=object)
dx, dgamma, dbeta = call(batch_norm_backward, dy, cache, dx=(2, 1), dgamma=(1,), dbeta=(1,), quiet=True)
close(dx, [[2], [-2]], "where the variance is 0, only eps is left in the root", x=x, gamma=gamma, dy=dy, eps=4, y=y)
### BEGIN HIDDEN TESTS
from bngrader.check import fitting, hidden_rng
from bngrader.check.layers import normalized

rng = hidden_rng("batch_norm_backward_edges")
tiny, still, beta = rng.normal(size=(5, 3)), np.tile([0.1, 0.0, -7.0], (5, 1)), np.array([1.0, 0.0, 2.0])
cases = [
    (1e-2 * tiny, [2.0, -0.5, 3.0], 1e-3, "eps counts where the variance is small"),
    (1e-3 * tiny, [2.0, -0.5, 3.0], 1e-5, "eps counts where the variance is small"),
    (still, [2.0, -0.5, 3.0], 1e-5, "where the variance is 0, only eps is left in the root"),
    (tiny, [0.0, -1.0, 0.0], 1e-5, "gamma may be negative, or 0"),
    (tiny[:1], [2.0, -0.5, 3.0], 1e-5, "a batch of one sample has dx = 0"),
    (tiny[:2], [2.0, -0.5, 3.0], 0.5, "eps is the one that the caller gave"),
]
for x, factors, eps, claim in cases:
    gamma, dy = np.array(factors), rng.normal(size=x.shape) + 0.5
    layers, right_dbeta = normalized(x, gamma, beta, dy, eps), dy.sum(axis=0)
    y, cache = call(batch_norm_forward, x, gamma, beta, eps, y=x.shape, cache=object)
    dx, dgamma, dbeta = call(batch_norm_backward, dy, cache, dx=x.shape, dgamma=(3,), dbeta=(3,), quiet=True)
    right_dx, right_dgamma, _ = fitting(y, *layers)
    close(dx, right_dx, claim, x=x, gamma=gamma, dy=dy, eps=eps)
    close(dgamma, right_dgamma, claim, x=x, gamma=gamma, dy=dy, eps=eps)
    close(dbeta, right_dbeta, "dbeta adds up dy over the batch", x=x, dy=dy)
### END HIDDEN TESTS

# %% test="test_batch_norm_backward_dtype" points=1
from bngrader.check import call, close, fitting, leaves_arguments_alone

form = {"dx": (3, 2), "dgamma": (2,), "dbeta": (2,)}
x, gamma, beta = np.array([[1, 10], [2, 30], [6, 20]]), np.array([2, 3]), np.array([0, 1])
dy = np.array([[1, 2], [0, -1], [5, 2]])
for given, expected in [("float32", np.float32), ("float64", np.float64), ("int64", np.float64)]:
    y, cache = call(batch_norm_forward, *(a.astype(given) for a in (x, gamma, beta)), y=(3, 2), cache=object)
    call(batch_norm_backward, dy.astype(given), cache, dtype=expected, **form)
y, cache = call(batch_norm_forward, *(a.astype(float) for a in (x, gamma, beta)), y=(3, 2), cache=object)
leaves_arguments_alone(batch_norm_backward, dy.astype(float), cache)
# The second case is the sum of dy * dx for a forward pass that divides by N - 1, and has lost its points above.
right_y = [[-1.851638, -2.674234], [-0.925819, 4.674234], [2.777457, 1.0]]
slip_y = [[-1.511857, -2.0], [-0.755928, 4.0], [2.267785, 1.0]]
want = fitting(y, (right_y, 2.336668), (slip_y, 1.907875))
for _ in range(2):
    dx, dgamma, dbeta = call(batch_norm_backward, dy.astype(float), cache, uncopied=[cache], **form)
    close(
        (dx * dy).sum(),
        want,
        "a second call with the same cache gives the same dx (here the sum of dy * dx)",
        x=x,
        dy=dy,
    )
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng
from bngrader.check.layers import normalized

rng = hidden_rng("batch_norm_backward_dtype")
arrays = [rng.integers(-9, 9, (3, 2)), rng.integers(1, 5, 2), rng.integers(-9, 9, 2), rng.integers(-9, 9, (3, 2))]
cases = normalized(*arrays)
y, cache = call(batch_norm_forward, *arrays[:3], y=(3, 2), cache=object)
got = call(batch_norm_backward, arrays[3], cache, **form)
for name, one, want in zip(form, got, fitting(y, *cases), strict=True):
    close(one, want, f"integers are taken as float64, also for {name}", x=arrays[0], dy=arrays[3])
arrays = rng.normal(size=(20, 6))[::2, ::3], np.ones(2), np.zeros(2), rng.normal(size=(20, 6))[::2, ::3]
for array in arrays:
    array.flags.writeable = False
cases = normalized(*arrays)
y, cache = call(batch_norm_forward, *arrays[:3], y=(10, 2), cache=object)
got = call(batch_norm_backward, arrays[3], cache, dx=(10, 2), dgamma=(2,), dbeta=(2,))
want, _, _ = fitting(y, *cases)
close(got[0], want, "a view that cannot be written to works too", dy=arrays[3])
for dtype in (np.float32, np.float64):
    arrays = [
        a.astype(dtype) for a in (1e4 + rng.normal(size=(16, 2)), np.ones(2), np.zeros(2), rng.normal(size=(16, 2)))
    ]
    cases = normalized(*arrays)
    y, cache = call(batch_norm_forward, *arrays[:3], y=(16, 2), cache=object)
    leaves_arguments_alone(batch_norm_backward, arrays[3], cache)
    dx = call(batch_norm_backward, arrays[3], cache, dx=(16, 2), dgamma=(2,), dbeta=(2,))[0]
    want, _, _ = fitting(y, *cases, tol=1e-2)
    claim = f"dx keeps two digits for 10,000 give or take 1, in {np.dtype(dtype)}"
    close(dx, want, claim, tol=1e-2, x=arrays[0], dy=arrays[3])
### END HIDDEN TESTS

# %% [markdown] locked="about_tanh_linearity"
# ## 3. `tanh_linearity` (2 points)
#
# How nearly linear is a tanh on the inputs that it gets? Fit the straight line $a x + b$ to $\tanh(x)$ by least
# squares, with slope $a$ and intercept $b$, and return the share of the variance that it explains, known as
# $R^2$:
#
# $$R^2 = 1 - \frac{\sum_i (\tanh(x_i) - a x_i - b)^2}{\sum_i (\tanh(x_i) - \bar t)^2},$$
#
# where $i$ runs over *all* entries of the array together, $a$ and $b$ make the upper sum as small as it can be,
# and $\bar t$ is the mean of all $\tanh(x_i)$. $R^2 = 1$ says that the tanh works as a straight line. For
# example, the entries 0, 1, 3 give 0.780605.
#
# Where all entries of `x`, or of $\tanh(x)$, are equal, return 1.0. That happens: in `float64`, tanh is exactly
# 1 from about 19 on.


# %% solution="tanh_linearity"
def tanh_linearity(x):
    """Return R^2 of the least-squares line through (x, tanh(x)), over all entries of x."""
    ### BEGIN SOLUTION
    values = x.astype(np.float64).ravel()
    bent = np.tanh(values)
    if np.ptp(values) == 0 or np.ptp(bent) == 0:
        return 1.0
    values = values - values.mean()
    bent = bent - bent.mean()
    return float((values @ bent) ** 2 / ((values @ values) * (bent @ bent)))
    ### END SOLUTION


# %% test="test_tanh_linearity" points=1
from bngrader.check import call, close

x = np.array([[0.0], [1.0], [3.0]])
r2 = call(tanh_linearity, x, r2=float)
close(r2, 0.780605, "R^2 of the line through (0, tanh(0)), (1, tanh(1)), (3, tanh(3))", x=x)
x = np.array([[0.01, -0.02], [0.015, 0.0]])
close(call(tanh_linearity, x, r2=float), 1, "tanh is a straight line near 0", tol=1e-4, x=x)
x = np.array([[5.0, 6.0], [-1.0, 20.0]])
close(call(tanh_linearity, x, r2=float), 0.406499, "tanh is no straight line far from 0", x=x)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("tanh_linearity")
cases = [((2, 2), 1, 1), ((7, 3), 0, 3), ((3, 12), -1, 2), ((500, 4), 0.5, 1), ((4, 1), 1, 2e-6), ((3, 2), [2, -2], 1)]
for shape, mean, spread in cases:
    x = rng.normal(size=shape) * spread + mean
    slope, intercept = np.polyfit(x.ravel() - np.mean(mean), np.tanh(x).ravel(), 1)
    error = np.tanh(x) - slope * (x - np.mean(mean)) - intercept
    want = 1 - (error**2).sum() / ((np.tanh(x) - np.tanh(x).mean()) ** 2).sum()
    close(call(tanh_linearity, x, r2=float, quiet=True), want, "R^2 of the fitted line, over all entries", x=x)
### END HIDDEN TESTS

# %% test="test_tanh_linearity_edges" points=1
from bngrader.check import call, close, leaves_arguments_alone

for x in (np.full((3, 2), 0.1), np.array([[30.0, 50.0], [40.0, 70.0]])):
    close(call(tanh_linearity, x, r2=float, quiet=True), 1, "where x or tanh(x) is constant, R^2 is 1", x=x)
leaves_arguments_alone(tanh_linearity, np.array([[0.5, 2.0]]))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("tanh_linearity_edges")
for x in (
    np.array([[0.3]]),
    np.zeros((4, 3)),
    np.full((7, 1), -1 / 3),
    -25 - 9 * rng.random((3, 2)),
    np.full((9, 1), 1e-9),
):
    close(call(tanh_linearity, x, r2=float, quiet=True), 1, "where x or tanh(x) is constant, R^2 is 1", x=x)
x = rng.permutation(7)[:6].reshape(3, 2) - 2
want = np.corrcoef(x.ravel(), np.tanh(x).ravel())[0, 1] ** 2
close(call(tanh_linearity, x, r2=float), want, "integers are taken as float64", x=x)
x = rng.normal(size=(20, 6))[::2, ::3]
x.flags.writeable = False
want = np.corrcoef(x.ravel(), np.tanh(x).ravel())[0, 1] ** 2
close(call(tanh_linearity, x, r2=float), want, "a view that cannot be written to works too", x=x)
for x in (rng.normal(1, 1, (9, 2)).astype(np.float32), (1 + 1e-3 * rng.normal(size=(8, 2))).astype(np.float32)):
    leaves_arguments_alone(tanh_linearity, x)
    t = np.tanh(x.astype(float))
    want = np.corrcoef(x.astype(float).ravel(), t.ravel())[0, 1] ** 2
    close(call(tanh_linearity, x, r2=float), want, "float32 keeps two digits", tol=1e-2, x=x)
### END HIDDEN TESTS

# %% [markdown] locked="about_make_block"
# ## 4. `make_block` (3 points)
#
# Now in PyTorch. Return a new `torch.nn.Sequential` of three layers, in the order that `placement` asks for:
#
# - `"pre"`: linear layer, BN, activation. BN comes before the activation.
# - `"post"`: linear layer, activation, BN. BN comes after it.
#
# The linear layer is a `torch.nn.Linear` from `in_features` to `out_features`, BN a `torch.nn.BatchNorm1d`, and
# the activation a `torch.nn.Tanh`. The linear layer has no bias in the order where BN makes it redundant, and
# has one in the other. Otherwise leave PyTorch's default arguments as they are. Any other `placement` raises
# `ValueError`.
#
# For example, `make_block(3, 2, "pre")` has 10 parameters: 6 weights, 2 gammas and 2 betas.


# %% solution="make_block" allowed="numpy, torch"
def make_block(in_features, out_features, placement):
    """Return a torch.nn.Sequential of Linear, BatchNorm1d and Tanh, with BN before ("pre") or after ("post") Tanh."""
    ### BEGIN SOLUTION
    norm = torch.nn.BatchNorm1d(out_features)
    if placement == "pre":
        # BN subtracts the mean of each feature, and with it any bias.
        return torch.nn.Sequential(torch.nn.Linear(in_features, out_features, bias=False), norm, torch.nn.Tanh())
    if placement == "post":
        return torch.nn.Sequential(torch.nn.Linear(in_features, out_features), torch.nn.Tanh(), norm)
    raise ValueError(f"placement must be 'pre' or 'post', not {placement!r}")
    ### END SOLUTION


# %% test="test_make_block_order" points=1
from bngrader.check import call, holds

KINDS = {"Linear": torch.nn.Linear, "BatchNorm1d": torch.nn.BatchNorm1d, "Tanh": torch.nn.Tanh}
for placement, order in [("pre", ["Linear", "BatchNorm1d", "Tanh"]), ("post", ["Linear", "Tanh", "BatchNorm1d"])]:
    block = call(make_block, 3, 2, placement, block=torch.nn.Sequential)
    layers = [layer for _, layer in block.named_modules()]
    found = [name for layer in layers for name, kind in KINDS.items() if isinstance(layer, kind)]
    holds(found == order, f"the layers are {', '.join(order)}, in this order", placement=placement, found=found)
### BEGIN HIDDEN TESTS
for placement, order in [("pre", ["Linear", "BatchNorm1d", "Tanh"]), ("post", ["Linear", "Tanh", "BatchNorm1d"])]:
    for sizes in [(5, 7), (7, 5), (1, 4)]:
        block = call(make_block, *sizes, placement, block=torch.nn.Sequential)
        layers = [layer for _, layer in block.named_modules() if isinstance(layer, tuple(KINDS.values()))]
        found = [name for layer in layers for name, kind in KINDS.items() if isinstance(layer, kind)]
        holds(found == order, f"the layers are {', '.join(order)}, in this order", placement=placement, found=found)
        linear = next(layer for layer in layers if isinstance(layer, torch.nn.Linear))
        shape = tuple(linear.weight.shape)
        holds(shape == sizes[::-1], "the linear layer goes from in_features to out_features", weight=shape)
        x = torch.linspace(-2, 3, 6 * sizes[0]).reshape(6, sizes[0]) ** 2
        with torch.no_grad():
            h = x @ linear.weight.T + (0 if linear.bias is None else linear.bias)
            steps = [torch.tanh, lambda z: (z - z.mean(0)) / torch.sqrt(z.var(0, correction=0) + 1e-5)]
            for step in reversed(steps) if placement == "pre" else steps:
                h = step(h)
        y = call(block, x)
        holds(tuple(y.shape) == (6, sizes[1]), "the output has shape (N, out_features)", shape=tuple(y.shape))
        same = torch.allclose(y, h, atol=1e-4)
        holds(same, "the block has these three layers and nothing else", placement=placement)
### END HIDDEN TESTS

# %% test="test_make_block_bias" points=1
from bngrader.check import call, holds

for placement, count in [("pre", 10), ("post", 12)]:
    block = call(make_block, 3, 2, placement, block=torch.nn.Sequential)
    found = sum(p.numel() for p in block.parameters())
    holds(found == count, f"make_block(3, 2, {placement!r}) has {count} parameters", found=found)
### BEGIN HIDDEN TESTS
for placement, wanted in [("pre", False), ("post", True)]:
    for sizes in [(5, 7), (7, 5)]:
        block = call(make_block, *sizes, placement, block=torch.nn.Sequential)
        linear = next(layer for _, layer in block.named_modules() if isinstance(layer, torch.nn.Linear))
        claim = "where BN comes right after the linear layer, a bias does nothing, and is left out"
        claim = "where the activation comes in between, BN cannot take the bias's place" if wanted else claim
        holds((linear.bias is not None) == wanted, claim, placement=placement)
### END HIDDEN TESTS

# %% test="test_make_block_rest" points=1
from bngrader.check import call, holds, raises

block = call(make_block, 3, 2, "pre", block=torch.nn.Sequential)
raises(ValueError, make_block, 3, 2, "middle")
### BEGIN HIDDEN TESTS
for placement in ("before", "Pre", "POST", "", "pre ", None):
    raises(ValueError, make_block, 3, 2, placement)
for placement in ("pre", "post"):
    block = call(make_block, 3, 5, placement, block=torch.nn.Sequential)
    norm = next(layer for _, layer in block.named_modules() if isinstance(layer, torch.nn.BatchNorm1d))
    standard = torch.nn.BatchNorm1d(5)
    for name in ("num_features", "eps", "momentum", "affine", "track_running_stats"):
        found, wanted = getattr(norm, name), getattr(standard, name)
        holds(found == wanted, f"BN's {name} is PyTorch's default, or follows from out_features", found=found)
    linear = next(layer for _, layer in block.named_modules() if isinstance(layer, torch.nn.Linear))
    holds(linear.weight.dtype == torch.float32, "the weights have PyTorch's default dtype")
### END HIDDEN TESTS

# %% [markdown] locked="about_gradient_check"
# ## What it is good for
#
# From here on there is nothing to write: run the cells, and look at what your own code does.
#
# **Are the gradients right?** Nobody should believe a gradient that was derived by hand. Move one number $v$ by
# a small step $h$ up and down, compute the loss both times, and compare $(L(v + h) - L(v - h)) / 2h$ with the
# slope that the backward pass gives. The cell does this for every entry of a batch of digits, of gamma and of
# beta, with steps from $10^{-1}$ down to $10^{-12}$. With large steps the curve of the loss shows (the error
# falls with $h^2$), with tiny ones the rounding of `float64` does. A right gradient has a low in between, near
# $10^{-9}$ or less. A wrong one stays high whatever the step.


# %% locked="digits"
digits = load_digits()
images, test_images, labels, test_labels = train_test_split(
    digits.data / 16, digits.target, test_size=0.25, stratify=digits.target, random_state=0
)


# %% locked="gradient_check"
def numeric_slopes(loss, values, h):
    """Estimate the slope of loss(values) for each entry, by central differences with step h."""
    slopes = np.zeros(values.shape)
    for index in np.ndindex(values.shape):
        ends = []
        for step in (h, -h):
            moved = values.copy()
            moved[index] += step
            ends.append(loss(moved))
        slopes[index] = (ends[0] - ends[1]) / (2 * h)
    return slopes


pixels = digits.data[:8, 18:24] / 16
generator = np.random.default_rng(1)
factors, shifts, weights = generator.normal(size=6), generator.normal(size=6), generator.normal(size=(8, 6))


def loss_of(batch, scale, shift):
    """Compute some smooth loss of the layer's output."""
    return (weights * np.tanh(batch_norm_forward(batch, scale, shift)[0])).sum()


output, kept = batch_norm_forward(pixels, factors, shifts)
by_you = batch_norm_backward(weights * (1 - np.tanh(output) ** 2), kept)
losses_of = {
    "x": (pixels, lambda v: loss_of(v, factors, shifts)),
    "gamma": (factors, lambda v: loss_of(pixels, v, shifts)),
    "beta": (shifts, lambda v: loss_of(pixels, factors, v)),
}
steps = 10.0 ** np.arange(-12, 0)
figure, axes = plt.subplots(figsize=(7, 3))
for (label, (values, loss)), slopes in zip(losses_of.items(), by_you, strict=True):
    largest = np.abs(slopes).max()
    errors = [np.abs(numeric_slopes(loss, values, h) - slopes).max() / largest for h in steps]
    axes.loglog(steps, errors, marker="o", label=f"{label}: at best {min(errors):.0e}")
axes.set(xlabel="step h", ylabel="largest error, relative")
axes.legend()
plt.show()

# %% [markdown] locked="about_training"
# **A network that learns because of it.** Four layers of 64 tanh units, in NumPy, learn to tell the ten digits
# from 1,344 images. The weights start as random numbers, whose size is chosen so that the inputs of a layer
# have about 0.1, 1 or 10 times the spread that its outputs keep. Small weights make the signal fade from layer
# to layer, and large ones drive every tanh to its ends. The left half trains the network as it is, the right
# half with *your* two functions between the weights and the tanh.
#
# What this does not show: one seed, one learning rate, one small data set. Other rates would move the curves,
# and a good start of the weights also helps the network without BN, as its middle curve shows.


# %% locked="training"
def train_network(size, with_norm, epochs=5, lr=0.5, batch=64, depth=4, width=64):
    """Train by plain gradient descent, and return the loss of each batch."""
    generator = np.random.default_rng(0)
    sizes = [images.shape[1]] + [width] * (depth - 1)
    matrices = [generator.normal(size=(n, width)) * size / np.sqrt(n) for n in sizes]
    last = np.zeros((width, 10))
    scales, offsets = [np.ones(width) for _ in range(depth)], [np.zeros(width) for _ in range(depth)]
    losses = []
    for order in (generator.permutation(len(images)) for _ in range(epochs)):
        for start in range(0, len(order) - batch + 1, batch):
            rows = order[start : start + batch]
            hidden, caches = [images[rows]], []
            for matrix, scale, offset in zip(matrices, scales, offsets, strict=True):
                before = hidden[-1] @ matrix
                if with_norm:
                    before, cache = batch_norm_forward(before, scale, offset)
                    caches.append(cache)
                hidden.append(np.tanh(before if with_norm else before + offset))
            scores = np.exp(hidden[-1] @ last - (hidden[-1] @ last).max(axis=1, keepdims=True))
            slope = scores / scores.sum(axis=1, keepdims=True)
            losses.append(-np.log(slope[np.arange(batch), labels[rows]]).mean())
            slope[np.arange(batch), labels[rows]] -= 1
            slope, step = slope @ last.T / batch, hidden[-1].T @ slope / batch
            last -= lr * step
            for layer in reversed(range(depth)):
                slope = slope * (1 - hidden[layer + 1] ** 2)
                if with_norm:
                    slope, for_scale, for_offset = batch_norm_backward(slope, caches[layer])
                    scales[layer] -= lr * for_scale
                else:
                    for_offset = slope.sum(axis=0)
                offsets[layer] -= lr * for_offset
                slope, step = slope @ matrices[layer].T, hidden[layer].T @ slope
                matrices[layer] -= lr * step
    return np.array(losses)


figure, panels = plt.subplots(1, 2, figsize=(8, 3), sharey=True)
for panel, with_norm in zip(panels, (False, True), strict=True):
    for size in (0.1, 1, 10):
        losses = train_network(size, with_norm)
        panel.plot(losses, label=f"{size:g}: ends at {losses[-20:].mean():.2f}")
    panel.set(title="with your BN" if with_norm else "without BN", xlabel="step", yscale="log")
    panel.legend(title="size of the first weights")
panels[0].set_ylabel("loss of the batch")
plt.show()

# %% [markdown] locked="about_red_box"
# **What BN does to the tanh behind it.** Inputs with mean 0 and variance 1 mostly fall where a tanh is almost a
# straight line, and a stack of straight lines is one straight line. That is why BN has gamma and beta: the cell
# draws your `tanh_linearity` for normalized inputs that are multiplied by gamma and shifted by beta. It
# describes what gamma and beta *can* do, on normally distributed inputs, and not what training makes of them.

# %% locked="red_box"
standard = np.random.default_rng(2).normal(size=(2000, 1))
gammas = np.geomspace(0.1, 10, 25)
figure, axes = plt.subplots(figsize=(7, 3))
for shift in (0, 1, 2):
    axes.semilogx(gammas, [tanh_linearity(g * standard + shift) for g in gammas], label=f"beta = {shift}")
axes.axvline(1, color="gray", linestyle=":")
axes.set(xlabel="gamma", ylabel="R² of the straight line")
axes.legend()
plt.show()

# %% [markdown] locked="about_pre_or_post"
# **Before or after?** Three of *your* blocks and a linear layer learn the digits, in both orders, each from
# three seeds. Look at how far the three runs of one order lie apart before you compare the two orders: with
# three runs, and a data set as small and as easy as this one, the question stays open.


# %% locked="pre_or_post"
def accuracy_of(placement, seed, epochs=4, batch=64):
    """Train a network of three blocks and return its accuracy on the test images."""
    torch.manual_seed(seed)
    blocks = [make_block(64, 64, placement) for _ in range(3)]
    network = torch.nn.Sequential(*blocks, torch.nn.Linear(64, 10))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    inputs, targets = torch.tensor(images, dtype=torch.float32), torch.tensor(labels)
    for rows in (rows for _ in range(epochs) for rows in torch.randperm(len(inputs)).split(batch)[:-1]):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(inputs[rows]), targets[rows]).backward()
        optimizer.step()
    guesses = network.eval()(torch.tensor(test_images, dtype=torch.float32)).argmax(dim=1).numpy()
    return (guesses == test_labels).mean()


torch.set_num_threads(1)  # these layers are too small to be shared among threads
for placement in ("pre", "post"):
    print(f"{placement:5}", *(f"{accuracy_of(placement, seed):.3f}" for seed in range(3)))

# %% [markdown] locked="about_written_three_shortcuts"
# ## 5. Written question (5 points)
#
# A colleague shows you a deep network of tanh units with BN before each of them. Three things caught your eye:
#
# 1. "BN keeps everything at mean 0 and variance 1, so I fixed gamma at 1 and beta at 0. Two parameters less for
#    every unit."
# 2. "The linear layers have a bias. It cannot hurt."
# 3. "In the backward pass I take mean and variance for constants. It is simpler, and the statistics hardly
#    change from step to step."
#
# Explain, in ten to fifteen sentences, what each of the three does to the network or to its training. For the
# first, say what the activations can still do, and which number of this notebook tells. For the second, say
# what the slope of the loss with respect to such a bias is, and why. For the third, say what gradient descent
# then tries to do to the mean of a unit's inputs, and whether the loss follows. Would your answer to the second
# be another if BN came after the activation?

# %% [markdown] written="written_three_shortcuts" points=5
# **Rubric.**
#
# - 1 point: gamma and beta fixed. The inputs of every tanh stay where it is almost linear ($R^2$ about 0.93 for
#   normal inputs), so the layers are close to one linear map. Gamma and beta let training leave that region.
# - 1 point: the bias. BN subtracts the mean, and any number added to all samples of a unit with it: the output
#   does not depend on the bias, and beta does its work.
# - 1 point: its slope is exactly 0 (dx adds up to 0 over the batch), so it never moves but for weight decay,
#   and costs memory and time.
# - 1 point: mean and variance as constants. The slope then has a part along "move all samples of the unit
#   together" and along "scale them all"; neither changes the output, so such steps do not lower the loss as
#   promised, and weights or biases may grow without end while the loss stands still.
# - 1 point: with BN after the activation, the bias moves the inputs of the tanh, which is not linear: it
#   changes the shape of what BN gets and is not subtracted. It is needed.
#
# **An answer worth 5 points.** (1) Every tanh gets inputs of mean 0 and variance 1. For normal inputs a
# straight line then explains about 93% of the variance of its output, so each layer adds only a little that a
# linear layer could not do. With larger gamma the share falls to 80% and less, and beta moves the inputs to
# where the tanh bends. Training cannot use this any more. (2) BN subtracts the mean of the batch, and the bias
# is part of that mean: the output is the same for every bias. The slope of the loss with respect to it is the
# sum of dx over the batch, which is exactly 0. So the bias stays as it was initialized, and takes memory for
# nothing; beta does what a bias would do. (3) A step that moves all samples of a unit by the same number
# changes nothing in the output, and the right dx has no part in this direction, because the path through the
# mean cancels it. Without that path gradient descent believes that it can lower the loss by moving the mean,
# moves it, and BN takes it out again. The loss does not follow, the step is repeated, and the bias (or the
# weights) can grow without bound. It is the same with the scale and the path through the variance. That the
# statistics change slowly is no argument: what counts is how they change with x, within one step. With BN after
# the activation my answer to the second would be another: the bias then acts before the tanh, shifts the inputs
# to a flat or a steep part of it, and changes the shape of the distribution that BN gets, which a mean and a
# scale cannot undo. There the bias stays.
#
# **An answer worth 3 points** (no slope of the mean's direction, no reason for the last). With gamma 1 and beta
# 0 the inputs of the tanh have mean 0 and variance 1, and there it is nearly linear, so the network loses its
# power; gamma and beta are there to undo the normalization where that helps. The bias has no effect, for BN
# subtracts the mean: its gradient is 0. Leaving out the mean and variance in the backward pass gives a wrong
# gradient, so training gets worse. With BN after the activation it would be different.
#
# **An answer worth 1 point** (the bias; nothing of why, nothing right on the rest). The bias is useless because
# BN subtracts the mean anyway, so it can be left out. Fixing gamma and beta is probably fine because the
# network is normalized. I would compute the gradients with autograd instead.
