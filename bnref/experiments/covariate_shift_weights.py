"""Experiments on covariate shift: regression with training points weighted by importance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from bnref.covariate_shift import domain_auc, importance_weights
from bnref.experiments.memory import remembered

Array = NDArray[np.floating]
CENTRE, SPREAD, TEST_SPREAD, NOISE = 0.5, 0.5, 0.3, 0.3
COUNT = 200  # points in each of the two sets


def curve(x: Array) -> Array:
    """Compute the true mean of y at x, which is the same in the training and test sets."""
    return x**3 - x


@dataclass(frozen=True)
class Sample:
    """Training points x, y (N,), test points (N,), and the importance weights (N,) of the training points.

    `auc` is that of the domain classifier. `effective` is the number of equally weighted points with the same noise,
    (sum w)^2 / sum w^2.
    """

    x: Array
    y: Array
    x_test: Array
    y_test: Array
    weights: Array
    auc: float
    effective: float


def sample(test_centre: float, seed: int) -> Sample:
    """Draw a training set and a test set around `test_centre`, and weight the training points.

    The domain classifier is a logistic regression on x and x^2, because the log odds of two normal distributions are
    quadratic in x.
    """
    rng = np.random.default_rng(seed)
    x, x_test = rng.normal(CENTRE, SPREAD, COUNT), rng.normal(test_centre, TEST_SPREAD, COUNT)
    y, y_test = (curve(v) + NOISE * rng.normal(size=COUNT) for v in (x, x_test))
    seen, domain = np.concatenate([x, x_test]), np.repeat([0, 1], COUNT)
    # A large C turns regularization almost off, which would bias the probabilities and so the weights.
    fitted = LogisticRegression(C=1e4, max_iter=1000).fit(np.column_stack([seen, seen**2]), domain)
    p, p_test = (fitted.predict_proba(np.column_stack([v, v**2]))[:, 1] for v in (x, x_test))
    weights = importance_weights(p)
    effective = weights.sum() ** 2 / (weights**2).sum()
    return Sample(x, y, x_test, y_test, weights, domain_auc(p, p_test), float(effective))


def fitted_polynomial(drawn: Sample, degree: int, weighted: bool) -> Array:
    """Fit a polynomial by (weighted) least squares, and return its coefficients, highest power first."""
    weights = drawn.weights if weighted else np.ones(COUNT)
    return np.polyfit(drawn.x, drawn.y, degree, w=np.sqrt(weights))  # polyfit squares its weights


@dataclass(frozen=True)
class ByDistance:
    """Test error (S, K) of S draws for K centers of the test set, with equal weights and with importance weights.

    The error is the root mean square distance between the fitted polynomial and the true curve at the test inputs.
    `auc` and `effective` (S, K) are as in `Sample`.
    """

    centres: tuple[float, ...]
    equal: Array
    weighted: Array
    auc: Array
    effective: Array


@remembered
def by_distance(
    degree: int = 1, centres: tuple[float, ...] = (0.5, 0.25, 0.0, -0.25, -0.5, -0.75, -1.0, -1.5), seeds: int = 20
) -> ByDistance:
    """Fit a polynomial while the test set moves away: degree 1 is too simple for the true curve, degree 3 is right."""
    results = np.empty((4, seeds, len(centres)))
    for seed in range(seeds):
        for k, centre in enumerate(centres):
            drawn = sample(centre, seed)
            fits = [fitted_polynomial(drawn, degree, weighted) for weighted in (False, True)]
            away = [np.polyval(fit, drawn.x_test) - curve(drawn.x_test) for fit in fits]
            errors = [np.sqrt(np.mean(d**2)) for d in away]
            results[:, seed, k] = [*errors, drawn.auc, drawn.effective]
    return ByDistance(centres, *results)
