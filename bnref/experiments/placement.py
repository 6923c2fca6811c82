"""Experiments on the placement of batch norm: linearity of tanh, before or after it, training only gamma and beta."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.experiments.memory import remembered
from bnref.experiments.training import Split, Tanh, accuracy, digits, one_thread, perceptron, train
from bnref.placement import tanh_linearity

Array = NDArray[np.floating]
SEEDS = range(5)


def normalized_inputs(seed: int = 0, count: int = 256, units: int = 100) -> Array:
    """Return the inputs (count, units) of a tanh after batch norm, for digits in a random dense layer."""
    with one_thread(seed), torch.no_grad():
        return nn.BatchNorm1d(units, affine=False)(nn.Linear(64, units)(digits().x[:count])).numpy()


@dataclass(frozen=True)
class LinearBox:
    """Inputs of a tanh, and the least-squares line through its outputs for those between -1 and 1.

    `inside` is true for the inputs between -1 and 1. `slope` and `offset` describe the line, and `r2` is its R^2.
    """

    inputs: Array
    inside: NDArray[np.bool_]
    slope: float
    offset: float
    r2: float


def linear_box(inputs: Array) -> LinearBox:
    """Fit a line to tanh on the inputs between -1 and 1."""
    inside = np.abs(inputs) <= 1
    slope, offset = np.polyfit(inputs[inside], np.tanh(inputs[inside]), 1)
    return LinearBox(inputs, inside, float(slope), float(offset), tanh_linearity(inputs[inside]))


@dataclass(frozen=True)
class Linearity:
    """R^2 of a straight line fitted to an activation function on normalized inputs times gamma.

    `gammas` is (G,); `tanh` and `sigmoid` are (seeds, G), with one seed per random layer. `inside` (seeds,) is the
    share of normalized inputs between -1 and 1, and `inside_tanh` (seeds,) is tanh's R^2 on only these.
    """

    gammas: Array
    tanh: Array
    sigmoid: Array
    inside: Array
    inside_tanh: Array


def linearity(gammas: Iterable[float] = (0.1, 0.5, 1.0, 2.0, 5.0)) -> Linearity:
    """Measure how nearly linear tanh and the sigmoid are on `normalized_inputs`, for each gamma, with beta 0."""
    layers = [normalized_inputs(seed) for seed in SEEDS]
    g = np.array(list(gammas))
    return Linearity(
        g,
        np.array([[tanh_linearity(gamma * x) for gamma in g] for x in layers]),
        # sigmoid(x) = 1/2 + tanh(x / 2) / 2, and R^2 does not change when inputs and outputs are scaled and shifted.
        np.array([[tanh_linearity(gamma * x / 2) for gamma in g] for x in layers]),
        np.array([(np.abs(x) <= 1).mean() for x in layers]),
        np.array([tanh_linearity(x[np.abs(x) <= 1]) for x in layers]),
    )


@dataclass(frozen=True)
class Placed:
    """Results by placement of batch norm: "none", "pre" (before the activation) or "post" (after it).

    `scale` is the size of the initial weights relative to the usual size. `accuracy` (seeds,) is the test accuracy
    after training. `flat` (seeds,) is the share of the last layer's activations in the flat part of the function before
    training: beyond -0.97 or 0.97 for tanh, exactly 0 for ReLU.
    """

    activation: str
    scale: float
    placement: str
    accuracy: Array
    flat: Array


ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": Tanh, "relu": nn.ReLU}
GAINS = {"tanh": 1.0, "relu": 2**0.5}  # the usual ones: Glorot and Bengio (2010) for tanh, He et al. (2015) for ReLU
SCALES = (1.0, 5.0)


def placed_network(placement: str, activation: str, scale: float, layers: int = 5, width: int = 100) -> nn.Sequential:
    """Build dense layers whose weights are `scale` times as large as usual, and whose biases are 0.

    The usual weights are normal with standard deviation gain / sqrt(inputs), with the activation's gain from `GAINS`.

    Each layer has a bias even where the norm makes it redundant, so that a seed gives all placements the same weights.
    """
    parts: list[nn.Module] = []
    for inputs, units in itertools.pairwise([64, *[width] * layers]):
        linear, act, norm = nn.Linear(inputs, units), ACTIVATIONS[activation](), nn.BatchNorm1d(units)
        nn.init.normal_(linear.weight, std=scale * GAINS[activation] / inputs**0.5)
        nn.init.zeros_(linear.bias)
        parts += [linear, *{"none": [act], "pre": [norm, act], "post": [act, norm]}[placement]]
    return nn.Sequential(*parts, nn.Linear(width, 10))


@torch.no_grad()
def _flat_share(model: nn.Sequential, x: Tensor) -> float:
    shares = []
    for layer in model:
        x = layer(x)
        if isinstance(layer, Tanh | nn.ReLU):
            shares.append(((x.abs() > 0.97) if isinstance(layer, Tanh) else (x == 0)).float().mean().item())
    return shares[-1]


def _placed(activation: str, scale: float, placement: str) -> Placed:
    data, scores, flat = digits(), [], []
    for seed in SEEDS:
        with one_thread(seed):
            model = placed_network(placement, activation, scale)
            flat.append(_flat_share(model, data.x[:256]))
            scores.append(accuracy(train(model, data, steps=105, lr=0.1), data.x_test, data.y_test))
    return Placed(activation, scale, placement, np.array(scores), np.array(flat))


@remembered
def placements() -> list[Placed]:
    """Train on the digits for 5 epochs, from weights of the usual size and from weights five times as large."""
    return [_placed(*setting) for setting in itertools.product(ACTIVATIONS, SCALES, ("none", "pre", "post"))]


def spirals(n: int = 600, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Sample two spiral arms, one per class: x is (n, 2), y is (n,)."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 2
    radius = torch.rand(n, generator=generator).sqrt()
    angle = 2 * np.pi * radius + np.pi * y
    x = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    return x + 0.02 * torch.randn(n, 2, generator=generator), y


@dataclass(frozen=True)
class Spirals:
    """Results of networks on two spirals, with gamma and beta held at their initial values or learned.

    `accuracy` (seeds,) is on new points. `start` and `end` (seeds, layers) are tanh's R^2 by layer before and after
    training. `answer` (K, K) is the first network's probability of class 1 at the points of (`grid`, `grid`).
    """

    gamma: float
    learned: bool
    accuracy: Array
    start: Array
    end: Array
    grid: Array
    answer: Array


def spiral_network(gamma: float, learned: bool, layers: int = 3, width: int = 32) -> nn.Sequential:
    """Build dense layers with batch norm before each tanh; gamma starts at `gamma`, beta at 0."""
    model = perceptron([2, *[width] * layers, 2], activation=Tanh)
    for part in model:
        if isinstance(part, nn.BatchNorm1d):
            nn.init.constant_(part.weight, gamma)
            part.requires_grad_(learned)
    return model


@torch.no_grad()
def tanh_r2(model: nn.Sequential, x: Tensor) -> list[float]:
    """Measure each tanh's R^2 on its inputs for x, in training mode, which also updates the running statistics."""
    found = []
    for part in model.train():
        if isinstance(part, Tanh):
            found.append(tanh_linearity(x.numpy()))
        x = part(x)
    return found


