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
# # Shift and scaling, min-max scaling
#
# You will write the two normalizations of the chapter *Shift and scaling, min-max scaling* in NumPy. Then you
# will see your own code cut the work of gradient descent on real patient data from 123 million steps to 467.
#
# **When you are done, you can** bring the columns of a table to one scale in two ways, explain how each way
# treats a constant column and new data, and undo the scaling.
#
# **Time:** about 60 minutes. **Read first:** the chapter *Shift and scaling, min-max scaling*.
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
# These rules hold for all four functions:
#
# - `x` is a NumPy array of shape `(N, D)`. It has $N$ samples in its rows, at least one, and $D$ features in
#   its columns. Treat each column by itself.
# - The results have the dtype of the first argument, so `float32` input gives `float32` results. Treat integers
#   as `float64`.
# - Leave the arguments as they are, and return new arrays. An argument may be a view of another array, and it
#   may be read-only.
# - Valid input causes no warning. A column whose values are all equal is valid.
# - Your numbers are right to six digits, or to two digits in `float32`. This includes columns whose mean is large
#   compared with their spread: values of 10,000,000 plus or minus 50 in `float64`, and of 10,000 plus or minus 10
#   in `float32`.

# %% locked="imports"
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

# %% [markdown] locked="about_standardize"
# ## 1. `standardize` (6 points)
#
# Shift each column to mean 0 and scale it to standard deviation 1. The entry $x_{ij}$ in row $i$ and column $j$
# becomes
#
# $$z_{ij} = \frac{x_{ij} - \mu_j}{\sigma_j}, \qquad
# \mu_j = \frac{1}{N} \sum_{i=1}^{N} x_{ij}, \qquad
# \sigma_j = \sqrt{\frac{1}{N} \sum_{i=1}^{N} (x_{ij} - \mu_j)^2}.$$
#
# Here $\mu_j$ is the mean of the column and $\sigma_j$ is its *biased* standard deviation, which divides the sum by
# $N$ and not by $N - 1$.
#
# Return `(z, mean, std)`, where `z` has shape `(N, D)`, and `mean` and `std` have shape `(D,)`. For example, the
# column 1, 2, 6 has mean 3 and standard deviation $\sqrt{14/3} \approx 2.160$, so it becomes -0.926,
# -0.463, 1.389.
#
# If all values of a column are equal, its mean is exactly that value, its standard deviation is exactly 0, and its
# `z` is 0. Watch out for rounding here: `np.full(3, 0.1).mean()` is not exactly 0.1. A column that varies is not
# constant, no matter how little it varies.


# %% solution="standardize"
def standardize(x):
    """Return (z, mean, std) of a table x of shape (N, D)."""
    ### BEGIN SOLUTION
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    values = x.astype(np.float64)
    constant = (values == values[0]).all(axis=0)
    mean = np.where(constant, values[0], values.mean(axis=0))
    std = np.where(constant, 0.0, values.std(axis=0))
    z = (values - mean) / np.where(constant, 1.0, std)
    return z.astype(dtype), mean.astype(dtype), std.astype(dtype)
    ### END SOLUTION


# %% test="test_standardize" points=3
from bngrader.check import call, close

x = np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]])
z, mean, std = call(standardize, x, z=(3, 2), mean=(2,), std=(2,))
close(mean, [3, 20], "mean is the mean of each column", x=x)
close(std, np.sqrt([14 / 3, 200 / 3]), "std divides the squared deviations by N", x=x)
close(z, [[-0.925820, -1.224745], [-0.462910, 1.224745], [1.388730, 0]], "z is (x - mean) / std", x=x)
close(z.mean(axis=0), [0, 0], "every column of z has mean 0", x=x)
close(z.std(axis=0), [1, 1], "every column of z has standard deviation 1", x=x)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("standardize")
for shape in [(2, 1), (7, 3), (4, 4), (3, 12), (500, 4)]:
    x = rng.normal(size=shape) * 10.0 ** rng.integers(-3, 4, shape[1]) + rng.normal(size=shape[1])
    x[-1] *= 100
    right_mean, right_std = x.mean(axis=0), x.std(axis=0)
    right_z = (x - right_mean) / right_std
    z, mean, std = call(standardize, x, z=shape, mean=shape[1:], std=shape[1:])
    close(mean, right_mean, "mean is the mean of each column", x=x)
    close(std, right_std, "std divides the squared deviations by N", x=x)
    close(z, right_z, "z is (x - mean) / std", x=x)
