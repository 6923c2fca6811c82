"""Batch renormalization as a layer of torch, made of bnref's NumPy functions, and a training with tiny batches."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.experiments.memory import remembered
from bnref.experiments.training import Norm, accuracy, digits, one_thread, perceptron, train
from bnref.variants import batch_renorm_backward, batch_renorm_forward

Array = NDArray[np.floating]


class _Renormalize(torch.autograd.Function):
    """bnref's forward and backward pass, for autograd."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, std: Tensor, r_max: float, d_max: float
    ) -> Tensor:
        arrays = x.numpy(), gamma.numpy(), beta.numpy(), mean.numpy(), std.numpy()
        y, ctx.cache = batch_renorm_forward(*arrays, r_max, d_max)
        return torch.from_numpy(y)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        gradients = batch_renorm_backward(dy.numpy(), ctx.cache)
        return *(torch.from_numpy(gradient) for gradient in gradients), None, None, None, None


class BatchRenorm(nn.Module):
    """Batch renormalization of (N, D). Ioffe (2017), algorithm 1.

    The first `warm_up` batches are normalized as by batch norm. During the next `ramp`, the limits grow linearly to
    r_max 3 and d_max 5. The moving averages, of means and of standard deviations, are plain averages at first, and
    later keep the share `decay` of the old value.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, features: int, decay: float = 0.99, warm_up: int = 200, ramp: int = 600) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))
        self.decay, self.warm_up, self.ramp, self.seen = decay, warm_up, ramp, 0

    def forward(self, x: Tensor) -> Tensor:
        """Normalize a batch, and in training update the moving averages."""
        if not self.training:
            return self.weight * (x - self.mean) / self.std + self.bias
        grown = min(1.0, max(0.0, (self.seen - self.warm_up) / self.ramp))
        y: Tensor = _Renormalize.apply(x, self.weight, self.bias, self.mean, self.std, 1 + 2 * grown, 5 * grown)
        self.seen += 1
        new = max(1 - self.decay, 1 / self.seen)
        self.mean.lerp_(x.detach().mean(dim=0), new)
        self.std.lerp_((x.detach().var(dim=0, correction=0) + 1e-5).sqrt(), new)
        return y


@dataclass(frozen=True)
class TinyBatches:
    """Test accuracies (seeds,) after a training with batches of 4, and with batch norm of 64 in as many epochs."""

    batch_norm: Array
    slower_average: Array  # batch norm with decay 0.99
    batch_renorm: Array
    batch_norm_64: Array


@remembered
def tiny_batches(seeds: int = 3, epochs: int = 4) -> TinyBatches:
    """Train a perceptron of three hidden layers with momentum 0.9; the learning rate is in proportion to the batch."""
    n = len(digits().x)
    ways: list[tuple[Norm, int]] = [
        (nn.BatchNorm1d, 4),
        (lambda width: nn.BatchNorm1d(width, momentum=0.01), 4),
        (BatchRenorm, 4),
        (nn.BatchNorm1d, 64),
    ]
    return TinyBatches(
        *(np.array([_train(norm, size, epochs * n // size, seed) for seed in range(seeds)]) for norm, size in ways)
    )


def _train(norm: Norm, batch_size: int, steps: int, seed: int) -> float:
    data = digits()
    with one_thread(seed):
        model = perceptron([64, 96, 96, 96, 10], norm)
        train(model, data, steps, lr=0.05 * batch_size / 32, batch_size=batch_size, momentum=0.9)
        return accuracy(model, data.x_test, data.y_test)
