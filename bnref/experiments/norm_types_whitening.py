"""Experiments with whitening: its effect on the condition number, on distances between samples, and on training."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor, nn

from bnref.core.blocks import Array
from bnref.core.whitening import whitening_matrix
from bnref.experiments import training
from bnref.experiments.memory import remembered
from bnref.experiments.norm_types_stacked import SEEDS, accuracies, batch_norm, digits_for_all, perceptron, train
from bnref.experiments.training import Norm, Tanh, digits, one_thread
from bnref.norm_types import zca_whiten
from bnref.scaling import apply_standardize, standardize

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"sigmoid": nn.Sigmoid, "tanh": Tanh}


@dataclass(frozen=True)
class Conditions:
    """Condition numbers of a linear layer's Hessian, one per seed, by preprocessing of the layer's inputs."""

    raw: tuple[float, ...]
    standardized: tuple[float, ...]
    whitened: tuple[float, ...]


def conditions(activation: str = "sigmoid", width: int = 32) -> Conditions:
    """Compute the condition numbers of a linear layer with bias after a random layer of `width` units.

    The inputs are all training digits. The error is the mean squared error, so the Hessian for each output is 2/N times
    the second moments of the layer's inputs.
    """
    found = []
    for seed in range(SEEDS):
        with one_thread(seed), torch.no_grad():
            first = training.perceptron([64, width, 1], None, ACTIVATIONS[activation])[:2]
            h = first(digits().x).double().numpy()
        tables = (h, standardize(h)[0], zca_whiten(h, eps=1e-9))
        found.append([np.linalg.cond(_second_moments(table)) for table in tables])
    return Conditions(*(tuple(map(float, column)) for column in zip(*found, strict=True)))


def all_conditions() -> dict[str, Conditions]:
    """Compute the condition numbers for each of `ACTIVATIONS`."""
    return {activation: conditions(activation) for activation in ACTIVATIONS}


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

    Huang et al. (2018), algorithms 1 and 2; the gradient goes through the eigenvectors. The input is (N, networks *
    width), and each of the networks is whitened by itself.
    """

    mean: Tensor
    matrix: Tensor

    def __init__(self, width: int, networks: int = 1, eps: float = 1e-3, momentum: float = 0.1) -> None:
        super().__init__()
        self.networks, self.eps, self.momentum = networks, eps, momentum
        self.register_buffer("mean", torch.zeros(networks, 1, width))
        self.register_buffer("matrix", torch.eye(width).repeat(networks, 1, 1))
        self.gamma, self.beta = nn.Parameter(torch.ones(networks * width)), nn.Parameter(torch.zeros(networks * width))

    def forward(self, x: Tensor) -> Tensor:
        """Whiten `x`, then scale and shift."""
        by_network, mean, matrix = x.view(len(x), self.networks, -1).transpose(0, 1), self.mean, self.matrix
        if self.training:
            mean = by_network.mean(dim=1, keepdim=True)
            centred = by_network - mean
            values, vectors = torch.linalg.eigh(centred.mT @ centred / len(x))
            matrix = (vectors * (values + self.eps).rsqrt()[:, None]) @ vectors.mT
            # Averages are detached: they are for evaluation, and must not hold on to the batch's graph.
            self.mean.lerp_(mean.detach(), self.momentum)
            self.matrix.lerp_(matrix.detach(), self.momentum)
        return ((by_network - mean) @ matrix).transpose(0, 1).flatten(1) * self.gamma + self.beta


@dataclass(frozen=True)
class Decorrelated:
    """Training loss (mean of the last ten steps) and test accuracy after 100 steps, one value per seed."""

    norm: str
    lr: float
    loss: tuple[float, ...]
    accuracy: tuple[float, ...]


def _train_with(norm: Norm, lr: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    task, losses = digits_for_all(), list[Tensor]()
    with one_thread(0):
        model = perceptron([64, 32, 32, 32, 10], norm)
        train(model, task, 100, lr, 256, after_step=losses.append)
        return tuple(torch.stack(losses[-10:]).mean(dim=0).tolist()), accuracies(model, task)


@remembered
def decorrelated(rates: tuple[float, ...] = (0.3, 1.0, 3.0, 6.0)) -> list[Decorrelated]:
    """Train three hidden layers of 32 units in batches of 256, with batch norm and with whitening, at four rates."""
    norms: dict[str, Norm] = {"batch norm": batch_norm, "whitening": lambda width: WhiteningNorm(width, SEEDS)}
    return [Decorrelated(name, lr, *_train_with(norm, lr)) for name, norm in norms.items() for lr in rates]
