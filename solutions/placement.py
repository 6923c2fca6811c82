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
# You will write batch normalization (BN) as a layer in NumPy, forward and backward, and check its gradients
# numerically. Then you will train a network from small, medium and large initial weights, without your layer and with
# it, and measure what BN does to the activation after it.
#
# **When you are done, you can** derive the gradients of BN, including the two paths through the statistics of the
# batch, check any gradient numerically, measure how close to linear a tanh is on its inputs, and put BN before or
# after an activation without useless parameters.
#
# **Time:** about 90 minutes. **Read first:** the chapter *In-layer normalization*.
#
# **Points:** 20, of which 15 are for the four functions and 5 for a written question at the end.
#
# **Rules:** Use only NumPy and the standard library in the first three functions. In `make_block` you may also use
# PyTorch. The grader tests each function in a place where only the packages that it may use, and matplotlib for your
# plots, are installed. So a function that uses SciPy, scikit-learn or the course's own package `bnref` fails its
# tests, and so does any of the first three functions that uses PyTorch. Cells that you add may use any package. If
# they do not run when your notebook is graded, you lose no points. This assignment needs torch, which you may have
# to install first: the page *For students* says how.
#
# Replace each `raise NotImplementedError()` with your code, and run the test cells below it. To check the whole
# notebook, press **Validate** in JupyterLab's toolbar. Your instructor's tests are stricter than the tests that you
# see, but they test nothing that the text does not say.
#
# These rules hold for the first three functions:
#
# - `x` is a NumPy array of shape `(N, D)`: a batch with $N$ samples in its rows, at least one, and $D$ features in
#   its columns. All arrays of a call have the same dtype.
# - The results have the dtype of the first argument, so `float32` input gives `float32` results. Treat integers as
#   `float64`. If a result is a single number, it is a Python or a NumPy number.
# - Leave the arguments as they are, and return new arrays. An argument may be a view of another array, and it may be
#   read-only.
# - Valid input causes no warning.
# - Return several results as a tuple or a list, in the order that the text gives.
# - Your numbers are right to six digits, or to two digits in `float32`. This includes columns whose mean is large
#   compared with their spread: values of 1,000,000 plus or minus 1 in `float64`, and of 10,000 plus or minus 1 in
#   `float32`.

# %% locked="imports"
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# %% [markdown] locked="about_batch_norm_forward"
# ## 1. `batch_norm_forward` (5 points)
#
# Normalize each feature by its mean and variance in the batch, then scale and shift it. The entry $x_{ij}$ of sample
# $i$ and feature $j$ becomes
#
# $$y_{ij} = \gamma_j \hat x_{ij} + \beta_j, \qquad
# \hat x_{ij} = \frac{x_{ij} - \mu_j}{\sqrt{\sigma_j^2 + \varepsilon}}, \qquad
# \mu_j = \frac{1}{N} \sum_{i=1}^{N} x_{ij}, \qquad
# \sigma_j^2 = \frac{1}{N} \sum_{i=1}^{N} (x_{ij} - \mu_j)^2.$$
#
# Here $\mu_j$ is the mean of the column, and $\sigma_j^2$ is its *biased* variance. The small positive number
# $\varepsilon$ (`eps`) is added to the variance, *inside* the square root. `gamma` ($\gamma$) and `beta` ($\beta$)
# have shape `(D,)`.
#
# Return `(y, cache)`, where `y` has shape `(N, D)`. `cache` holds whatever your own backward pass will need, in any
# form that you like.
#
# For example, take the column 1, 3 with $\varepsilon = 3$, $\gamma = 4$ and $\beta = 10$. Its mean is 2 and its
# variance is 1. So $\hat x$ is $-1 / \sqrt{1 + 3} = -0.5$ and $0.5$, and $y$ is 8 and 12.
#
# If all values of a column are equal, then $y = \beta$. The same holds for a batch of one sample.


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
close(y.mean(axis=0), [0, 0], "with gamma = 1 and beta = 0, every column of y has mean 0", x=x)
close(y.var(axis=0), [1, 1], "with gamma = 1 and beta = 0, every column of y has a variance of almost 1", tol=1e-4, x=x)
y, cache = call(batch_norm_forward, x, np.array([2.0, -3.0]), np.array([5.0, 0.5]), y=(3, 2), cache=object)
close(y.mean(axis=0), [5, 0.5], "the mean of a column of y is beta", x=x)
close(y.std(axis=0), [2, 3], "the standard deviation of a column of y is almost |gamma|", tol=1e-4, x=x)
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
close(y, [[-0.0316070], [0.0316070]], "eps is added to the variance, inside the square root", x=x, eps=1e-3)
x = np.full((3, 1), 0.1)
y, cache = call(batch_norm_forward, x, one, np.array([7.0]), y=(3, 1), cache=object, quiet=True)
close(y, [[7], [7], [7]], "if all values of a column are equal, the column becomes beta", x=x)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("batch_norm_forward_eps")
gamma, beta = np.array([2.0, -0.5, 1.0]), np.array([0.0, 3.0, -1.0])
for spread, eps in [(1e-2, 1e-3), (1e-3, 1e-5), (1.0, 1e-3), (1.0, 0.5), (1e-6, 1e-8), (2.0, 3.0)]:
    x = spread * rng.normal(size=(6, 3))
    want = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta
    y, cache = call(batch_norm_forward, x, gamma, beta, eps, y=(6, 3), cache=object, quiet=True)
    close(y, want, "eps is added to the variance, inside the square root", x=x, gamma=gamma, beta=beta, eps=eps)
