"""Training experiments of the section on CNNs: the assignment's network, learning rates, depth, and folding."""

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.cnn import fold_conv, make_network
from bnref.core.folding import fold_conv_before
from bnref.experiments.memory import remembered
from bnref.experiments.training import accuracy, digits, one_thread, train

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Trained:
    """The trained `make_network()` in evaluation mode, and its accuracy on the test digits."""

    network: nn.Sequential
    accuracy: float


@remembered
def trained(seed: int, epochs: int = 20) -> Trained:
    """Train `make_network` as the assignment does, by Adam with learning rate 0.003 and batches of 64."""
    data = digits(images=True)
    with one_thread(seed):
        network = cast("nn.Sequential", make_network())
        optimizer = torch.optim.Adam(network.parameters(), lr=0.003)
        for _ in range(epochs):
            for batch in torch.randperm(len(data.x)).split(64):
                optimizer.zero_grad()
                nn.functional.cross_entropy(network(data.x[batch]), data.y[batch]).backward()
                optimizer.step()
        return Trained(network.eval(), accuracy(network, data.x_test, data.y_test))


def block(inputs: int, outputs: int, norm: bool, stride: int = 1) -> list[nn.Module]:
    """Build a 3 x 3 convolution with He initialization, BN if `norm`, and ReLU; it has a bias only without BN."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, stride=stride, bias=not norm)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return [convolution, *([nn.BatchNorm2d(outputs)] if norm else []), nn.ReLU()]


def small_network(norm: bool) -> nn.Sequential:
    """Build `make_network` with half the channels, with or without BN, initialized as in He et al. (2015)."""
    blocks = [*block(1, 8, norm), *block(8, 16, norm), nn.MaxPool2d(2), *block(16, 32, norm)]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32 * 4, 10))


def deep_network(depth: int, norm: bool, width: int = 8) -> nn.Sequential:
    """Build `depth` convolutions without shortcuts, the first with stride 2, and a dense layer."""
    sizes = itertools.pairwise([1] + [width] * depth)
    blocks = [layer for i, (a, b) in enumerate(sizes) for layer in block(a, b, norm, stride=1 if i else 2)]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(width * 4, 10))


SEEDS = range(5)


@dataclass(frozen=True)
class Curves:
    """Test accuracy of a network during training, with and without BN.

    `batch_norm` and `none` are the accuracies (seeds, R, T) at the learning rates `rates` (R,) after `steps` (T,).
    """

    rates: tuple[float, ...]
    steps: tuple[int, ...]
    batch_norm: Array
    none: Array

    def best_rate(self, name: str) -> float:
        """Return the fastest learning rate: the one with the highest mean accuracy over seeds and steps."""
        return self.rates[int(getattr(self, name).mean(axis=(0, 2)).argmax())]

    def best(self, name: str) -> Array:
        """Return the accuracies (seeds, T) at the best rate."""
        return np.asarray(getattr(self, name)[:, self.rates.index(self.best_rate(name))])

    def steps_to(self, name: str, target: float) -> Array:
        """Return the first of `steps` with accuracy `target` at the best rate, for each seed; inf if there is none."""
        reached = self.best(name) >= target
        return np.where(reached.any(axis=1), np.array(self.steps)[reached.argmax(axis=1)], np.inf)


def _curves(
    build: Callable[[bool], nn.Sequential],
    rates: tuple[float, ...],
    steps: int,
    every: int,
    batch_size: int = 32,
    momentum: float = 0.0,
) -> Curves:
    """Train the network that `build` makes with or without BN, at each rate and with each seed."""
    data = digits(images=True)

    def curve(seed: int, rate: float, norm: bool) -> list[float]:
        curve: list[float] = []

        def look(step: int, _: float) -> None:
            if step % every == 0:
                curve.append(accuracy(model, data.x_test, data.y_test))

        with one_thread(seed):
            model = build(norm)
            train(model, data, steps, rate, batch_size, momentum, after_step=look)
        return curve

    with_norm, without = (
        np.array([[curve(seed, rate, norm) for rate in rates] for seed in SEEDS]) for norm in (True, False)
    )
    return Curves(rates, tuple(range(every, steps + 1, every)), with_norm, without)


@remembered
def speed() -> Curves:
    """Train `small_network` for 120 steps of plain stochastic gradient descent, in batches of 32."""
    return _curves(small_network, rates=(0.1, 0.3, 1.0, 3.0), steps=120, every=10)


@remembered
def depth() -> Curves:
    """Train 16 convolutions without shortcuts for 240 steps with momentum 0.9, in batches of 16."""

    def build(norm: bool) -> nn.Sequential:
        return deep_network(16, norm)

    return _curves(build, rates=(0.003, 0.02, 0.1), steps=240, every=60, batch_size=16, momentum=0.9)


def fold(network: nn.Sequential) -> nn.Sequential:
    """Return the network with each BN folded into the 3 x 3 convolution before it; other layers are shared."""
    layers: list[nn.Module] = []
    for layer in network:
        if isinstance(layer, nn.BatchNorm2d):
            layers[-1] = _folded(cast("nn.Conv2d", layers[-1]), layer)
        else:
            layers.append(layer)
    return nn.Sequential(*layers).eval()


def weight_of(layer: nn.Module) -> Array:
    """Return the weight of a layer as an array."""
    return cast("Tensor", layer.weight).detach().numpy()


def known(norm: nn.Module) -> tuple[Array, Array, Array, Array]:
    """Return gamma, beta, running mean and running variance of a BN layer as arrays."""
    names = ("weight", "bias", "running_mean", "running_var")
    gamma, beta, mean, var = (getattr(norm, name).detach().numpy() for name in names)
    return gamma, beta, mean, var


def _folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    weight, bias = fold_conv(weight_of(convolution), None, *known(norm), norm.eps)
    # A new layer, because the convolution before BN has no bias.
    folded = nn.Conv2d(convolution.in_channels, convolution.out_channels, 3, padding=1)
    folded.weight, folded.bias = nn.Parameter(torch.tensor(weight)), nn.Parameter(torch.tensor(bias))
    return folded


@dataclass(frozen=True)
class Folding:
    """Comparison of a trained network with its folded form on the test digits.

    `float32` and `float64` are the largest differences of logits in that precision, and `largest` is the largest logit.
    `changed` counts the predictions that differ in float32. `in_training` is the largest difference if the original
    network is left in training mode.
    """

    accuracy: float
    largest: float
    float32: float
    float64: float
    changed: int
    in_training: float


@remembered
def folding(seeds: tuple[int, ...] = (0,)) -> list[Folding]:
    """Fold all BN layers of the network trained with each seed."""
    x = digits(images=True).x_test
    results = []
    for found in [trained(seed) for seed in seeds]:
        network = copy.deepcopy(found.network)
        with torch.no_grad(), one_thread():
            single, double = _both_ways(network, x), _both_ways(network.double(), x.double())
            forgotten = (network.train()(x.double()) - double[1]).abs().max().item()
        changed = int((single[0].argmax(dim=1) != single[1].argmax(dim=1)).sum())
        errors = [(a - b).abs().max().item() for a, b in (single, double)]
        largest = single[0].abs().max().item()
        results.append(Folding(found.accuracy, largest, errors[0], errors[1], changed, forgotten))
    return results


def _both_ways(network: nn.Sequential, x: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the logits of a network in evaluation mode and of its folded form."""
    return network.eval()(x), fold(network)(x)


@dataclass(frozen=True)
class BorderTrap:
    """Errors of folding BN into the zero-padded convolution *after* it, at the border and inside.

    `border` and `inside` are with zero padding, and `repaired` is with the padding from `fold_conv_before`.
    """

    border: float
    inside: float
    repaired: float


def border_trap(seed: int = 0) -> BorderTrap:
    """Measure it for the first BN of `trained(seed)` and the second convolution, without the ReLU between them."""
    layers = copy.deepcopy(trained(seed).network).double()
    first, norm, second = layers[0], layers[1], layers[3]
    weight, bias, padding = map(torch.tensor, fold_conv_before(weight_of(second), None, *known(norm)))
    with torch.no_grad(), one_thread():
        x = first(digits(images=True).x_test.double())
        want = second(norm(x))
        zeros = (nn.functional.conv2d(x, weight, bias, padding=1) - want).abs()
        padded = padding[:, None, None].repeat(len(x), 1, 10, 10)
        padded[:, :, 1:9, 1:9] = x
        repaired = (nn.functional.conv2d(padded, weight, bias) - want).abs().max().item()
    return BorderTrap(zeros.max().item(), zeros[:, :, 1:-1, 1:-1].max().item(), repaired)
