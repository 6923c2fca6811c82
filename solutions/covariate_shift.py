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
# # Covariate shift
#
# A classifier that learned to read digits by day fails at night. You will write four functions in NumPy. Two of
# them *find* such a shift without a single test label, and two of them do something about it. At the end you will
# use them on handwritten digits, and raise the accuracy at night from 45% back to 96%, its level by day.
#
# **When you are done, you can** measure how far each input moved, train a domain classifier and interpret its
# result, weight training samples by how much they look like test samples, and explain when each of these methods
# cannot help.
#
# **Time:** about 75 minutes. **Read first:** the chapter *Covariate shift*.
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
# - A table is a NumPy array of shape `(N, D)`. It has $N$ samples in its rows, at least one, and $D$ features in
#   its columns. Treat each column by itself.
# - If a result is an array, it has the dtype of the first argument, so `float32` input gives a `float32` result.
#   Treat integers as `float64`. In the tests, all arrays of a call have the same dtype.
# - Leave the arguments as they are, and return new arrays. An argument may be a view of another array, and it
#   may be read-only.
# - Valid input causes no warning. A column whose values are all equal is valid.
# - Your numbers are right to six digits, or to two digits in `float32`. This includes columns whose mean is large
#   compared with their spread: values of 10,000,000 plus or minus 10 in `float64`, and of 10,000 plus or minus 10
#   in `float32`.

# %% locked="imports"
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

# %% [markdown] locked="about_mean_shift"
# ## 1. `mean_shift` (4 points)
#
# How far did the mean of each feature move from the training data to the test data? Measure the distance in units
# of the feature's spread in the *training* data. For column $j$ the shift is
#
# $$s_j = \frac{|\mu_j^\text{test} - \mu_j^\text{train}|}{\sigma_j^\text{train}},$$
#
# where $\mu_j^\text{train}$ and $\mu_j^\text{test}$ are the means of the column in the two tables, and
# $\sigma_j^\text{train}$ is its *biased* standard deviation in the training table, which divides the sum of squares
# by the number of rows $N$ and not by $N - 1$. The two tables have the same columns, but they can differ in their
# number of rows.
#
# Return all $s_j$ in an array of shape `(D,)`. For example, a column that is 1, 3 in the training table (mean 2,
# standard deviation 1) and 0, 1, 2 in the test table (mean 1) has moved by 1.
#
# Where $\sigma_j^\text{train}$ is 0, the shift is 0 if the two means are equal, and `np.inf` if they are not. If all
# values of a column are equal, its mean is exactly that value and its standard deviation is exactly 0.
# Watch out for rounding here: `np.full(3, 0.1).mean()` is not exactly 0.1.


# %% solution="mean_shift"
def mean_shift(train, test):
    """Return how far the mean of each column moved, in standard deviations of train: shape (D,)."""
    ### BEGIN SOLUTION
    dtype = train.dtype if train.dtype.kind == "f" else np.dtype(np.float64)
    train, test = train.astype(np.float64), test.astype(np.float64)
    constant = (train == train[0]).all(axis=0)
    before = np.where(constant, train[0], train.mean(axis=0))
    after = np.where((test == test[0]).all(axis=0), test[0], test.mean(axis=0))
    moved = np.abs(after - before)
    shift = moved / np.where(constant, 1.0, train.std(axis=0))
    return np.where(constant & (moved > 0), np.inf, shift).astype(dtype)
    ### END SOLUTION


# %% test="test_mean_shift" points=2
from bngrader.check import call, close

train = np.array([[1.0, 10.0], [3.0, 50.0]])
test = np.array([[0.0, 40.0], [1.0, 40.0], [2.0, 40.0]])
shift = call(mean_shift, train, test, shift=(2,))
close(shift, [1, 0.5], "the shift is |mean(test) - mean(train)| / std(train)", train=train, test=test)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("mean_shift")
for rows, new, columns in [(2, 1, 1), (2, 2, 3), (7, 4, 3), (4, 9, 4), (3, 5, 12), (500, 300, 4)]:
    scale = 10.0 ** rng.integers(-3, 4, columns)
    train = scale * (rng.normal(size=(rows, columns)) + 3)
    test = scale * (rng.normal(size=(new, columns)) * 2 + rng.normal(size=columns) + 3)
    want = np.abs(test.mean(axis=0) - train.mean(axis=0)) / train.std(axis=0)
    shift = call(mean_shift, train, test, shift=(columns,))
    close(shift, want, "the shift is |mean(test) - mean(train)| / std(train)", train=train, test=test)
### END HIDDEN TESTS

# %% test="test_mean_shift_constant" points=1
from bngrader.check import call, close

