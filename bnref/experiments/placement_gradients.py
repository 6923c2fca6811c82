"""Experiments on batch norm's gradients: the graph, statistics held constant, scaled weights, and weight decay."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.experiments.memory import remembered
from bnref.experiments.training import accuracy, digits, minibatches, one_thread, perceptron, train

Array = NDArray[np.floating]
SEEDS = range(5)


@dataclass(frozen=True)
class Node:
    """A value in the computation graph and the gradient of the loss with respect to it, in the same shape."""

    value: Array
    gradient: Array


def graph(x: Array, gamma: Array, beta: Array, dy: Array, eps: float = 1e-5) -> dict[str, Node]:
    """Run algorithm 1 step by step in torch, and let autograd compute the gradient at each node.

    x and dy are (N, D), gamma and beta (D,). The names are those of the chapter: x, mean, centred, square, var, root,
    inverse, xhat, gamma, beta, y.
    """
    tensors = {name: torch.tensor(v, dtype=torch.float64) for name, v in (("x", x), ("gamma", gamma), ("beta", beta))}
    for tensor in tensors.values():
        tensor.requires_grad_(True)
    t = tensors
    t["mean"] = t["x"].mean(dim=0)
    t["centred"] = t["x"] - t["mean"]
    t["square"] = t["centred"] ** 2
    t["var"] = t["square"].mean(dim=0)
    t["root"] = torch.sqrt(t["var"] + eps)
    t["inverse"] = 1 / t["root"]
    t["xhat"] = t["centred"] * t["inverse"]
    t["y"] = t["gamma"] * t["xhat"] + t["beta"]
    for tensor in t.values():
        tensor.retain_grad()
    t["y"].backward(torch.tensor(dy, dtype=torch.float64))
    return {name: Node(v.detach().numpy(), np.asarray(v.grad)) for name, v in t.items()}


def torch_gradients(x: Array, gamma: Array, beta: Array, dy: Array, eps: float = 1e-5) -> tuple[Array, Array, Array]:
    """Compute the gradients (dx, dgamma, dbeta) of torch's own batch norm in float64."""
    inputs = tuple(torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, gamma, beta))
    y = nn.functional.batch_norm(inputs[0], None, None, inputs[1], inputs[2], training=True, eps=eps)
    dx, dgamma, dbeta = torch.autograd.grad(y, inputs, torch.tensor(dy, dtype=torch.float64))
    return dx.numpy(), dgamma.numpy(), dbeta.numpy()


class HeldConstant(nn.BatchNorm1d):
    """Batch norm with a backward pass that treats the batch's mean, its variance, or both as constants."""

    def __init__(self, units: int, mean: bool, var: bool) -> None:
        super().__init__(units)
        self.held = mean, var

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (N, D). Evaluation and running statistics are torch's own."""
        usual = super().forward(x)
        if not self.training:
            return usual
        mean, var = x.mean(dim=0), x.var(dim=0, correction=0)
        mean, var = (v.detach() if held else v for v, held in zip((mean, var), self.held, strict=True))
        return self.weight * (x - mean) / torch.sqrt(var + self.eps) + self.bias


@dataclass(frozen=True)
class Held:
    """Results of training without the gradient path through the mean, the variance, or both.

    All arrays are (seeds,): the test accuracy, the growth of the first layer's bias (its length at the end over that at
    the start), and the growth of its weights.
    """

    mean: bool
    var: bool
    accuracy: Array
    bias_growth: Array
    weight_growth: Array


def _held(mean: bool, var: bool) -> Held:
    data, scores = digits(), []
    for seed in SEEDS:
        with one_thread(seed):
            model = perceptron([64, *[100] * 5, 10], norm=lambda units: HeldConstant(units, mean, var))
            first = model[0] = nn.Linear(64, 100)  # with the bias that perceptron leaves out before a norm
            before = [p.detach().norm().item() for p in (first.bias, first.weight)]
            train(model, data, steps=126, lr=0.1)
            after = [p.detach().norm().item() for p in (first.bias, first.weight)]
            growth = [b / a for a, b in zip(before, after, strict=True)]
            scores.append([accuracy(model, data.x_test, data.y_test), *growth])
    return Held(mean, var, *np.array(scores).T)


@remembered
def held_constant() -> list[Held]:
    """Train a 5 x 100 ReLU network for 6 epochs with true gradients, without each path, and without both."""
    return [_held(mean, var) for mean in (False, True) for var in (False, True)]


@dataclass(frozen=True)
class Scaled:
    """Comparison of BN(a W u) with BN(W u), as the largest relative difference over seeds for each of `scales` (A,).

    `output`, `input_gradient` and `weight_gradient` are (A,); the last compares a times the gradient for a W with the
    gradient for W. `radial` (A,) is the largest cosine between the gradient and the weights of a unit.
    """

    scales: Array
    output: Array
    input_gradient: Array
    weight_gradient: Array
    radial: Array


