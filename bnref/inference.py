"""Batch normalization at inference: running statistics, population statistics, and folding into a linear layer.

NaN and infinity in the data pass through as in NumPy, with no warning.
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from bnref import core
from bnref.core.arguments import as_table, count, number, positive, share
from bnref.core.blocks import Array, unbuffered
from bnref.core.folding import as_weight, fold_after

__all__ = ["BatchNorm", "fold_linear", "population_statistics", "steps_to_forget"]


class BatchNorm:
    """Batch normalization of (N, D) activations with running statistics for evaluation.

    Ioffe and Szegedy (2015), algorithms 1 and 2, with moving averages as population statistics (section 3.1).

    Attributes
    ----------
    gamma, beta
        `(D,)` in float64: the learned scale (initially ones) and shift (initially zeros).
    running_mean, running_var
        `(D,)` in float64: moving averages of the batches' means (initially zeros) and unbiased variances (initially
        ones).
    training
        If True, normalize by the batch and update the moving averages. If False, normalize by the moving averages and
        change nothing.
    """

    def __init__(self, num_features: int, decay: float = 0.9, eps: float = 1e-5) -> None:
        """Create a layer for `num_features` features.

        `decay`, between 0 and 1, is the share of the old average that is kept (Keras calls it momentum; PyTorch's
        momentum is 1 - decay). `eps`, greater than 0, is added to the variance, inside the square root. Raises
        ValueError for other values.
        """
        features = count(num_features, "num_features")
        self.decay, self.eps = share(decay, "decay"), positive(eps, "eps")
        self.gamma, self.beta = np.ones(features), np.zeros(features)
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)
        self.training = True

    def __call__(self, x: ArrayLike) -> Array:
        """Normalize `x`, (N, D), and return y, with the same shape and dtype (float64 for integers).

        Raises ValueError if `x` is empty, does not have `num_features` columns or does not contain real numbers. In
        training mode, also raises ValueError if `x` has only one row, because a single row has no variance.
        """
        x = as_table(x, "x")
        if x.shape[1] != self.gamma.size:
            raise ValueError(f"x must have {self.gamma.size} columns, one per feature, but its shape is {x.shape}")
        return self._train(x) if self.training else self._evaluate(x)

    @unbuffered
    def _train(self, x: Array) -> Array:
        n, d = x.shape
        if n == 1:
            raise ValueError(
                "x must have at least 2 rows in training mode, because a single row has no variance; "
                "to evaluate the layer, set training = False"
            )
        y, cache = core.forward(x, (n, d, 1), self.gamma, self.beta, self.eps)
        # The batch is normalized by its biased variance, but the running variance is unbiased, as in PyTorch.
        mean, var = cache.moments.mean, cache.moments.std**2 * (n / (n - 1))
        self.running_mean = self.decay * self.running_mean + (1 - self.decay) * mean
        self.running_var = self.decay * self.running_var + (1 - self.decay) * var
        return y

    def _evaluate(self, x: Array) -> Array:
        view = (*x.shape, 1)
        return core.evaluate(x, view, self.gamma, self.beta, self.running_mean, self.running_var, self.eps)


@unbuffered
def population_statistics(batches: Iterable[ArrayLike]) -> tuple[Array, Array]:
    """Estimate the mean and variance for evaluation from batches of equal size, reading each batch once.

    Parameters
    ----------
    batches
        An iterable of `(m, D)` arrays of any real dtype, all with the same m of at least 2.

    Returns
    -------
    mean, var
        `(D,)` in the dtype of the batches (float64 for integers): the average of the batches' means, and m / (m - 1)
        times the average of their biased variances.

    Raises
    ------
    ValueError
        If there is no batch, or if a batch differs from the first in shape, has fewer than 2 rows or does not contain
        real numbers.

    References
    ----------
    Ioffe and Szegedy (2015), algorithm 2, lines 10 and 11.
    """
    first, number_of, mean, var = None, 0, np.zeros(()), np.zeros(())
    for batch in batches:
        x = as_table(batch, "a batch")
        first = x if first is None else first
        if len(x) < 2:
            raise ValueError(f"each batch must have at least 2 rows, but one has shape {x.shape}")
        if x.shape != first.shape:
            raise ValueError(f"all batches must have the shape of the first, {first.shape}, but one has {x.shape}")
        found = core.moments(core.seen_as(x, (*x.shape, 1)))
        number_of, mean, var = number_of + 1, mean + found.mean, var + found.std**2
    if first is None:
        raise ValueError("batches must contain at least one batch, but it is empty")
    unbiased = var / number_of * (len(first) / (len(first) - 1))
    return (mean / number_of).astype(first.dtype), unbiased.astype(first.dtype)


def fold_linear(
    weight: ArrayLike,
    bias: ArrayLike | None,
    gamma: ArrayLike,
    beta: ArrayLike,
    mean: ArrayLike,
    var: ArrayLike,
    eps: float = 1e-5,
) -> tuple[Array, Array]:
    """Fold an evaluated BN layer into the linear layer before it.

    Parameters
    ----------
    weight
        `(out, in)`, of any real dtype.
    bias
        `(out,)` or None.
    gamma, beta, mean, var
        `(out,)`: the BN layer's parameters and running statistics.
    eps
        Added to the variance, inside the square root.

    Returns
    -------
    weight, bias
        `(out, in)` and `(out,)`, in the dtype of `weight` (float64 for integers): the weight times
        gamma / sqrt(var + eps), and (bias - mean) times the same, plus beta.

    Raises
    ------
    ValueError
        If a shape does not fit, if an array does not contain real numbers, if a variance is negative, or if `eps` is
        not positive.

    References
    ----------
    Ioffe and Szegedy (2015), section 3.1, last paragraph; Jacob et al. (2018), section 3.2.
    """
    return fold_after(as_weight(weight, 2, "(out, in)"), bias, gamma, beta, mean, var, eps)


def steps_to_forget(decay: float, tolerance: float) -> int:
    """Return the fewest updates after which the initial value's share of a moving average is at most `tolerance`.

    After k updates that share is decay^k.

    Raises
    ------
    ValueError
        Unless 0 < decay < 1 and 0 < tolerance <= 1.
    """
    decay, tolerance = number(decay, "decay"), number(tolerance, "tolerance")
    if not 0 < decay < 1:
        raise ValueError(f"decay must be greater than 0 and less than 1, but it is {decay}")
    if not 0 < tolerance <= 1:
        raise ValueError(f"tolerance must be greater than 0 and at most 1, but it is {tolerance}")
    steps = math.ceil(math.log(tolerance) / math.log(decay))
    # The quotient of two rounded logarithms can be off by one.
    while decay**steps > tolerance:
        steps += 1
    while steps and decay ** (steps - 1) <= tolerance:
        steps -= 1
    return steps