train = np.array([[5.0, 5.0, 5.0], [5.0, 5.0, 5.0]])
test = np.array([[5.0, 6.0, 4.0], [5.0, 6.0, 6.0]])
shift = call(mean_shift, train, test, shift=(3,), quiet=True)
want = [0, np.inf, 0]
close(shift, want, "a constant training column gives 0 if both means are equal, and inf if not", train=train, test=test)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("mean_shift", "constant")
claim = "a constant training column gives exactly 0 if both means are equal, and inf if not"
for rows, new, dtype in [(1, 1, float), (3, 1, float), (3, 10, float), (6, 7, np.float32), (49, 10, float)]:
    values = np.array([0.1, -1e9 / 3, 0.0, 1e-9, rng.uniform(1, 2)])
    train, test = np.tile(values, (rows, 1)).astype(dtype), np.tile(values, (new, 1)).astype(dtype)
    close(call(mean_shift, train, test, shift=(5,), quiet=True), np.zeros(5), claim, tol=0, train=train, test=test)
    test[:, 1:3] += 100
    want = [0, np.inf, np.inf, 0, 0]
    close(call(mean_shift, train, test, shift=(5,), quiet=True), want, claim, tol=0, train=train, test=test)
train, test = np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 6.0]]), np.array([[0.1, 3.0], [0.1, 3.0]])
shift = call(mean_shift, train, test, shift=(2,), quiet=True)
close(shift, [0, 0], "a constant test column is no special case", train=train, test=test)
train, test = 1e-9 * np.array([[1.0], [3.0]]), 1e-9 * np.array([[4.0], [6.0]])
shift = call(mean_shift, train, test, shift=(1,), quiet=True)
close(shift, [3], "a column of tiny numbers is not constant", train=train, test=test)
### END HIDDEN TESTS

# %% test="test_mean_shift_dtype" points=1
from bngrader.check import call, close, leaves_arguments_alone

train, test = np.array([[1, 10], [3, 50]]), np.array([[0, 40], [1, 40], [2, 40]])
for given, expected in [("float32", "float32"), ("float64", "float64"), ("int64", "float64")]:
    shift = call(mean_shift, train.astype(given), test.astype(given), shift=(2,), dtype=expected)
    close(shift, [1, 0.5], f"the shift is the same for {given}", train=train.astype(given), test=test.astype(given))
leaves_arguments_alone(mean_shift, train.astype(float), test.astype(float))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("mean_shift", "dtype")
leaves_arguments_alone(mean_shift, train.astype(np.float32), test.astype(np.float32))
leaves_arguments_alone(mean_shift, np.zeros((1, 2)), np.zeros((1, 2)))
small = [np.array(rows, np.uint8) for rows in ([[200, 0], [250, 4]], [[10, 4], [30, 8], [20, 0]])]
close(call(mean_shift, *small, shift=(2,), quiet=True), [8.2, 1], "small integers do not overflow", tol=1e-6)
views = [rng.normal(size=(40, 6))[::2, ::3], rng.normal(size=(6, 30)).T[::-2, 1::3]]
for view in views:
    view.flags.writeable = False
want = np.abs(views[1].mean(axis=0) - views[0].mean(axis=0)) / views[0].std(axis=0)
shift = call(mean_shift, *views, shift=(2,))
close(shift, want, "a read-only view works too", train=views[0], test=views[1])
train, test = rng.integers(-15, 16, (100, 2)).astype(float), rng.integers(10, 30, (80, 2)).astype(float)
want = np.abs(test.mean(axis=0) - train.mean(axis=0)) / train.std(axis=0)
shift = call(mean_shift, 1e7 + train, 1e7 + test, shift=(2,))
close(shift, want, "adding 10,000,000 to every entry changes nothing", train=1e7 + train, test=1e7 + test)
train, test = (1e4 + 10 * (rng.normal(size=(1000, 2)) + c) for c in (0, 2))
train, test = train.astype(np.float32), test.astype(np.float32)
want = np.abs(np.mean(test, axis=0, dtype=float) - np.mean(train, axis=0, dtype=float)) / train.astype(float).std(
    axis=0
)
shift = call(mean_shift, train, test, shift=(2,))
close(shift, want, "10,000 plus or minus 10 keeps two digits in float32", tol=1e-2, train=train, test=test)
### END HIDDEN TESTS

# %% [markdown] locked="about_domain_auc"
# ## 2. `domain_auc` (5 points)
#
# A shift can leave all means where they are. A *domain classifier* looks at all features at once and learns to tell
# training samples from test samples. It gives each sample a score, which is high if the sample looks like a test
# sample. One number, the AUC, says how well the classifier does: it is the probability that a random test score is
# *above* a random training score, where a tie counts half. The AUC is about 0.5 if the classifier finds no
# difference, and 1 if every test score is above every training score.
#
# With $n$ training scores $a_1, \dots, a_n$ and $m$ test scores $b_1, \dots, b_m$, the AUC is
#
# $$\text{AUC} = \frac{1}{n m} \sum_{i=1}^{n} \sum_{k=1}^{m} \left( [b_k > a_i] + \tfrac12 [b_k = a_i] \right),$$
#
# where the bracket $[\,\cdot\,]$ is 1 if the statement in it is true, and 0 if it is false. For example, the training
# scores 1, 2, 3 and the test scores 2, 4 make six pairs. The test score 2 is above 1 and ties with 2, and the test
# score 4 is above all three training scores. So the AUC is (1 + 0.5 + 3) / 6 = 0.75.
#
# Return a Python or a NumPy number. The scores come in two arrays of shapes `(n,)` and `(m,)`, in any
# order, with $n, m \ge 1$. Scores can be negative, and they can be whole numbers. Two scores tie only if they are
# exactly equal.
#
# Do not compare all $n m$ pairs, because a million scores on each side would make a trillion pairs. Instead, sort
# some scores and look up the others among them. This takes $O((n + m) \log (n + m))$ steps, which is a matter of
# seconds.


