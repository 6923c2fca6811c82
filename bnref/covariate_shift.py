"""Measures of covariate shift between a training set and a test set, and two corrections.

NaN and infinity in the data pass through as in NumPy, with no warning.
"""

import numpy as np
from numpy.typing import ArrayLike

from bnref.core import forward, moments, seen_as
from bnref.core.arguments import as_column_values, as_table, as_vector, positive
from bnref.core.blocks import Array, unbuffered

__all__ = ["domain_auc", "importance_weights", "mean_shift", "realign"]


@unbuffered
def mean_shift(train: ArrayLike, test: ArrayLike) -> Array:
    """Measure how far each column's mean has moved from training to test, in training standard deviations.

    Parameters
    ----------
    train, test
        `(N, D)` and `(M, D)`, of any real dtype: samples by features.

    Returns
    -------
    shift
        `(D,)` in the dtype of `train` (float64 for integers): `|mean(test) - mean(train)| / std(train)`, with the
        biased standard deviation. Where std(train) is 0, the shift is 0 if both means are equal, and inf otherwise.

    Raises
    ------
    ValueError
        If one of the two is empty, is not two-dimensional or does not contain real numbers, or if they differ in their
        number of columns.

    References
    ----------
    Cohen (1988), chapter 2: the standardized difference of two means, here by the spread of the first sample.
    """
    train, test = as_table(train, "train"), as_table(test, "test")
    if train.shape[1] != test.shape[1]:
        raise ValueError(
            f"train and test must have the same number of columns, but have {train.shape[1]} and {test.shape[1]}"
        )
    before, after = (moments(seen_as(x, (*x.shape, 1))) for x in (train, test))
    moved = np.abs(after.mean - before.mean)
    shift = np.divide(moved, before.std, out=np.full_like(moved, np.inf), where=before.std != 0)
    shift[(moved == 0) & (before.std == 0)] = 0
    return shift.astype(train.dtype)


def domain_auc(train_scores: ArrayLike, test_scores: ArrayLike) -> float:
    """Estimate the probability that a random test score is above a random training score; ties count half.

    This is the area under the ROC curve of a classifier that tells the two sets apart, and 1/2 if it cannot. Takes
    O(n log n).

    Parameters
    ----------
    train_scores, test_scores
        `(N,)` and `(M,)`, of any real dtype: the classifier's score of each sample. If any score is NaN, the result is
        NaN.

    Raises
    ------
    ValueError
        If one of the two is empty, is not one-dimensional or does not contain real numbers.

    References
    ----------
    Mann and Whitney (1947); Lopez-Paz and Oquab (2017), section 3, for the two-sample test by a classifier.
    """
    train, test = (as_vector(s, None, n) for s, n in ((train_scores, "train_scores"), (test_scores, "test_scores")))
    if np.isnan(train).any() or np.isnan(test).any():
        return float("nan")
    # "left" counts the training scores below a test score and "right" adds those equal to it, so the half of their sum
    # counts ties half.
    ordered = np.sort(train)
    below = np.searchsorted(ordered, test, "left").sum() + np.searchsorted(ordered, test, "right").sum()
    return float(below / (2 * train.size * test.size))


def importance_weights(p_test: ArrayLike) -> Array:
    """Weight the training samples so that their weighted distribution matches the test set's.

    Parameters
    ----------
    p_test
        `(N,)`: P(test | x) of each training sample, estimated by a domain classifier that was trained on equally many
        samples of both sets. Clipped to [1e-6, 1 - 1e-6]. A NaN makes every weight NaN.

    Returns
    -------
    weights
        `(N,)` in the dtype of `p_test` (float64 for integers): the odds p / (1 - p), taken in float64 and scaled to
        mean 1.

    Raises
    ------
    ValueError
        If `p_test` is empty, is not one-dimensional or does not contain real numbers.

    References
    ----------
    Bickel, Brueckner and Scheffer (2009), section 3; Sugiyama et al. (2012), chapter 4.
    """
    p_test = as_vector(p_test, None, "p_test")
    p = np.clip(p_test.astype(np.float64), 1e-6, 1 - 1e-6)  # float32 rounds 1 - p too coarsely when p is close to 1
    odds = p / (1 - p)
    return (odds / odds.mean()).astype(p_test.dtype)


def realign(test: ArrayLike, train_mean: ArrayLike, train_std: ArrayLike, eps: float = 1e-5) -> Array:
    """Give a test batch the training data's mean and standard deviation, as recomputed BN statistics would.

    Parameters
    ----------
    test
        `(N, D)`, of any real dtype.
    train_mean, train_std
        `(D,)`.
    eps
        Added to the variance of the batch, inside the square root.

    Returns
    -------
    x
        `(N, D)` in the dtype of `test`: (test - mean) / sqrt(var + eps) with the batch's own biased statistics, times
        `train_std`, plus `train_mean`.

    Raises
    ------
    ValueError
        If `test` is empty or not two-dimensional, if the statistics do not have one entry for each column, if any of
        them does not contain real numbers, or if `eps` is not positive.

    References
    ----------
    Schneider et al. (2020), section 3; Nado et al. (2020), section 3.
    """
    test = as_table(test, "test")
    mean, std = as_column_values(train_mean, test, "train_mean"), as_column_values(train_std, test, "train_std")
    return forward(test, (*test.shape, 1), std, mean, positive(eps, "eps"))[0]