### END HIDDEN TESTS

# %% test="test_standardize_constant" points=2
from bngrader.check import call, close

x = np.array([[0.1, 5.0], [0.1, 5.0], [0.1, 5.0]])
z, mean, std = call(standardize, x, z=(3, 2), mean=(2,), std=(2,), quiet=True)
close(std, [0, 0], "the std of a constant column is exactly 0", tol=0, x=x)
close(mean, [0.1, 5], "the mean of a constant column is exactly its value", tol=0, x=x)
close(z, np.zeros((3, 2)), "a constant column gives z = 0", tol=0, x=x)
### BEGIN HIDDEN TESTS
from bngrader.check import fitting, hidden_rng

rng = hidden_rng("standardize", "constant")
for rows, dtype in [(1, float), (2, np.float32), (6, float), (10, float), (49, float), (999, np.float32)]:
    row = np.array([0.1, -1e9 / 3, 0.0, 1e-9, rng.normal()], dtype)
    x = np.tile(row, (rows, 1))
    z, mean, std = call(standardize, x, z=(rows, 5), mean=(5,), std=(5,), quiet=rows > 1)
    close(std, np.zeros(5), "the std of a constant column is exactly 0", tol=0, x=x)
    close(mean, row, "the mean of a constant column is exactly its value", tol=0, x=x)
    close(z, np.zeros((rows, 5)), "a constant column gives z = 0", tol=0, x=x)
x = np.array([[0.1, 2.0], [0.1, 2.0], [0.1, 2.0], [0.1, 7.0]]) * rng.uniform(1, 2)
want = np.array([[0, -1], [0, -1], [0, -1], [0, 3]])
z, mean, std = call(standardize, x, z=(4, 2), mean=(2,), std=(2,), quiet=True)
close(-z / z[0, 1], want, "a constant column leaves the other columns right (z in units of its first entry)", x=x)
x = np.array([[1.0, 2.0], [3.0, -2.0]])
small = call(standardize, 1e-100 * x, z=(2, 2), mean=(2,), std=(2,), quiet=True)
wants = [(want, want) for want in (np.array([[-1, 1], [1, -1]]) / np.sqrt(k) for k in (1, 2))]  # by N, and by N - 1
close(small[0], fitting(small[0], *wants), "a column of tiny numbers is not constant", x=1e-100 * x)
close(1e100 * small[1], [2, 0], "the mean of tiny numbers is right (shown times 1e100)", x=1e-100 * x)
close(small[2] / small[2][0], [1, 2], "the std of tiny numbers is right (shown divided by the first std)", x=1e-100 * x)
### END HIDDEN TESTS

# %% test="test_standardize_dtype" points=1
from bngrader.check import call, close, leaves_arguments_alone

form = {"z": (3, 2), "mean": (2,), "std": (2,)}
x = np.array([[1, 10], [2, 30], [6, 20]])
for given, expected in [("float32", "float32"), ("float64", "float64"), ("int64", "float64")]:
    call(standardize, x.astype(given), dtype=expected, **form)
leaves_arguments_alone(standardize, x.astype(float))
### BEGIN HIDDEN TESTS
from bngrader.check import fitting, hidden_rng

for argument in (x.astype(np.float32), np.zeros((1, 3)), np.zeros((2, 3), np.float32), x):
    leaves_arguments_alone(standardize, argument)
call(standardize, np.ones((1, 2), np.float32), z=(1, 2), mean=(2,), std=(2,), dtype="float32")
call(standardize, np.ones((3, 2), np.float32), dtype="float32", **form)
rng = hidden_rng("standardize", "dtype")