for rows in (1, 2, 10):
    x, beta = np.tile([0.1, 0.0, -7.0], (rows, 1)), rng.normal(size=3)
    want = np.tile(beta, (rows, 1))
    y, cache = call(batch_norm_forward, x, gamma, beta, y=(rows, 3), cache=object, quiet=True)
    claim = (
        "if all values of a column are equal, the column becomes beta"
        if rows > 1
        else "a batch of one sample becomes beta"
    )
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
    ("integers are treated as float64", x, gamma, beta),
    ("small integers do not overflow", small, factors, shifts),
]:
    cases = [(y, y) for y, _ in normalized(*given, np.zeros((3, 2)))]  # a mistake in y has cost its points above
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
# The variance divided by N, and by N - 1: this mistake has already cost its points above.
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
close(y, want, "a read-only view works too", x=x, gamma=gamma, beta=beta)
for rows, spread, dtype, tol in [(50, 1, float, 1e-6), (16, 1, np.float32, 1e-2), (1000, 10, np.float32, 1e-2)]:
    x = ((1e6 if tol == 1e-6 else 1e4) + spread * rng.normal(size=(rows, 2))).astype(dtype)
    arrays, wide = (x, np.ones(2, dtype), np.zeros(2, dtype)), x.astype(np.longdouble)
    want = ((wide - wide.mean(axis=0)) / np.sqrt(wide.var(axis=0) + 1e-5)).astype(float)
    y, cache = call(batch_norm_forward, *arrays, y=(rows, 2), cache=object)
    close(y, want, f"y is accurate for a column with a large mean, in {x.dtype}", tol=tol, x=x)
### END HIDDEN TESTS

# %% [markdown] locked="about_batch_norm_backward"
# ## 2. `batch_norm_backward` (5 points)
#
# Let $L$ be a number that is computed from $y$, for instance the loss of a network in which BN is one layer. `dy`
# has shape `(N, D)` and holds the derivatives of $L$ with respect to the entries of $y$, so $\mathrm{dy}_{ij} =
# \partial L / \partial y_{ij}$. Return `(dx, dgamma, dbeta)`, the derivatives of the same $L$ with respect to `x`
# (shape `(N, D)`), `gamma` and `beta` (each of shape `(D,)`).
#
# $\gamma_j$ and $\beta_j$ act on every sample, so their derivatives are sums over the batch. For `dx`, follow the
# chain rule along every path from $x_{ij}$ to $L$. The first path leads through $\hat x_{ij}$ itself. The other two
# lead through $\mu_j$ and $\sigma_j^2$, because these depend on $x_{ij}$ too, and they act on all samples of the
# column.
#
# For example, the column 1, 3 with $\varepsilon = 3$, $\gamma = 4$ and dy = 1, 0 gives dbeta = 1, dgamma = -0.5, and
# dx = 0.75, -0.75.
#
# - `cache` is what your own `batch_norm_forward` returned. It is an argument, so leave it as it is. A second call
#   with the same cache gives the same result.
# - `gamma` may be negative or 0. Columns whose values are all equal are valid, and so are batches of one sample.
# - The results have the dtype of the first argument, `dy`. In the tests, `x`, `gamma` and `beta` have the same
#   dtype.


