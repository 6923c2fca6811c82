"""Batch renormalization as a torch layer made of bnref's NumPy functions, and training with tiny batches."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnref.experiments.inference import norms
from bnref.experiments.memory import remembered
from bnref.experiments.training import Norm, accuracy, digits, one_thread, perceptron, train
from bnref.variants import batch_renorm_backward, batch_renorm_forward

Array = NDArray[np.floating]


class _Renormalize(torch.autograd.Function):
    """bnref's forward and backward pass for autograd."""

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
    """Batch renormalization of (N, D): Ioffe (2017), algorithm 1.

    The first `warm_up` batches are normalized as by batch norm. During the next `ramp` batches, the limits grow
    linearly to r_max 3 and d_max 5. The moving averages of means and standard deviations start as plain averages, and
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
        """Normalize a batch and, in training mode, update the moving averages."""
        if not self.training:
            return self.weight * (x - self.mean) / self.std + self.bias
        grown = min(1.0, max(0.0, (self.seen - self.warm_up) / self.ramp))
        y: Tensor = _Renormalize.apply(x, self.weight, self.bias, self.mean, self.std, 1 + 2 * grown, 5 * grown)
        self.seen += 1
        new = max(1 - self.decay, 1 / self.seen)  # 1 / seen makes a plain average of the first batches
        self.mean.lerp_(x.detach().mean(dim=0), new)
        self.std.lerp_((x.detach().var(dim=0, correction=0) + 1e-5).sqrt(), new)
        return y


@dataclass(frozen=True)
class TinyBatches:
    """Test accuracies (seeds,) after training with batches of 4 and, for `batch_norm_64`, with batches of 64.

    The number of epochs is the same. `slower_average` is batch norm with decay 0.99. `recomputed` is the network of
    `batch_norm`, evaluated with the statistics of all training images.
    """

    batch_norm: Array
    recomputed: Array
    slower_average: Array
    batch_renorm: Array
    batch_norm_64: Array


@remembered
def tiny_batches(seeds: int = 6, epochs: int = 4) -> TinyBatches:
    """Train a perceptron with three hidden layers, at a learning rate proportional to the batch size."""

    def accuracies(norm: Norm, batch_size: int) -> Array:
        return np.array([_accuracy(_trained(norm, batch_size, epochs, seed)) for seed in range(seeds)])

    plain = [_trained(nn.BatchNorm1d, 4, epochs, seed) for seed in range(seeds)]
    return TinyBatches(
        np.array([_accuracy(model) for model in plain]),
        np.array([_accuracy(_recomputed(model)) for model in plain]),
        accuracies(lambda width: nn.BatchNorm1d(width, momentum=0.01), 4),
        accuracies(BatchRenorm, 4),
        accuracies(nn.BatchNorm1d, 64),
    )


def _trained(norm: Norm, batch_size: int, epochs: int, seed: int) -> nn.Module:
    data = digits()
    with one_thread(seed):
        model = perceptron([64, 96, 96, 96, 10], norm)
        steps = epochs * len(data.x) // batch_size
        return train(model, data, steps, lr=0.05 * batch_size / 32, batch_size=batch_size, momentum=0.9)


@torch.no_grad()
def _recomputed(model: nn.Module) -> nn.Module:
    """Set the running statistics to those of one batch with all training images."""
    for layer in norms(model):
        layer.momentum = 1  # PyTorch's momentum is the share of the new value
    model.train()(digits().x)
    return model


def _accuracy(model: nn.Module) -> float:
    return accuracy(model, digits().x_test, digits().y_test)