def right(x, ddof=0):
    x = x.astype(float)
    return (x - x.mean(axis=0)) / x.std(axis=0, ddof=ddof), x.mean(axis=0), x.std(axis=0, ddof=ddof)


def rights(x):
    """Return what is right, and what an answer says that divides by N - 1, which has cost its points above."""
    return [(right(x, ddof)[0], right(x, ddof)) for ddof in (0, 1)]


x = rng.permuted(x, axis=0)
wants = rights(x)
parts = call(standardize, x, **form)
for got, want in zip(parts, fitting(parts[0], *wants), strict=True):
    close(got, want, "integers are treated as float64", x=x)
view = rng.normal(size=(40, 6))[::2, ::3]
view.flags.writeable = False
want = view.mean(axis=0)
mean = call(standardize, view, z=(20, 2), mean=(2,), std=(2,))[1]
close(mean, want, "a read-only view works too", x=view)
form = {"z": (100, 2), "mean": (2,), "std": (2,)}
d = rng.integers(-50, 51, (100, 2)).astype(float)
wants = [(right(d, ddof)[0], right(d, ddof)[0]) for ddof in (0, 1)]
far = call(standardize, 1e7 + d, **form)[0]
close(far, fitting(far, *wants), "adding 10,000,000 to every entry changes nothing in z", x=1e7 + d)
form = {"z": (1000, 3), "mean": (3,), "std": (3,)}
x = (1e4 + rng.normal(size=(1000, 3)) * 10).astype(np.float32)
want = right(x)  # with a thousand rows, N or N - 1 makes no difference here
for name, a, b in zip(form, call(standardize, x, **form), want, strict=True):
    close(a, b, f"{name} keeps two digits for 10,000 plus or minus 10 in float32", tol=1e-2, x=x)
x = np.array([[200, 1], [250, 0], [100, 1]], np.uint8)
mean = call(standardize, x, z=(3, 2), mean=(2,), std=(2,))[1]
close(mean, [550 / 3, 2 / 3], "small integers do not overflow", x=x)
### END HIDDEN TESTS

# %% [markdown] locked="about_min_max_scale"
# ## 2. `min_max_scale` (4 points)
#
# Map each column onto the interval from 0 to 1, so that its lowest entry becomes 0 and its highest entry becomes 1:
#
# $$z_{ij} = \frac{x_{ij} - \min_j}{\max_j - \min_j},$$
#
# where $\min_j$ and $\max_j$ are the lowest and the highest entry of column $j$. If all values of a column are equal,
# its `z` is 0.
#
# Return `(z, low, high)`, where `z` has shape `(N, D)`, and `low` and `high` have shape `(D,)`. For example, the
# column 1, 2, 6 becomes 0, 0.2, 1.


# %% solution="min_max_scale"
def min_max_scale(x):
    """Return (z, low, high) of a table x of shape (N, D)."""
    ### BEGIN SOLUTION
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    values = x.astype(np.float64)
    low, high = values.min(axis=0), values.max(axis=0)
    z = (values - low) / np.where(high == low, 1.0, high - low)
    return z.astype(dtype), low.astype(dtype), high.astype(dtype)
    ### END SOLUTION


# %% test="test_min_max_scale" points=2
from bngrader.check import call, close

x = np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]])
z, low, high = call(min_max_scale, x, z=(3, 2), low=(2,), high=(2,))
close(low, [1, 10], "low is the lowest entry of each column", x=x)
close(high, [6, 30], "high is the highest entry of each column", x=x)
close(z, [[0, 0], [0.2, 1], [1, 0.5]], "each column of z runs from 0 to 1", x=x)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("min_max_scale")
for shape in [(2, 1), (7, 3), (4, 4), (3, 12), (500, 4)]:
    x = rng.normal(size=shape) * 10.0 ** rng.integers(-3, 4, shape[1]) - 5
    right_low, right_high = x.min(axis=0), x.max(axis=0)
    right_z = (x - right_low) / (right_high - right_low)
    z, low, high = call(min_max_scale, x, z=shape, low=shape[1:], high=shape[1:])
    close(low, right_low, "low is the lowest entry of each column", tol=0, x=x)
    close(high, right_high, "high is the highest entry of each column", tol=0, x=x)
    close(z, right_z, "z is (x - low) / (high - low)", x=x)