# %% solution="batch_norm_backward"
def batch_norm_backward(dy, cache):
    """Return (dx, dgamma, dbeta), the derivatives of the loss, from dy, its derivatives with respect to y."""
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
# The second case is the dgamma of a forward pass that divides by N - 1, which has already lost its points above.
want = fitting(y, ([[8], [12]], [-0.5]), ([[8.211146], [11.788854]], [-0.447214]))
close(dgamma, want, "dgamma adds up dy times the normalized x (this needs a right y)", x=x, dy=dy, eps=3, y=y)
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
# The second case is the dx of a forward pass that divides by N - 1, which has already lost its points above.
want = fitting(y, ([[8], [12]], [[0.75], [-0.75]]), ([[8.211146], [11.788854]], [[0.536656], [-0.536656]]))
close(dx, want, "dx adds up the derivatives along every path from x (this needs a right y)", x=x, dy=dy, eps=3, y=y)

x, dy = np.array([[1.0, 7.0], [2.0, 5.0], [6.0, 0.0]]), np.array([[1.0, 2.0], [0.0, 2.0], [-3.0, 2.0]])
y, cache = call(batch_norm_forward, x, np.array([2.0, 3.0]), np.zeros(2), y=(3, 2), cache=object)
dx, dgamma, dbeta = call(batch_norm_backward, dy, cache, dx=(3, 2), dgamma=(2,), dbeta=(2,))
close(dx.sum(axis=0), [0, 0], "adding a number to a whole column does not change y, so dx adds up to 0", x=x, dy=dy)
close(dx[:, 1], [0, 0, 0], "the sum of a column of y is always the same, so dx is 0 if dy is constant", x=x, dy=dy)
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
    close(dx, want, "dx adds up the derivatives along every path from x", x=x, gamma=gamma, dy=dy)
### END HIDDEN TESTS

# %% test="test_batch_norm_backward_edges" points=1
from bngrader.check import call, close

x, gamma, beta, dy = np.full((2, 1), 0.1), np.array([4.0]), np.array([10.0]), np.array([[3.0], [1.0]])
y, cache = call(batch_norm_forward, x, gamma, beta, kwargs={"eps": 4.0}, y=(2, 1), cache=object)
dx, dgamma, dbeta = call(batch_norm_backward, dy, cache, dx=(2, 1), dgamma=(1,), dbeta=(1,), quiet=True)
close(dx, [[2], [-2]], "if the variance is 0, only eps is left under the root", x=x, gamma=gamma, dy=dy, eps=4, y=y)
### BEGIN HIDDEN TESTS
from bngrader.check import fitting, hidden_rng
from bngrader.check.layers import normalized