# %% solution="domain_auc"
def domain_auc(train_scores, test_scores):
    """Return the probability that a test score is above a training score, where a tie counts half."""
    ### BEGIN SOLUTION
    ordered = np.sort(train_scores)
    below = np.searchsorted(ordered, test_scores, side="left")
    not_above = np.searchsorted(ordered, test_scores, side="right")
    return float(np.mean(below + not_above) / (2 * len(ordered)))
    ### END SOLUTION


# %% test="test_domain_auc" points=2
from bngrader.check import call, close

claim = "the AUC is the share of pairs in which the test score is above the training score"
train, test = np.array([3.0, 1.0, 5.0]), np.array([4.0, 6.0])
close(call(domain_auc, train, test, auc=float), 5 / 6, claim, train_scores=train, test_scores=test)
close(call(domain_auc, test, train, auc=float), 1 / 6, claim, train_scores=test, test_scores=train)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("domain_auc")
for n, m in [(1, 1), (1, 5), (4, 1), (6, 3), (5, 20), (300, 200)]:
    scores = rng.permutation(n + m) - 3.5 + rng.uniform()
    train, test = scores[:n], scores[n:]
    want = np.mean(test[:, None] > train)
    close(call(domain_auc, train, test, auc=float), want, claim, train_scores=train, test_scores=test)
train, test = rng.uniform(size=6), rng.uniform(2, 3, size=4)
close(call(domain_auc, train, test, auc=float), 1, "the AUC is 1 if all test scores are above", a=train, b=test)
close(call(domain_auc, test, train, auc=float), 0, "the AUC is 0 if all test scores are below", a=test, b=train)
### END HIDDEN TESTS

# %% test="test_domain_auc_ties" points=1
from bngrader.check import call, close

claim = "a pair with equal scores counts half"
train, test = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0])
close(call(domain_auc, train, test, auc=float), 0.75, claim, train_scores=train, test_scores=test)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("domain_auc", "ties")
for n, m in [(1, 1), (3, 1), (5, 8), (40, 7), (200, 300)]:
    train, test = rng.integers(-2, 3, n).astype(float), rng.integers(-1, 4, m).astype(float)
    want = np.mean((test[:, None] > train) + 0.5 * (test[:, None] == train))
    close(call(domain_auc, train, test, auc=float), want, claim, train_scores=train, test_scores=test)
train = np.full(4, 0.25)
close(call(domain_auc, train, train[:3], auc=float), 0.5, claim, train_scores=train, test_scores=train[:3])
train, test = np.array([1.0, 2.0]), np.array([1.0 + 1e-12, 2.0 - 1e-12])
got = call(domain_auc, train, test, auc=float)
close(got, 0.5, "scores tie only if they are exactly equal", train_scores=train, test_scores=test)
test = np.array([1.0 + 1e-12, 2.0 + 1e-12])
got = call(domain_auc, train, test, auc=float)
close(got, 0.75, "scores tie only if they are exactly equal", train_scores=train, test_scores=test)
### END HIDDEN TESTS

# %% test="test_domain_auc_dtype" points=1
from bngrader.check import call, close, leaves_arguments_alone

train, test = np.array([3, 1, 5]), np.array([4, 6])
for given in ("float32", "float64", "int64"):
    got = call(domain_auc, train.astype(given), test.astype(given), auc=float)
    close(got, 5 / 6, f"the AUC is the same for {given}", train_scores=train.astype(given))
leaves_arguments_alone(domain_auc, train.astype(float), test.astype(float))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("domain_auc", "dtype")
leaves_arguments_alone(domain_auc, train, test)
leaves_arguments_alone(domain_auc, train.astype(np.float32), test.astype(np.float32))
train, test = np.array([200, 10, 250], np.uint8), np.array([20, 255], np.uint8)
got = call(domain_auc, train, test, auc=float)
close(got, 4 / 6, "small integers do not overflow", train_scores=train, test_scores=test)
train, test = rng.permutation(60).astype(float)[::3], rng.permutation(60).astype(float)[::-4]
train.flags.writeable = test.flags.writeable = False
want = np.mean((test[:, None] > train) + 0.5 * (test[:, None] == train))
got = call(domain_auc, train, test, auc=float)
close(got, want, "a read-only view works too", train_scores=train, test_scores=test)
### END HIDDEN TESTS

# %% test="test_domain_auc_many" points=1
from bngrader.check import call, close