### END HIDDEN TESTS

# %% test="test_min_max_scale_constant" points=1
from bngrader.check import call, close

x = np.array([[0.1, 5.0], [0.1, 7.0], [0.1, 9.0]])
z, low, high = call(min_max_scale, x, z=(3, 2), low=(2,), high=(2,), quiet=True)
close(z, [[0, 0], [0, 0.5], [0, 1]], "a constant column gives z = 0", x=x)
close(low, [0.1, 5], "low is the value of a constant column", x=x)
close(high, [0.1, 9], "high is the value of a constant column", x=x)
### BEGIN HIDDEN TESTS
for rows in [1, 4]:
    x = np.tile([0.1, -1e9 / 3, 0.0], (rows, 1))
    z = call(min_max_scale, x, z=(rows, 3), low=(3,), high=(3,), quiet=True)[0]
    close(z, np.zeros((rows, 3)), "a constant column gives z = 0", x=x)
for x in (1e-100 * np.array([[1.0, 2.0], [3.0, -2.0]]), 1e7 + np.array([[1.0, 2.0], [3.0, -2.0]])):
    z = call(min_max_scale, x, z=(2, 2), low=(2,), high=(2,), quiet=True)[0]
    close(z, [[0, 1], [1, 0]], "a column that varies a little is not constant", x=x)
### END HIDDEN TESTS

# %% test="test_min_max_scale_dtype" points=1
from bngrader.check import call, close, leaves_arguments_alone

form = {"z": (3, 2), "low": (2,), "high": (2,)}
x = np.array([[1, 10], [2, 30], [6, 20]])
for given, expected in [("float32", "float32"), ("float64", "float64"), ("int64", "float64")]:
    z = call(min_max_scale, x.astype(given), dtype=expected, **form)[0]
    close(z, [[0, 0], [0.2, 1], [1, 0.5]], f"each column of z runs from 0 to 1, for {given}", x=x.astype(given))
leaves_arguments_alone(min_max_scale, x.astype(float))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

for argument in (x.astype(np.float32), np.zeros((1, 3)), np.zeros((2, 3), np.float32), x):
    leaves_arguments_alone(min_max_scale, argument)
call(min_max_scale, np.ones((1, 2), np.float32), z=(1, 2), low=(2,), high=(2,), dtype="float32")
view = hidden_rng("min_max_scale", "dtype").normal(size=(40, 6))[::2, ::3]
view.flags.writeable = False
want = view.min(axis=0)
low = call(min_max_scale, view, z=(20, 2), low=(2,), high=(2,))[1]
close(low, want, "a read-only view works too", x=view)
x = np.array([[100, 1], [-100, 0], [0, 1]], np.int8)
z = call(min_max_scale, x, **form)[0]
close(z, [[1, 1], [0, 0], [0.5, 1]], "small integers do not overflow", x=x)
### END HIDDEN TESTS

# %% [markdown] locked="about_apply_standardize"
# ## 3. `apply_standardize` (3 points)
#
# Standardize *new* data with the statistics of the *training* data: $z = (x - \mu) / \sigma$. The caller passes
# $\mu$ (`mean`) and $\sigma$ (`std`) with one entry per column. Compute nothing from the new data, so that a single
# row works as well as a thousand.
#
# In a column whose `std` is 0, return `x - mean` without a warning. For example, with mean 3 and standard
# deviation 2, the value 7 becomes 2. With mean 3 and standard deviation 0, it becomes 4.


# %% solution="apply_standardize"
def apply_standardize(x, mean, std):
    """Return z of shape (N, D): x standardized with the given mean and std of shape (D,)."""
    ### BEGIN SOLUTION
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    scale = np.where(std == 0, 1.0, std)
    return ((x.astype(np.float64) - mean) / scale).astype(dtype)
    ### END SOLUTION