rng = hidden_rng("batch_norm_backward_edges")
tiny, still, beta = rng.normal(size=(5, 3)), np.tile([0.1, 0.0, -7.0], (5, 1)), np.array([1.0, 0.0, 2.0])
cases = [
    (1e-2 * tiny, [2.0, -0.5, 3.0], 1e-3, "eps matters if the variance is small"),
    (1e-3 * tiny, [2.0, -0.5, 3.0], 1e-5, "eps matters if the variance is small"),
    (still, [2.0, -0.5, 3.0], 1e-5, "if the variance is 0, only eps is left under the root"),
    (tiny, [0.0, -1.0, 0.0], 1e-5, "gamma may be negative or 0"),
    (tiny[:1], [2.0, -0.5, 3.0], 1e-5, "a batch of one sample has dx = 0"),
    (tiny[:2], [2.0, -0.5, 3.0], 0.5, "eps is the number that the caller passed"),
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
# The second case is the sum of dy * dx for a forward pass that divides by N - 1, which has lost its points above.
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
    close(one, want, f"integers are treated as float64, also for {name}", x=arrays[0], dy=arrays[3])
arrays = rng.normal(size=(20, 6))[::2, ::3], np.ones(2), np.zeros(2), rng.normal(size=(20, 6))[::2, ::3]
for array in arrays:
    array.flags.writeable = False
cases = normalized(*arrays)
y, cache = call(batch_norm_forward, *arrays[:3], y=(10, 2), cache=object)
got = call(batch_norm_backward, arrays[3], cache, dx=(10, 2), dgamma=(2,), dbeta=(2,))
want, _, _ = fitting(y, *cases)
close(got[0], want, "a read-only view works too", dy=arrays[3])
for dtype in (np.float32, np.float64):
    arrays = [
        a.astype(dtype) for a in (1e4 + rng.normal(size=(16, 2)), np.ones(2), np.zeros(2), rng.normal(size=(16, 2)))
    ]
    cases = normalized(*arrays)
    y, cache = call(batch_norm_forward, *arrays[:3], y=(16, 2), cache=object)
    leaves_arguments_alone(batch_norm_backward, arrays[3], cache)
    dx = call(batch_norm_backward, arrays[3], cache, dx=(16, 2), dgamma=(2,), dbeta=(2,))[0]
    want, _, _ = fitting(y, *cases, tol=1e-2)
    claim = f"dx keeps two digits for 10,000 plus or minus 1, in {np.dtype(dtype)}"
    close(dx, want, claim, tol=1e-2, x=arrays[0], dy=arrays[3])
### END HIDDEN TESTS

# %% [markdown] locked="about_tanh_linearity"
# ## 3. `tanh_linearity` (2 points)
#
# How close to linear is a tanh on the inputs that it receives? Fit a straight line $a x + b$, with slope $a$ and
# intercept $b$, to $\tanh(x)$ by least squares. Then return the share of the variance of $\tanh(x)$ that the line
# explains, which is called $R^2$:
#
# $$R^2 = 1 - \frac{\sum_i (\tanh(x_i) - a x_i - b)^2}{\sum_i (\tanh(x_i) - \bar t)^2},$$
#
# where $i$ runs over *all* entries of the array together, $a$ and $b$ make the upper sum as small as possible, and
# $\bar t$ is the mean of all $\tanh(x_i)$. If $R^2 = 1$, the tanh does no more on these inputs than a straight line.
# For example, the entries 0, 1, 3 give 0.780605.
#
# If all entries of `x` or all entries of $\tanh(x)$ are equal, return 1.0. The second case can happen even if `x`
# varies, because in `float64` the tanh of any number above 19 or so is exactly 1.


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
close(call(tanh_linearity, x, r2=float), 1, "near 0, tanh is almost a straight line", tol=1e-4, x=x)
x = np.array([[5.0, 6.0], [-1.0, 20.0]])
close(call(tanh_linearity, x, r2=float), 0.406499, "far from 0, tanh is not a straight line", x=x)
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
    close(call(tanh_linearity, x, r2=float, quiet=True), 1, "if x or tanh(x) is constant, R^2 is 1", x=x)
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
    close(call(tanh_linearity, x, r2=float, quiet=True), 1, "if x or tanh(x) is constant, R^2 is 1", x=x)
x = rng.permutation(7)[:6].reshape(3, 2) - 2
want = np.corrcoef(x.ravel(), np.tanh(x).ravel())[0, 1] ** 2
close(call(tanh_linearity, x, r2=float), want, "integers are treated as float64", x=x)
x = rng.normal(size=(20, 6))[::2, ::3]
x.flags.writeable = False
want = np.corrcoef(x.ravel(), np.tanh(x).ravel())[0, 1] ** 2
close(call(tanh_linearity, x, r2=float), want, "a read-only view works too", x=x)
for x in (rng.normal(1, 1, (9, 2)).astype(np.float32), (1 + 1e-3 * rng.normal(size=(8, 2))).astype(np.float32)):
    leaves_arguments_alone(tanh_linearity, x)
    t = np.tanh(x.astype(float))
    want = np.corrcoef(x.astype(float).ravel(), t.ravel())[0, 1] ** 2
    close(call(tanh_linearity, x, r2=float), want, "float32 results are right to two digits", tol=1e-2, x=x)
### END HIDDEN TESTS

# %% [markdown] locked="about_make_block"
# ## 4. `make_block` (3 points)
#
# Now work in PyTorch. Return a new `torch.nn.Sequential` of three layers, in the order that `placement` says:
#
# - `"pre"`: linear layer, BN, activation, so BN comes *before* the activation
# - `"post"`: linear layer, activation, BN, so BN comes *after* the activation
#
# The linear layer is a `torch.nn.Linear` from `in_features` to `out_features`, BN is a `torch.nn.BatchNorm1d`, and
# the activation is a `torch.nn.Tanh`. In one of the two orders, BN makes the bias of the linear layer redundant.
# Leave the bias out in that order, and keep it in the other. Use PyTorch's defaults for everything else. For any
# other `placement`, raise a `ValueError`.
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
        holds(same, "the block has only these three layers", placement=placement)
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
        claim = "the linear layer has a bias only where the bias can change the output of the block"
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
# ## What your code is good for
#
# From here on you have no code to write. Run the cells, and watch what your own code does.
#
# **Are the gradients right?** Do not trust a gradient that you derived by hand until you have checked it. Move one
# number $v$ up and down by a small step $h$, compute the loss $L$ both times, and compare $(L(v + h) - L(v - h)) /
# 2h$ with the derivative from the backward pass. The cell does this for every entry of a batch of digits, of gamma
# and of beta, with steps from $10^{-1}$ down to $10^{-12}$. With large steps, the two numbers differ because the
# loss is curved, and this error falls with $h^2$. With tiny steps, they differ because `float64` rounds. In between,
# the error of a right gradient falls to about $10^{-9}$ or less. The error of a wrong gradient stays large for every
# step.


# %% locked="digits"
digits = load_digits()
images, test_images, labels, test_labels = train_test_split(
    digits.data / 16, digits.target, test_size=0.25, stratify=digits.target, random_state=0
)


# %% locked="gradient_check"
def numeric_slopes(loss, values, h):
    """Estimate the derivative of loss(values) for each entry, by central differences with step h."""
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
    axes.loglog(steps, errors, marker="o", label=f"{label}: smallest error {min(errors):.0e}")
axes.set(xlabel="step h", ylabel="largest relative error")
axes.legend()
plt.show()

# %% [markdown] locked="about_training"
# **With BN, the size of the initial weights matters less.** A NumPy network with four layers of 64 tanh units learns
# to tell the ten digits apart, from 1,347 images. Its initial weights are random, and they come in three sizes:
# their standard deviation is 0.1, 1 or 10 times $1 / \sqrt{n}$, where $n$ is the number of inputs of the layer.
# Small weights make the signal fade from layer to layer, and large weights push every tanh into its flat tails. The
# left plot trains the network without BN. The right plot puts *your* two functions between the weights and the tanh.
#
# Without BN, the network does not learn at all from small weights. With BN, it learns from all three sizes, and from
# each of them it ends with a lower loss. But the size still matters, and weights of the right size help without BN
# too. Keep in mind what this comparison leaves out: it has one seed, one learning rate and one small data set, and
# other learning rates would move the curves.


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
        panel.plot(losses, label=f"{size:g}: final loss {losses[-20:].mean():.2f}")
    panel.set(title="with your BN" if with_norm else "without BN", xlabel="step", yscale="log", ylim=(1e-3, 4))
    panel.legend(title="size of the initial weights")
panels[0].set_ylabel("loss of the batch")
plt.show()

# %% [markdown] locked="about_red_box"
# **What BN does to the tanh after it.** Inputs with mean 0 and variance 1 mostly fall where a tanh is almost a
# straight line, and a stack of linear layers is no better than one linear layer. That is why BN has gamma and beta.
# The cell draws your `tanh_linearity` for normally distributed inputs that are multiplied by gamma and shifted by
# beta. So the plot shows what gamma and beta *can* do, but not what they learn in a real network.

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
# **Before or after?** Three of *your* blocks and a linear layer learn the digits, in both orders and from three
# seeds each. Before you compare the two orders, look at how much the three runs of one order differ. On a data set
# as small and as easy as this one, three runs are not enough to say which order is better.


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
# A colleague shows you a deep network of tanh units, with BN before each tanh. You notice three things, and this is
# how she explains them:
#
# 1. "BN keeps everything at mean 0 and variance 1, so I fixed gamma at 1 and beta at 0. That saves two parameters
# per unit."
# 2. "The linear layers have a bias. It cannot hurt."
# 3. "In the backward pass I treat the mean and the variance as constants. It is simpler, and the statistics hardly
# change from step to step."
#
# Explain in ten to fifteen sentences what each of the three does to the network or to its training. For the first,
# say what the activations can still do, and which number in this notebook shows it. For the second, say what the
# derivative of the loss with respect to such a bias is, and why. For the third, say what gradient descent then tries
# to do to the mean of a unit's inputs, and whether the loss responds. Finally, would your answer to the second be
# different if BN came after the activation?

# %% [markdown] written="written_three_shortcuts" points=5
# **Rubric.**
#
# - 1 point: Gamma and beta fixed. The inputs of every tanh stay where it is almost linear ($R^2$ about 0.93 for
#   normally distributed inputs), so the layers are close to one linear map. Gamma and beta let training leave that
#   region.
# - 1 point: The bias. BN subtracts the mean, and with it any number that is added to all samples of a unit. So the
#   output does not depend on the bias, and beta does its work.
# - 1 point: The derivative with respect to the bias is exactly 0 (dx adds up to 0 over the batch). So the bias never
#   changes, except by weight decay, and it costs memory and time.
# - 1 point: Mean and variance as constants. The gradient then has a part that moves all samples of the unit
#   together, and a part that scales them all. Neither changes the output, so such steps do not lower the loss as
#   promised, and weights or biases may keep growing while the loss does not respond.
# - 1 point: If BN comes after the activation, the bias moves the inputs of the tanh, which is not linear. So the
#   bias changes the shape of the distribution that BN receives and is not subtracted. It is needed.
#
# **An answer worth 5 points.** (1) Every tanh receives inputs with mean 0 and variance 1. If they are normally
# distributed, a straight line explains about 93% of the variance of the output, so each layer adds only a little to
# what a linear layer could do. With a gamma of 3, the share falls below 80%, and beta moves the inputs to where the
# tanh bends. Without gamma and beta, training cannot use this. (2) BN subtracts the mean of the batch, and the bias
# is part of that mean, so the output is the same for every bias. The derivative of the loss with respect to the bias
# is the sum of dx over the batch, which is exactly 0. So the bias keeps its initial value and takes memory for
# nothing, because beta does what a bias would do. (3) If a step moves all samples of a unit by the same number, the
# output does not change. The right dx has no part in this direction, because the path through the mean cancels it.
# Without that path, the gradient claims that moving the mean lowers the loss. So gradient descent moves the mean,
# but BN subtracts it again. The loss does not respond, the next step does the same, and the bias (or the weights)
# can grow without bound. The same happens with the scale and the path through the variance. It does not help that
# the statistics change slowly from step to step, because the gradient is about how they depend on x within one step.
# If BN came after the activation, my answer to the second would be different. Then the bias acts before the tanh and
# shifts its inputs to a flat or a steep part. This changes the shape of the distribution that BN receives, and a
# mean and a scale cannot undo that. So there the bias stays.
#
# **An answer worth 3 points** (it does not say what happens to the mean, and gives no reason for the last answer).
# With gamma 1 and beta 0, the inputs of the tanh have mean 0 and variance 1, where it is nearly linear, so the
# network loses its power. Gamma and beta can undo the normalization where that helps. The bias has no effect because
# BN subtracts the mean, so its gradient is 0. Leaving out the mean and variance in the backward pass gives a wrong
# gradient, so training gets worse. With BN after the activation it would be different.
#
# **An answer worth 1 point** (it is right about the bias, but gives no further reason, and is wrong about the rest).
# The bias is useless because BN subtracts the mean anyway, so it can be left out. Fixing gamma and beta is probably
# fine, because the network is normalized. I would compute the gradients with autograd instead.
