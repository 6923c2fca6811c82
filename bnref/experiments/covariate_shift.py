"""Experiments of the section on covariate shift: digits by day and by night, overfitting or shift, finding a shift."""

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

# What becomes of pixels x, from 0 (blank) to 1 (full ink), with noise z of standard deviation 1. Nothing is clipped.
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
    """Normal noise of the shape of `x`, the same for a seed."""
    return torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))


def shifted(x: Tensor, shift: str, seed: int = 0) -> Tensor:
    """The images `x` as they look after the shift of that name."""
    return SHIFTS[shift](x, noise_like(x, seed))


def fit(x: Tensor, y: Tensor, seed: int) -> nn.Sequential:
    """Train a small network with BN (`bnref.cnn.make_network`) on images (N, 1, 8, 8) with labels (N,), 168 steps."""
    with one_thread(seed):
        data = replace(digits(images=True), x=x, y=y)
        network = train(make_network(), data, steps=168, lr=0.1, batch_size=min(64, len(x)), momentum=0.9)
    return cast(nn.Sequential, network)


@cache
def network(seed: int) -> nn.Sequential:
    """The network that learned all 1347 training digits by day."""
    data = digits(images=True)
    return fit(data.x, data.y, seed)


@dataclass(frozen=True)
class BySize:
    """Accuracy (S, K) of S seeds for K sizes of the training set: on it, on new digits by day, on others at night."""

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
def by_training_size(sizes: tuple[int, ...] = (30, 100, 300, 1347), seeds: int = 3) -> BySize:
    """Train on more and more digits of the day, and see which of the two test scores follows."""
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
def trained_on_both(seeds: int = 3) -> BySize:
    """The same scores where every second digit of the training set is one of the night."""
    data = digits(images=True)
    x = data.x.clone()
    x[::2] = shifted(x, "night", seed=1)[::2]
    scores = [_three_scores(fit(x, data.y, seed), x, data.y) for seed in range(seeds)]
    return BySize((len(x),), *np.array(scores).T[:, :, None])


@dataclass(frozen=True)
class Detection:
    """What is seen of a shift with no labels, averaged over the splits: and beside it the accuracy, which needs them.

    `auc` is a linear domain classifier's, on samples that it was not trained on; for `auc_squares` it also had the
    squares of the pixels. `moved` is the median of `mean_shift` over the pixels that vary in the training set.
    """

    shift: str
    auc: float
    auc_squares: float
    moved: float
    accuracy: float


def domain_test(train: Tensor, test: Tensor, seed: int = 0, squares: bool = False) -> float:
    """The AUC of a logistic regression that learned on half of `test` and as many of `train` which is which."""
    rng = np.random.default_rng(seed)
    a, b = (rng.permutation(x.flatten(1).numpy()) for x in (train, test))
    if squares:
        a, b = (np.hstack([x, x**2]) for x in (a, b))
    half = len(b) // 2
    seen, domain = np.vstack([a[:half], b[:half]]), np.repeat([0, 1], half)
    fitted = LogisticRegression(max_iter=1000).fit(seen, domain)
    return domain_auc(fitted.decision_function(a[half:]), fitted.decision_function(b[half:]))


@remembered
def detections(seeds: int = 3) -> list[Detection]:
    """Look for each of `SHIFTS` between the training digits and the test digits."""
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