@torch.no_grad()
def _map(model: nn.Sequential, grid: Array) -> Array:
    u, v = np.meshgrid(grid, grid)
    points = torch.tensor(np.column_stack([u.ravel(), v.ravel()]), dtype=torch.float32)
    return model.eval()(points).softmax(dim=1)[:, 1].reshape(u.shape).numpy()


def _spirals(gamma: float, learned: bool, data: Split) -> Spirals:
    scores, start, end, maps = [], [], [], []
    grid = np.linspace(-1.1, 1.1, 81)
    for seed in SEEDS:
        with one_thread(seed):
            model = spiral_network(gamma, learned)
            start.append(tanh_r2(model, data.x))
            train(model, data, steps=250, lr=0.3, batch_size=60, momentum=0.9)
            scores.append(accuracy(model, data.x_test, data.y_test))
            maps.append(_map(model, grid))
            end.append(tanh_r2(model, data.x))
    return Spirals(gamma, learned, np.array(scores), np.array(start), np.array(end), grid, maps[0])


@remembered
def spirals_by_gamma() -> list[Spirals]:
    """Train on two spirals with gamma starting at 0.1 or 1, both held fixed with beta at 0 and learned with beta."""
    data = Split(*spirals(seed=0), *spirals(seed=1))
    return [_spirals(gamma, learned, data) for gamma in (0.1, 1.0) for learned in (False, True)]