# %% test="test_apply_standardize" points=2
from bngrader.check import call, close

x, mean, std = np.array([[7.0, 0.0], [3.0, 5.0]]), np.array([3.0, 1.0]), np.array([2.0, 0.5])
z = call(apply_standardize, x, mean, std, z=(2, 2))
close(z, [[2, -2], [0, 8]], "z is (x - mean) / std, with the given statistics", x=x, mean=mean, std=std)
z = call(apply_standardize, x[:1], mean, std, z=(1, 2))
close(z, [[2, -2]], "a single row is standardized with the given statistics too", x=x[:1], mean=mean, std=std)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("apply_standardize")
for shape in [(1, 1), (1, 4), (6, 3), (4, 4), (300, 2)]:
    x, mean, std = rng.normal(size=shape), rng.normal(size=shape[1]) * 3, rng.uniform(1e-3, 9, shape[1])
    want = (x - mean) / std
    z = call(apply_standardize, x, mean, std, z=shape)
    close(z, want, "z is (x - mean) / std, with the given statistics", x=x, mean=mean, std=std)
x, mean, std = rng.normal(size=(20, 2)), np.array([1.0, 2.0]), np.array([1e-100, 3.0])
want = (x - mean) / std
z = call(apply_standardize, x, mean, std, z=(20, 2))
close(z, want, "a small std is not treated as 0", x=x, mean=mean, std=std)
x, mean, std = 1e7 + rng.normal(size=(20, 1)), np.array([1e7 + 0.25]), np.array([0.5])
want = (x - mean) / std
z = call(apply_standardize, x, mean, std, z=(20, 1))
close(z, want, "values around 10,000,000 keep six digits", x=x, mean=mean, std=std)
### END HIDDEN TESTS

# %% test="test_apply_standardize_edges" points=1
from bngrader.check import call, close, leaves_arguments_alone

for dtype in (np.float64, np.float32):
    x, mean, std = (np.array(a, dtype) for a in ([[7.0, 7.0]], [3.0, 3.0], [2.0, 0.0]))
    z = call(apply_standardize, x, mean, std, z=(1, 2), dtype=dtype, quiet=True)
    close(z, [[2, 4]], "where std is 0, z is x - mean", x=x, mean=mean, std=std)
    leaves_arguments_alone(apply_standardize, x, mean, std)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

x, mean, std = (np.array(a) for a in ([[7, 8], [1, 3]], [3, 3], [2, 0]))
z = call(apply_standardize, x, mean, std, z=(2, 2), dtype="float64")
close(z, [[2, 5], [-1, 0]], "integers are treated as float64", x=x, mean=mean, std=std)
x, mean, std = (np.array(a) for a in ([[8, 8]], [3, 3], [2, 4]))
z = call(apply_standardize, x, mean, std, z=(1, 2), dtype="float64", quiet=True)
close(z, [[2.5, 1.25]], "integers are treated as float64", x=x, mean=mean, std=std)
x, mean, std = hidden_rng("apply_standardize", "edges").normal(size=(40, 6))[::2, ::3], np.ones(2), np.full(2, 2.0)
x.flags.writeable = mean.flags.writeable = std.flags.writeable = False
want = (x - 1) / 2
z = call(apply_standardize, x, mean, std, z=(20, 2), quiet=True)
close(z, want, "a read-only view works too", x=x, mean=mean, std=std)
for zeros, ones in [(np.zeros(2), np.ones(2)), (np.zeros(2, np.float32), np.ones(2, np.float32))]:
    x = np.ones((2, 2), zeros.dtype)
    leaves_arguments_alone(apply_standardize, x, zeros, zeros)
    leaves_arguments_alone(apply_standardize, x, zeros, ones)
### END HIDDEN TESTS

# %% [markdown] locked="about_inverse_standardize"
# ## 4. `inverse_standardize` (2 points)
#
# Undo `standardize` and return $x = z \sigma + \mu$, even where $\sigma$ (`std`) is 0. For example, with
# mean 3 and standard deviation 2, the value 2 becomes 7.


