"""Shared parts of the experiments: scikit-learn's digits, small networks, and a plain training loop."""

import contextlib
import itertools
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

# Training amplifies rounding errors, and torch and MKL round differently depending on the processor's instructions.
# These settings restrict both to instructions that every processor has, so that all machines get the same results. Both
# libraries read them at their first sum, which comes after this import.
if platform.machine() in ("x86_64", "AMD64"):
    os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
    os.environ.setdefault("MKL_CBWR", "COMPATIBLE")

Norm = Callable[[int], nn.Module]  # builds a norm layer for a number of units or channels


@dataclass(frozen=True)
class Split:
    """A training set and a test set: `x` is (N, 64), or (N, 1, 8, 8) as images, in [0, 1]; `y` is (N,)."""

    x: Tensor
    y: Tensor
    x_test: Tensor
    y_test: Tensor


@cache
def digits(images: bool = False, seed: int = 0) -> Split:
    """Load scikit-learn's 1797 handwritten digits, with pixels / 16 and a stratified quarter as the test set."""
    x, y = load_digits(return_X_y=True)
    parts = train_test_split(x / 16, y, test_size=0.25, random_state=seed, stratify=y)
    x, x_test = (torch.tensor(part, dtype=torch.float32) for part in parts[:2])
    y, y_test = (torch.tensor(part) for part in parts[2:])
    if images:
        x, x_test = x.view(-1, 1, 8, 8), x_test.view(-1, 1, 8, 8)
    return Split(x, y, x_test, y_test)


@contextlib.contextmanager
def one_thread(seed: int | None = None) -> Iterator[None]:
    """Run torch on one thread and without oneDNN, and restore its settings and random state on exit.

    The order of summation then does not depend on the machine, so that results are the same on every x86 processor.
    """
    threads, state, onednn = torch.get_num_threads(), torch.get_rng_state(), torch.backends.mkldnn.enabled
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False  # type: ignore[assignment]
    if seed is not None:
        torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.backends.mkldnn.enabled = onednn
        torch.set_rng_state(state)


class Tanh(nn.Module):
    """The hyperbolic tangent as 2 sigmoid(2 x) - 1.

    torch takes its own tanh from MKL, which rounds differently on different processors even with the settings above.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return tanh(x), up to rounding."""
        return 2 * torch.sigmoid(2 * x) - 1


def perceptron(
    widths: list[int], norm: Norm | None = nn.BatchNorm1d, activation: Callable[[], nn.Module] = nn.ReLU
) -> nn.Sequential:
    """Build a network of dense layers, (N, widths[0]) to (N, widths[-1]), all but the last with norm and activation.

    A layer followed by a norm has no bias. Weights are initialized as in He et al. (2015): normal with variance
    2 / inputs.
    """
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths[:-1]):
        linear = nn.Linear(before, after, bias=norm is None)
        nn.init.kaiming_normal_(linear.weight)
        layers += [linear, *([norm(after)] if norm else []), activation()]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


def minibatches(n: int, batch_size: int) -> Iterator[Tensor]:
    """Yield the index tensors of one epoch of whole batches, in a new random order."""
    order = torch.randperm(n)
    for start in range(0, n - batch_size + 1, batch_size):
        yield order[start : start + batch_size]


def train(
    model: nn.Module,
    data: Split,
    steps: int,
    lr: float,
    batch_size: int = 64,
    momentum: float = 0.0,
    after_step: Callable[[int, float], None] | None = None,
) -> nn.Module:
    """Train by stochastic gradient descent on the cross-entropy.

    `after_step` is called with the number of the step, which starts at 1, and its loss.
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    model.train()
    step = 0
    while step < steps:
        for batch in minibatches(len(data.x), batch_size):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(data.x[batch]), data.y[batch])
            loss.backward()
            optimizer.step()
            step += 1
            if after_step:
                after_step(step, loss.item())
            if step == steps:
                break
    return model


@torch.no_grad()
def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Return the share of samples (N, ...) that the model classifies correctly in evaluation mode; its mode is kept."""
    training = model.training
    right = (model.eval()(x).argmax(dim=1) == y).float().mean().item()
    model.train(training)
    return float(right)