n = 20_000
scores = np.arange(2.0 * n)
got = call(domain_auc, scores[::2], scores[1::2], auc=float)
close(got, 0.5 + 0.5 / n, "the AUC is right for 20,000 scores on each side", tol=1e-7)
### BEGIN HIDDEN TESTS
from bngrader.check import grows, hidden_rng


def right(train, test):
    """Return the AUC by the ranks of the test scores, none of which tie."""
    order = np.argsort(np.concatenate([train, test]))
    ranks = np.flatnonzero(order >= len(train))
    return (ranks.sum() - len(test) * (len(test) - 1) / 2) / (len(train) * len(test))


rng = hidden_rng("domain_auc", "many")
claim = "n scores take O(n log n) steps, so 100 times as many scores take far less than 10,000 times as long"
sizes = [40, 4000], [1000, 100_000]
for few, many in sizes:
    pairs = [(rng.normal(size=n), rng.normal(rng.uniform(-1, 1), size=n)) for n in (few, many)]
    grows(domain_auc, *pairs, 500, claim, reference=right)
# Blocks of training and of test scores in turn, so that the test itself need not sort two million numbers.
lengths, blocks = rng.integers(500, 1500, 2000), rng.random(2000) < np.repeat(rng.uniform(0.3, 0.7, 2), 1000)
scores, is_test = np.arange(lengths.sum()) + rng.random(), np.repeat(blocks, lengths)
train, test = scores[~is_test][::-1], scores[is_test]
want = (np.cumsum(lengths * ~blocks) * lengths)[blocks].sum() / (len(train) * len(test))
got = call(domain_auc, train, test, auc=float)
close(got, want, "the AUC is right for a million scores on each side", tol=1e-9)
### END HIDDEN TESTS

# %% [markdown] locked="about_importance_weights"
# ## 3. `importance_weights` (3 points)
#
# A training sample that looks like a test sample should count more than others. But how much more? Suppose that a
# domain classifier was trained on equally many training and test samples. For a training sample $x_i$ it gives
# the probability $p_i = P(\text{test} \mid x_i)$ that the sample comes from the test data. By Bayes' rule, the odds
# $p_i / (1 - p_i)$ are then the density of the test data at $x_i$, divided by the density of the training data at
# $x_i$. If you weight each training sample by this ratio, averages over the training data estimate averages over the
# test data. So the weights are these odds, scaled to have mean 1:
#
# $$w_i = \frac{r_i}{\frac{1}{N} \sum_{k=1}^{N} r_k}, \qquad r_i = \frac{p_i}{1 - p_i}.$$
#
# A classifier that is certain returns 0 or 1, and for $p_i = 1$ the odds are infinite. So clip each $p_i$ to the
# interval from $10^{-6}$ to $1 - 10^{-6}$ before you compute the odds. Do both in `float64`, even if `p_test` is
# `float32`. In `float32`, the number $1 - 10^{-6}$ is so coarse that the odds come out 1.3% too low.
#
# `p_test` has shape `(N,)`, with $N \ge 1$. Return the weights as an array of shape `(N,)`. For example, the
# probabilities 0.5, 0.8, 0.2 have the odds 1, 4, 0.25. The mean of these odds is 1.75, so the weights are 0.571,
# 2.286, 0.143.


# %% solution="importance_weights"
def importance_weights(p_test):
    """Return weights of training samples, with mean 1, from a domain classifier's P(test | x): shape (N,)."""
    ### BEGIN SOLUTION
    dtype = p_test.dtype if p_test.dtype.kind == "f" else np.dtype(np.float64)
    p = np.clip(p_test.astype(np.float64), 1e-6, 1 - 1e-6)
    odds = p / (1 - p)
    return (odds / odds.mean()).astype(dtype)
    ### END SOLUTION


# %% test="test_importance_weights" points=1
from bngrader.check import call, close

p = np.array([0.5, 0.8, 0.2])
w = call(importance_weights, p, w=(3,))
close(w, [4 / 7, 16 / 7, 1 / 7], "the weights are the odds p / (1 - p), scaled to mean 1", p_test=p)
close(w.mean(), 1, "the mean of the weights is 1", p_test=p)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("importance_weights")
for rows in [1, 2, 5, 300]:
    p = rng.uniform(0.01, 0.99, rows)
    want = p / (1 - p) / np.mean(p / (1 - p))
    close(call(importance_weights, p, w=(rows,)), want, "the weights are the odds, scaled to mean 1", p_test=p)
### END HIDDEN TESTS

# %% test="test_importance_weights_clip" points=1
from bngrader.check import call, close