# %% solution="inverse_standardize"
def inverse_standardize(z, mean, std):
    """Return x of shape (N, D): z brought back to the scale of the given mean and std of shape (D,)."""
    ### BEGIN SOLUTION
    z = np.asarray(z)
    dtype = z.dtype if z.dtype.kind == "f" else np.dtype(np.float64)
    return (z.astype(np.float64) * std + mean).astype(dtype)
    ### END SOLUTION


# %% test="test_inverse_standardize" points=1
from bngrader.check import call, close

z, mean, std = np.array([[2.0, 1.0], [0.0, -4.0]]), np.array([3.0, 1.0]), np.array([2.0, 0.5])
x = call(inverse_standardize, z, mean, std, x=(2, 2))
close(x, [[7, 1.5], [3, -1]], "x is z * std + mean", z=z, mean=mean, std=std)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("inverse_standardize")
for shape in [(1, 1), (1, 4), (6, 3), (4, 4), (300, 2)]:
    z, mean, std = rng.normal(size=shape), rng.normal(size=shape[1]) * 3, rng.uniform(0.1, 9, shape[1])
    want = z * std + mean
    x = call(inverse_standardize, z, mean, std, x=shape)
    close(x, want, "x is z * std + mean", z=z, mean=mean, std=std)
### END HIDDEN TESTS

# %% test="test_inverse_standardize_edges" points=1
from bngrader.check import call, close, leaves_arguments_alone

for dtype in (np.float64, np.float32):
    z, mean, std = (np.array(a, dtype) for a in ([[0.0, 2.0], [0.0, 1.0]], [0.1, 3.0], [0.0, 2.0]))
    x = call(inverse_standardize, z, mean, std, x=(2, 2), dtype=dtype, quiet=True)
    close(x, [[0.1, 7], [0.1, 5]], "a constant column comes back as it was", z=z, mean=mean, std=std)
    leaves_arguments_alone(inverse_standardize, z, mean, std)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

z, mean, std = np.array([[2.0, -1.0], [4.0, 5.0]]), np.array([3.0, 1.0]), np.array([0.0, 2.0])
x = call(inverse_standardize, z, mean, std, x=(2, 2))
close(x, [[3, -1], [3, 11]], "x is z * std + mean, even where std is 0", z=z, mean=mean, std=std)
z, mean, std = (a.astype(int) for a in (z, mean, std))
x = call(inverse_standardize, z, mean, std, x=(2, 2), dtype="float64")
close(x, [[3, -1], [3, 11]], "integers are treated as float64", z=z, mean=mean, std=std)
z = hidden_rng("inverse_standardize", "edges").normal(size=(40, 6))[::2, ::3]
z.flags.writeable = False
want = 2 * z + 1
x = call(inverse_standardize, z, np.ones(2), np.full(2, 2.0), x=(20, 2))
close(x, want, "a read-only view works too", z=z)
for zeros, ones in [(np.zeros(2), np.ones(2)), (np.zeros(2, np.float32), np.ones(2, np.float32))]:
    leaves_arguments_alone(inverse_standardize, np.ones((2, 2), zeros.dtype), zeros, ones)
### END HIDDEN TESTS

# %% [markdown] locked="about_descent"
# ## What your code is good for
#
# The table below holds ten measurements for each of 442 diabetes patients: age, sex, body mass index, blood
# pressure, and six blood values. The linear model $\hat y = b + \sum_j w_j x_j$ predicts how far the disease of each
# patient will have progressed after a year. At first the model predicts the mean for everybody. Gradient descent
# then searches for the $b$ and $w_j$ with the smallest mean squared error. The cell below counts the steps until
# 99.9% of the removable error is gone, first for the columns as they were measured, then for the columns that
# your function standardized. To keep you from waiting for 123 million steps, it stops after 5,000. You have nothing to
# write here, so just run the cell.


# %% locked="patients"
patients = load_diabetes(scaled=False)


