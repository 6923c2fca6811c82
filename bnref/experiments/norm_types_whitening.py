"""Experiments with whitening: its effect on the condition number, on distances between samples, and on training."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor, nn

from bnref.core.blocks import Array
from bnref.core.whitening import whitening_matrix
from bnref.experiments.memory import remembered
from bnref.experiments.training import Norm, accuracy, digits, one_thread, perceptron, train
from bnref.norm_types import zca_whiten
from bnref.scaling import apply_standardize, standardize

SEEDS = 3


@dataclass(frozen=True)
class Conditions:
    """Condition numbers of a linear layer's Hessian, one per seed, by preprocessing of the layer's inputs."""

    raw: tuple[float, ...]
    standardized: tuple[float, ...]
    whitened: tuple[float, ...]


def conditions(width: int = 32) -> Conditions:
    """Compute the condition numbers of a linear layer with bias after a random sigmoid layer of `width` units.

    The inputs are all training digits. The error is the mean squared error, so the Hessian for each output is 2/N times
    the second moments of the layer's inputs.
    """
    found = []
    for seed in range(SEEDS):
        with one_thread(seed), torch.no_grad():
            first = perceptron([64, width, 1], None, nn.Sigmoid)[:2]
            h = first(digits().x).double().numpy()
        tables = (h, standardize(h)[0], zca_whiten(h, eps=1e-9))
        found.append([np.linalg.cond(_second_moments(table)) for table in tables])
    return Conditions(*(tuple(map(float, column)) for column in zip(*found, strict=True)))


def _second_moments(h: Array) -> Array:
    a = np.column_stack([np.ones(len(h)), h])
    product: Array = a.T @ a / len(a)
    return product


@dataclass(frozen=True)
class Neighbours:
    """Accuracy of nearest-neighbor classification with `count` training digits, one value per seed."""

    count: int
    standardized: tuple[float, ...]
    whitened: tuple[float, ...]
    partly: tuple[float, ...]


@remembered
def neighbours(counts: tuple[int, ...] = (32, 64, 128, 256, 512, 1024), seeds: int = 5) -> list[Neighbours]:
    """Standardize or whiten the 64 pixels by `count` training digits, fully (eps 1e-9) or partly (eps 0.01)."""
    return [
        Neighbours(count, *zip(*(_three_scores(count, seed) for seed in range(seeds)), strict=True)) for count in counts
    ]


def _three_scores(count: int, seed: int) -> list[float]:
    data = digits(seed=seed)
    x, y = data.x[:count].double().numpy(), data.y[:count]
    test = data.x_test.double().numpy()
    z, mean, std = standardize(x)
    pairs = [(z, apply_standardize(test, mean, std))]
    for eps in (1e-9, 1e-2):
        matrix = whitening_matrix((x - mean).T @ (x - mean) / count, "zca", eps)
        pairs.append(((x - mean) @ matrix, (test - mean) @ matrix))
    return [float(KNeighborsClassifier(1).fit(a, y).score(b, data.y_test)) for a, b in pairs]


def distances(count: int = 40) -> Array:
    """Compute the distances (count (count - 1) / 2,) between `count` training digits after whitening them together."""
    z = zca_whiten(digits().x[:count].double().numpy(), eps=1e-12)
    pairs = np.linalg.norm(z[:, None] - z, axis=2)
    found: Array = pairs[np.triu_indices(count, 1)]
    return found


class WhiteningNorm(nn.Module):
    """ZCA whitening as a norm layer: by the batch in training, and by moving averages in evaluation.

    Huang et al. (2018), algorithms 1 and 2; the gradient goes through the eigenvectors.
    """

    mean: Tensor
    matrix: Tensor

    def __init__(self, width: int, eps: float = 1e-3, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("matrix", torch.eye(width))
        self.gamma, self.beta = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Whiten `x`, (N, width), then scale and shift."""
        mean, matrix = self.mean, self.matrix
        if self.training:
            mean = x.mean(dim=0)
            values, vectors = torch.linalg.eigh((x - mean).T @ (x - mean) / len(x))
            matrix = (vectors * (values + self.eps).rsqrt()) @ vectors.T
            # Averages are detached: they are for evaluation, and must not hold on to the batch's graph.
            self.mean.lerp_(mean.detach(), self.momentum)
            self.matrix.lerp_(matrix.detach(), self.momentum)
        return (x - mean) @ matrix * self.gamma + self.beta


@dataclass(frozen=True)
class Decorrelated:
    """Training loss (mean of the last ten steps) and test error in percent after 100 steps, one value per seed."""

    norm: str
    lr: float
    loss: tuple[float, ...]
    percent: tuple[float, ...]


def _train_with(norm: Norm, lr: float, seed: int) -> tuple[float, float]:
    data, losses = digits(), list[float]()
    with one_thread(seed):
        model = perceptron([64, 32, 32, 32, 10], norm)
        train(model, data, 100, lr, 256, after_step=lambda _, loss: losses.append(loss))
    return float(np.mean(losses[-10:])), 100 * (1 - accuracy(model, data.x_test, data.y_test))


@remembered
def decorrelated(rates: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0)) -> list[Decorrelated]:
    """Train three hidden layers of 32 units in batches of 256, with batch norm and with whitening, at four rates."""
    norms: dict[str, Norm] = {"batch norm": nn.BatchNorm1d, "whitening": WhiteningNorm}
    return [
        Decorrelated(name, lr, *zip(*(_train_with(norm, lr, seed) for seed in range(SEEDS)), strict=True))
        for name, norm in norms.items()
        for lr in rates
    ]