claim = "p is clipped to [1e-6, 1 - 1e-6] before the odds are computed"
odds = 1e-6 / (1 - 1e-6)
p = np.array([0.0, 0.0, 1e-5])
w = call(importance_weights, p, w=(3,), quiet=True)
want = np.array([odds, odds, 1e-5 / (1 - 1e-5)])
close(w, want / want.mean(), claim, p_test=p)
p = np.array([1.0, 1.0, 0.99999])
w = call(importance_weights, p, w=(3,), quiet=True)
want = np.array([1 / odds, 1 / odds, 99999])
close(w, want / want.mean(), claim, p_test=p)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("importance_weights", "clip")
for edge in (0.0, 1e-9, 9e-7, 2e-6, 1 - 2e-6, 1 - 9e-7, 1 - 1e-12, 1.0):
    other = edge + rng.uniform(1, 2) * 1e-5 * (1 if edge < 0.5 else -1)
    p = np.array([edge, other, other, edge])
    clipped = np.minimum(np.maximum(p, 1e-6), 1 - 1e-6)
    want = clipped / (1 - clipped)
    close(call(importance_weights, p, w=(4,), quiet=True), want / want.mean(), claim, p_test=p)
for p in (np.zeros(3), np.ones(1)):
    w = call(importance_weights, p, w=p.shape, quiet=True)
    close(w, np.ones(p.shape), "equal probabilities get the weight 1", p_test=p)
### END HIDDEN TESTS

# %% test="test_importance_weights_dtype" points=1
from bngrader.check import call, close, leaves_arguments_alone

p = np.array([0.5, 0.8, 0.2])
for given in ("float32", "float64"):
    w = call(importance_weights, p.astype(given), w=(3,), dtype=given)
    close(w, [4 / 7, 16 / 7, 1 / 7], f"the weights are the same for {given}", tol=1e-5, p_test=p.astype(given))
leaves_arguments_alone(importance_weights, np.array([0.0, 0.5, 1.0]))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("importance_weights", "dtype")
leaves_arguments_alone(importance_weights, np.array([0.0, 0.5, 1.0], np.float32))
leaves_arguments_alone(importance_weights, np.full(3, 0.5))
p = np.array([1, 0, 1])
w = call(importance_weights, p, w=(3,), dtype="float64", quiet=True)
close(w, [1.5, 0, 1.5], "whole numbers are treated as float64", tol=1e-5, p_test=p)
p = np.array([0, 1], np.float32)
w = call(importance_weights, p, w=(2,), dtype="float32", quiet=True)
close(w, [0, 2], "0 and 1 in float32 are clipped too", tol=1e-2, p_test=p)
p = np.array([1] + 99 * [0.9999988], np.float32)
w = call(importance_weights, p, w=(100,), dtype="float32", quiet=True)
odds = np.minimum(p.astype(float), 1 - 1e-6)
odds /= 1 - odds
claim = "p is clipped and the odds are computed in float64 even for p in float32 (100 times each weight)"
close(100 * w, 100 * odds / odds.mean(), claim, tol=1e-2, p_test=p)
p = rng.uniform(0.1, 0.9, 40)[::-3]
p.flags.writeable = False
want = p / (1 - p)
w = call(importance_weights, p, w=(14,))
close(w, want / want.mean(), "a read-only view works too", p_test=p)
### END HIDDEN TESTS

# %% [markdown] locked="about_realign"
# ## 4. `realign` (3 points)
#
# Instead of weighting the training data, you can move the test data to where the model expects them. Standardize the
# test batch with *its own* mean and variance, and then give it the mean and the standard deviation of the training
# data:
#
# $$x_{ij} = \frac{t_{ij} - \mu_j}{\sqrt{\sigma_j^2 + \varepsilon}} \cdot \sigma_j^\text{train} + \mu_j^\text{train}.$$
#
# Here $t_{ij}$ is an entry of the test batch. In the batch, its column has the mean $\mu_j$ and the *biased* variance
# $\sigma_j^2$, which divides by $N$. The argument `eps` is $\varepsilon$, and it is added to the variance, under the
# square root. The arguments `train_mean` and `train_std` have shape `(D,)`. A network with batch normalization does
# the same to a shifted input when you recompute its statistics on test data.
#
# Return an array of shape `(N, D)`. For example, the column 0, 2 has mean 1 and variance 1. With training mean
# 5 and training standard deviation 2, it becomes 3.00001 and 6.99999, and not exactly 3 and 7, because of the `eps`
# of 0.00001. A column that is constant in the batch becomes the training mean, and so does a batch of a single row.


# %% solution="realign"
def realign(test, train_mean, train_std, eps=1e-5):
    """Return test, of shape (N, D), with the mean and std of the training data in place of its own."""
    ### BEGIN SOLUTION
    dtype = test.dtype if test.dtype.kind == "f" else np.dtype(np.float64)
    values = test.astype(np.float64)
    z = (values - values.mean(axis=0)) / np.sqrt(values.var(axis=0) + eps)
    return (z * train_std + train_mean).astype(dtype)
    ### END SOLUTION


# %% test="test_realign" points=1
from bngrader.check import call, close

claim = "x is the standardized test batch, times train_std, plus train_mean"
test, mean, std = np.array([[0.0, 10.0], [2.0, 50.0]]), np.array([5.0, -1.0]), np.array([2.0, 0.5])
x = call(realign, test, mean, std, x=(2, 2))
close(x, [[3.00001, -1.5], [6.99999, -0.5]], claim, test=test, train_mean=mean, train_std=std)
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("realign")
for shape in [(2, 1), (2, 3), (7, 3), (4, 4), (3, 12), (300, 2)]:
    test, mean, std = rng.normal(4, 3, shape), 5 * rng.normal(size=shape[1]), rng.uniform(0.1, 9, shape[1])
    want = (test - test.mean(axis=0)) / np.sqrt(test.var(axis=0) + 1e-5) * std + mean
    close(call(realign, test, mean, std, x=shape), want, claim, test=test, train_mean=mean, train_std=std)
