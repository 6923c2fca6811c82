"""The sigmoid network of the section on internal covariate shift, trained twice as long, for all seeds at once."""

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import batch_norm

from bnref.experiments.internal_covariate_shift import BATCH_SIZE, SEEDS
from bnref.experiments.memory import remembered
from bnref.experiments.training import digits, one_thread

Array = NDArray[np.floating]
WIDTHS = (64, 100, 100, 100, 10)
STEPS = (100, 300, 1000, 2000, 3000, 6000)


@dataclass(frozen=True)
class Long:
    """Test accuracy (S, T) of S seeds after each of T numbers of steps, without batch norm and with it."""

    steps: tuple[int, ...]
    without: Array
    with_norm: Array

    def at(self, step: int) -> tuple[Array, Array]:
        """Return the accuracies (S,) at one of the steps, without batch norm and with it."""
        k = self.steps.index(step)
        return self.without[:, k], self.with_norm[:, k]


@remembered
def long_runs(steps: tuple[int, ...] = STEPS) -> Long:
    """Train the network of `internal_covariate_shift.network` at learning rate 0.1, one copy per seed.

    Statistics for inference are those of the whole training set, as in algorithm 2 of Ioffe and Szegedy (2015).
    """
    return Long(steps, *(_train(norm, steps) for norm in (False, True)))


class Networks:
    """S networks of sigmoids, trained side by side; every parameter has the seed as its first axis."""

    def __init__(self, norm: bool) -> None:
        pairs = list(itertools.pairwise(WIDTHS))
        drawn = [self._draw(seed, pairs) for seed in SEEDS]
        self.norm = norm
        self.weights = [torch.stack(layer).requires_grad_() for layer in zip(*drawn, strict=True)]
        self.biases = [torch.zeros(len(SEEDS), 1, width, requires_grad=True) for width in WIDTHS[1:]]
        self.gammas = [torch.ones(len(SEEDS), 1, width, requires_grad=norm) for width in WIDTHS[1:-1]]

    @staticmethod
    def _draw(seed: int, pairs: list[tuple[int, int]]) -> list[Tensor]:
        rng = torch.Generator().manual_seed(seed)
        return [0.1 * torch.randn(pair, generator=rng) for pair in pairs]

    def parameters(self) -> list[Tensor]:
        """Return the parameters; a bias after a norm is its beta."""
        return [*self.weights, *self.biases, *(self.gammas if self.norm else [])]

    def logits(self, x: Tensor) -> Tensor:
        """Return the logits (S, N, 10) of inputs (S, N, 64), normalized by the statistics of all N."""
        hidden = list(zip(self.weights, self.biases, self.gammas, strict=False))
        for weight, bias, gamma in hidden:
            x = torch.sigmoid(self._normalized(x @ weight, gamma, bias) if self.norm else x @ weight + bias)
        return x @ self.weights[-1] + self.biases[-1]

    @staticmethod
    def _normalized(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        units = x.transpose(0, 1).flatten(1)  # (N, S * D), since each seed's units have their own statistics
        units = batch_norm(units, None, None, gamma.flatten(), beta.flatten(), training=True)
        return units.unflatten(1, (len(SEEDS), -1)).transpose(0, 1)

    @torch.no_grad()
    def accuracy(self) -> Array:
        """Return the accuracy (S,) on the test digits, normalized by the statistics of all training digits."""
        data = digits()
        x, seen = (part.expand(len(SEEDS), -1, -1) for part in (data.x_test, data.x))
        for weight, bias, gamma in zip(self.weights, self.biases, self.gammas, strict=False):
            x, seen = x @ weight, seen @ weight
            if self.norm:
                mean, std = seen.mean(1, keepdim=True), (seen.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
                x, seen = ((h - mean) / std * gamma for h in (x, seen))
            x, seen = torch.sigmoid(x + bias), torch.sigmoid(seen + bias)
        found = (x @ self.weights[-1] + self.biases[-1]).argmax(dim=2)
        return (found == data.y_test).float().mean(dim=1).numpy().astype(float)


def _train(norm: bool, steps: tuple[int, ...]) -> Array:
    data, right, step = digits(), [], 0
    with one_thread(0):
        networks, rngs = Networks(norm), [torch.Generator().manual_seed(seed) for seed in SEEDS]
        parameters = networks.parameters()
        while step < max(steps):
            order = torch.stack([torch.randperm(len(data.x), generator=rng) for rng in rngs])
            for batch in order.split(BATCH_SIZE, dim=1):
                if batch.shape[1] < BATCH_SIZE or step == max(steps):
                    break
                logits = networks.logits(data.x[batch]).flatten(0, 1)
                loss = torch.nn.functional.cross_entropy(logits, data.y[batch].flatten(), reduction="sum") / BATCH_SIZE
                gradients = torch.autograd.grad(loss, parameters)
                with torch.no_grad():
                    torch._foreach_add_(parameters, list(gradients), alpha=-0.1)
                step += 1
                if step in steps:
                    right.append(networks.accuracy())
    return np.stack(right, axis=1)
