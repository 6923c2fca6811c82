"""Experiments of the section on CNNs: feature maps, useless biases, translation, and the effective sample size."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import Tensor, nn

from bnref.cnn import batch_norm2d_forward, make_network
from bnref.experiments.cnn_training import trained, weight_of
from bnref.experiments.memory import remembered
from bnref.experiments.training import Split, accuracy, digits, one_thread, train
from bnref.placement import batch_norm_forward

Array = NDArray[np.floating]

FILTERS = {
    "upright edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "level edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "blur": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
}


@dataclass(frozen=True)
class Volume:
    """Activations (N, C, H, W) before BN, and after BN with statistics per channel and per neuron."""

    before: Array
    per_channel: Array
    per_neuron: Array


def volume(images: int = 4) -> Volume:
    """Send the first digits (pixels 0 to 16) through the three `FILTERS` with stride 2, and normalize."""
    x = torch.tensor(load_digits().images[:images, None])
    weight = torch.tensor(list(FILTERS.values()), dtype=torch.float64)[:, None]
    before = nn.functional.conv2d(x, weight, stride=2, padding=1).numpy()
    return Volume(before, by_channel(before), by_neuron(before))


def by_channel(x: Array) -> Array:
    """Normalize (N, C, H, W) by one mean and variance for each of the C channels, without gamma and beta."""
    return batch_norm2d_forward(x, np.ones(x.shape[1]), np.zeros(x.shape[1]))[0]


def by_neuron(x: Array) -> Array:
    """Normalize (N, C, H, W) as a dense layer would: by one mean and variance for each of the C H W neurons."""
    flat = x.reshape(len(x), -1)
    return batch_norm_forward(flat, np.ones(flat.shape[1]), np.zeros(flat.shape[1]))[0].reshape(x.shape)


@dataclass(frozen=True)
class FeatureMaps:
    """Layer 2 of a trained network on one batch.

    `inputs` is (N, 16, 8, 8) and `weight` (32, 16, 3, 3). `before` and `after`, (N, 32, 8, 8), are its activations
    before and after BN, which here uses the batch's statistics, without gamma and beta.
    """

    inputs: Array
    weight: Array
    before: Array
    after: Array


def feature_maps(images: int = 64) -> FeatureMaps:
    """Compute the feature maps of the first training digits in `trained(0)`."""
    layers = trained(0).network
    with torch.no_grad(), one_thread():
        inputs = layers[:3](digits(images=True).x[:images])
        before = layers[3](inputs).numpy()
    return FeatureMaps(inputs.numpy(), weight_of(layers[3]), before, by_channel(before))


@dataclass(frozen=True)
class UselessBias:
    """Comparison of a network with convolution biases to one without, trained on the same batches in float64.

    `training` is the largest difference of logits in training mode over all steps. `moved` is the largest change of a
    bias by training, and `beta_moved` that of a beta. `evaluation` is the largest difference of logits in evaluation
    mode after each number of steps in `steps`.
    """

    training: float
    moved: float
    beta_moved: float
    steps: tuple[int, ...]
    evaluation: tuple[float, ...]


@remembered
def useless_bias(seeds: tuple[int, ...] = (0,), steps: tuple[int, ...] = (1, 20, 60)) -> list[UselessBias]:
    """Train `make_network` with and without convolution biases, which start between -3 and 3, for each seed."""
    return [_useless_bias(seed, steps) for seed in seeds]


def _useless_bias(seed: int, steps: tuple[int, ...]) -> UselessBias:
    with one_thread(seed):
        without = cast("nn.Sequential", make_network()).double()
        with_bias = copy.deepcopy(without)
        biases = []
        for layer in with_bias:
            if isinstance(layer, nn.Conv2d):
                layer.bias = nn.Parameter(6 * torch.rand(layer.out_channels, dtype=torch.float64) - 3)
                biases.append((layer.bias, layer.bias.detach().clone()))
        in_training, in_evaluation = _train_together(without, with_bias, steps)
    moved = max((bias - first).abs().max().item() for bias, first in biases)
    betas = [layer.bias.abs().max().item() for layer in with_bias if isinstance(layer, nn.BatchNorm2d)]
    return UselessBias(max(in_training), moved, max(betas), steps, tuple(in_evaluation))


def _train_together(a: nn.Module, b: nn.Module, steps: tuple[int, ...]) -> tuple[list[float], list[float]]:
    """Train both networks on the same batches, and return the largest differences of their logits.

    The first list is in training mode, for each step; the second is in evaluation mode, for each of `steps`.
    """
    data = digits(images=True)
    x, probe = data.x.double(), data.x_test[:64].double()
    optimizer = torch.optim.SGD([*a.parameters(), *b.parameters()], lr=0.1)
    in_training, in_evaluation = [], []
    for step in range(1, max(steps) + 1):
        batch = torch.randint(len(x), (32,))
        logits = [model.train()(x[batch]) for model in (a, b)]
        in_training.append((logits[0] - logits[1]).abs().max().item())
        optimizer.zero_grad()
        # The networks share no parameters, so the sum of their losses trains each by its own.
        torch.stack([nn.functional.cross_entropy(z, data.y[batch]) for z in logits]).sum().backward()
        optimizer.step()
        if step in steps:
            with torch.no_grad():
                in_evaluation.append((a.eval()(probe) - b.eval()(probe)).abs().max().item())
    return in_training, in_evaluation


@dataclass(frozen=True)
class Translation:
    """Test accuracy (shifts,) of two networks on digits moved sideways by each of `shifts` pixels."""

    shifts: tuple[int, ...]
    per_channel: tuple[float, ...]
    per_neuron: tuple[float, ...]


def on_ground(x: Tensor, shift: int = 0) -> Tensor:
    """Put (N, 1, 8, 8) digits on a black background of 12 x 12 pixels, `shift` pixels to the right of the center."""
    return nn.functional.pad(x, (2 + shift, 2 - shift, 2, 2))


def _network(norm: Callable[[], nn.Module], width: int = 16) -> nn.Sequential:
    """Build three circular convolutions with norms and ReLUs, global max pooling and a linear layer.

    Circular padding and global pooling make the network itself translation invariant, so that only the norm matters.
    """
    layers: list[nn.Module] = []
    for inputs in (1, width, width):
        convolution = nn.Conv2d(inputs, width, 3, padding=1, padding_mode="circular", bias=False)
        layers += [convolution, norm(), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(width, 10))


@remembered
def translation(
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4), shifts: tuple[int, ...] = (0, 1, 2), steps: int = 100
) -> list[Translation]:
    """Train on centered digits with BN per channel and per neuron, and test on moved digits, for each seed."""
    width, small = 16, digits(images=True)
    data = Split(on_ground(small.x), small.y, on_ground(small.x_test), small.y_test)

    def per_neuron() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(width * 144), nn.Unflatten(1, (width, 12, 12)))

    def accuracies(seed: int, norm: Callable[[], nn.Module]) -> tuple[float, ...]:
        with one_thread(seed):
            model = train(_network(norm, width), data, steps, lr=0.1, batch_size=32)
            return tuple(accuracy(model, on_ground(small.x_test, shift), small.y_test) for shift in shifts)

    return [
        Translation(shifts, accuracies(seed, lambda: nn.BatchNorm2d(width)), accuracies(seed, per_neuron))
        for seed in seeds
    ]


def equivariance_errors(images: int = 64) -> tuple[float, float]:
    """Measure how far BN, per channel and per neuron, is from commuting with moves of the images.

    Each image moves by its own number of pixels, around the edge. The errors are the largest differences between the BN
    of the moved `feature_maps` and the moved BN of the `feature_maps`.
    """
    maps = feature_maps(images).before.astype(np.float64)
    right = np.random.default_rng(0).integers(8, size=images)

    def moved(x: Array) -> Array:
        return np.stack([np.roll(image, shift, axis=-1) for image, shift in zip(x, right, strict=True)])

    channel, neuron = (float(np.abs(norm(moved(maps)) - moved(norm(maps))).max()) for norm in (by_channel, by_neuron))
    return channel, neuron


@dataclass(frozen=True)
class EffectiveValues:
    """The effective number of independent values in one image, by channel.

    `mean` (C,) is that for estimating the channel's mean: the channel's variance over the variance of the images'
    means. `drawn` (C,) is the same, measured by drawing batches. `variance` (C,) is that for estimating the channel's
    variance, computed from squared deviations. `places` is H W, the number of values in one image.
    """

    layer: int
    places: int
    mean: Array
    drawn: Array
    variance: Array


@remembered
def effective_values(batch: int = 64, draws: int = 2000) -> list[EffectiveValues]:
    """Measure the output of each convolution of `trained(0)` on the training digits, before its BN."""
    x, rng = digits(images=True).x, np.random.default_rng(0)
    results: list[EffectiveValues] = []
    for layer in trained(0).network:
        with torch.no_grad(), one_thread():
            x = layer(x)
        if isinstance(layer, nn.Conv2d):
            maps = x.numpy().astype(np.float64)
            squares = np.square(maps - maps.mean(axis=(0, 2, 3), keepdims=True))
            means = maps.mean(axis=(2, 3))
            batches = means[rng.integers(len(x), size=(draws, batch))].mean(axis=1)
            drawn = maps.var(axis=(0, 2, 3)) / batches.var(axis=0) / batch
            number = len(results) + 1
            results.append(EffectiveValues(number, maps[0, 0].size, _effective(maps), drawn, _effective(squares)))
    return results


def _effective(maps: Array) -> Array:
    """Divide the variance of each channel of (N, C, H, W) by the variance of its images' means."""
    return maps.var(axis=(0, 2, 3)) / maps.mean(axis=(2, 3)).var(axis=0)
