"""Networks that are trained for several seeds at once, to save time: `SEEDS` networks lie side by side in one.

An array of activations is (N, SEEDS * C) or (N, SEEDS * C, H, W): the channels of the first network, then those of the
second, and so on. So torch's own batch norm and group norm work on it. The networks share nothing but the inputs: the
sum of their losses gives each of them its own gradient. Networks that differ only in the norm start from the same
weights and see the same batches, so that their results are paired.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from bnref.experiments.training import Norm, digits

SEEDS = 5


class Dense(nn.Module):
    """A dense layer for each network, (N, SEEDS * inputs) to (N, SEEDS * outputs), initialized as in He et al. (2015).

    The last layer of a network has `gain` 1 instead of 2, the variance of its weights times its inputs.
    """

    def __init__(self, inputs: int, outputs: int, gain: float = 2.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(SEEDS, inputs, outputs) * (gain / inputs) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(SEEDS, 1, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Apply to each network's inputs its own weights."""
        by_seed = x.view(len(x), SEEDS, -1).transpose(0, 1)
        return torch.baddbmm(self.bias, by_seed, self.weight).transpose(0, 1).flatten(1)


class RMSNorm(nn.Module):
    """RMS norm for each network, (N, SEEDS * width) to the same shape."""

    def __init__(self, width: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(SEEDS, width))

    def forward(self, x: Tensor) -> Tensor:
        """Divide the units of a network by their root mean square, and multiply them by gamma."""
        y = x.view(len(x), SEEDS, -1)
        return (y * (y.square().mean(dim=-1, keepdim=True) + self.eps).rsqrt() * self.gamma).flatten(1)


def batch_norm(width: int) -> nn.Module:
    """Build a batch norm for layers of `width` units."""
    return nn.BatchNorm1d(SEEDS * width)


def layer_norm(width: int) -> nn.Module:
    """Build a layer norm for layers of `width` units: a group norm with a group for each network."""
    return nn.GroupNorm(SEEDS, SEEDS * width)


def perceptron(widths: Sequence[int], norm: Norm | None) -> nn.Sequential:
    """Build dense layers, all but the last with `norm` and ReLU."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths[:-1]):
        layers += [Dense(before, after), *([norm(after)] if norm else []), nn.ReLU()]
    return nn.Sequential(*layers, Dense(widths[-2], widths[-1], gain=1.0))


@dataclass(frozen=True)
class Task:
    """Inputs for all networks, (N, SEEDS * 64) or (N, SEEDS, 8, 8), and labels (N, SEEDS), for training and testing."""

    x: Tensor
    y: Tensor
    x_test: Tensor
    y_test: Tensor


@cache
def digits_for_all(images: bool = False, count: int | None = None) -> Task:
    """Give the first `count` of the training digits, and the test digits, to all networks."""
    data = digits(images)
    copies = (1, SEEDS, 1, 1) if images else (1, SEEDS)
    return Task(
        data.x[:count].repeat(copies), _columns(data.y[:count]), data.x_test.repeat(copies), _columns(data.y_test)
    )


def _columns(labels: Tensor) -> Tensor:
    return labels[:, None].repeat(1, SEEDS)


def minibatches(n: int, batch_size: int, seed: int = 0) -> Iterator[Tensor]:
    """Yield index tensors (batch_size, SEEDS) without end: whole batches, in an order of its own for each network."""
    rng = np.random.default_rng(seed)
    while True:
        order = torch.tensor(rng.permuted(np.tile(np.arange(n)[:, None], SEEDS), axis=0))
        yield from order[: n // batch_size * batch_size].split(batch_size)


def batch_of(x: Tensor, index: Tensor) -> Tensor:
    """Take the samples `index`, (batch_size, SEEDS), of each network from `x`, (N, SEEDS * ...)."""
    by_seed = x.view(len(x), SEEDS, -1)[index, torch.arange(SEEDS)]
    return by_seed.view(len(index), *x.shape[1:])


def losses(scores: Tensor, labels: Tensor) -> Tensor:
    """Return each network's mean cross-entropy, (SEEDS,), from scores (N, SEEDS * classes) and labels (N, SEEDS)."""
    by_seed = scores.view(*labels.shape, -1)
    each = nn.functional.cross_entropy(by_seed.flatten(0, 1), labels.flatten(), reduction="none")
    return each.view(labels.shape).mean(dim=0)


def train(
    model: nn.Module,
    task: Task,
    steps: int,
    lr: float,
    batch_size: int = 64,
    momentum: float = 0.0,
    after_step: Callable[[Tensor], None] | None = None,
) -> nn.Module:
    """Train all networks by stochastic gradient descent. `after_step` is called with the losses, (SEEDS,)."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    model.train()
    for index in itertools.islice(minibatches(len(task.x), batch_size), steps):
        optimizer.zero_grad()
        loss = losses(model(batch_of(task.x, index)), task.y.gather(0, index))
        loss.sum().backward()
        optimizer.step()
        if after_step:
            after_step(loss.detach())
    return model


@torch.no_grad()
def guesses(model: nn.Module, x: Tensor) -> Tensor:
    """Return the digit that each network sees in each sample, (N, SEEDS), in evaluation mode; the mode is kept."""
    training = model.training
    scores = model.eval()(x)
    model.train(training)
    return scores.view(len(x), SEEDS, -1).argmax(dim=-1)


def accuracies(model: nn.Module, task: Task) -> tuple[float, ...]:
    """Return the share of test samples that each network classifies correctly."""
    return tuple((guesses(model, task.x_test) == task.y_test).float().mean(dim=0).tolist())