### END HIDDEN TESTS

# %% test="test_realign_eps" points=1
from bngrader.check import call, close

test, mean, std = np.array([[0.0], [0.2]]), np.array([5.0]), np.array([2.0])
x = call(realign, test, mean, std, kwargs={"eps": 0.03}, x=(2, 1))
close(x, [[4], [6]], "eps is added to the variance, under the square root", test=test, eps=0.03)
x = call(realign, np.full((3, 1), 7.0), mean, std, x=(3, 1), quiet=True)
close(x, np.full((3, 1), 5), "a constant column becomes the training mean", test=np.full((3, 1), 7.0))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("realign", "eps")
for scale, eps in [(1e-2, 1e-3), (1e-4, 1e-3), (1e-3, 1e-5), (1.0, 1e-3), (1.0, 0.5)]:
    test, mean, std = scale * rng.normal(size=(6, 3)), rng.normal(size=3), rng.uniform(1, 9, 3)
    want = (test - test.mean(axis=0)) / np.sqrt(test.var(axis=0) + eps) * std
    x = call(realign, test, mean, std, kwargs={"eps": eps}, x=(6, 3))
    claim = "eps is added to the variance, under the square root"
    close((x - mean) / scale, want / scale, claim, tol=1e-5, test=test, train_mean=mean, train_std=std, eps=eps)
test, mean, std = np.array([[3.0, -8.0]]), np.array([0.5, 2.0]), np.array([2.0, 0.0])
x = call(realign, test, mean, std, x=(1, 2), quiet=True)
close(x, [[0.5, 2]], "a single row becomes the training mean", test=test, train_mean=mean, train_std=std)
test = np.tile([0.1, 3.0], (6, 1)) * [[1, 1], [1, 2], [1, 3], [1, 4], [1, 5], [1, 6]]
x = call(realign, test, mean, std, x=(6, 2), quiet=True)
want = np.tile([0.5, 2.0], (6, 1))
close(x, want, "a constant column, or one with train_std 0, becomes the training mean", test=test, train_std=std)
### END HIDDEN TESTS

# %% test="test_realign_dtype" points=1
from bngrader.check import call, close, leaves_arguments_alone

arrays = np.array([[0, 10], [2, 50]]), np.array([5, -1]), np.array([2, 4])
for given, expected in [("float32", "float32"), ("float64", "float64"), ("int64", "float64")]:
    test, mean, std = (a.astype(given) for a in arrays)
    x = call(realign, test, mean, std, x=(2, 2), dtype=expected)
    close(x, [[3.00001, -5], [6.99999, 3]], f"x is the same for {given}", tol=1e-5, test=test)
leaves_arguments_alone(realign, *(a.astype(float) for a in arrays))
### BEGIN HIDDEN TESTS
from bngrader.check import hidden_rng

rng = hidden_rng("realign", "dtype")
leaves_arguments_alone(realign, *(a.astype(np.float32) for a in arrays))
leaves_arguments_alone(realign, np.ones((2, 2)), np.zeros(2), np.ones(2))
small = np.array([[200], [250], [0]], np.uint8), np.array([3], np.uint8), np.array([200], np.uint8)
want = (np.array([[200.0], [250], [0]]) - 150) / np.sqrt(np.var([200.0, 250, 0]) + 1e-5) * 200 + 3
close(call(realign, *small, x=(3, 1), dtype="float64"), want, "small integers do not overflow", test=small[0])
frozen = [rng.normal(size=(40, 6))[::-2, ::3], rng.normal(size=6)[::3], rng.uniform(1, 2, 4)[::-2]]
for array in frozen:
    array.flags.writeable = False
test, mean, std = frozen
want = (test - test.mean(axis=0)) / np.sqrt(test.var(axis=0) + 1e-5) * std + mean
close(call(realign, test, mean, std, x=(20, 2)), want, "a read-only view works too", test=test)
test, mean, std = rng.integers(-15, 16, (100, 2)).astype(float), np.array([1.0, 2.0]), np.array([2.0, 3.0])
want = (test - test.mean(axis=0)) / np.sqrt(test.var(axis=0) + 1e-5) * std + mean
far = call(realign, 1e7 + test, mean, std, x=(100, 2))
close(far, want, "adding 10,000,000 to every test entry changes nothing", test=1e7 + test)
test = (1e4 + 10 * rng.normal(size=(1000, 2))).astype(np.float32)
want = (test - np.mean(test, axis=0, dtype=float)) / np.std(test, axis=0, dtype=float) * std + mean
x = call(realign, test, mean.astype(np.float32), std.astype(np.float32), x=(1000, 2), dtype="float32")
close(x, want, "10,000 plus or minus 10 keeps two digits in float32", tol=1e-2, test=test)
### END HIDDEN TESTS