@dataclass(frozen=True)
class Trained:
    """Test accuracy (seeds,) of networks with only `count` of `total` parameters trained.

    `small` (seeds,) is the share of gammas below 0.01 in absolute value after training.
    """

    what: str
    count: int
    total: int
    accuracy: Array
    small: Array


def _choose(model: nn.Sequential, what: str) -> int:
    """Make only some parameters trainable, and return their number.

    `what` is "all", "gamma and beta", or "weights": as many random weights as there are gammas and betas.
    """
    norms = [p for part in model if isinstance(part, nn.BatchNorm1d) for p in part.parameters()]
    count = sum(p.numel() for p in norms)
    if what == "all":
        return sum(p.numel() for p in model.parameters())
    model.requires_grad_(False)
    if what == "gamma and beta":
        for p in norms:
            p.requires_grad_(True)
        return count
    weights = [part.weight for part in list(model)[:-1] if isinstance(part, nn.Linear)]
    chosen = torch.zeros(sum(w.numel() for w in weights))
    chosen[torch.randperm(len(chosen))[:count]] = 1
    for w, mask in zip(weights, chosen.split([w.numel() for w in weights]), strict=True):
        w.requires_grad_(True)
        w.register_hook(mask.view_as(w).mul)  # zeroes the gradient of all other weights
    return count


def _trained(what: str, widths: list[int]) -> Trained:
    data, scores, small, count, total = digits(), [], [], 0, 0
    for seed in SEEDS:
        with one_thread(seed):
            model = perceptron(widths)
            count, total = _choose(model, what), sum(p.numel() for p in model.parameters())
            train(model, data, steps=126, lr=0.1, momentum=0.9)
            scores.append(accuracy(model, data.x_test, data.y_test))
            gammas = torch.cat([part.weight for part in model if isinstance(part, nn.BatchNorm1d)])
            small.append((gammas.abs() < 0.01).float().mean().item())
    return Trained(what, count, total, np.array(scores), np.array(small))


@remembered
def trained_alone() -> list[Trained]:
    """Train a 6 x 256 ReLU network fully, only its gammas and betas, or only as many random weights."""
    return [_trained(what, [64, *[256] * 6, 10]) for what in ("all", "gamma and beta", "weights")]


@dataclass(frozen=True)
class Inference:
    """Test accuracy (seeds,) of trained networks with norms that use their stored statistics or do not normalize."""

    normalized: Array
    raw: Array


@remembered
def inference_with_and_without() -> Inference:
    """Train as in `placements` (tanh, scale 5, BN before the activation), then make the norms only scale and shift."""
    data, scores = digits(), []
    for seed in SEEDS:
        with one_thread(seed):
            model = train(placed_network("pre", "tanh", scale=5.0), data, steps=105, lr=0.1)
        usual = accuracy(model, data.x_test, data.y_test)
        for part in model.modules():
            if isinstance(part, nn.BatchNorm1d):
                part.reset_running_stats()  # mean 0 and variance 1 turn normalization off
        scores.append((usual, accuracy(model, data.x_test, data.y_test)))
    return Inference(*np.array(scores).T)