def _through_norm(u: Tensor, w: Tensor, dy: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    u, w = u.clone().requires_grad_(), w.clone().requires_grad_()
    y = nn.functional.batch_norm(u @ w.T, None, None, training=True, eps=eps)
    du, dw = torch.autograd.grad(y, (u, w), dy)
    return y.detach(), du, dw


def _difference(a: Tensor, b: Tensor) -> float:
    return ((a - b).norm() / b.norm()).item()


def scaled_weights(eps: float = 1e-5, scales: tuple[float, ...] = (0.01, 0.1, 10.0, 100.0)) -> Scaled:
    """Multiply the weights of a dense layer before batch norm by each scale, in float64, without gamma and beta."""
    worst = np.zeros((4, len(scales)))
    for seed in SEEDS:
        with one_thread(seed):
            u, w, dy = (torch.randn(*shape, dtype=torch.float64) for shape in ((64, 20), (30, 20), (64, 30)))
        y, du, dw = _through_norm(u, w, dy, eps)
        for i, a in enumerate(scales):
            y_a, du_a, dw_a = _through_norm(u, a * w, dy, eps)
            cosine = nn.functional.cosine_similarity(dw_a, w, dim=1).abs().max().item()
            found = [_difference(y_a, y), _difference(du_a, du), _difference(a * dw_a, dw), cosine]
            worst[:, i] = np.maximum(worst[:, i], found)
    return Scaled(np.array(scales), *worst)


@dataclass(frozen=True)
class Biased:
    """Effect of a bias of up to 10 before batch norm, (seeds,) each.

    `output` is the largest change of the output, and `gradient` the largest entry of the bias's gradient over that of
    beta's gradient.
    """

    output: Array
    gradient: Array


def bias_before_norm() -> Biased:
    """Add a random bias before batch norm in float64, and compute its gradient."""
    found = []
    for seed in SEEDS:
        with one_thread(seed):
            h, dy = torch.randn(2, 64, 30, dtype=torch.float64)
            bias = (20 * torch.rand(30, dtype=torch.float64) - 10).requires_grad_()
        y = nn.functional.batch_norm(h + bias, None, None, training=True)
        without = nn.functional.batch_norm(h, None, None, training=True)
        (gradient,) = torch.autograd.grad(y, bias, dy)
        found.append([(y - without).abs().max().item(), (gradient.abs().max() / dy.sum(dim=0).abs().max()).item()])
    return Biased(*np.array(found).T)


@dataclass(frozen=True)
class Decay:
    """Comparison of weight decay before batch norm with a learning rate that grows to match it.

    `rate_growth` is the last learning rate over the first. The others are (seeds,): `same` is the largest difference
    between the two networks' logits after training, `other` that to a network with neither, `size` the logits' standard
    deviation, and `shrunk` the length of the decayed weights over that of the others.
    """

    rate_growth: float
    same: Array
    other: Array
    size: Array
    shrunk: Array


def _descend(seed: int, decay: float, growing: bool, steps: int, rate: float = 0.1) -> tuple[Tensor, float]:
    """Train in float64, and return the test digits' logits in training mode and the length of the first weights."""
    with one_thread(seed):
        # With a negligible eps, BN is exactly invariant to the scale of the weights before it.
        model = perceptron([64, 100, 100, 100, 10], norm=lambda units: nn.BatchNorm1d(units, eps=1e-30)).double()
        weights = [part.weight for part in list(model)[:-1] if isinstance(part, nn.Linear)]
        rest = [p for p in model.parameters() if all(p is not w for w in weights)]
        groups: list[dict[str, Any]] = [
            {"params": weights, "weight_decay": 0.0 if growing else decay},
            {"params": rest},
        ]
        optimizer, data, keep = torch.optim.SGD(groups, lr=rate), digits(), 1 - rate * decay
        for step, batch in zip(range(steps), _endless(len(data.x)), strict=False):
            if (
                growing
            ):  # substituting w = keep^t v turns the step with decay for w into a plain step for v at this rate
                optimizer.param_groups[0]["lr"] = rate * keep ** -(2 * step + 1)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(data.x[batch].double()), data.y[batch]).backward()
            optimizer.step()
        with torch.no_grad():
            return model(data.x_test.double()), weights[0].norm().item()


def _endless(n: int) -> Iterator[Tensor]:
    while True:
        yield from minibatches(n, 64)


@remembered
def weight_decay(decay: float = 0.05, steps: int = 200) -> Decay:
    """Train with weight decay, without it but with a growing learning rate, and with neither.

    The growing rate is 0.1 / (1 - 0.1 decay)^(2 t + 1) in step t, counted from 0.
    """
    found = []
    for seed in SEEDS[:2]:  # an identity, so that more seeds would show nothing new
        decayed, short = _descend(seed, decay, False, steps)
        grown, long = _descend(seed, decay, True, steps)
        plain, _ = _descend(seed, 0.0, False, steps)
        same, other = ((decayed - logits).abs().max().item() for logits in (grown, plain))
        found.append([same, other, decayed.std().item(), short / long])
    return Decay((1 - 0.1 * decay) ** (-2.0 * (steps - 1)), *np.array(found).T)