# %% locked="descent"
def descend(x, y, tolerance=1e-3, most=5_000):
    """Return the removable error that is left after each step, as a share of the error at the start."""
    a = np.column_stack([np.ones(len(x)), x])
    hessian, target = 2 * a.T @ a / len(a), 2 * a.T @ y / len(a)
    best, rate = np.linalg.lstsq(a, y, rcond=None)[0], 1 / np.linalg.norm(hessian, 2)
    w = np.concatenate([[y.mean()], np.zeros(x.shape[1])])
    gaps = [(w - best) @ hessian @ (w - best)]
    while gaps[-1] > tolerance * gaps[0] and len(gaps) <= most:
        w = w - rate * (hessian @ w - target)
        gaps.append((w - best) @ hessian @ (w - best))
    return np.array(gaps) / gaps[0]


figure, axes = plt.subplots(figsize=(7, 3))
for label, table in [("as measured", patients.data), ("standardized by you", standardize(patients.data)[0])]:
    gaps = descend(table, patients.target)
    end = f"{len(gaps) - 1:,} steps" if gaps[-1] <= 1e-3 else f"not done after {len(gaps) - 1:,} steps"
    axes.loglog(np.arange(1, len(gaps) + 1), gaps, label=f"{label}: {end}")
axes.set(xlabel="step + 1", ylabel="share of the error left")
axes.minorticks_off()
axes.xaxis.set_major_formatter("{x:g}")
axes.yaxis.set_major_formatter("{x:g}")
axes.legend()
plt.show()

# %% [markdown] locked="about_written_new_patient"
# ## 5. Written question (5 points)
#
# A clinic has trained a model on the standardized measurements of 331 patients. On Monday, *one* new patient
# arrives. The programmer calls `standardize` on a table with this one row, and passes the result to the model.
#
# Explain in five to ten sentences: Which numbers does the model get? What should the programmer have
# done instead, and which numbers must be stored for it? Suppose that fifty new patients arrive together, all of them
# older than most patients in the training data. Would the same mistake be visible then? And why does this problem
# never occur when you divide the pixels of a photograph by 255?

# %% [markdown] written="written_new_patient" points=5
# **Rubric.** 1 point: The answer says what every entry of the row becomes, and why. 1 point: It says what to call
# instead, and which numbers must be stored for it. 2 points: It says whether the mistake shows with fifty
# patients (1), and what the model never learns about them (1). 1 point: It says where 0 and 255 come from,
# and why that helps. Wrong statements next to right ones cost nothing, unless they contradict them.
#
# **An answer worth 5 points.** In a table with one row, each measurement is its own mean, so it differs from that
# mean by 0. The standardized table is therefore all zeros, and the model gets the same ten zeros for every patient.
# That is what an average patient of the training data would look like. The programmer should have called
# `apply_standardize` with the means and the standard deviations of the 331 training patients. These twenty
# numbers are part of the model and must be stored with its weights.
#
# A table of fifty patients looks right: its columns have mean 0 and standard deviation 1, and nothing raises an
# error. But the code subtracted the mean age of these fifty patients and divided by their own spread. They are older
# than the training patients, yet after this standardization they seem to be of the same age on average. So the model
# never learns of the very difference that it was trained to use, and it predicts as if the fifty patients were of
# average age.
#
# Pixels are stored as whole numbers from 0 to 255, no matter what the photograph shows. The two numbers behind
# `x / 255`, 0 and 255, come from the file format and not from a data set. So they are the same for training, for
# testing, and for one new photograph.
#
# **An answer worth 3 points** (the second point and half of the third are missing). With one row, the mean is the
# row itself, so everything becomes 0 and the model always sees the same patient. With fifty patients you would not
# notice the mistake, because the columns get mean 0 and standard deviation 1 as they should. Pixels always
# lie between 0 and 255 because each is stored in one byte. So nothing has to be computed from data, and
# old and new photographs are treated alike.
#
# **An answer worth 1 point** (it says what becomes of the one row, but nothing else in it is right). The row
# becomes all zeros, because every number minus its own mean is 0. To prevent this, the programmer should wait until
# more patients have arrived and standardize them together. Photographs have more numbers than patients, so their
# mean is more reliable.