# %% [markdown] locked="about_night"
# ## What your code is good for: find the night
#
# Each of the 1,797 digits below has 8 by 8 pixels, with values from 0 (background) to 1 (ink). We train a classifier
# on 900 digits. Then it reads 450 others by day and the remaining 447 at *night*, when each pixel has only 30% of its
# brightness, plus some noise. You have nothing to write here, so just run the cells.


# %% locked="night"
rng = np.random.default_rng(0)
digits = load_digits()
order = rng.permutation(len(digits.data))
pixels, labels = digits.data[order] / 16, digits.target[order]
train, day, clean = pixels[:900], pixels[900:1350], pixels[1350:]
train_labels, day_labels, night_labels = labels[:900], labels[900:1350], labels[1350:]
night = 0.3 * clean + 0.02 * rng.normal(size=clean.shape)
classifier = LogisticRegression(max_iter=500).fit(train, train_labels)


def domain_scores(train, test):
    """Fit a domain classifier to half of each set, and return the (training, test) scores of the other halves."""
    half = min(len(train), len(test)) // 2
    seen, domain = np.vstack([train[:half], test[:half]]), np.repeat([0, 1], half)
    fitted = LogisticRegression(max_iter=500).fit(seen, domain)
    return fitted.decision_function(train[half:]), fitted.decision_function(test[half:])


for name, images, truth in [("day", day, day_labels), ("night", night, night_labels)]:
    auc = domain_auc(*domain_scores(train, images))
    print(f"{name:>5}: accuracy {classifier.score(images, truth):.2f}, AUC of the domain classifier {auc:.2f}")

figure, axes = plt.subplots(1, 4, figsize=(9, 2.6))
for ax, title, image in [(axes[0], "by day", day[0]), (axes[1], "at night", night[0])]:
    ax.imshow(image.reshape(8, 8), cmap="gray", vmin=0, vmax=1)
    ax.set(title=title, xticks=[], yticks=[])
for ax, title, images in [(axes[2], "shift by day", day), (axes[3], "shift at night", night)]:
    shown = ax.imshow(np.minimum(mean_shift(train, images), 3).reshape(8, 8), vmin=0, vmax=3)
    ax.set(title=title, xticks=[], yticks=[])
figure.colorbar(shown, ax=axes, label="standard deviations\n(3 and more)")
plt.show()

# %% [markdown] locked="about_repair"
# You needed no labels from the night to see that something is wrong: the AUC shows it, and `mean_shift` shows where.
# (A bright square at the edge is a pixel that is blank in all 900 training images, so any noise in it at night is
# an infinite shift.) Note that we judged the domain classifier on samples that it had not seen. On the samples that it
# was trained on, it would find a difference even where there is none.
#
# Now for the repair. The classifier stays as it is, but it reads the night images after `realign`. We try this with
# all night images in one batch, with a batch of zeros and ones only, and with one image at a time.


# %% locked="repair"
mean, std = train.mean(axis=0), train.std(axis=0)
zeros_and_ones = np.isin(night_labels, [0, 1])
alone = np.vstack([realign(image[None], mean, std) for image in night])
cases = [
    ("the whole night", night, realign(night, mean, std), night_labels),
    (
        "zeros and ones only",
        night[zeros_and_ones],
        realign(night[zeros_and_ones], mean, std),
        night_labels[zeros_and_ones],
    ),
    ("one image at a time", night, alone, night_labels),
]
print(f"{'accuracy':<22}{'unchanged':>12}{'realigned':>12}")
for name, before, after, truth in cases:
    print(f"{name:<22}{classifier.score(before, truth):>12.2f}{classifier.score(after, truth):>12.2f}")
auc = domain_auc(*domain_scores(train, realign(night, mean, std)))
print(f"AUC of a linear domain classifier on the realigned night images: {auc:.2f}")

