"""Effects of batch norm on the loss and its gradients: their change along a step, and workable learning rates."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.experiments.internal_covariate_shift import SEEDS, network
from bnref.experiments.memory import remembered
from bnref.experiments.seeds_together import build_together, random_batches, stacked, train_together
from bnref.experiments.training import Norm, accuracy, digits, one_thread, perceptron, train
from bnref.internal_covariate_shift import gradient_shift

Array = NDArray[np.floating]
BATCH_SIZE = 64
WATCHED = 128  # training digits on which the loss and its gradient are measured
STEP_SIZES = np.linspace(0.25, 4, 8)  # multiples of the learning rate


@contextlib.contextmanager
def kept(model: nn.Module) -> Iterator[None]:
    """Restore the parameters and buffers of a model on exit."""
    state = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        yield
    finally:
        model.load_state_dict(state)


def gradient(model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, list[Tensor]]:
    """Return the cross-entropy on a batch and its gradient with respect to each parameter."""
    loss = nn.functional.cross_entropy(model(x), y)
    return loss.item(), list(torch.autograd.grad(loss, list(model.parameters())))


@torch.no_grad()
def _move(parameters: list[Tensor], start: list[Tensor], along: list[Tensor], distance: float) -> None:
    for parameter, value, direction in zip(parameters, start, along, strict=True):
        parameter.copy_(value - distance * direction)


def layer_shifts(model: nn.Module, x: Tensor, y: Tensor, lr: float) -> Array:
    """Measure how far each layer's gradient moves when all layers before it take their step: (layers - 1, 3).

    Definition 2.1 of Santurkar et al. (2018) for the weight matrices: the length of the difference, the same divided by
    the length of the gradient, and the cosine of the angle. The first layer is left out, since no layer comes before
    it.
    """
    parameters: list[Tensor] = list(model.parameters())
    rows = []
    with kept(model):
        start = [parameter.detach().clone() for parameter in parameters]
        _, first = gradient(model, x, y)
        matrices = [k for k, parameter in enumerate(parameters) if parameter.ndim == 2]
        for k in matrices[1:]:
            _move(parameters[:k], start[:k], first[:k], lr)
            _, after = gradient(model, x, y)
            l2, cosine = gradient_shift(first[k].numpy(), after[k].numpy())
            rows.append([l2, l2 / float(first[k].norm()), cosine])
    return np.array(rows)


def along_gradient(model: nn.Module, x: Tensor, y: Tensor, lr: float) -> Array:
    """Measure the loss and its gradient after steps of each of `STEP_SIZES` times the learning rate: (3, sizes).

    The three measurements of Santurkar et al. (2018), section 3.2: the loss, the distance between the gradients before
    and after the step, and this distance divided by the length of the step.
    """
    parameters: list[Tensor] = list(model.parameters())
    found = []
    with kept(model):
        start = [parameter.detach().clone() for parameter in parameters]
        _, first = gradient(model, x, y)
        length = _length(first)
        for size in STEP_SIZES:
            _move(parameters, start, first, lr * size)
            loss, after = gradient(model, x, y)
            distance = _length([b - a for a, b in zip(first, after, strict=True)])
            found.append([loss, distance, distance / (lr * size * length)])
    return np.array(found).T


def _length(tensors: list[Tensor]) -> float:
    return float(torch.cat([tensor.flatten() for tensor in tensors]).norm())


@dataclass(frozen=True)
class Course:
    """S training runs with or without batch norm, recorded at T steps.

    `shifts` (S, T, layers - 1, 3) are from `layer_shifts`, and `along` (S, T, 3, sizes) from `along_gradient`.
    `accuracy` (S,) is that on the test digits at the end.
    """

    batch_norm: bool
    steps: NDArray[np.integer]
    shifts: Array
    along: Array
    accuracy: Array

    def ranges(self) -> Array:
        """Return the range (highest minus lowest) of the loss along the gradient, as each run's median: (S,)."""
        return np.asarray(np.median(np.ptp(self.along[:, :, 0], axis=2), axis=1))

    def gradient_changes(self) -> Array:
        """Return the largest change of the gradient along its own direction, as each run's median: (S,)."""
        return np.asarray(np.median(self.along[:, :, 1].max(axis=2), axis=1))

    def smoothness(self) -> Array:
        """Return the effective beta-smoothness, the largest change of the gradient per distance: (S,) medians."""
        return np.asarray(np.median(self.along[:, :, 2].max(axis=2), axis=1))

    def shift(self) -> Array:
        """Return the length, relative length and cosine, averaged over the steps and layers of each run: (S, 3)."""
        return np.asarray(self.shifts.mean(axis=(1, 2)))


