"""Experiments with wrong labels: does the noise of batch statistics keep a network from learning them by heart?"""

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bnref.experiments.memory import remembered
from bnref.experiments.norm_types_dropout import Dropout, recompute
from bnref.experiments.norm_types_stacked import (
    SEEDS,
    Dense,
    Task,
    accuracies,
    batch_norm,
    batch_of,
    digits_for_all,
    guesses,
    layer_norm,
    losses,
    minibatches,
)
from bnref.experiments.training import Norm, one_thread

COUNT = 256  # training digits, few enough to be learned by heart
WRONG = 0.3  # share of them whose label is drawn at random
SIZES = (8, 32, 128)
RATES = (0.08, 0.16)  # learning rates for batches of 32; other batches have them in proportion to their size
# "BN, whole set" is batch norm with the statistics of all training digits at each step, so without their noise.
NETWORKS = ("BN", "BN, whole set", "LN", "no norm", "BN and dropout")
DROP = 0.2


@dataclass(frozen=True)
class Noisy:
    """Results after training with wrong labels, one value per seed.

    `accuracy` is the test accuracy, with right labels, and `memorized` the share of the wrong training labels that the
    network repeats.
    """

    network: str
    rate: float
    size: int
    accuracy: tuple[float, ...]
    memorized: tuple[float, ...]


def noisy_task() -> tuple[Task, Tensor]:
    """Draw new labels for a part of the training digits, another part for each network.

    Returns the task and a mask, (COUNT, SEEDS), which is true where the new label is wrong: one draw in ten hits the
    right one.
    """
    task, rng = digits_for_all(count=COUNT), np.random.default_rng(0)
    chosen = torch.tensor(rng.random((COUNT, SEEDS)) < WRONG)
    y = torch.where(chosen, torch.tensor(rng.integers(0, 10, (COUNT, SEEDS))), task.y)
    return Task(task.x, y, task.x_test, task.y_test), y != task.y


def _network(kind: str, width: int = 64, hidden: int = 3) -> nn.Sequential:
    norms: dict[str, Norm | None] = {"LN": layer_norm, "no norm": None}
    norm, layers = norms.get(kind, batch_norm), list[nn.Module]()
    for _ in range(hidden):  # the images have 64 pixels, and so 64 is every layer's number of inputs
        layers += [Dense(width, width), *([norm(width)] if norm else []), nn.ReLU()]
        layers += [Dropout(DROP)] if "dropout" in kind else []
    return nn.Sequential(*layers, Dense(width, 10, gain=1.0))


def _train(model: nn.Module, kind: str, task: Task, size: int, lr: float, epochs: int) -> None:
    """Train on batches of `size`. "BN, whole set" reads all digits at each step, but takes the loss of the batch."""
    optimizer, columns = torch.optim.SGD(model.parameters(), lr=lr), torch.arange(SEEDS)
    model.train()
    for index in itertools.islice(minibatches(COUNT, size), epochs * COUNT // size):
        optimizer.zero_grad()
        if kind == "BN, whole set":
            scores = model(task.x).view(COUNT, SEEDS, -1)[index, columns].flatten(1)
        else:
            scores = model(batch_of(task.x, index))
        losses(scores, task.y.gather(0, index)).sum().backward()
        optimizer.step()


def _run(kind: str, rate: float, size: int, epochs: int) -> Noisy:
    task, wrong = noisy_task()
    with one_thread(0):
        model = _network(kind)
        _train(model, kind, task, size, rate * size / 32, epochs)
        recompute(model, task.x)  # every network with BN is tested with the statistics of the whole set
        repeated = (guesses(model, task.x) == task.y) & wrong
        memorized = (repeated.sum(dim=0) / wrong.sum(dim=0)).tolist()
        return Noisy(kind, rate, size, accuracies(model, task), tuple(memorized))


@remembered
def wrong_labels(epochs: int = 15) -> list[Noisy]:
    """Train each of `NETWORKS` for 15 epochs at both learning rates with each batch size."""
    return [_run(kind, rate, size, epochs) for rate in RATES for size in SIZES for kind in NETWORKS]
