"""Experiments of the section on covariate shift: day and night digits, overfitting or shift, detection of shifts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from bnref.cnn import make_network
from bnref.covariate_shift import domain_auc, mean_shift
from bnref.experiments.memory import remembered
from bnref.experiments.training import accuracy, digits, one_thread, train

Array = NDArray[np.floating]
SEEDS = 5

# Shifts of pixels x, from 0 (blank) to 1 (full ink), with noise z of standard deviation 1. The result is not clipped,
# so that the affine shifts lose no information.
SHIFTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "none": lambda x, z: x,
    "barely": lambda x, z: x + 0.02,
    "night": lambda x, z: 0.3 * x + 0.02 * z,
    "shade": lambda x, z: x + 0.5,
    "fog": lambda x, z: 0.3 * x + 0.5,
    "noise": lambda x, z: x + 0.3 * z,
    "inverted": lambda x, z: 1 - x,
}


def noise_like(x: Tensor, seed: int = 0) -> Tensor:
    """Draw normal noise in the shape of `x`, which depends only on the seed."""
    return torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))


def shifted(x: Tensor, shift: str, seed: int = 0) -> Tensor:
    """Apply the named shift to the images `x`."""
    return SHIFTS[shift](x, noise_like(x, seed))


def fit(x: Tensor, y: Tensor, seed: int) -> nn.Sequential:
    """Train `bnref.cnn.make_network` on images (N, 1, 8, 8) with labels (N,) for 168 steps."""
    with one_thread(seed):
        data = replace(digits(images=True), x=x, y=y)
        # `train` leaves out short batches, so a small training set needs batches of its size.
        network = train(make_network(), data, steps=168, lr=0.1, batch_size=min(32, len(x)), momentum=0.9)
    return cast(nn.Sequential, network)


@cache
def network(seed: int) -> nn.Sequential:
    """Train the network on all 1347 training digits by day."""
    data = digits(images=True)
    return fit(data.x, data.y, seed)


@dataclass(frozen=True)
class BySize:
    """Accuracy (S, K) of S seeds for K training set sizes: on the training set, on new digits by day and at night."""

    sizes: tuple[int, ...]
    train: Array
    day: Array
    night: Array


def _three_scores(model: nn.Module, x: Tensor, y: Tensor) -> list[float]:
    data = digits(images=True)
    (day, other), (y_day, y_night) = data.x_test.split(225), data.y_test.split(225)
    night = shifted(other, "night")
    return [accuracy(model, *images) for images in ((x, y), (day, y_day), (night, y_night))]


@remembered
def by_training_size(sizes: tuple[int, ...] = (30, 300, 1347), seeds: int = SEEDS) -> BySize:
    """Train on increasing numbers of day digits, and test by day and at night."""
    data = digits(images=True)
    scores = np.empty((3, seeds, len(sizes)))
    for seed in range(seeds):
        order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(seed))
        for k, size in enumerate(sizes):
            x, y = data.x[order[:size]], data.y[order[:size]]
            model = network(seed) if size == len(data.x) else fit(x, y, seed)
            scores[:, seed, k] = _three_scores(model, x, y)
    return BySize(sizes, *scores)


@remembered
def trained_on_both(seeds: int = SEEDS) -> BySize:
    """Measure the same scores with every second training digit at night."""
    data = digits(images=True)
    x = data.x.clone()
    x[::2] = shifted(x, "night", seed=1)[::2]  # with other noise than the test set, whose seed is 0
    scores = [_three_scores(fit(x, data.y, seed), x, data.y) for seed in range(seeds)]
    return BySize((len(x),), *np.array(scores).T[:, :, None])


@dataclass(frozen=True)
class Detection:
    """Measures of a shift that need no labels, averaged over splits, and the accuracy, which does need labels.

    `auc` is that of a linear domain classifier on held-out samples; for `auc_squares` the classifier also had the
    squares of the pixels. `moved` is the median of `mean_shift` over the pixels that vary in the training set.
    """

    shift: str
    auc: float
    auc_squares: float
    moved: float
    accuracy: float


def domain_test(train: Tensor, test: Tensor, seed: int = 0, squares: bool = False) -> float:
    """Return the AUC of a logistic regression that tells `test` from `train`, trained on half of `test`.

    It gets as many samples from `train`, and is tested on all other samples. With `squares`, it also gets squared
    pixels.
    """
    rng = np.random.default_rng(seed)
    a, b = (rng.permutation(x.flatten(1).numpy()) for x in (train, test))
    if squares:
        a, b = (np.hstack([x, x**2]) for x in (a, b))
    half = len(b) // 2
    seen, domain = np.vstack([a[:half], b[:half]]), np.repeat([0, 1], half)
    fitted = LogisticRegression(max_iter=1000).fit(seen, domain)
    return domain_auc(fitted.decision_function(a[half:]), fitted.decision_function(b[half:]))


@remembered
def detections(seeds: int = SEEDS) -> list[Detection]:
    """Try to detect each of `SHIFTS` between the training digits and the test digits."""
    data = digits(images=True)
    pixels = data.x.flatten(1).numpy()
    varies = pixels.std(axis=0) > 0
    found = []
    for shift in SHIFTS:
        test = shifted(data.x_test, shift)
        aucs = [[domain_test(data.x, test, seed, squares) for seed in range(seeds)] for squares in (False, True)]
        auc, auc_squares = np.mean(aucs, axis=1)
        moved = np.median(mean_shift(pixels, test.flatten(1).numpy())[varies])
        right = np.mean([accuracy(network(seed), test, data.y_test) for seed in range(seeds)])
        found.append(Detection(shift, float(auc), float(auc_squares), float(moved), float(right)))
    return found