@remembered
def courses(sigmoid: bool = False, lr: float = 0.1, steps: int = 300, every: int = 30) -> tuple[Course, Course]:
    """Train six layers of 100 ReLUs (He et al., 2015), or the sigmoid network, without batch norm and with it."""
    watched = tuple(range(every, steps + 1, every))
    without, with_norm = (_course(norm, sigmoid, lr, watched) for norm in (None, nn.BatchNorm1d))
    return without, with_norm


def _course(norm: Norm | None, sigmoid: bool, lr: float, watched: tuple[int, ...]) -> Course:
    runs = [_run(norm, sigmoid, lr, watched, seed) for seed in range(SEEDS)]
    shifts, along, right = (np.array(part) for part in zip(*runs, strict=True))
    return Course(norm is not None, np.array(watched), shifts, along, right)


def _run(
    norm: Norm | None, sigmoid: bool, lr: float, watched: tuple[int, ...], seed: int
) -> tuple[list[Array], list[Array], float]:
    data, shifts, along = digits(), [], []
    build = partial(network, norm) if sigmoid else partial(perceptron, [64, *[100] * 6, 10], norm)
    with one_thread(seed):
        model = build()
        some = torch.randperm(len(data.x))[:WATCHED]

        def watch(step: int, _loss: float) -> None:
            if step in watched:
                shifts.append(layer_shifts(model, data.x[some], data.y[some], lr))
                along.append(along_gradient(model, data.x[some], data.y[some], lr))

        train(model, data, max(watched), lr, BATCH_SIZE, after_step=watch)
    return shifts, along, accuracy(model, data.x_test, data.y_test)


@dataclass(frozen=True)
class Rates:
    """Test accuracy (S, R) of S runs at each of R learning rates; diverged runs count as chance."""

    rates: tuple[float, ...]
    without: Array
    with_norm: Array

    def works(self, right: Array, least: float = 0.9) -> list[float]:
        """Return the learning rates at which every run reaches an accuracy of `least`."""
        return [rate for rate, worst in zip(self.rates, right.min(axis=0), strict=True) if worst >= least]

    def highest(self, right: Array, least: float) -> Array:
        """Return the highest learning rate at which each run reaches an accuracy of `least`: (S,), 0 if none does.

        Raises ValueError if that is the highest rate of the grid, since a higher one may work too.
        """
        working = np.where(right >= least, self.rates, 0)
        highest = np.asarray(working.max(axis=1))
        if (highest == max(self.rates)).any():
            raise ValueError(f"a run still works at {max(self.rates):g}: extend the grid")
        return highest


@remembered
def learning_rates(rates: tuple[float, ...] = (0.03, 0.1, 0.3, 1, 3, 10), steps: int = 200) -> Rates:
    """Train five layers of 100 ReLUs at each learning rate, without batch norm and with it."""
    without, with_norm = (
        np.stack([_accuracies_at(norm, rate, steps) for rate in rates], axis=1) for norm in (None, nn.BatchNorm1d)
    )
    return Rates(rates, without, with_norm)


def _accuracies_at(norm: Norm | None, rate: float, steps: int) -> Array:
    """Return each seed's test accuracy (S,) after training at one learning rate."""
    data = stacked([digits()] * SEEDS)
    with one_thread():
        model = build_together(partial(perceptron, [64, *[100] * 5, 10], norm), SEEDS)
        train_together(model, data, random_batches(data.x.shape[1], BATCH_SIZE, SEEDS), steps, rate)
    with torch.no_grad():
        scores = model.eval()(data.x_test)  # (S, N, 10)
    right = (scores.argmax(dim=2) == data.y_test).double().mean(dim=1)
    # Scores of NaN have no largest entry, so a diverged run counts as a guess.
    return np.where(scores.isfinite().all(dim=(1, 2)), right, 0.1)
