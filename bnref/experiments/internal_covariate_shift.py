"""Experiments of the section on internal covariate shift: the motion of sigmoid inputs, and alternative remedies."""

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.covariate_shift import mean_shift
from bnref.experiments.memory import remembered
from bnref.experiments.seeds_together import (
    StackedLinear,
    accuracies,
    build_together,
    random_batches,
    stacked,
    train_together,
)
from bnref.experiments.training import Norm, Split, digits, one_thread, perceptron, train
from bnref.internal_covariate_shift import activation_percentiles

Array = NDArray[np.floating]
SEEDS = 5
BATCH_SIZE = 60  # as in Ioffe and Szegedy (2015), section 4.1
WATCHED = slice(0, 256)  # training digits with recorded activations


def network(norm: Norm | None, activation: Callable[[], nn.Module] = nn.Sigmoid, depth: int = 3) -> nn.Sequential:
    """Build hidden layers of 100 units for the digits, with weights N(0, 0.1^2) and biases 0.

    With three layers of sigmoids, this is the network of Ioffe and Szegedy (2015), section 4.1.
    """
    model = perceptron([64, *[100] * depth, 10], norm, activation)
    return initialize(model, partial(nn.init.normal_, std=0.1))


def initialize(model: nn.Sequential, weights: Callable[[Tensor], Any]) -> nn.Sequential:
    """Fill each weight matrix in place with `weights`, and set the biases of the linear layers to 0."""
    for layer in model:
        if isinstance(layer, nn.Linear):
            weights(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model


@torch.no_grad()
def linear_outputs(model: nn.Sequential, x: Tensor) -> list[Array]:
    """Return the outputs of each hidden linear layer, before any norm, in the model's current mode.

    Inputs and outputs are (N, D), or (S, N, D) for the networks of S seeds together.
    """
    model, found = copy.deepcopy(model), []  # in training mode, running statistics would change
    for layer in list(model)[:-1]:
        x = layer(x)
        if isinstance(layer, nn.Linear | StackedLinear):
            found.append(x.numpy().copy())
    return found


@torch.no_grad()
def activation_inputs(model: nn.Sequential, x: Tensor) -> list[Array]:
    """Return the inputs of each activation function, layer by layer, in the model's current mode.

    Inputs are (N, D), or (S, N, D) for the networks of S seeds together.
    """
    model, found = copy.deepcopy(model), []  # in training mode, running statistics would change
    for layer in model:
        if isinstance(layer, nn.Sigmoid | nn.ReLU):
            found.append(x.numpy().copy())
        x = layer(x)
    return found


@dataclass(frozen=True)
class History:
    """One training run of `network`, recorded at T of its steps.

    `steps` is (T,) and begins with 0; `accuracy` (T,) is that on the test digits. `percentiles` (T, 3, 3, D) are the
    15th, 50th and 85th percentiles of the sigmoid inputs of each of D units in each of three layers. `mean` and `std`
    (T, 3) are over all units of a layer together. `shares` (T, 3, bins) counts how many in a thousand of a layer's
    inputs lie in each bin of `BINS`; inputs outside count in the nearest bin. `unit` (T, 3, N) has the inputs of the
    first unit of each layer for each of the N watched digits.
    """

    batch_norm: bool
    steps: NDArray[np.integer]
    accuracy: Array
    percentiles: Array
    mean: Array
    std: Array
    shares: NDArray[np.integer]
    unit: Array

    def motion(self, layer: int = -1) -> float:
        """Return the range (highest minus lowest) of a unit's median input, as the median over the units."""
        return float(np.median(np.ptp(self.percentiles[:, layer, 1], axis=0)))

    def stretch(self, layer: int = -1) -> float:
        """Return the factor by which the width between the outer percentiles varies, as the median over the units."""
        width = self.percentiles[:, layer, 2] - self.percentiles[:, layer, 0]
        return float(np.median(width.max(axis=0) / width.min(axis=0)))

    def at(self, step: int) -> float:
        """Return the accuracy at one of the steps."""
        return float(self.accuracy[self.steps == step][0])


BINS = np.linspace(-5, 5, 26)
STEPS = (0, 10, 30, 60, 100, 200, 300, 500, 600, 800, *range(1000, 5001, 250))


@remembered
def histories(steps: tuple[int, ...] = STEPS) -> tuple[tuple[History, ...], tuple[History, ...]]:
    """Train the sigmoid network at learning rate 0.1 for all seeds together, without batch norm and with it."""
    without, with_norm = (_histories(norm, steps) for norm in (None, nn.BatchNorm1d))
    return without, with_norm


def _histories(norm: Norm | None, steps: tuple[int, ...]) -> tuple[History, ...]:
    data, seen = stacked([digits()] * SEEDS), []
    with one_thread():
        model = build_together(partial(network, norm), SEEDS)

        def watch(step: int) -> None:
            if step in steps:
                seen.append((accuracies(model, data).numpy(), activation_inputs(model, data.x[:, WATCHED])))

        watch(0)
        train_together(model, data, _batches(data), max(steps), lr=0.1, after_step=watch)
    right = np.stack([right for right, _ in seen], axis=1)  # (S, T)
    inputs = np.stack([np.stack(layers, axis=1) for _, layers in seen], axis=1)  # (S, T, layers, N, D)
    return tuple(_history(norm, steps, *run) for run in zip(right, inputs, strict=True))


def _history(norm: Norm | None, steps: tuple[int, ...], right: Array, inputs: Array) -> History:
    inputs = inputs.astype(np.float64)  # (T, layers, N, D)
    return History(
        norm is not None,
        np.array(steps),
        right,
        np.stack([[activation_percentiles(h) for h in layers] for layers in inputs]),
        inputs.mean(axis=(2, 3)),
        inputs.std(axis=(2, 3)),
        np.stack([[_shares(h) for h in layers] for layers in inputs]),
        inputs[..., 0],
    )


def _batches(data: Split) -> Iterator[Tensor]:
    return random_batches(data.x.shape[1], BATCH_SIZE, SEEDS)


def _shares(h: Array) -> NDArray[np.integer]:
    counts, _ = np.histogram(h.clip(BINS[0], BINS[-1]), BINS)
    return np.rint(1000 * counts / h.size).astype(int)


SHOWN = (0, 10, 30, 100, 300, 600, 1000, 1500, 2000, 2500, 3000)


def histogram_table() -> dict[str, Any]:
    """Return the data of the interactive figure: the first seed's histories at each of the steps `SHOWN`.

    Under `without` and `with`, each step has an entry with the accuracy in percent, the mean and the standard deviation
    of each layer in hundredths, and the shares of each layer as two base-36 digits each.
    """
    table: dict[str, Any] = {"steps": list(SHOWN)}
    for name, (history, *_) in zip(("without", "with"), histories(), strict=True):
        rows = [list(history.steps).index(step) for step in SHOWN]
        table[name] = [
            [
                round(100 * history.accuracy[t]),
                [round(100 * v) for v in history.mean[t]],
                [round(100 * v) for v in history.std[t]],
                *("".join(np.base_repr(share, 36).zfill(2) for share in layer) for layer in history.shares[t]),
            ]
            for t in rows
        ]
    return table


@dataclass(frozen=True)
class Standardized:
    """Outputs (N, D) of each hidden linear layer in a trained network, before and after torch's normalization."""

    before: tuple[Array, ...]
    after: tuple[Array, ...]


@remembered
def trained(batch_norm: bool = True, steps: int = 300) -> nn.Sequential:
    """Train the sigmoid network for some steps, and leave it in training mode."""
    with one_thread(0):
        model = network(nn.BatchNorm1d if batch_norm else None)
        train(model, digits(), steps, lr=0.1, batch_size=BATCH_SIZE)
    return model


def standardized() -> Standardized:
    """Send digits through a trained network with batch norm, and undo gamma and beta in the outputs of its norms."""
    model = copy.deepcopy(trained())
    before, after, x = [], [], digits().x[WATCHED]
    with torch.no_grad():
        for layer, following in itertools.pairwise([*model, nn.Identity()]):
            x = layer(x)
            if isinstance(following, nn.BatchNorm1d):
                before.append(x.numpy())
            if isinstance(layer, nn.BatchNorm1d):
                after.append(((x - layer.bias) / layer.weight).numpy())
    return Standardized(tuple(before), tuple(after))


class Noise(nn.Module):
    """Random shift and scale of each unit of each seed, new at each step, and a little of each sample.

    Applied only in training. The distributions are those of Santurkar et al. (2018), appendix A.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Add noise to the activations (N, D) or (S, N, D) in training mode."""
        if not self.training:
            return x
        units = (*x.shape[:-2], 1, x.shape[-1])
        shift, scale = torch.rand(units) - 0.5, 1 + 0.25 * torch.rand(units)
        return x * (scale + 0.1 * torch.randn_like(x)) + shift + 0.2 * (torch.rand_like(x) - 0.5)


def noisy_batch_norm(units: int) -> nn.Sequential:
    """Build batch norm followed by noise."""
    return nn.Sequential(nn.BatchNorm1d(units), Noise())


@dataclass(frozen=True)
class Recipe:
    """Effect of one change to the sigmoid network, over S seeds.

    `accuracy` (S, 2) is that on the test digits after 100 and 300 steps. `shift` (S,) is the mean motion per step of
    the outputs of the last hidden linear layer: the change of a unit's mean in its standard deviations, as the median
    over the units, averaged over the first 50 steps. It is taken before any norm, because a norm's own output has
    the same mean at each step by construction.
    """

    name: str
    accuracy: Array
    shift: Array


@remembered
def recipes() -> tuple[Recipe, ...]:
    """Train the sigmoid network unchanged, with each of the usual alternatives, with batch norm, and with noise."""
    glorot, times_4 = (partial(nn.init.xavier_normal_, gain=gain) for gain in (1, 4))
    choices: list[tuple[str, Callable[[], nn.Sequential], float]] = [
        ("unchanged", partial(network, None), 0.1),
        ("ReLU", partial(network, None, nn.ReLU), 0.1),
        ("Glorot's weights", lambda: initialize(network(None), glorot), 0.1),
        ("four times Glorot's weights", lambda: initialize(network(None), times_4), 0.1),
        ("learning rate 0.01", partial(network, None), 0.01),
        ("learning rate 0.001", partial(network, None), 0.001),
        ("BN", partial(network, nn.BatchNorm1d), 0.1),
        ("BN and noise", partial(network, noisy_batch_norm), 0.1),
    ]
    return tuple(_recipe(*choice) for choice in choices)


def _recipe(name: str, build: Callable[[], nn.Sequential], lr: float) -> Recipe:
    data, right, shifts = stacked([digits()] * SEEDS), [], []
    with one_thread(0):  # a seed for the noise
        model = build_together(build, SEEDS)
        before = linear_outputs(model, data.x[:, WATCHED])[-1]

        def watch(step: int) -> None:
            nonlocal before
            if step <= 50:
                after = linear_outputs(model, data.x[:, WATCHED])[-1]
                shifts.append([np.median(mean_shift(*pair)) for pair in zip(before, after, strict=True)])
                before = after
            if step in (100, 300):
                right.append(accuracies(model, data).numpy())

        train_together(model, data, _batches(data), 300, lr, after_step=watch)
    return Recipe(name, np.stack(right, axis=1), np.mean(shifts, axis=0))