figure, axes = plt.subplots(2, 8, figsize=(9, 2.6))
for row, images in zip(axes, (night, realign(night, mean, std)), strict=True):
    for ax, image in zip(row, images, strict=False):
        ax.imshow(image.reshape(8, 8), cmap="gray", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("night")
axes[1, 0].set_ylabel("realigned")
plt.show()

# %% [markdown] locked="about_weights"
# The accuracy is back, and we used no label to get there. But `realign` makes an assumption: that the batch differs
# from the training data *only* in its light. A batch of zeros and ones also differs in its digits. `realign` removes
# this difference too, so the accuracy suffers. A batch of one image becomes the mean
# training image, no matter what the image showed. And do not read too much into the AUC. A *linear* domain classifier
# sees little more than means, and `realign` made the means equal. The AUC can even fall below 0.5: since the mean of
# the whole batch is fixed, a feature whose mean is too high in one half of the batch is too low in the other half.
#
# Could we have weighted the training images instead? To see how well the weights work, we compare the mean brightness
# of a test set with the weighted mean brightness of the training images. The cell below also computes the effective
# number of training images, $N_\text{eff} = (\sum_i w_i)^2 / \sum_i w_i^2$. It is $N$ if all $N$ weights are equal,
# and 1 if one image has all the weight. We train the domain classifier on one half of the training images
# and weight the other half. The three test sets are other images by day, the half of these with the most
# ink, and the night images.


# %% locked="weights"
def weigh(train, test):
    """Return a domain classifier's P(test | x) for 450 training images that it has not seen."""
    size = min(450, len(test))
    seen, domain = np.vstack([train[450:][:size], test[:size]]), np.repeat([0, 1], size)
    return LogisticRegression(max_iter=500).fit(seen, domain).predict_proba(train[:450])[:, 1]


print(f"{'test set':<16}{'brightness':>11}{'training':>10}{'weighted':>10}{'N_eff':>7}{'highest p':>11}")
inky = day[np.argsort(day.sum(axis=1))[-225:]]
for name, images in [("day", day), ("day, most ink", inky), ("night", night)]:
    p = weigh(train, images)
    weights = importance_weights(p)
    weighted, effective = (weights[:, None] * train[:450]).mean(), weights.sum() ** 2 / (weights**2).sum()
    numbers = f"{train[:450].mean():>10.3f}{weighted:>10.3f}{effective:>7.0f}{p.max():>11.2f}"
    print(f"{name:<16}{images.mean():>11.3f}{numbers}")

# %% [markdown] locked="about_written_night"
# Where training and test data overlap, weights move the mean of the training images to the mean of the test images.
# Training images with much ink then stand for the whole test set, but fewer images count. For the night, the weights
# fail. No training image is dark, so the domain classifier takes none of them for a night image (see its highest p),
# and the weighted mean stays far from the mean at night. Scaling the weights to mean 1 hides this failure, so look at
# the values of p before you trust the weights.
#
# ## 5. Written question (5 points)
#
# The camera of a car uses a network that was trained on pictures taken by day. In new pictures, the network reads 95%
# of the traffic signs by day and 60% at night. A colleague says: "It overfits. Let's add dropout."
#
# Answer in eight to twelve sentences.
#
# 1. Which two numbers in the text above speak against overfitting, and why?
# 2. The colleague trains a domain classifier on 500 day pictures and 500 night pictures, and finds an AUC of 0.99 on
#    these same 1,000 pictures. Why does this not prove a shift, and what should the colleague do instead?
# 3. The team recomputes the statistics of the network's batch normalization layers on night pictures, as
#    `realign` does. When does this help, and in which two situations does it do harm?
# 4. When would importance weights help, and why do they not help here?

# %% [markdown] written="written_night" points=5
# **Rubric.** 1 point: The answer compares the 95% on *new* day pictures with the 60%, and says that overfitting
# would show on new day pictures too. 1 point: It says that the AUC was measured on pictures that the domain
# classifier was trained on, and asks for other pictures. 2 points: It says that recomputed statistics help if
# the shift changes mean and scale and the batch is large (1), and it names two situations in which they do harm,
# such as a small batch and a different mixture of content (1). 1 point: It says that weights need training samples
# that look like the night, and that there are none. Wrong statements next to right ones cost nothing, unless
# they contradict them.
#
# **An answer worth 5 points.** Overfitting means that the network does well on the samples it was trained on, but
# badly on new samples from the same distribution. The network reads 95% of the signs in new day pictures, so it does
# generalize. The 60% come from a different distribution. Dropout does not help there, because the network has never
# seen a night. A domain classifier can learn 1,000 pictures by heart, and then tell the two groups apart even if both
# came from the same source. So the colleague should measure the AUC on pictures that were not used for training. An
# AUC near 0.5 on those would mean that the classifier found no difference.
#
# Recomputed statistics remove a shift in the mean and the scale of each feature. Low light causes mostly such a
# shift, so they help as long as the batch is large and has the same mixture of content as the training data. They do
# harm when the batch is small, because a single picture becomes the mean and loses everything that it showed. They
# also do harm when the content differs, as in a street with stop signs only. Then they remove this difference too,
# although the network needs it. Weights help when some training samples look like the test samples, but too few of
# them. Here no training picture is dark, and no weight can replace pictures that do not exist.
#
# **An answer worth 3 points** (the situations that do harm and the weights are missing). The network is right on 95%
# of new day pictures and on 60% of the night pictures. If it overfitted, the first number would be low too. The AUC of
# 0.99 can come from learning the 1,000 pictures by heart, so I would split them and measure it on the other
# half. Recomputing the statistics helps, because the night changes the mean and the variance of the features, and
# batch normalization removes both changes if the batch is large enough to estimate them. Importance weights are a
# similar trick, but more complicated.
#
# **An answer worth 1 point** (the first point is there, but nothing else in it is right). The network generalizes well
# by day, as the 95% on new pictures show, so it does not overfit. An AUC of 0.99 is very high, which proves that day
# and night differ. Recomputed statistics always help, because they make the night look like the day. Importance
# weights would help as well, if they were made large enough.
